//! The flags of commands: those that all have, those of one, and the three that may stand anywhere.

use std::time::Duration;

use lab_world::{format_duration, parse_duration};

use super::failure::Failure;
use crate::stand_in::{Environment, Flag, Flags, Takes};

/// What a flag of a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Bool,
    /// A word; the last one counts.
    Text,
    /// A whole number.
    Number,
    /// A duration: `24h`, `1d`, or seconds.
    Duration,
    /// `key=value`, more than once.
    Pair,
}

/// What may be printed of an answer, which decides about `-field` and `-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prints {
    /// Neither; and whatever else stands on the command line is not read.
    Unread,
    /// Neither.
    Nothing,
    /// `-format` only.
    Format,
    /// Both.
    Field,
    /// Both, and `-format=raw`.
    Raw,
}

/// A flag that a command knows.
pub(super) type Known = (&'static str, Kind);

/// The flags of every command that talks to a server.
pub(super) const HTTP: [Known; 19] = [
    ("address", Kind::Text),
    ("agent-address", Kind::Text),
    ("ca-cert", Kind::Text),
    ("ca-path", Kind::Text),
    ("client-cert", Kind::Text),
    ("client-key", Kind::Text),
    ("disable-redirects", Kind::Bool),
    ("header", Kind::Pair),
    ("mfa", Kind::Text),
    ("namespace", Kind::Text),
    ("ns", Kind::Text),
    ("non-interactive", Kind::Bool),
    ("output-curl-string", Kind::Bool),
    ("output-policy", Kind::Bool),
    ("policy-override", Kind::Bool),
    ("tls-server-name", Kind::Text),
    ("tls-skip-verify", Kind::Bool),
    ("unlock-key", Kind::Text),
    ("wrap-ttl", Kind::Duration),
];

/// What stands anywhere on a command line and means the same there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Anywhere {
    /// `table` where nothing is said.
    pub(super) format: String,
    pub(super) detailed: bool,
    /// Whether the request is shown as a command of curl, instead of being sent.
    pub(super) curl: bool,
    /// Whether a policy that allows the request is shown, instead of it being sent.
    pub(super) policy: bool,
}

impl Anywhere {
    /// Finds these flags among the arguments, where they stay.
    pub(super) fn find(arguments: &[String], environment: &Environment) -> Self {
        let mut found = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'));
            match name.map(|name| name.split_once('=').unwrap_or((name, ""))) {
                Some(("", "")) if argument == "--" => break,
                Some(("output-curl-string", _)) => found.curl |= !argument.contains('='),
                Some(("output-policy", _)) => found.policy |= !argument.contains('='),
                Some(("format", "")) => {
                    if let Some(value) = arguments.next() {
                        found.format.clone_from(value);
                    }
                }
                Some(("format", value)) => value.clone_into(&mut found.format),
                Some(("detailed", value)) => found.detailed = !matches!(value, "false" | "0"),
                _ => {}
            }
        }
        if found.format.is_empty() {
            environment.get("VAULT_FORMAT").unwrap_or("table").clone_into(&mut found.format);
        }
        found.format.make_ascii_lowercase();
        found
    }
}

/// Reads the flags of a command, and the warning about flags that come too late.
pub(super) fn parse(
    own: &[Known],
    prints: Prints,
    arguments: &[String],
    format: &str,
) -> Result<(Flags, Option<String>), Failure> {
    if prints == Prints::Unread {
        return Ok((Flags::default(), None));
    }
    let mut known: Vec<Known> = HTTP.iter().chain(own).copied().collect();
    if prints != Prints::Nothing {
        known.push(("format", Kind::Text));
    }
    if matches!(prints, Prints::Field | Prints::Raw) {
        known.push(("field", Kind::Text));
    }
    let takes = |(name, kind): &Known| -> Flag {
        (*name, if *kind == Kind::Bool { Takes::Bool } else { Takes::Text })
    };
    let mut flags = Flags::default();
    let read = flags.read(&known.iter().map(takes).collect::<Vec<_>>(), arguments);
    let late = late_flags(&flags.rest).filter(|_| format == "table");
    let read = read.and_then(|()| check_all(&known, &flags)).and_then(|()| match format {
        "raw" if prints != Prints::Raw => {
            Err("This command does not support the -format=raw option.".to_owned())
        }
        _ => Ok(()),
    });
    match (read, late) {
        (Ok(()), late) => Ok((flags, late)),
        (Err(told), None) => Err(Failure::Usage(told)),
        (Err(told), Some(late)) => Err(Failure::Usage(format!("{late}\n{told}"))),
    }
}

fn check_all(known: &[Known], flags: &Flags) -> Result<(), String> {
    for (name, kind) in known {
        for value in flags.texts(name) {
            check(name, *kind, value)?;
        }
    }
    Ok(())
}

/// What there is to say of flags behind the arguments.
fn late_flags(rest: &[String]) -> Option<String> {
    let is_late = |argument: &&String| {
        let name = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
        argument.starts_with('-')
            && *argument != "-"
            && !["format", "detailed", "output-curl-string", "output-policy"].contains(&name)
    };
    let late: Vec<&str> = rest.iter().filter(is_late).map(String::as_str).collect();
    let warning = "Command flags must be provided before positional arguments. The following arguments will not be \
                   parsed as flags";
    (!late.is_empty()).then(|| format!("{warning}: [{}]", late.join(",")))
}

fn check(name: &str, kind: Kind, value: &str) -> Result<(), String> {
    let problem = match kind {
        Kind::Bool | Kind::Text => None,
        Kind::Number => {
            value.parse::<i64>().err().map(|_| format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
        }
        Kind::Duration => duration(value).err(),
        Kind::Pair => (!value.contains('=')).then(|| format!("missing = in KV pair: {value:?}")),
    };
    problem.map_or(Ok(()), |problem| Err(format!("invalid value {value:?} for flag -{name}: {problem}")))
}

/// A duration as flags take it, Go's, with days, and bare numbers as seconds: its sign and its length.
fn duration(text: &str) -> Result<(&str, Duration), String> {
    let (sign, length) = text.split_at(usize::from(text.starts_with('-')));
    if let Ok(seconds) = length.parse() {
        return Ok((sign, Duration::from_secs(seconds)));
    }
    if let Some(days) = length.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()) {
        return Ok((sign, Duration::from_secs(days.saturating_mul(86_400))));
    }
    let parsed = parse_duration(length).map(|length| (sign, length));
    parsed.map_err(|error| error.to_string().replace(&format!("{length:?}"), &format!("{text:?}")))
}

/// The length of a duration; one that is negative has none.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    duration(text).map(|(sign, length)| if sign.is_empty() { length } else { Duration::ZERO })
}

/// A duration in whole seconds.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let (sign, length) = duration(text)?;
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    Ok(if sign.is_empty() { seconds } else { -seconds })
}

/// A duration in Go's form: `24h0m0s`; `None` where it is none.
pub(super) fn go_duration(text: &str) -> Option<String> {
    let (sign, length) = duration(text).ok()?;
    Some(if length.is_zero() {
        format_duration(length)
    } else {
        format!("{sign}{}", format_duration(length))
    })
}

/// A flag's duration in Go's form; `None` where it was not given.
pub(super) fn duration_text(flags: &Flags, name: &str) -> Option<String> {
    go_duration(flags.text(name)?)
}

/// The pairs of a flag that may be given more than once; a later one replaces an earlier.
pub(super) fn pairs(flags: &Flags, name: &str) -> serde_json::Map<String, serde_json::Value> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (key.to_owned(), serde_json::Value::from(value))
    };
    flags.texts(name).iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn some_flags_stand_anywhere() {
        let none = Environment::default();
        let found = Anywhere::find(&words("kv get -output-curl-string a -format=JSON"), &none);
        assert!(found.curl && !found.policy);
        assert_eq!(found.format, "json");
        let environment = Environment::from([("VAULT_FORMAT", "yaml")]);
        assert_eq!(Anywhere::find(&words("status"), &environment).format, "yaml");
        assert_eq!(Anywhere::find(&words("status --format table"), &environment).format, "table");
    }

    #[test]
    fn flags_are_refused_in_the_real_words() {
        let own = [("ttl", Kind::Duration), ("cas", Kind::Number), ("metadata", Kind::Pair)];
        for (line, told) in [
            ("-ttl=abc", r#"invalid value "abc" for flag -ttl: time: invalid duration "abc""#),
            ("-cas=x", r#"invalid value "x" for flag -cas: strconv.ParseInt: parsing "x": invalid syntax"#),
            ("-metadata=bad", r#"invalid value "bad" for flag -metadata: missing = in KV pair: "bad""#),
            ("-field=x", "flag provided but not defined: -field"),
            ("-ttl=-abc", r#"invalid value "-abc" for flag -ttl: time: invalid duration "-abc""#),
        ] {
            let refused = parse(&own, Prints::Format, &words(line), "table");
            assert_eq!(refused.expect_err(line), Failure::Usage(told.into()));
        }
        let late = parse(&own, Prints::Format, &words("-ttl=1d a -force"), "table").expect("read").1;
        assert!(late.expect("a warning").ends_with("parsed as flags: [-force]"));
        assert_eq!((seconds("24"), seconds("-1d")), (Ok(24), Ok(-86_400)));
        assert_eq!(go_duration("-90").as_deref(), Some("-1m30s"));
        let both = parse(&own, Prints::Nothing, &words("-nope -ttl=1h"), "table").expect_err("unknown");
        let Failure::Usage(told) = both else { panic!("{both:?}") };
        assert!(told.ends_with("as flags: [-ttl=1h]\nflag provided but not defined: -nope"), "{told}");
    }
}
