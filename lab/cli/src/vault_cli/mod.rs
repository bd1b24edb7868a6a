//! The client commands of `vault`, as the real program has them: what they send, print and end with.

mod api;
mod audit;
mod catalog;
mod data;
mod failure;
mod help;
mod info;
mod kv;
mod lease;
mod logical;
mod login;
mod mounts;
mod operator;
mod options;
mod pki;
mod plugin;
mod policy;
mod print;
mod secret;
mod session;
mod settings;
mod shown;
mod status;
mod text;
mod token;
mod token_helper;
mod tree;
mod yaml;

use std::process::ExitCode;

use self::catalog::Command;
use self::failure::{Failure, Outcome};
use self::options::Anywhere;
use self::session::Session;
use crate::stand_in::Environment;
use crate::terminal::{errln, outln};

/// What the real program ends with when it is not told what to do.
const NO_COMMAND: u8 = 127;

/// Runs `vault` with these arguments, which are none of its servers'.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let anywhere = Anywhere::find(arguments, environment);
    let instead = if anywhere.curl { "cURL string" } else { "policy" };
    let is_shown = anywhere.curl || anywhere.policy;
    let outcome = carry_out(arguments, anywhere, environment);
    let has_failed = matches!(outcome, Err(Failure::Usage(_) | Failure::Refused(_)));
    let code = match outcome {
        Ok(code) => code,
        Err(Failure::Usage(text)) => {
            errln!("{text}");
            1
        }
        Err(Failure::Refused(text)) => {
            errln!("{text}");
            2
        }
        Err(Failure::Shown(text)) => {
            outln!("{text}");
            0
        }
    };
    if is_shown && has_failed {
        errln!("Unable to generate {instead} from command");
    }
    ExitCode::from(code)
}

fn carry_out(words: &[String], anywhere: Anywhere, environment: &Environment) -> Outcome {
    print::check_format(&anywhere.format)?;
    match catalog::find(words) {
        Some((command, length)) => run_command(command, &words[length..], anywhere, environment),
        None => Ok(without_command(words)),
    }
}

fn run_command(
    command: &Command,
    arguments: &[String],
    anywhere: Anywhere,
    environment: &Environment,
) -> Outcome {
    if arguments.iter().take_while(|argument| argument.starts_with('-')).any(|argument| is_help(argument)) {
        outln!("{}", help::command(command));
        return Ok(0);
    }
    let (flags, late) = options::parse(command.flags, command.prints, arguments, &anywhere.format)?;
    let session = Session { flags, anywhere, environment };
    if let Some(warning) = late {
        session.warn(&warning);
    }
    (command.run)(&session)
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "-h" | "-help" | "--help")
}

/// What is said where no command is meant.
fn without_command(words: &[String]) -> u8 {
    let asks_for_help = words.iter().any(|word| is_help(word));
    let named: Vec<String> = words.iter().filter(|word| !word.starts_with('-')).cloned().collect();
    if let Some(told) = help::refused(&named).filter(|_| !asks_for_help) {
        errln!("{told}");
        return 1;
    }
    let group = |length: usize| {
        let path = named.get(..length)?.join(" ");
        catalog::groups().find(|group| group.path == path)
    };
    let group = group(2).or_else(|| group(1));
    let is_whole = group.is_none_or(|group| named.len() == group.path.split(' ').count());
    match group {
        _ if named.is_empty() && asks_for_help => {
            outln!("{}", help::overview());
            0
        }
        None if named.is_empty() => {
            errln!("{}", help::overview());
            NO_COMMAND
        }
        Some(group) if asks_for_help => {
            outln!("{}", help::group(group));
            0
        }
        Some(group) if is_whole => {
            errln!("{}", help::group(group));
            1
        }
        Some(group) => {
            errln!("{}\n\n{}", help::unknown(&named), help::group(group));
            1
        }
        None => {
            errln!("{}\n\n{}", help::unknown(&named), help::overview());
            NO_COMMAND
        }
    }
}
