//! Flags as Go's `flag` package reads them: `-name`, `--name`, `-name=value`, `-name value`; the first argument that is no
//! flag ends them.

use std::collections::BTreeMap;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing, or `=true` or `=false`.
    Bool,
    /// A value; the last one counts.
    Text,
    /// A whole number.
    Integer,
    /// A duration: `1h30m`
    Duration,
}

/// A flag that a command knows: its name without dashes, and what it takes.
pub(crate) type Flag = (&'static str, Takes);

/// The flags of a command line, and what follows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    given: BTreeMap<&'static str, Vec<String>>,
    /// The arguments behind the flags.
    pub(crate) rest: Vec<String>,
}

impl Flags {
    /// Reads a command line.
    ///
    /// Errors: the words of Go's package, `flag provided but not defined: -foo`; and `flag: help requested`, where help
    /// is.
    pub(crate) fn parse(known: &[Flag], arguments: &[String]) -> Result<Self, String> {
        let mut flags = Self::default();
        flags.read(known, arguments).map(|()| flags)
    }

    /// The same into flags that have none yet; at a complaint `rest` holds what stands behind the flag that it is about.
    pub(crate) fn read(&mut self, known: &[Flag], arguments: &[String]) -> Result<(), String> {
        let mut arguments = arguments.iter();
        let read = self.read_flags(known, &mut arguments);
        self.rest.extend(arguments.cloned());
        read
    }

    fn read_flags(
        &mut self,
        known: &[Flag],
        arguments: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), String> {
        while let Some(argument) = arguments.next() {
            let Some(text) = argument.strip_prefix('-').filter(|text| !text.is_empty()) else {
                self.rest.push(argument.clone());
                break;
            };
            let text = match text.strip_prefix('-') {
                Some("") => break,
                Some(text) => text,
                None => text,
            };
            if text.starts_with(['-', '=']) || text.is_empty() {
                return Err(format!("bad flag syntax: {argument}"));
            }
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (text, None),
            };
            let Some(&(name, takes)) = known.iter().find(|(known, _)| *known == name) else {
                return Err(match name {
                    "h" | "help" => "flag: help requested".to_owned(),
                    _ => format!("flag provided but not defined: -{name}"),
                });
            };
            let value = match (takes, value) {
                (Takes::Bool, None) => "true".to_owned(),
                (Takes::Bool, Some(value)) => truth(name, &value)?.to_string(),
                (_, Some(value)) => value,
                (_, None) => {
                    arguments.next().ok_or_else(|| format!("flag needs an argument: -{name}"))?.clone()
                }
            };
            let is_read = match takes {
                Takes::Integer => value.parse::<i64>().is_ok(),
                Takes::Duration => lab_world::parse_duration(value.trim_start_matches('-')).is_ok(),
                Takes::Bool | Takes::Text => true,
            };
            if !is_read {
                return Err(format!("invalid value {value:?} for flag -{name}: parse error"));
            }
            self.given.entry(name).or_default().push(value);
        }
        Ok(())
    }

    /// The last value of a flag, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).and_then(|values| values.last()).map(String::as_str)
    }

    /// Every value of a flag, in order.
    pub(crate) fn texts(&self, name: &str) -> &[String] {
        self.given.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every flag that was given, with its values, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given.iter().flat_map(|(name, values)| values.iter().map(|value| (*name, value.as_str())))
    }

    /// Whether a flag is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }
}

fn truth(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "invalid boolean value {value:?} for -{name}: strconv.ParseBool: parsing {value:?}: invalid syntax"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Flag; 3] = [("dev", Takes::Bool), ("config", Takes::Text), ("log-level", Takes::Text)];

    fn parse(line: &str) -> Result<Flags, String> {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Flags::parse(&KNOWN, &arguments)
    }

    #[test]
    fn every_form_of_a_flag() {
        let flags =
            parse("-dev --config a.hcl -config=b.hcl -log-level= rest -dev=false").expect("well formed");
        assert!(flags.is_set("dev"));
        assert_eq!(flags.texts("config"), ["a.hcl", "b.hcl"]);
        assert_eq!((flags.text("config"), flags.text("log-level")), (Some("b.hcl"), Some("")));
        assert_eq!(flags.rest, ["rest", "-dev=false"]);
        assert_eq!(parse("-dev -- -config").expect("well formed").rest, ["-config"]);
        assert!(!parse("-dev=0").expect("well formed").is_set("dev"));
    }

    #[test]
    fn complaints_are_in_gos_words() {
        for (line, told) in [
            ("-foo", "flag provided but not defined: -foo"),
            ("-config", "flag needs an argument: -config"),
            (
                "-dev=maybe",
                "invalid boolean value \"maybe\" for -dev: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            ("---dev", "bad flag syntax: ---dev"),
            ("-h", "flag: help requested"),
        ] {
            assert_eq!(parse(line).expect_err(line), told);
        }
    }
}
