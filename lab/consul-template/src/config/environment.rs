//! `env { }`: which environment variables a command gets.

use std::collections::BTreeMap;

use super::Config;
use super::decode::Decoder;

/// What is kept of the program's own variables, and what is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EnvironmentConfig {
    pub(crate) pristine: Option<bool>,
    /// `NAME=value`
    pub(crate) custom: Vec<String>,
    /// Patterns of the names that are kept; empty: all.
    pub(crate) allowed: Vec<String>,
    /// Patterns of the names that are left out.
    pub(crate) denied: Vec<String>,
}

impl EnvironmentConfig {
    /// Reads a block; lists grow.
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        self.pristine = block.bool("pristine").or(self.pristine);
        for (list, names) in [
            (&mut self.custom, ["custom"].as_slice()),
            (&mut self.allowed, &["allowlist", "whitelist"]),
            (&mut self.denied, &["denylist", "blacklist"]),
        ] {
            names.iter().for_each(|name| list.extend(block.strings(name).unwrap_or_default()));
        }
    }

    /// The variables of a command: those of the program that are let through, then what the configuration of the
    /// program itself gives, then what was set for the command.
    pub(crate) fn apply(
        &self,
        own: &BTreeMap<String, String>,
        given: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let is_among =
            |patterns: &[String], name: &str| patterns.iter().any(|pattern| matches(pattern, name));
        let is_kept = |name: &str| {
            self.pristine != Some(true)
                && (self.allowed.is_empty() || is_among(&self.allowed, name))
                && !is_among(&self.denied, name)
        };
        let mut all: BTreeMap<_, _> = own.clone().into_iter().filter(|(name, _)| is_kept(name)).collect();
        all.extend(given);
        let custom = self.custom.iter().filter_map(|variable| variable.split_once('='));
        all.extend(custom.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all
    }
}

impl Config {
    /// The variables that every command is given, so that programs for Vault find what this one finds.
    pub(crate) fn for_commands(&self) -> BTreeMap<String, String> {
        let tls = &self.vault.tls;
        let skip = if tls.verify == Some(false) { "true" } else { "" };
        let variables = [
            ("CONSUL_HTTP_SSL", "false"),
            ("CONSUL_HTTP_SSL_VERIFY", "true"),
            ("VAULT_ADDR", &self.vault.address),
            ("VAULT_SKIP_VERIFY", skip),
            ("VAULT_CLIENT_CERT", &tls.cert),
            ("VAULT_CLIENT_KEY", &tls.key),
            ("VAULT_CAPATH", &tls.ca_path),
            ("VAULT_CACERT", &tls.ca_cert),
            ("VAULT_CACERT_BYTES", &tls.ca_cert_bytes),
            ("VAULT_TLS_SERVER_NAME", &tls.server_name),
        ];
        let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a]` and `\` before a character that is meant as it is. A pattern that is
/// none matches nothing.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Which lengths of the name the pattern so far can stand for.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut rest = pattern.as_slice();
    while let Some((token, after)) = next_token(rest) {
        reached = match token {
            Token::Any => {
                let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
                (0..reached.len()).map(|at| at >= first && !name[first..at].contains(&'/')).collect()
            }
            Token::One(is_meant) => {
                let moved = |at: usize| at > 0 && reached[at - 1] && is_meant(name[at - 1]);
                (0..reached.len()).map(moved).collect()
            }
        };
        rest = after;
    }
    rest.is_empty() && reached[name.len()]
}

enum Token<'a> {
    Any,
    One(Box<dyn Fn(char) -> bool + 'a>),
}

/// The first token of a pattern and what follows; `None` at its end, and where it is malformed.
fn next_token(pattern: &[char]) -> Option<(Token<'_>, &[char])> {
    let (first, rest) = pattern.split_first()?;
    let literal = |wanted: char| Token::One(Box::new(move |c| c == wanted));
    match first {
        '*' => Some((Token::Any, rest)),
        '?' => Some((Token::One(Box::new(|c| c != '/')), rest)),
        '[' => class(rest),
        '\\' => rest.split_first().map(|(wanted, rest)| (literal(*wanted), rest)),
        wanted => Some((literal(*wanted), rest)),
    }
}

/// What stands behind `[`.
fn class(pattern: &[char]) -> Option<(Token<'_>, &[char])> {
    let (is_negated, mut rest) = match pattern.split_first()? {
        ('^', rest) => (true, rest),
        _ => (false, pattern),
    };
    let mut ranges = Vec::new();
    while ranges.is_empty() || *rest.first()? != ']' {
        let low = member(&mut rest)?;
        let high = match rest.first()? {
            '-' => {
                rest = &rest[1..];
                member(&mut rest)?
            }
            _ => low,
        };
        ranges.push(low..=high);
    }
    let is_meant = move |c: char| ranges.iter().any(|range| range.contains(&c)) != is_negated;
    Some((Token::One(Box::new(is_meant)), &rest[1..]))
}

fn member(rest: &mut &[char]) -> Option<char> {
    let (mut first, mut after) = rest.split_first()?;
    if matches!(first, '-' | ']') {
        return None;
    }
    if *first == '\\' {
        (first, after) = after.split_first()?;
    }
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_go_does() {
        for (pattern, name, is_match) in [
            ("VAULT_*", "VAULT_ADDR", true),
            ("VAULT_*", "XVAULT_ADDR", false),
            ("*_TOKEN", "NOMAD_TOKEN", true),
            ("A*B*C", "AxBxBxC", true),
            ("A*B*C", "AxBx", false),
            ("?", "ab", false),
            ("[A-C]?", "BZ", true),
            ("[^A-C]?", "BZ", false),
            ("\\*", "*", true),
            ("[", "[", false),
            ("[]", "]", false),
            ("", "", true),
            ("*", "a/b", false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_denied_goes_and_what_is_set_stays() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let own = map(&[("HOME", "/h"), ("VAULT_ADDR", "a"), ("VAULT_TOKEN", "t")]);
        let mut config = EnvironmentConfig {
            allowed: vec!["VAULT_*".into()],
            denied: vec!["*TOKEN".into()],
            custom: vec!["A=1".into()],
            ..EnvironmentConfig::default()
        };
        let given = map(&[("VAULT_ADDR", "b")]);
        assert_eq!(config.apply(&own, given), map(&[("A", "1"), ("VAULT_ADDR", "b")]));
        config.pristine = Some(true);
        assert_eq!(config.apply(&own, BTreeMap::new()), map(&[("A", "1")]));
    }
}
