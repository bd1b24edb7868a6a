//! Versions and the rules about them, as the operands `version` and `semver` compare them.

use std::cmp::Ordering;

/// A version: its numbers, and what comes before a release.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: Vec<u64>,
    /// How many of the numbers were written.
    written: usize,
    pre: String,
}

impl Version {
    fn parse(text: &str, strict: bool) -> Option<Self> {
        let text = text.trim();
        let text = if strict { text } else { text.strip_prefix('v').unwrap_or(text) };
        let text = text.split('+').next()?;
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = numbers.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let written = numbers.len();
        if strict && written != 3 {
            return None;
        }
        numbers.resize(written.max(3), 0);
        Some(Self { numbers, written, pre: pre.to_owned() })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let number = |version: &Self, at: usize| version.numbers.get(at).copied().unwrap_or(0);
        let numbers =
            (0..length).map(|at| number(self, at).cmp(&number(other, at))).find(|order| order.is_ne());
        numbers.unwrap_or_else(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }
}

/// Parts between dots: numbers before words, and the shorter before the longer.
fn compare_pre(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => {
                let order = match (left.parse::<u64>(), right.parse::<u64>()) {
                    (Ok(left), Ok(right)) => left.cmp(&right),
                    (Ok(_), Err(_)) => Ordering::Less,
                    (Err(_), Ok(_)) => Ordering::Greater,
                    (Err(_), Err(_)) => left.cmp(right),
                };
                if order.is_ne() {
                    return order;
                }
            }
        }
    }
}

/// Whether a version meets every rule of a list such as `>= 1.2, < 2`. `strict`: rules of semantic versioning, under
/// which pre-releases are ordinary versions.
pub(super) fn meets(version: &str, rules: &str, strict: bool) -> bool {
    let Some(version) = Version::parse(version, false) else { return false };
    rules.split(',').all(|rule| meets_one(&version, rule.trim(), strict).unwrap_or(false))
}

fn meets_one(version: &Version, rule: &str, strict: bool) -> Option<bool> {
    let start = rule.find(|c: char| c.is_ascii_digit() || c == 'v')?;
    let (operator, wanted) = (rule[..start].trim(), Version::parse(&rule[start..], false)?);
    // A pre-release meets only rules that speak of pre-releases of the same release.
    let pre_fits = strict
        || match (version.pre.is_empty(), wanted.pre.is_empty()) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => version.numbers == wanted.numbers,
        };
    let order = version.compare(&wanted);
    Some(match operator {
        "" | "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => pre_fits && order.is_gt(),
        "<" => pre_fits && order.is_lt(),
        ">=" => pre_fits && order.is_ge(),
        "<=" => pre_fits && order.is_le(),
        "~>" => {
            let fixed = wanted.written.saturating_sub(1).max(1);
            pre_fits && order.is_ge() && version.numbers.get(..fixed) == wanted.numbers.get(..fixed)
        }
        _ => false,
    })
}

#[cfg(test)]
mod unit {
    use super::meets;

    #[test]
    fn rules_are_met_as_they_should() {
        for (version, rules) in [
            ("1.11.3", ">= 1.2, < 2"),
            ("1.11.3", "~> 1.4"),
            ("1.11.3", "~> 1.11.0"),
            ("v1.2", "= 1.2.0"),
            ("1.2.3", "!= 1.2.4"),
            ("1.7.0-beta.2", "> 1.7.0-beta.1"),
        ] {
            assert!(meets(version, rules, false), "{version} {rules}");
        }
        for (version, rules) in [
            ("1.11.3", "~> 1.10.0"),
            ("1.7.0-beta.1", ">= 1.6"),
            ("1.2", "> 1.2"),
            ("nonsense", "> 1"),
            ("1.2", "about 1"),
            ("1.2", ""),
        ] {
            assert!(!meets(version, rules, false), "{version} {rules}");
        }
        assert!(meets("1.7.0-beta.1", ">= 1.6.0", true));
        assert!(meets("1.11.3", ">= 1.7.0-a", true));
    }
}
