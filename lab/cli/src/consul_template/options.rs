//! The command line of `consul-template`.

use std::path::PathBuf;

use lab_world::parse_duration;
use serde_json::Value;

use super::signals::SIGNALS;
use crate::stand_in::{Flag, Flags, Takes};

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    pub(super) configs: Vec<PathBuf>,
    pub(super) once: bool,
    pub(super) dry: bool,
    pub(super) parse_only: bool,
    /// The other flags, as configuration.
    pub(super) settings: String,
}

/// Why a command line is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Help is asked for.
    Help,
    /// The version is asked for.
    Version,
    /// A flag is wrong: the words of the real program.
    Flag(String),
}

impl CommandLine {
    /// Reads it.
    pub(super) fn read(arguments: &[String]) -> Result<Self, Problem> {
        let flags = Flags::parse(&known(), arguments).map_err(|told| match told.as_str() {
            "flag: help requested" => Problem::Help,
            _ => Problem::Flag(told),
        })?;
        if flags.is_set("v") || flags.is_set("version") {
            return Err(Problem::Version);
        }
        if !flags.rest.is_empty() {
            let shown =
                flags.rest.iter().map(|argument| format!("{argument:?}")).collect::<Vec<_>>().join(" ");
            return Err(Problem::Flag(format!("cli: extra args: [{shown}]")));
        }
        Ok(Self {
            configs: flags.texts("config").iter().map(PathBuf::from).collect(),
            once: flags.is_set("once"),
            dry: flags.is_set("dry"),
            parse_only: flags.is_set("parse-only"),
            settings: settings(&flags).map_err(Problem::Flag)?,
        })
    }
}

/// What a flag's value is in the configuration.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Bool,
    Number,
    Duration,
    Signal,
    /// A list, of which every flag gives a part.
    Part,
}

/// Flags of one setting each: the block, the setting, and what it is.
const SETTINGS: [(&str, &str, &str, Kind); 37] = [
    ("exec", "exec", "command", Kind::Part),
    ("exec-kill-signal", "exec", "kill_signal", Kind::Signal),
    ("exec-kill-timeout", "exec", "kill_timeout", Kind::Duration),
    ("exec-reload-signal", "exec", "reload_signal", Kind::Signal),
    ("exec-splay", "exec", "splay", Kind::Duration),
    ("exec-env-pristine", "exec env", "pristine", Kind::Bool),
    ("exec-env-custom", "exec env", "custom", Kind::Part),
    ("exec-env-allowlist", "exec env", "allowlist", Kind::Part),
    ("exec-env-denylist", "exec env", "denylist", Kind::Part),
    ("kill-signal", "", "kill_signal", Kind::Signal),
    ("reload-signal", "", "reload_signal", Kind::Signal),
    ("log-level", "", "log_level", Kind::Text),
    ("max-stale", "", "max_stale", Kind::Duration),
    ("block-query-wait", "", "block_query_wait", Kind::Duration),
    ("pid-file", "", "pid_file", Kind::Text),
    ("template-error-fatal", "", "template_error_fatal", Kind::Bool),
    ("default-left-delimiter", "default_delimiters", "left", Kind::Text),
    ("default-right-delimiter", "default_delimiters", "right", Kind::Text),
    ("vault-addr", "vault", "address", Kind::Text),
    ("vault-token", "vault", "token", Kind::Text),
    ("vault-namespace", "vault", "namespace", Kind::Text),
    ("vault-agent-token-file", "vault", "vault_agent_token_file", Kind::Text),
    ("vault-renew-token", "vault", "renew_token", Kind::Bool),
    ("vault-unwrap-token", "vault", "unwrap_token", Kind::Bool),
    ("vault-default-lease-duration", "vault", "default_lease_duration", Kind::Duration),
    ("vault-lease-renewal-threshold", "vault", "lease_renewal_threshold", Kind::Number),
    ("vault-retry", "vault retry", "enabled", Kind::Bool),
    ("vault-retry-attempts", "vault retry", "attempts", Kind::Number),
    ("vault-retry-backoff", "vault retry", "backoff", Kind::Duration),
    ("vault-retry-max-backoff", "vault retry", "max_backoff", Kind::Duration),
    ("vault-ssl", "vault ssl", "enabled", Kind::Bool),
    ("vault-ssl-ca-cert", "vault ssl", "ca_cert", Kind::Text),
    ("vault-ssl-ca-path", "vault ssl", "ca_path", Kind::Text),
    ("vault-ssl-cert", "vault ssl", "cert", Kind::Text),
    ("vault-ssl-key", "vault ssl", "key", Kind::Text),
    ("vault-ssl-server-name", "vault ssl", "server_name", Kind::Text),
    ("vault-ssl-verify", "vault ssl", "verify", Kind::Bool),
];

/// Taken, and without meaning here: there is no Consul.
const IGNORED: [&str; 12] = [
    "consul-addr",
    "consul-token",
    "consul-token-file",
    "consul-auth",
    "consul-namespace",
    "consul-retry-attempts",
    "consul-retry-backoff",
    "consul-retry-max-backoff",
    "consul-ssl-ca-cert",
    "consul-ssl-cert",
    "consul-ssl-key",
    "syslog-facility",
];

/// Taken without a value, and without meaning here.
const IGNORED_BOOLS: [&str; 5] = ["consul-retry", "consul-ssl", "consul-ssl-verify", "dedup", "syslog"];

fn known() -> Vec<Flag> {
    let mut known: Vec<Flag> = ["config", "template", "wait"].map(|name| (name, Takes::Text)).into();
    known.extend(["once", "dry", "v", "version", "parse-only"].map(|name| (name, Takes::Bool)));
    known.extend(SETTINGS.map(|(name, _, _, kind)| match kind {
        Kind::Bool if name != "template-error-fatal" => (name, Takes::Bool),
        _ => (name, Takes::Text),
    }));
    known.extend(IGNORED.map(|name| (name, Takes::Text)));
    known.extend(IGNORED_BOOLS.map(|name| (name, Takes::Bool)));
    known
}

/// The flags as configuration.
fn settings(flags: &Flags) -> Result<String, String> {
    let mut top = String::new();
    let mut blocks: Vec<(&str, String)> = Vec::new();
    for (flag, block, name, kind) in SETTINGS {
        let Some(text) = flags.text(flag) else { continue };
        let value = match kind {
            Kind::Part => Value::from(parts(flag, flags)).to_string(),
            kind => value(flag, kind, text)?,
        };
        let line = format!("{name} = {value}\n");
        match blocks.iter_mut().find(|(known, _)| *known == block) {
            _ if block.is_empty() => top.push_str(&line),
            Some((_, lines)) => lines.push_str(&line),
            None => blocks.push((block, line)),
        }
    }
    if let Some(wait) = flags.text("wait") {
        top.push_str(
            &waiting(wait).map_err(|problem| format!("invalid value {wait:?} for flag -wait: {problem}"))?,
        );
    }
    for template in flags.texts("template") {
        let parsed = template_of(template);
        top.push_str(
            &parsed.map_err(|problem| format!("invalid value {template:?} for flag -template: {problem}"))?,
        );
    }
    for outer in ["default_delimiters", "vault", "exec"] {
        let inside = blocks.iter().filter_map(|(block, lines)| match block.strip_prefix(outer)? {
            "" => Some(lines.clone()),
            inner => Some(format!("{} {{\n{lines}}}\n", inner.trim())),
        });
        let inside: String = inside.collect();
        if !inside.is_empty() {
            top.push_str(&format!("{outer} {{\n{inside}}}\n"));
        }
    }
    Ok(top)
}

/// The values of a flag that makes a list. Of commands the last counts.
fn parts(flag: &str, flags: &Flags) -> Vec<String> {
    let given = flags.texts(flag);
    let last = given.len().saturating_sub(1);
    if flag == "exec" { given[last..].to_vec() } else { given.to_vec() }
}

fn value(flag: &str, kind: Kind, text: &str) -> Result<String, String> {
    let wrong = |problem: String| format!("invalid value {text:?} for flag -{flag}: {problem}");
    match kind {
        Kind::Text | Kind::Part => Ok(quoted(text)),
        Kind::Bool => match text {
            "1" | "t" | "true" | "TRUE" | "True" => Ok("true".to_owned()),
            "0" | "f" | "false" | "FALSE" | "False" => Ok("false".to_owned()),
            _ => Err(wrong(format!("strconv.ParseBool: parsing {text:?}: invalid syntax"))),
        },
        Kind::Number => match text.parse::<f64>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(wrong("parse error".to_owned())),
        },
        Kind::Duration => {
            parse_duration(text).map(|_| quoted(text)).map_err(|problem| wrong(problem.to_string()))
        }
        Kind::Signal => match SIGNALS.contains(&text.to_uppercase().as_str()) {
            true => Ok(quoted(text)),
            false => {
                let valid = SIGNALS.map(|signal| format!("{signal:?}")).join(" ");
                Err(wrong(format!("invalid signal {text:?} - valid signals are [{valid}]")))
            }
        },
    }
}

/// `min(:max)`
fn waiting(text: &str) -> Result<String, String> {
    let (min, max) = text.split_once(':').map_or((text, None), |(min, max)| (min, Some(max)));
    let check = |part: &str| parse_duration(part).map_err(|problem| problem.to_string());
    let shortest = check(min)?;
    let max = match max {
        Some(max) if check(max)? < shortest => return Err("wait: min must be less than max".to_owned()),
        Some(max) => quoted(max),
        // Four times as long where nothing is said.
        None => quoted(&lab_world::format_duration(shortest * 4)),
    };
    Ok(format!("wait {{\nmin = {}\nmax = {max}\n}}\n", quoted(min)))
}

/// `in:out(:command)`; with more colons the last part is the command.
fn template_of(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, destination, command) = match parts.as_slice() {
        [_] if text.trim().is_empty() => return Err("cannot specify empty template declaration".to_owned()),
        [source] => (*source, String::new(), ""),
        [source, destination] => (*source, (*destination).to_owned(), ""),
        [source, middle @ .., command] => (*source, middle.join(":"), *command),
        [] => ("", String::new(), ""),
    };
    let command = if command.is_empty() { String::new() } else { format!("command = {}\n", quoted(command)) };
    Ok(format!(
        "template {{\nsource = {}\ndestination = {}\n{command}}}\n",
        quoted(source),
        quoted(&destination)
    ))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<CommandLine, Problem> {
        CommandLine::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_become_configuration() {
        let line = read(&[
            "-config=a.hcl",
            "-once",
            "-vault-renew-token=false",
            "-vault-retry-attempts",
            "2",
            "-template",
            "a.tpl:b:systemctl reload nomad",
        ])
        .expect("read");
        assert!(line.once && !line.dry);
        let wanted = "template {\nsource = \"a.tpl\"\ndestination = \"b\"\ncommand = \"systemctl reload nomad\"\n}\n\
                      vault {\nrenew_token = false\nretry {\nattempts = 2\n}\n}\n";
        assert_eq!(line.settings, wanted);
        let supervised =
            read(&["-exec=a, b", "-exec-env-custom=A=1", "-exec-env-custom", "B=2", "-parse-only"]);
        let supervised = supervised.expect("read");
        let wanted = "exec {\ncommand = [\"a, b\"]\nenv {\ncustom = [\"A=1\",\"B=2\"]\n}\n}\n";
        assert!(supervised.parse_only && supervised.settings == wanted);
        assert!(read(&["-wait=2s"]).expect("read").settings.contains("max = \"8s\""));
    }

    #[test]
    fn flags_are_refused_in_the_real_words() {
        for (words, told) in [
            (&["-foo"][..], "flag provided but not defined: -foo"),
            (&["-wait=abc"], "invalid value \"abc\" for flag -wait: time: invalid duration \"abc\""),
            (&["extra"], "cli: extra args: [\"extra\"]"),
        ] {
            assert_eq!(read(words), Err(Problem::Flag(told.to_owned())));
        }
        assert_eq!(read(&["-v"]), Err(Problem::Version));
        assert_eq!(read(&["-h"]), Err(Problem::Help));
    }
}
