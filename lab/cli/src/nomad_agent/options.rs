//! The command line of `nomad agent`.

use std::path::PathBuf;

use mock_nomad::{Options, Overrides};

use crate::stand_in::{Environment, Flag, Flags, Takes};

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// `-config`, each time it is given.
    pub(super) configs: Vec<PathBuf>,
    pub(super) options: Options,
}

/// Why a command line is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Help is asked for.
    Help,
    /// There is no such flag, or it is not written so: Go's words.
    Flag(String),
    /// A flag's value cannot be used, or the lab's agent does not have what the flag asks for.
    Value(String),
}

impl CommandLine {
    /// Reads it.
    pub(super) fn read(arguments: &[String], environment: &Environment) -> Result<Self, Problem> {
        let flags = Flags::parse(&known(), arguments).map_err(|told| match told.as_str() {
            "flag: help requested" => Problem::Help,
            // The library that reads these flags leaves the cause out.
            told => Problem::Flag(match told.split_once(": strconv.ParseBool") {
                Some((told, _)) => format!("{told}: parse error"),
                None => told.to_owned(),
            }),
        })?;
        if let Some(name) = REFUSED.iter().find(|name| flags.text(name).is_some_and(|value| value != "false"))
        {
            return Err(Problem::Value(format!("The lab's nomad has no -{name}")));
        }
        let text = |name: &str| flags.text(name).unwrap_or_default().to_owned();
        let number = |name: &str| match flags.text(name).map(str::parse) {
            None => Ok(0),
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err(Problem::Flag(format!(
                "invalid value {:?} for flag -{name}: parse error",
                flags.text(name).unwrap_or_default()
            ))),
        };
        let overrides = Overrides {
            bind_addr: text("bind"),
            data_dir: text("data-dir"),
            datacenter: text("dc"),
            region: text("region"),
            name: text("node"),
            log_level: text("log-level"),
            server: flags.is_set("server"),
            client: flags.is_set("client"),
            bootstrap_expect: number("bootstrap-expect")?,
            encrypt: text("encrypt"),
            start_join: flags.texts("join").to_vec(),
            retry_join: flags.texts("retry-join").to_vec(),
            retry_max: number("retry-max")?,
            retry_interval: interval(&flags)?,
            servers: text("servers")
                .split(',')
                .filter(|server| !server.is_empty())
                .map(str::to_owned)
                .collect(),
            node_class: text("node-class"),
            node_pool: text("node-pool"),
            client_intro_token: environment
                .get("NOMAD_CLIENT_INTRO_TOKEN")
                .map_or_else(|| text("client-intro-token"), str::to_owned),
            meta: flags.texts("meta").iter().map(|pair| meta(pair)).collect::<Result<_, _>>()?,
            acl_enabled: flags.is_set("acl-enabled"),
            vault_address: text("vault-address"),
            vault_enabled: flags.is_set("vault-enabled") || flags.is_set("dev-vault"),
        };
        let dev = flags.is_set("dev") || flags.is_set("dev-vault");
        let mut configs: Vec<PathBuf> = flags.texts("config").iter().map(PathBuf::from).collect();
        if let Some(more) = environment.get("NOMAD_CONFIG_PATH") {
            configs.push(PathBuf::from(more));
        }
        Ok(Self { configs, options: Options { dev, overrides, ..Options::default() } })
    }
}

fn interval(flags: &Flags) -> Result<std::time::Duration, Problem> {
    let text = flags.text("retry-interval").unwrap_or("0s");
    lab_world::parse_duration(text)
        .map_err(|_| Problem::Value("Error parsing retry interval: ".to_owned() + text))
}

fn meta(pair: &str) -> Result<(String, String), Problem> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| Problem::Value(format!("Error parsing Client.Meta value: {pair}")))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What the real program has and the lab's does not: an agent that took them would not do what was asked.
const REFUSED: [&str; 5] = ["dev-connect", "dev-consul", "log-json", "eventlog", "plugin-dir"];

const TEXTS: [&str; 20] = [
    "bind",
    "config",
    "data-dir",
    "dc",
    "log-level",
    "node",
    "region",
    "bootstrap-expect",
    "encrypt",
    "join",
    "retry-join",
    "retry-max",
    "retry-interval",
    "servers",
    "node-class",
    "node-pool",
    "client-intro-token",
    "meta",
    "plugin-dir",
    "eventlog-level",
];

const BOOLS: [&str; 10] = [
    "dev",
    "dev-connect",
    "dev-consul",
    "dev-vault",
    "server",
    "client",
    "acl-enabled",
    "vault-enabled",
    "log-json",
    "eventlog",
];

/// Taken, and without meaning here.
const IGNORED_TEXTS: [&str; 31] = [
    "raft-protocol",
    "state-dir",
    "alloc-dir",
    "network-interface",
    "preferred-address-family",
    "network-speed",
    "host-volumes-dir",
    "host-volume-plugin-dir",
    "acl-replication-token",
    "consul-address",
    "consul-auth",
    "consul-ca-file",
    "consul-cert-file",
    "consul-client-service-name",
    "consul-client-http-check-name",
    "consul-client-failures-before-critical",
    "consul-client-failures-before-warning",
    "consul-key-file",
    "consul-server-service-name",
    "consul-server-http-check-name",
    "consul-server-serf-check-name",
    "consul-server-rpc-check-name",
    "consul-server-failures-before-critical",
    "consul-server-failures-before-warning",
    "consul-token",
    "vault-address",
    "vault-token",
    "vault-ca-file",
    "vault-ca-path",
    "vault-cert-file",
    "vault-key-file",
];

const IGNORED_BOOLS: [&str; 9] = [
    "rejoin",
    "log-include-location",
    "consul-auto-advertise",
    "consul-checks-use-advertise",
    "consul-client-auto-join",
    "consul-server-auto-join",
    "consul-ssl",
    "consul-verify-ssl",
    "vault-tls-skip-verify",
];

fn known() -> Vec<Flag> {
    let texts = TEXTS.iter().chain(&IGNORED_TEXTS).map(|name| (*name, Takes::Text));
    texts.chain(BOOLS.iter().chain(&IGNORED_BOOLS).map(|name| (*name, Takes::Bool))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<CommandLine, Problem> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        CommandLine::read(&arguments, &Environment::default())
    }

    #[test]
    fn flags_become_settings() {
        let line =
            read("-dev -config=a.hcl -config b -bind 127.0.0.1 -servers=x:1,y:2 -meta a=b=c -retry-max 3")
                .expect("read");
        assert!(line.options.dev);
        assert_eq!(line.configs, [PathBuf::from("a.hcl"), PathBuf::from("b")]);
        let over = line.options.overrides;
        assert_eq!((over.bind_addr.as_str(), over.retry_max), ("127.0.0.1", 3));
        assert_eq!(over.servers, ["x:1", "y:2"]);
        assert_eq!(over.meta["a"], "b=c");
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        assert_eq!(read("-foo"), Err(Problem::Flag("flag provided but not defined: -foo".into())));
        assert_eq!(read("-dev-connect"), Err(Problem::Value("The lab's nomad has no -dev-connect".into())));
        assert_eq!(read("-meta x"), Err(Problem::Value("Error parsing Client.Meta value: x".into())));
        assert_eq!(read("-h"), Err(Problem::Help));
        assert!(matches!(read("-bootstrap-expect=x"), Err(Problem::Flag(_))));
    }
}
