//! The command line of `vault server`.

use std::path::PathBuf;

use crate::stand_in::{Environment, Flag, Flags, Takes};

/// What the command line and the environment ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) configs: Vec<PathBuf>,
    pub(super) dev: Option<DevOptions>,
    /// Empty where it is not said.
    pub(super) log_level: String,
    /// Empty where it is not said.
    pub(super) log_format: String,
    /// Empty where it is not said.
    pub(super) log_file: String,
    /// `VAULT_API_ADDR`; empty where it is not set.
    pub(super) api_addr: String,
}

/// What is asked of a development server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DevOptions {
    pub(super) root_token: Option<String>,
    pub(super) listen_address: String,
    pub(super) no_store_token: bool,
    /// Whether the KV engine at `secret/` keeps no versions.
    pub(super) unversioned: bool,
    pub(super) tls: Option<DevTls>,
}

/// What is asked of a development server with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DevTls {
    /// Where its files go; `None`: a temporary directory.
    pub(super) directory: Option<PathBuf>,
    /// More names and addresses for its certificate.
    pub(super) names: Vec<String>,
}

impl Options {
    /// Reads the arguments behind `vault server`.
    ///
    /// Errors: the text to print.
    pub(super) fn read(arguments: &[String], environment: &Environment) -> Result<Self, String> {
        let flags = Flags::parse(&KNOWN, arguments)?;
        let or_variable = |flag: &str, variable: &str| {
            flags.text(flag).or_else(|| environment.get(variable)).unwrap_or_default().to_owned()
        };
        let is_dev = ["dev", "dev-tls", "dev-ha", "dev-transactional", "dev-kv-v1"]
            .iter()
            .any(|flag| flags.is_set(flag));
        let options = Self {
            configs: flags.texts("config").iter().map(PathBuf::from).collect(),
            dev: is_dev.then(|| DevOptions::read(&flags, &or_variable)),
            log_level: or_variable("log-level", "VAULT_LOG_LEVEL"),
            log_format: or_variable("log-format", "VAULT_LOG_FORMAT"),
            log_file: flags.text("log-file").unwrap_or_default().to_owned(),
            api_addr: environment.get("VAULT_API_ADDR").unwrap_or_default().to_owned(),
        };
        if options.dev.is_none() && options.configs.is_empty() {
            return Err("Must specify at least one config path using -config".to_owned());
        }
        for flag in ["recovery", "dev-ha", "dev-three-node", "dev-four-cluster"] {
            if flags.is_set(flag) {
                return Err(format!("The lab's vault has no -{flag}"));
            }
        }
        Ok(options)
    }
}

impl DevOptions {
    fn read(flags: &Flags, or_variable: &impl Fn(&str, &str) -> String) -> Self {
        let root_token = or_variable("dev-root-token-id", "VAULT_DEV_ROOT_TOKEN_ID");
        let address = or_variable("dev-listen-address", "VAULT_DEV_LISTEN_ADDRESS");
        let tls = DevTls {
            directory: flags.text("dev-tls-cert-dir").map(PathBuf::from),
            names: flags.texts("dev-tls-san").to_vec(),
        };
        Self {
            root_token: Some(root_token).filter(|token| !token.is_empty()),
            listen_address: if address.is_empty() { "127.0.0.1:8200".to_owned() } else { address },
            no_store_token: flags.is_set("dev-no-store-token"),
            unversioned: flags.is_set("dev-kv-v1"),
            tls: flags.is_set("dev-tls").then_some(tls),
        }
    }
}

/// Every flag of the real program; those that are for its client commands are taken and mean nothing here, as there.
const KNOWN: [Flag; 48] = [
    ("config", Takes::Text),
    ("dev", Takes::Bool),
    ("dev-root-token-id", Takes::Text),
    ("dev-listen-address", Takes::Text),
    ("dev-no-store-token", Takes::Bool),
    ("dev-tls", Takes::Bool),
    ("dev-tls-cert-dir", Takes::Text),
    ("dev-tls-san", Takes::Text),
    ("dev-cluster-json", Takes::Text),
    ("dev-ha", Takes::Bool),
    ("dev-transactional", Takes::Bool),
    ("dev-kv-v1", Takes::Bool),
    ("dev-three-node", Takes::Bool),
    ("dev-four-cluster", Takes::Bool),
    ("dev-latency", Takes::Text),
    ("dev-latency-jitter", Takes::Text),
    ("dev-leased-kv", Takes::Bool),
    ("dev-plugin-dir", Takes::Text),
    ("dev-plugin-init", Takes::Bool),
    ("dev-auto-seal", Takes::Bool),
    ("dev-skip-init", Takes::Bool),
    ("log-level", Takes::Text),
    ("log-format", Takes::Text),
    ("log-file", Takes::Text),
    ("log-rotate-bytes", Takes::Text),
    ("log-rotate-duration", Takes::Text),
    ("log-rotate-max-files", Takes::Text),
    ("experiment", Takes::Text),
    ("exit-on-core-shutdown", Takes::Bool),
    ("pprof-dump-dir", Takes::Text),
    ("recovery", Takes::Bool),
    ("address", Takes::Text),
    ("agent-address", Takes::Text),
    ("ca-cert", Takes::Text),
    ("ca-path", Takes::Text),
    ("client-cert", Takes::Text),
    ("client-key", Takes::Text),
    ("disable-redirects", Takes::Bool),
    ("header", Takes::Text),
    ("mfa", Takes::Text),
    ("namespace", Takes::Text),
    ("non-interactive", Takes::Bool),
    ("output-curl-string", Takes::Bool),
    ("output-policy", Takes::Bool),
    ("policy-override", Takes::Bool),
    ("tls-server-name", Takes::Text),
    ("tls-skip-verify", Takes::Bool),
    ("wrap-ttl", Takes::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, environment: &Environment) -> Result<Options, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::read(&arguments, environment)
    }

    #[test]
    fn flags_come_before_the_environment() {
        let environment = Environment::from([
            ("VAULT_DEV_ROOT_TOKEN_ID", "mine"),
            ("VAULT_DEV_LISTEN_ADDRESS", "127.0.0.1:9000"),
            ("VAULT_LOG_LEVEL", "debug"),
        ]);
        let options = read("-dev", &environment).expect("read");
        let dev = options.dev.expect("a development server");
        assert_eq!(dev.root_token.as_deref(), Some("mine"));
        assert_eq!((dev.listen_address.as_str(), options.log_level.as_str()), ("127.0.0.1:9000", "debug"));
        let dev = read("-dev -dev-root-token-id=root", &environment)
            .expect("read")
            .dev
            .expect("a development server");
        assert_eq!(dev.root_token.as_deref(), Some("root"));
    }

    #[test]
    fn a_server_needs_a_configuration_or_is_for_development() {
        let none = Environment::default();
        for line in ["", "-dev-root-token-id=root"] {
            assert_eq!(read(line, &none), Err("Must specify at least one config path using -config".into()));
        }
        assert_eq!(read("-foo", &none), Err("flag provided but not defined: -foo".into()));
        assert_eq!(read("-dev -dev-ha", &none), Err("The lab's vault has no -dev-ha".into()));
        let options = read("-config=a -config b", &none).expect("read");
        assert_eq!(options.configs, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(options.dev, None);
    }
}
