//! Domain names and mailboxes as Go's `crypto/x509` judges them in certificates.

/// Whether a name may stand in a certificate: labels that are not empty, of visible ASCII letters, and no dot at the
/// end. In a constraint a dot in front is good too. Nothing at all is good.
pub(crate) fn is_valid(name: &str, is_constraint: bool) -> bool {
    if name.is_empty() {
        return true;
    }
    let labels = if is_constraint { name.strip_prefix('.').unwrap_or(name) } else { name };
    labels.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| (33..=126).contains(&byte))
}

/// An address: what is in front of the `@`, and the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) local: String,
    pub(crate) domain: String,
}

impl Mailbox {
    /// Reads a mailbox of RFC 2821, with the liberties that Go takes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (local, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => dotted_atoms(text)?,
        };
        let domain = rest.strip_prefix('@')?;
        (domain.is_empty() || domain.split('.').all(is_label))
            .then(|| Self { local, domain: domain.to_owned() })
    }
}

impl std::fmt::Display for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// What is inside the quotes, and what is behind the closing one.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((local, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                escaped @ ('\x01'..='\x09' | '\x0b' | '\x0c' | '\x0e'..='\x7f') => local.push(escaped),
                _ => return None,
            },
            '\x01'..='\x08'
            | '\x0b'
            | '\x0c'
            | '\x0e'..='\x1f'
            | ' '..='!'
            | '#'..='['
            | ']'..='~'
            | '\x7f' => {
                local.push(letter);
            }
            _ => return None,
        }
    }
    None
}

/// Atoms with single dots between them, and what is behind.
fn dotted_atoms(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let is_atom = letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
        let taken = if letter == '\\' { rest[1..].chars().next()? } else { letter };
        if letter == '\\' {
            rest = &rest[1..];
        } else if !is_atom {
            break;
        }
        local.push(taken);
        rest = &rest[taken.len_utf8()..];
    }
    let is_dotted_well = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    (!local.is_empty() && is_dotted_well).then_some((local, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_judged_as_go_judges_them() {
        for name in ["", "nomad", "server.global.nomad", "*.nomad", "a_b", "-x"] {
            assert!(is_valid(name, false), "{name}");
        }
        for name in ["nomad.", "a..b", ".nomad", "a b", "é", "."] {
            assert!(!is_valid(name, false), "{name}");
        }
        assert!(is_valid(".nomad", true));
        assert!(!is_valid("..nomad", true));
    }

    #[test]
    fn mailboxes_are_read_as_go_reads_them() {
        let parsed = |text| Mailbox::parse(text).map(|mailbox| (mailbox.local, mailbox.domain));
        assert_eq!(parsed("me@example.com"), Some(("me".into(), "example.com".into())));
        assert_eq!(parsed("\"a\\\"b c\"@x"), Some(("a\"b c".into(), "x".into())));
        assert_eq!(parsed("a\\ b@x"), Some(("a b".into(), "x".into())));
        for text in ["", "me", "@x", ".a@x", "a.@x", "a..b@x", "a@x.", "a b@x", "\"a@x", "a@x y"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
