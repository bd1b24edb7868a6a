//! Password policies: how long a password is and which characters it is made of.

use lab_hcl::{Body, Kind, hcl1};
use lab_world::Entropy;

use crate::logical::one_error;

/// The lengths that a policy may ask for.
const LENGTHS: std::ops::RangeInclusive<i64> = 4..=100;

/// A policy as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasswordPolicy {
    length: usize,
    rules: Vec<Rule>,
}

/// Characters of which a password has at least so many.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    charset: Vec<char>,
    min_chars: usize,
}

impl PasswordPolicy {
    /// Reads a policy.
    ///
    /// Errors: what is wrong with it, in the real server's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let invalid = |text: String| format!("invalid password policy: {text}");
        let body =
            hcl1::parse(text).map_err(|error| invalid(format!("unable to decode: {}", error.message)))?;
        let length = number(&body, "length");
        let rules = body.blocks().filter(|block| block.kind == "rule").map(|block| match block.label() {
            Some("charset") => Ok(Rule::read(&block.body)),
            other => {
                let other = other.unwrap_or_default();
                Err(format!(
                    "unable to parse rules: unable to parse rule {other}: unrecognized rule type {other}"
                ))
            }
        });
        let rules: Vec<Rule> = rules.collect::<Result<_, _>>().map_err(invalid)?;
        match problems(length, &rules).as_slice() {
            [] => {}
            [problem] => return Err(invalid(one_error(problem))),
            several => {
                let list: String = several.iter().map(|text| format!("\t* {text}\n")).collect();
                return Err(invalid(format!("{} errors occurred:\n{list}\n", several.len())));
            }
        }
        if !LENGTHS.contains(&length) {
            return Err("passwords must be between 4 and 100 characters".to_owned());
        }
        Ok(Self { length: usize::try_from(length).unwrap_or(0), rules })
    }

    /// A new password: for each rule as many of its characters as it wants, the rest from all of them.
    pub(crate) fn generate(&self, entropy: &Entropy) -> String {
        let mut all: Vec<char> = self.rules.iter().flat_map(|rule| rule.charset.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        let pick = |charset: &[char]| {
            charset.get(usize::try_from(entropy.below(charset.len() as u64)).ok()?).copied()
        };
        let mut password: Vec<char> = Vec::with_capacity(self.length);
        for rule in &self.rules {
            password.extend((0..rule.min_chars).filter_map(|_| pick(&rule.charset)));
        }
        while password.len() < self.length {
            password.extend(pick(&all));
        }
        entropy.shuffle(&mut password);
        password.into_iter().collect()
    }
}

impl Rule {
    fn read(body: &Body) -> Self {
        let mut charset: Vec<char> =
            body.value("charset").and_then(lab_hcl::Value::as_str).unwrap_or_default().chars().collect();
        charset.sort_unstable();
        charset.dedup();
        Self { charset, min_chars: usize::try_from(number(body, "min-chars")).unwrap_or(0) }
    }
}

fn number(body: &Body, name: &str) -> i64 {
    match body.value(name).map(|value| &value.kind) {
        Some(Kind::Number(number)) => number.integer().unwrap_or(0),
        Some(Kind::String(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

fn problems(length: i64, rules: &[Rule]) -> Vec<String> {
    let mut problems = Vec::new();
    if length <= 0 {
        problems.push("length must be > 0".to_owned());
    }
    let least: usize = rules.iter().map(|rule| rule.min_chars).sum();
    if length > 0 && usize::try_from(length).is_ok_and(|length| length < least) {
        problems
            .push(format!("specified rules require at least {least} characters but {length} is specified"));
    }
    let mut characters = rules.iter().flat_map(|rule| &rule.charset).peekable();
    if characters.peek().is_none() {
        problems.push("no charset specified".to_owned());
    } else if characters.any(|character| character.is_control()) {
        problems.push("non-printable character in charset".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_follows_every_rule() {
        let policy = PasswordPolicy::parse(
            "length = 20\nrule \"charset\" {\n charset = \"abc\"\n min-chars = 5\n}\nrule \"charset\" {\n charset = \"12\"\n \
             min-chars = 10\n}\n",
        )
        .expect("a good policy");
        for seed in 0..50 {
            let password = policy.generate(&Entropy::seeded(seed));
            assert_eq!(password.chars().count(), 20, "{password}");
            assert!(password.chars().filter(|c| "abc".contains(*c)).count() >= 5, "{password}");
            assert!(password.chars().filter(|c| "12".contains(*c)).count() >= 10, "{password}");
            assert!(password.chars().all(|c| "abc12".contains(c)), "{password}");
        }
    }

    #[test]
    fn impossible_policies_are_refused() {
        for (text, problem) in [
            ("length = 20", "no charset specified"),
            ("rule \"charset\" {\n charset = \"a\"\n}", "length must be > 0"),
            (
                "length = 5\nrule \"charset\" {\n charset = \"a\"\n min-chars = 6\n}",
                "require at least 6 characters but 5",
            ),
            (
                "length = 3\nrule \"charset\" {\n charset = \"a\"\n}",
                "passwords must be between 4 and 100 characters",
            ),
            ("length = 9\nrule \"odd\" {\n}", "unable to parse rule odd: unrecognized rule type odd"),
        ] {
            let error = PasswordPolicy::parse(text).expect_err(text);
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
