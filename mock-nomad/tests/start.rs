//! Starts that fail, and what is said of them and of doubtful ones.

mod support;

use lab_pki::KeyKind;
use lab_world::{Host, Simulation};
use mock_nomad::{Agent, Options, StartError};
use support::*;

/// Starts an agent with this configuration; the error's text, and what stands on the terminal.
async fn attempt(world: &Simulation, text: &str) -> (Option<String>, Vec<String>) {
    let host = world.host("server-1");
    configure(&host, text);
    let mark = host.log.count();
    let error = match try_start(&host).await {
        Ok(agent) => {
            agent.stop().await;
            None
        }
        Err(StartError::Configuration(text) | StartError::Start(text)) => Some(text),
    };
    let screen = host.log.lines_after(mark).into_iter().filter(|line| line.name.is_empty());
    let screen = screen.filter_map(|line| line.message.strip_prefix("==> ").map(str::to_owned));
    (error, screen.collect())
}

fn base(extra: &str) -> String {
    format!("data_dir = \"/opt/nomad/data\"\nserver {{\n enabled = true\n}}\n{extra}")
}

fn prepared(world: &Simulation) -> (Host, Authority) {
    let host = world.host("server-1");
    let authority = Authority::new("Nomad Agent CA");
    install(&host, &authority.pem(), &authority.issue("server.global.nomad"));
    (host, authority)
}

const NO_MTLS: &str = "WARNING: mTLS is not configured - Nomad is not secure without mTLS!";
const EVEN: &str = "WARNING: Number of bootstrap servers should ideally be set to an odd number.";

#[test]
fn configurations_are_refused_in_nomads_words() {
    simulate(async |world| {
        prepared(world);
        for (text, error) in [
            (
                "data_dir = \"/opt\"".to_owned(),
                "Must specify either server, client or dev mode for the agent.",
            ),
            (
                "server {\n enabled = true\n}".into(),
                "Must specify \"data_dir\" config option or \"data-dir\" CLI flag",
            ),
            (
                "server {\n enabled = true\n}\ndata_dir = \"opt\"".into(),
                "data-dir must be given as an absolute path: got opt",
            ),
            (
                base("bind_addr = \"127.0.0.1\""),
                "Failed to parse HTTP advertise address (, 127.0.0.1, 4646, false): Defaulting advertise to localhost is unsafe, please set advertise manually",
            ),
            (
                base("server {\n encrypt = \"***\"\n}"),
                "Invalid encryption key: illegal base64 data at input byte 0",
            ),
            (
                base("log_level = \"chatty\""),
                "Invalid log level: CHATTY. Valid log levels are: [TRACE DEBUG INFO WARN ERROR OFF]",
            ),
            (
                "foo = 1".into(),
                "Error loading configuration from /etc/nomad.d/nomad.hcl: Error loading /etc/nomad.d/nomad.hcl: unexpected keys foo",
            ),
        ] {
            let (refused, screen) = attempt(world, &text).await;
            assert_eq!(refused.as_deref(), Some(error), "{text}");
            assert_eq!(screen.last().map(String::as_str), Some(error), "{text}");
        }
        let host = world.host("empty");
        let refused =
            Agent::start(&host, &["/none.hcl".into()], Options::default()).await.expect_err("no file");
        assert_eq!(
            refused.to_string(),
            "Error loading configuration from /none.hcl: stat /none.hcl: no such file or directory"
        );
    });
}

#[test]
fn bad_tls_files_stop_the_start() {
    simulate(async |world| {
        let (host, authority) = prepared(world);
        let setup = "Error starting agent: server setup failed: ";
        let pair = "Failed to load cert/key pair: Failed to load cert/key pair: ";
        let other = authority.issue("server.global.nomad");
        let ed25519 = authority.grant(&Wish { kind: KeyKind::Ed25519, ..Wish::of("server.global.nomad") });
        for (file, content, error) in [
            (
                "ca.pem",
                None,
                format!("Failed to read CA file: open {CERTS}/ca.pem: no such file or directory"),
            ),
            (
                "ca.pem",
                Some("garbage"),
                format!("Failed to parse any valid certificates in CA file: {CERTS}/ca.pem"),
            ),
            ("cert.pem", None, format!("{pair}open {CERTS}/cert.pem: no such file or directory")),
            (
                "cert.pem",
                Some("garbage"),
                format!("{pair}tls: failed to find any PEM data in certificate input"),
            ),
            (
                "cert.pem",
                Some(other.certificate.as_str()),
                format!("{pair}tls: private key does not match public key"),
            ),
            (
                "cert.pem",
                Some(other.key.as_str()),
                format!(
                    "{pair}tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
                ),
            ),
        ] {
            install(&host, &authority.pem(), &authority.issue("server.global.nomad"));
            let path = format!("{CERTS}/{file}");
            match content {
                Some(content) => host.disk.write(path, content).expect("a write"),
                None => host.disk.remove(path).expect("a file"),
            }
            let (refused, screen) = attempt(world, &base(&tls_block(""))).await;
            assert_eq!(refused, Some(format!("{setup}{error}")), "{file} {content:?}");
            if content.is_none() {
                let warning = format!(
                    "WARNING: Error when parsing TLS configuration: open {CERTS}/{file}: no such file or directory"
                );
                assert_eq!(screen[0], warning);
            }
        }
        install(&host, &authority.pem(), &ed25519);
        assert_eq!(
            attempt(world, &base(&tls_block(""))).await.0,
            Some(format!(
                "{setup}Unsupported signature algorithm ed25519.PrivateKey; RSA and ECDSA only are supported."
            ))
        );
    });
}

#[test]
fn bad_tls_settings_stop_the_start() {
    simulate(async |world| {
        prepared(world);
        let setup = "Error starting agent: server setup failed: ";
        for (block, error) in [
            ("tls {\n rpc = true\n}".to_owned(), format!("{setup}VerifyOutgoing set, and no CA certificate provided!")),
            (tls_block("tls_min_version = \"tls14\""), format!("{setup}unsupported TLS version \"tls14\"")),
            (tls_block("tls_cipher_suites = \"FOO\""), format!("{setup}unsupported TLS cipher \"FOO\"")),
            (
                tls_block("tls_cipher_suites = \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\""),
                format!("{setup}Specified cipher suites don't support the certificate signature algorithm ECDSA, consider adding more cipher suites to match this signature algorithm."),
            ),
            ("limits {\n rpc_max_conns_per_client = 3\n}".into(), "Error starting agent: server config setup failed: rpc_max_conns_per_client must be > 25; found: 3".into()),
            ("limits {\n https_handshake_timeout = \"x\"\n}".into(), "Error starting http server: error parsing https_handshake_timeout: time: invalid duration \"x\"".into()),
            ("server {\n encrypt = \"YWJj\"\n}".into(), "Error starting agent: failed to configure keyring: Invalid key: key size must be 16, 24 or 32 bytes".into()),
        ] {
            assert_eq!(attempt(world, &base(&block)).await.0, Some(error), "{block}");
        }
        let client = "data_dir = \"/opt/nomad/data\"\nclient {\n enabled = true\n}\ntls {\n rpc = true\n}\n";
        let error =
            "Error starting agent: client setup failed: VerifyOutgoing set, and no CA certificate provided!";
        assert_eq!(attempt(world, client).await.0.as_deref(), Some(error));
    });
}

#[test]
fn http_alone_with_a_bad_pair_fails_later() {
    simulate(async |world| {
        let (host, authority) = prepared(world);
        let http = tls_block("").replace("rpc = true", "rpc = false");
        host.disk.write(format!("{CERTS}/key.pem"), authority.issue("x").key).expect("a write");
        assert_eq!(
            attempt(world, &base(&http)).await.0.as_deref(),
            Some(
                "Error starting http server: 1 error occurred:\n\t* Failed to load cert/key pair: Failed to load cert/key pair: tls: private key does not match public key\n\n"
            )
        );
        host.disk.remove(format!("{CERTS}/cert.pem")).expect("a file");
        assert_eq!(
            attempt(world, &base(&http)).await.0,
            Some(format!(
                "Error starting agent: failed to set up TLS expiration metrics: failed to parse TLS certificate file: failed to read file: open {CERTS}/cert.pem: no such file or directory"
            ))
        );
    });
}

#[test]
fn a_port_that_is_taken_is_named() {
    simulate(async |world| {
        let (host, _) = prepared(world);
        let _taken = host.net.listen("0.0.0.0:4647".parse().expect("an address")).await.expect("a free port");
        let error = "Error starting agent: server setup failed: Failed to start RPC layer: listen tcp 0.0.0.0:4647: bind: address already in use";
        assert_eq!(attempt(world, &base("")).await.0.as_deref(), Some(error));
    });
}

#[test]
fn a_good_start_introduces_itself() {
    simulate(async |world| {
        let (host, _) = prepared(world);
        let (refused, screen) = attempt(world, &base("")).await;
        assert_eq!(refused, None);
        let lines = [
            NO_MTLS,
            EVEN,
            "Loaded configuration from /etc/nomad.d/nomad.hcl",
            "Starting Nomad agent...",
            "Nomad agent configuration:",
            "Nomad agent started! Log data will stream in below:",
            "Caught signal: terminated",
        ];
        assert_eq!(screen, lines);
        assert!(host.log.contains(
            "       Advertise Addrs: HTTP: 10.0.0.1:4646; RPC: 10.0.0.1:4647; Serf: 10.0.0.1:4648"
        ));
        assert!(host.log.contains("serf: Shutdown without a Leave"));
        let (_, screen) =
            attempt(world, &base(&format!("server {{\n bootstrap_expect = 1\n}}\n{}", tls_block("")))).await;
        assert_eq!(screen[0], "WARNING: Bootstrap mode enabled! Potentially unsafe operation.");
    });
}

#[test]
fn a_gossip_key_changed_in_the_file_is_ignored() {
    simulate(async |world| {
        prepared(world);
        let key = |text: &str| base(&format!("server {{\n encrypt = \"{text}\"\n}}\n"));
        attempt(world, &key("cg8StVXbQJ0gPvMd9o7yrg==")).await;
        let (_, screen) = attempt(world, &key("AAAAAAAAAAAAAAAAAAAAAA==")).await;
        assert!(
            screen.contains(&"WARNING: keyring exists but -encrypt given, using keyring".into()),
            "{screen:#?}"
        );
    });
}
