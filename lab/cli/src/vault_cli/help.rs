//! What is printed of the commands themselves.

use lab_hcl::suggest;

use super::catalog::{Command, Group, REFUSED, commands, groups};
use super::options::{HTTP, Kind, Known, Prints};
use super::text::wrap;
use crate::stand_in::table::Columns;

/// The commands that are named first.
const COMMON: [(&str, &str); 8] = [
    ("read", "Read data and retrieves secrets"),
    ("write", "Write data, configuration, and secrets"),
    ("delete", "Delete secrets and configuration"),
    ("list", "List data or secrets"),
    ("login", "Authenticate locally"),
    ("server", "Start a Vault server"),
    ("status", "Print seal and HA status"),
    ("unwrap", "Unwrap a wrapped secret"),
];

/// What `vault` alone prints.
pub(super) fn overview() -> String {
    let mut others: Vec<(&str, &str)> = groups()
        .map(|group| (group.path, group.synopsis))
        .chain(commands().map(|command| (command.path, command.synopsis)))
        .filter(|(path, _)| !path.contains(' ') && COMMON.iter().all(|(common, _)| common != path))
        .collect();
    others.push(("version", "Prints the Vault version"));
    others.sort_unstable();
    format!(
        "Usage: vault <command> [args]\n\nThis is the lab's stand-in for Vault.\n\nCommon commands:\n{}\n\nOther commands:\n{}",
        indented(&COMMON),
        indented(&others)
    )
}

/// What a word prints that needs another one behind it.
pub(super) fn group(group: &Group) -> String {
    let below = |path: &'static str| {
        path.strip_prefix(group.path)?.strip_prefix(' ').filter(|rest| !rest.contains(' '))
    };
    let mut entries: Vec<(&str, &str)> = commands()
        .filter_map(|command| Some((below(command.path)?, command.synopsis)))
        .chain(groups().filter_map(|inner| Some((below(inner.path)?, inner.synopsis))))
        .collect();
    entries.sort_unstable();
    format!(
        "Usage: vault {} <subcommand> [options] [args]\n\n  {}. For example:\n\n      $ vault {}\n\n  Please see the individual \
         subcommand help for detailed usage information.\n\nSubcommands:\n{}",
        group.path,
        group.synopsis,
        group.example,
        indented(&entries)
    )
}

/// What `-h` prints.
pub(super) fn command(command: &Command) -> String {
    let arguments =
        if command.arguments.is_empty() { String::new() } else { format!(" {}", command.arguments) };
    let mut text = format!("Usage: vault {} [options]{arguments}\n\n  {}.\n", command.path, command.synopsis);
    if command.prints != Prints::Unread {
        text.push_str(&format!("\nHTTP Options:\n{}", options(&HTTP)));
    }
    let output: &[Known] = match command.prints {
        Prints::Nothing | Prints::Unread => &[],
        Prints::Format => &[("format", Kind::Text)],
        Prints::Field | Prints::Raw => &[("field", Kind::Text), ("format", Kind::Text)],
    };
    if !output.is_empty() {
        text.push_str(&format!("\nOutput Options:\n{}", options(output)));
    }
    if !command.flags.is_empty() {
        text.push_str(&format!("\nCommand Options:\n{}", options(command.flags)));
    }
    text.trim_end().to_owned()
}

/// What is said of a command that only the real program has.
pub(super) fn refused(words: &[String]) -> Option<String> {
    let line = name(words);
    let (path, instead) =
        REFUSED.iter().find(|(path, _)| line == *path || line.starts_with(&format!("{path} ")))?;
    Some(wrap(&format!("The lab's vault does not have `vault {path}`: {instead}.")))
}

/// The words that can be the name of a command.
fn name(words: &[String]) -> String {
    words.iter().take_while(|word| !word.starts_with('-')).take(3).cloned().collect::<Vec<_>>().join(" ")
}

/// What is said of a command that there is not.
pub(super) fn unknown(words: &[String]) -> String {
    let line = name(words);
    let known = commands()
        .map(|command| command.path)
        .chain(groups().map(|group| group.path))
        .chain(["server", "version"]);
    let hint = suggest(&line, known).map(|meant| format!("; did you mean `vault {meant}`?"));
    format!("The lab's vault does not know `vault {line}`{}", hint.unwrap_or_default())
}

fn indented(entries: &[(&str, &str)]) -> String {
    let lines: Vec<String> = entries.iter().map(|(name, synopsis)| format!("{name}♨{synopsis}")).collect();
    let table = Columns::VAULT.format(&lines);
    table.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn options(flags: &[Known]) -> String {
    let option = |(name, kind): &Known| {
        let value = match kind {
            Kind::Bool => "",
            Kind::Text => "=<string>",
            Kind::Number => "=<int>",
            Kind::Duration => "=<duration>",
            Kind::Pair => "=<key=value>",
        };
        format!("\n  -{name}{value}\n")
    };
    flags.iter().filter(|(name, _)| name.len() > 2).map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let told = |line: &str| unknown(&words(line));
        assert_eq!(
            told("sttus"),
            "The lab's vault does not know `vault sttus`; did you mean `vault status`?"
        );
        assert!(
            told("kv gett x").contains("did you mean `vault kv get`?")
                || told("kv gett").contains("`vault kv get`?")
        );
        assert_eq!(
            refused(&words("ssh a@b")).as_deref(),
            Some("The lab's vault does not have `vault ssh`: it has no SSH secrets engine.")
        );
    }

    #[test]
    fn an_overview_names_every_command_once() {
        let text = overview();
        for name in ["kv ", "operator", "server", "version-history", "token"] {
            assert!(text.contains(&format!("    {name}")), "{name}");
        }
    }
}
