//! User names and passwords.

use lab_world::Entropy;
use time::OffsetDateTime;

/// How much of the display name and of the role goes into a name, and how long it may be.
fn limits(plugin: &str) -> (usize, usize, usize) {
    match plugin {
        name if name.starts_with("mongodb") => (15, 15, 100),
        name if name.starts_with("mysql-rds")
            || name.starts_with("mysql-aurora")
            || name.starts_with("mysql-legacy") =>
        {
            (4, 4, 16)
        }
        name if name.starts_with("mysql") => (10, 10, 32),
        name if name.starts_with("mssql") => (20, 20, 128),
        _ => (8, 8, 63),
    }
}

/// `v-<display name>-<role>-<20 random>-<unix time>`, cut to what the database takes.
pub(super) fn username(
    plugin: &str,
    display_name: &str,
    role: &str,
    entropy: &Entropy,
    now: OffsetDateTime,
) -> String {
    let (display, of_role, longest) = limits(plugin);
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    let random = entropy.alphanumeric(20);
    let name =
        format!("v-{}-{}-{random}-{}", cut(display_name, display), cut(role, of_role), now.unix_timestamp());
    let name = if plugin.starts_with("mongodb") { name.replace('.', "-") } else { name };
    cut(&name, longest)
}

/// Twenty letters, digits and dashes, at least one of each kind.
pub(super) fn password(entropy: &Entropy) -> String {
    let mut letters: Vec<char> = entropy.alphanumeric(16).chars().collect();
    let pick = |set: &str| set.chars().nth(entropy.below(set.len() as u64) as usize).unwrap_or('-');
    letters.extend([
        pick("abcdefghijklmnopqrstuvwxyz"),
        pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        pick("0123456789"),
        '-',
    ]);
    entropy.shuffle(&mut letters);
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn names_are_cut_to_what_the_database_takes() {
        let (entropy, now) = (Entropy::seeded(1), datetime!(2026-01-01 0:00 UTC));
        let mongo = username("mongodb-database-plugin", "jwt-nomad-web.app-long", "role", &entropy, now);
        assert!(mongo.starts_with("v-jwt-nomad-web-a-role-") && mongo.ends_with("-1767225600"), "{mongo}");
        assert_eq!(username("mysql-database-plugin", "token", "role", &entropy, now).len(), 32);
    }

    #[test]
    fn passwords_have_every_kind_of_letter() {
        let password = password(&Entropy::seeded(2));
        assert_eq!(password.len(), 20);
        let has = |kind: fn(char) -> bool| password.chars().any(kind);
        assert!(
            has(|c| c.is_ascii_lowercase())
                && has(|c| c.is_ascii_uppercase())
                && has(|c| c.is_ascii_digit())
                && has(|c| c == '-')
        );
    }
}
