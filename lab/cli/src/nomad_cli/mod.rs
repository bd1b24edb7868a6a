//! The client side of `nomad`: one command a file.

mod acl;
mod agent;
mod allocation;
mod api;
mod command;
mod config;
mod cron;
mod deployment;
mod enterprise;
mod evaluation;
mod fmt;
mod format;
mod help;
mod job;
mod json;
mod login;
mod lookup;
mod monitor;
mod namespace;
mod node;
mod operator;
mod scaling;
mod server;
mod service;
mod session;
mod setup;
mod shape;
mod spec;
mod sprig;
mod status;
mod system;
mod tls;
mod tree;
mod variable;
mod volumes;
mod weak;
mod websocket;
mod wording;

use std::process::ExitCode;

use self::command::{Arity, Command, Fault};
use self::session::Session;
use self::tree::Meant;
use crate::stand_in::{Environment, Flag, Flags};
use crate::terminal::{errln, out};

/// What the real program ends with when it is not told what to do.
const NO_COMMAND: u8 = 127;

/// Runs a command of the client side.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let wants_help =
        arguments.iter().take_while(|argument| *argument != "--").any(|argument| is_help(argument));
    match tree::meant(arguments) {
        Meant::Command(command, _) if wants_help => {
            out!("{}", help::command(command));
            ExitCode::SUCCESS
        }
        Meant::Command(command, rest) => ExitCode::from(call(command, &rest, environment)),
        Meant::Group(group) => {
            out!("{}", help::group(group));
            if wants_help {
                return ExitCode::SUCCESS;
            }
            if let Some(told) = tree::refusal(arguments).filter(|_| arguments.join(" ") != group.name) {
                errln!("{told}");
            }
            ExitCode::FAILURE
        }
        Meant::Nothing => {
            out!("{}", help::program());
            if wants_help {
                return ExitCode::SUCCESS;
            }
            if let Some(told) = tree::refusal(arguments) {
                errln!("{told}");
            }
            ExitCode::from(NO_COMMAND)
        }
    }
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "-h" | "-help" | "--help")
}

fn call(command: &Command, arguments: &[String], environment: &Environment) -> u8 {
    let known: Vec<Flag> = help::settings(command).iter().map(|(name, takes, _)| (*name, *takes)).collect();
    let flags = match Flags::parse(&known, arguments) {
        Ok(flags) => flags,
        Err(problem) => {
            if problem != "flag: help requested" {
                let problem = problem.split(": strconv.ParseBool").next().unwrap_or_default().to_owned();
                let is_bool = problem.starts_with("invalid boolean value");
                let problem = format!("{problem}{}", if is_bool { ": parse error" } else { "" });
                errln!("{problem}");
                if let Some(told) = flags_told_again(command.name, &problem) {
                    errln!("{told}");
                }
            }
            out!("{}", help::command(command));
            return if command.name == "job plan" { job::plan::NO_PLAN } else { 1 };
        }
    };
    let session = Session::new(command, flags, environment);
    let outcome = match command.arity {
        Arity::Counted(least, most, told) if !(least..=most).contains(&session.arguments().len()) => {
            command::misused(told)
        }
        _ => (command.run)(&session),
    };
    match outcome {
        Ok(code) => code,
        Err(fault) => {
            let mark = if command.name == "monitor" { "==> " } else { "" };
            session.warn(format!("{mark}{fault}"));
            if let Fault::Usage(_) = fault {
                session
                    .warn(format!("{mark}For additional help try 'nomad {} -help'", own_name(command.name)));
            }
            1
        }
    }
}

/// What a command calls itself.
fn own_name(name: &'static str) -> &'static str {
    match name {
        "job status" => "status",
        "operator root keyring list" => "root keyring list",
        "operator root keyring remove" => "root keyring remove",
        "operator root keyring rotate" => "root keyring rotate",
        "operator metrics" => "metrics",
        "tls ca info" => "tls cert info",
        name => name,
    }
}

/// What those commands say besides that tell twice of flags that they cannot read.
fn flags_told_again(name: &str, problem: &str) -> Option<String> {
    let is_below = |group: &str| name.starts_with(group);
    match name {
        "agent-info" | "operator api" => Some(format!("Error parsing flags: {problem}")),
        "config validate" => Some(problem.to_owned()),
        "status" => Some(format!("Error parsing arguments: \"{problem}\"")),
        _ if ["operator autopilot", "operator raft", "operator snapshot"].into_iter().any(is_below) => {
            Some(format!("Failed to parse args: {problem}"))
        }
        _ => None,
    }
}
