//! Every command that there is: where it stands, what it takes, and what carries it out.

mod data;
mod engines;
mod groups;
mod operator;
mod pki;
mod tokens;

use super::failure::Outcome;
use super::options::{Known, Prints};
use super::session::Session;

pub(super) use self::groups::{Group, REFUSED, groups};

/// A command.
pub(super) struct Command {
    /// Its words: `kv metadata get`.
    pub(super) path: &'static str,
    /// What stands behind its flags: `PATH [DATA K=V...]`.
    pub(super) arguments: &'static str,
    /// What it is for, in one line.
    pub(super) synopsis: &'static str,
    /// What can be chosen of its output.
    pub(super) prints: Prints,
    /// Its own flags.
    pub(super) flags: &'static [Known],
    /// What carries it out.
    pub(super) run: fn(&Session<'_>) -> Outcome,
}

/// All commands.
pub(super) fn commands() -> impl Iterator<Item = &'static Command> {
    data::COMMANDS
        .iter()
        .chain(&engines::COMMANDS)
        .chain(&operator::COMMANDS)
        .chain(&pki::COMMANDS)
        .chain(&tokens::COMMANDS)
}

/// The command that a command line means, with how many words its name has.
pub(super) fn find(words: &[String]) -> Option<(&'static Command, usize)> {
    let begins = |path: &str| {
        let name: Vec<&str> = path.split(' ').collect();
        (words.len() >= name.len() && name.iter().zip(words).all(|(part, word)| part == word))
            .then_some(name.len())
    };
    let found = commands().filter_map(|command| Some((command, begins(command.path)?)));
    found.max_by_key(|(_, length)| *length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_counts() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = |line: &str| find(&words(line)).map(|(command, length)| (command.path, length));
        assert_eq!(found("kv metadata get -mount=secret x"), Some(("kv metadata get", 3)));
        assert_eq!(found("read secret/x"), Some(("read", 1)));
        assert_eq!(found("kv"), None);
        assert_eq!(found("sever"), None);
    }

    #[test]
    fn every_command_of_several_words_stands_in_a_group() {
        for command in commands() {
            if let Some((group, _)) = command.path.rsplit_once(' ') {
                assert!(groups().any(|known| known.path == group), "{}", command.path);
            }
        }
    }
}
