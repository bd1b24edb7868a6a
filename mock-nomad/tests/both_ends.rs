//! A client agent that cannot talk to its server: what each of the two says, for every way to get it wrong.

mod support;

use std::time::Duration;

use lab_pki::ExtendedKeyUsage;
use lab_world::{Host, Simulation};
use support::*;

/// What an agent has: nothing, or TLS with this in its block and these files.
struct Side<'a> {
    tls: Option<&'a str>,
    authority: &'a Authority,
    pair: Option<&'a Pair>,
}

impl<'a> Side<'a> {
    fn plain(authority: &'a Authority) -> Self {
        Self { tls: None, authority, pair: None }
    }

    fn tls(extra: &'a str, authority: &'a Authority, pair: &'a Pair) -> Self {
        Self { tls: Some(extra), authority, pair: Some(pair) }
    }

    fn prepare(&self, host: &Host) -> String {
        let Some(extra) = self.tls else { return String::new() };
        host.disk.write(format!("{CERTS}/ca.pem"), self.authority.pem()).expect("a write");
        match self.pair {
            Some(pair) => {
                install(host, &self.authority.pem(), pair);
                tls_block(extra)
            }
            None => format!("tls {{\n rpc = true\n ca_file = \"{CERTS}/ca.pem\"\n{extra}\n}}\n"),
        }
    }
}

/// What the client and the server said of their first calls, each sentence once.
struct Said {
    client: Vec<String>,
    server: Vec<String>,
}

/// Runs a server and a client for 20 seconds.
async fn meet(world: &Simulation, server: Side<'_>, client: Side<'_>) -> Said {
    let (one, two) = (world.host("server-1"), world.host("client-1"));
    one.disk.write("/opt/nomad/data/.keep", "").expect("a write");
    configure(&one, &server_config(&one, &[], 1, &server.prepare(&one)));
    let server_agent = start(&one).await;
    world.clock().sleep(Duration::from_secs(10)).await;
    let marks = (one.log.count(), two.log.count());
    configure(&two, &client_config(&two, &["server-1"], &client.prepare(&two)));
    let client_agent = start(&two).await;
    world.clock().sleep(Duration::from_secs(20)).await;
    drop((server_agent, client_agent));
    world.clock().sleep(Duration::from_millis(10)).await;
    Said {
        client: sentences(&two, marks.1, &["client", "client.rpc"]),
        server: sentences(&one, marks.0, &["nomad.rpc"]),
    }
}

/// Warnings and errors without ports.
fn sentences(host: &Host, mark: usize, names: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in host.log.lines_after(mark) {
        if line.level < lab_world::Level::Warn || !names.contains(&line.name.as_str()) {
            continue;
        }
        let mut text = format!("{}: {}", line.name, line.message);
        if let Some(start) = text.find("10.0.0.2:") {
            let digits = text[start + 9..].chars().take_while(char::is_ascii_digit).count();
            text.replace_range(start..start + 9 + digits, "CLIENT");
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

impl Said {
    /// The client's first call ended with this.
    fn call_failed(&self, case: &str, error: &str) {
        let line = format!(
            "client.rpc: error performing RPC to server: error=\"{error}\" rpc=Node.Register server=10.0.0.1:4647"
        );
        assert!(self.client.contains(&line), "{case}: {line}\n{:#?}", self.client);
        let line = format!("client: error registering: error=\"{error}\"");
        assert!(self.client.contains(&line), "{case}: {line}\n{:#?}", self.client);
    }

    fn handshake_failed(&self, case: &str, error: &str) {
        let line =
            format!("nomad.rpc: failed TLS handshake: remote_addr=CLIENT error={}", lab_pki::quote(error));
        assert_eq!(self.server, [line], "{case}");
    }

    fn connection_broke(&self, case: &str, alert: &str) {
        let line = format!("client: yamux: Failed to read header: remote error: tls: {alert}");
        assert!(self.client.contains(&line), "{case}: {:#?}", self.client);
    }
}

const VERIFY: &str = "verify_server_hostname = true";

#[test]
fn one_end_without_tls() {
    let ca = Authority::new("Nomad Agent CA");
    let (server, client) = (ca.issue("server.global.nomad"), ca.issue("client.global.nomad"));
    simulate(async |world| {
        let said = meet(world, Side::plain(&ca), Side::tls(VERIFY, &ca, &client)).await;
        said.call_failed("TLS to plaintext", "rpc error: failed to get conn: EOF");
        assert_eq!(said.server, ["nomad.rpc: TLS connection attempted, server not configured for TLS"]);
    });
    simulate(async |world| {
        let said = meet(world, Side::tls("", &ca, &server), Side::plain(&ca)).await;
        said.call_failed("plaintext to strict", "rpc error: EOF");
        let line = "nomad.rpc: non-TLS connection attempted with RequireTLS set: remote_addr=CLIENT";
        assert_eq!(said.server, [line]);
    });
    for extra in ["rpc_upgrade_mode = true", ""] {
        simulate(async |world| {
            let other = if extra.is_empty() { Side::plain(&ca) } else { Side::tls(extra, &ca, &server) };
            let said = meet(world, other, Side::plain(&ca)).await;
            assert_eq!((said.client, said.server), (vec![], vec![]), "works and says nothing");
        });
    }
    simulate(async |world| {
        let extra = "rpc_upgrade_mode = true\nverify_server_hostname = true";
        let said = meet(world, Side::tls(extra, &ca, &server), Side::plain(&ca)).await;
        said.call_failed("plaintext to upgrade mode with verification", "rpc error: Permission denied");
        assert_eq!(said.server, Vec::<String>::new());
    });
}

#[test]
fn clients_that_the_server_refuses() {
    let (ca, other) = (Authority::new("Nomad Agent CA"), Authority::new("Other CA"));
    let server = ca.issue("server.global.nomad");
    let (bad, verify) = ("bad certificate", "tls: failed to verify certificate: ");
    let no_client_auth =
        Wish { usages: vec![ExtendedKeyUsage::ServerAuth], ..Wish::of("client.global.nomad") };
    for (case, pair, alert, error) in [
        (
            "other authority",
            Some(other.issue("client.global.nomad")),
            "unknown certificate authority",
            format!("{verify}x509: certificate signed by unknown authority"),
        ),
        (
            "wrong role",
            Some(ca.issue("cli.global.nomad")),
            bad,
            "invalid role or region for certificate".into(),
        ),
        (
            "wrong region",
            Some(ca.issue("client.other.nomad")),
            bad,
            "invalid role or region for certificate".into(),
        ),
        (
            "usage",
            Some(ca.grant(&no_client_auth)),
            bad,
            format!("{verify}x509: certificate specifies an incompatible key usage"),
        ),
        ("no certificate", None, "certificate required", "tls: client didn't provide a certificate".into()),
    ] {
        simulate(async |world| {
            let client = Side { tls: Some(VERIFY), authority: &ca, pair: pair.as_ref() };
            let said = meet(world, Side::tls(VERIFY, &ca, &server), client).await;
            said.call_failed(case, "rpc error: EOF");
            said.connection_broke(case, alert);
            said.handshake_failed(case, &error);
        });
    }
    let expired = ca.grant(&Wish { valid: (-9, -2), ..Wish::of("client.global.nomad") });
    simulate(async |world| {
        let said = meet(world, Side::tls("", &ca, &server), Side::tls("", &ca, &expired)).await;
        said.call_failed("expired", "rpc error: EOF");
        said.connection_broke("expired", "expired certificate");
        let text = "x509: certificate has expired or is not yet valid: current time 2026-01-05T09:00:";
        assert!(
            said.server[0].contains(text) && said.server[0].contains("is after 2026-01-03T09:00:00Z"),
            "{:?}",
            said.server
        );
    });
}

#[test]
fn servers_that_the_client_refuses() {
    let (ca, other) = (Authority::new("Nomad Agent CA"), Authority::new("Other CA"));
    let client = ca.issue("client.global.nomad");
    let conn = "rpc error: failed to get conn: ";
    simulate(async |world| {
        let server = ca.issue("server.global.nomad");
        let said = meet(world, Side::tls("", &ca, &server), Side::tls(VERIFY, &other, &client)).await;
        said.call_failed(
            "authority",
            &format!(
                "{conn}tls: failed to verify certificate: x509: certificate signed by unknown authority"
            ),
        );
        said.handshake_failed("authority", "remote error: tls: bad certificate");
    });
    simulate(async |world| {
        let server = ca.issue("server.global.nomad");
        let said = meet(world, Side::tls("", &ca, &server), Side::tls("", &other, &client)).await;
        said.call_failed(
            "authority, no name",
            &format!("{conn}x509: certificate signed by unknown authority"),
        );
        assert_eq!(said.server, Vec::<String>::new(), "the handshake was whole");
    });
    simulate(async |world| {
        let server = ca.issue("nomad.example.com");
        let said = meet(world, Side::tls("", &ca, &server), Side::tls(VERIFY, &ca, &client)).await;
        said.call_failed("name", &format!("{conn}tls: failed to verify certificate: x509: certificate is valid for nomad.example.com, localhost, not server.global.nomad"));
        said.handshake_failed("name", "remote error: tls: bad certificate");
    });
    simulate(async |world| {
        let server = ca.issue("nomad.example.com");
        let said = meet(world, Side::tls("", &ca, &server), Side::tls("", &ca, &client)).await;
        assert_eq!((said.client, said.server), (vec![], vec![]), "without verification any name will do");
    });
}
