//! From what was asked for to what the server is started with.

use std::path::PathBuf;

use lab_world::Host;
use mock_vault::{
    Config, Configuration, Dev, ListenerConfig, ListenerStanza, Storage, StorageStanza, TlsFiles,
};

use super::address;
use super::failure::Failure;
use super::logging;
use super::options::Options;

/// Everything that a server is started with, and what is said of it.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) configuration: Configuration,
}

/// Reads the configuration files, under the command line and the environment.
pub(super) fn settings(
    host: &Host,
    options: &Options,
    dev_tls: Option<TlsFiles>,
) -> Result<Settings, Failure> {
    let mut configuration = Configuration::default();
    if let Some(dev) = &options.dev {
        configuration.storage = Some(StorageStanza::of("inmem"));
        configuration.disable_mlock = true;
        let scheme = if dev_tls.is_some() { "https" } else { "http" };
        configuration.api_addr = format!("{scheme}://{}", dev.listen_address);
        let mut listener = ListenerStanza::plain(&dev.listen_address);
        listener.tls = dev_tls;
        configuration.listeners.push(listener);
    }
    configuration.merge(Configuration::load(&host.disk, &options.configs)?);
    // Storage that other servers could share may say where its servers are.
    if let Some(storage) = configuration.storage.clone().filter(|storage| storage.kind == "inmem") {
        for (setting, older) in [
            (&mut configuration.api_addr, storage.redirect_addr),
            (&mut configuration.cluster_addr, storage.cluster_addr),
        ] {
            if setting.is_empty() {
                *setting = older;
            }
        }
    }
    for (setting, asked) in [
        (&mut configuration.log_level, &options.log_level),
        (&mut configuration.log_format, &options.log_format),
        (&mut configuration.log_file, &options.log_file),
        (&mut configuration.api_addr, &options.api_addr),
    ] {
        if !asked.is_empty() {
            setting.clone_from(asked);
        }
    }
    host.log.set_level(logging::level(&configuration.log_level)?);
    logging::check_format(&configuration.log_format)?;
    for warning in &configuration.warnings {
        host.log.warn("", warning.as_str());
    }
    Ok(Settings { config: config(host, options, &configuration)?, configuration })
}

fn config(host: &Host, options: &Options, configuration: &Configuration) -> Result<Config, Failure> {
    let storage = storage(configuration)?;
    if let Some(problem) = configuration.problem() {
        return Err(Failure::Setting(problem));
    }
    let mut listeners = Vec::new();
    for stanza in &configuration.listeners {
        if stanza.kind != "tcp" {
            return Err(Failure::Setting(format!(
                "The lab's vault listens on addresses only (tcp), not on sockets in files ({})",
                stanza.kind
            )));
        }
        let text = |cause| Failure::Listener(format!("Error initializing listener of type tcp: {cause}"));
        let address = address::parse(&host.net, &stanza.address).map_err(text)?;
        listeners.push(ListenerConfig {
            tls: stanza.tls.clone(),
            max_request_size: stanza.max_request_size,
            ..ListenerConfig::plain(address)
        });
    }
    if listeners.is_empty() {
        return Err(Failure::Setting(
            "The lab's vault needs a listener: nothing could reach it otherwise".into(),
        ));
    }
    let first = listeners.remove(0);
    Ok(Config {
        listen: first.address,
        tls: first.tls,
        more_listeners: listeners,
        storage,
        dev: options
            .dev
            .as_ref()
            .map(|dev| Dev { root_token: dev.root_token.clone(), unversioned: dev.unversioned }),
        ui: configuration.ui || options.dev.is_some(),
        cluster_name: Some(configuration.cluster_name.clone()).filter(|name| !name.is_empty()),
        default_lease_ttl: configuration.default_lease_ttl,
        max_lease_ttl: configuration.max_lease_ttl,
        shown: if options.configs.is_empty() { Default::default() } else { configuration.shown() },
        ..Config::for_host(host)
    })
}

fn storage(configuration: &Configuration) -> Result<Storage, Failure> {
    let Some(stanza) = &configuration.storage else {
        return Err(Failure::Setting("A storage backend must be specified".into()));
    };
    match stanza.kind.as_str() {
        "inmem" => Ok(Storage::Memory),
        "file" if stanza.path.is_empty() => {
            Err(Failure::Setting("Error initializing storage of type file: 'path' must be set".into()))
        }
        "file" => Ok(Storage::File(PathBuf::from(&stanza.path))),
        real if REAL.contains(&real) => Err(Failure::Setting(format!(
            "The lab's vault keeps its storage in memory (inmem) or in files (file), not in {real}"
        ))),
        other => Err(Failure::Setting(format!("Unknown storage type {other}"))),
    }
}

/// The kinds of storage that the real program has beside.
const REAL: [&str; 22] = [
    "aerospike",
    "alicloudoss",
    "azure",
    "cassandra",
    "cockroachdb",
    "consul",
    "couchdb",
    "dynamodb",
    "etcd",
    "file_transactional",
    "foundationdb",
    "gcs",
    "inmem_ha",
    "inmem_transactional",
    "manta",
    "mssql",
    "mysql",
    "oci",
    "postgresql",
    "raft",
    "s3",
    "swift",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::Environment;

    /// What a file of this text is refused with.
    fn refused(text: &str) -> String {
        let host = Host { disk: lab_world::Disk::memory(), ..Host::loopback("vault", "unused") };
        host.disk.write("/v.hcl", text).expect("written");
        let options = Options::read(&["-config=/v.hcl".to_owned()], &Environment::default()).expect("read");
        settings(&host, &options, None).err().expect("refused").to_string()
    }

    #[test]
    fn what_cannot_be_started_is_refused() {
        let listener = "listener \"tcp\" {\n address = \"127.0.0.1:1\"\n tls_disable = true\n}\n";
        for (storage, told) in [
            ("", "A storage backend must be specified"),
            ("storage \"foo\" {}\n", "Unknown storage type foo"),
            ("storage \"file\" {}\n", "Error initializing storage of type file: 'path' must be set"),
            (
                "storage \"raft\" {}\n",
                "The lab's vault keeps its storage in memory (inmem) or in files (file), not in raft",
            ),
        ] {
            assert_eq!(refused(&format!("{storage}{listener}")), told);
        }
        assert_eq!(
            refused("storage \"inmem\" {}\nlistener \"tcp\" {\n address = \"foo\"\n tls_disable = true\n}\n"),
            "Error parsing listener configuration.\nError initializing listener of type tcp: listen tcp: address foo: missing port \
             in address"
        );
    }
}
