//! TLS002, TLS003, TLS011, TLS012 and CERT102 to CERT109: whom a real server lets in, and who takes its certificate.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lab_pki::{Certificate, ExtendedKeyUsage};
use lab_wire::rpc::{Codec, RPC_NOMAD, RPC_RAFT, RPC_TLS};
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_wire::{BoxIo, Io};
use lab_world::{Clock, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::running::{Agent, current};
use crate::support::{DAY, Node, Site, authority, codes, judge_at, root};

/// What is asked at a port, as whom.
struct Asking {
    host: Host,
    port: u16,
}

impl Asking {
    fn of(agent: &Agent) -> Self {
        Self { host: Host::loopback("asking", agent.site.path("asking")), port: agent.rpc }
    }

    /// Whether `Status.Ping` is answered.
    async fn ping(&self, identity: Option<&Identity>) -> Result<(), String> {
        let mut codec = Codec::new(self.open(identity, RPC_NOMAD).await?);
        let body = rmpv::Value::Map(vec![("Region".into(), "global".into())]);
        let call = codec.call("Status.Ping", &body);
        match self.host.clock.timeout(Duration::from_secs(3), call).await {
            None => Err("no answer".into()),
            Some(answer) => answer.map(drop).map_err(|error| error.to_string()),
        }
    }

    /// Whether a Raft connection stays open.
    async fn raft(&self, identity: &Identity) -> bool {
        let Ok(mut io) = self.open(Some(identity), RPC_RAFT).await else { return false };
        self.host.clock.timeout(Duration::from_secs(1), io.read_u8()).await.is_none()
    }

    async fn open(&self, identity: Option<&Identity>, first: u8) -> Result<BoxIo, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let text = |error: std::io::Error| lab_wire::tls::go_text(&error);
        let mut stream = self.host.net.connect(address).await.map_err(text)?;
        let Some(identity) = identity else { return begin(stream, first).await.map_err(text) };
        stream.write_u8(RPC_TLS).await.map_err(text)?;
        let tls = ClientTls::new(&self.host.clock)
            .roots(vec![authority().certificate.clone()])
            .verify(ServerVerify::None)
            .identity(identity.clone());
        let mut stream = tls.connect(stream).await.map_err(|error| error.to_string())?;
        let early = self.host.clock.timeout(Duration::from_millis(200), stream.read_u8()).await;
        if let Some(Err(error)) = early {
            return Err(text(error));
        }
        begin(stream, first).await.map_err(text)
    }
}

async fn begin(mut io: impl Io + 'static, first: u8) -> std::io::Result<BoxIo> {
    io.write_u8(first).await?;
    Ok(Box::new(io))
}

fn identity(node: &Node) -> Identity {
    let (certificate, key) = node.certificate();
    let mut chain: Vec<Certificate> = vec![certificate];
    chain.extend(node.chain.iter().cloned());
    Identity::new(chain, key)
}

/// What `lab verify` finds of a node now.
fn found(node: &Node) -> Vec<String> {
    let site = Site::new();
    node.write(&site);
    codes(&judge_at(&[lab_verify::Input::Path(site.root.clone())], Clock::system().now()))
}

#[tokio::test]
async fn whom_a_strict_server_lets_in() {
    let Some(agent) = Agent::start(&current(Node::new("server"))) else { return };
    let asking = Asking::of(&agent);
    let good = current(Node::new("client"));
    assert_eq!(asking.ping(Some(&identity(&good))).await, Ok(()));
    assert!(!asking.raft(&identity(&good)).await, "a client has no business in Raft");
    let plaintext = asking.ping(None).await;
    assert!(plaintext.is_err(), "TLS012: a plaintext client is refused: {plaintext:?}");

    let other = root("other", DAY * 3650);
    let refused = [
        ("CERT102", Node { life: Duration::from_secs(60), ..good.clone() }, "expired certificate"),
        ("CERT103", good.clone().certified_for("web.example.com"), "bad certificate"),
        ("CERT106", Node { usages: vec![ExtendedKeyUsage::ServerAuth], ..good.clone() }, "bad certificate"),
        ("CERT109", good.clone().issued_by(&other), "unknown certificate authority"),
        ("TLS011", good.clone().certified_for("client.eu.nomad"), "bad certificate"),
    ];
    for (code, node, wanted) in refused {
        assert!(found(&node).contains(&code.to_owned()), "{code}: {:?}", found(&node));
        let answer = asking.ping(Some(&identity(&node))).await;
        assert!(answer.as_ref().is_err_and(|error| error.contains(wanted)), "{code}: {answer:?}");
    }

    let server_name = good.clone().certified_for("server.global.nomad");
    assert_eq!(found(&server_name), ["CERT104"]);
    assert!(asking.raft(&identity(&server_name)).await, "CERT104: it is let into Raft");
    let mut leftover = current(Node::new("client").region("eu"));
    leftover.names.push("client.global.nomad".into());
    assert_eq!(found(&leftover), ["CERT105"]);
    assert_eq!(
        asking.ping(Some(&identity(&leftover))).await,
        Ok(()),
        "CERT105: it is let into region global"
    );
    let common_name_only = Node { names: vec!["localhost".into()], ..good };
    assert_eq!(found(&common_name_only), ["CERT108"]);
    assert_eq!(asking.ping(Some(&identity(&common_name_only))).await, Ok(()), "CERT108: servers let it in");
}

#[tokio::test]
async fn what_is_let_in_where_names_are_not_checked() {
    let lenient = current(Node::new("server").tls("verify_server_hostname", "false"));
    assert_eq!(found(&lenient), ["TLS003"]);
    let Some(agent) = Agent::start(&lenient) else { return };
    let asking = Asking::of(&agent);
    let client = identity(&current(Node::new("client")));
    assert!(asking.raft(&client).await, "TLS003: a client's certificate is let into Raft");
    let anybody = identity(&current(Node::new("client").certified_for("web.example.com")));
    assert!(asking.raft(&anybody).await, "TLS003: any certificate of the authority is");
}

#[tokio::test]
async fn what_is_let_in_while_upgrade_mode_is_on() {
    let mixed = current(Node::new("server").tls("rpc_upgrade_mode", "true"));
    assert_eq!(found(&mixed), ["TLS002"]);
    let Some(agent) = Agent::start(&mixed) else { return };
    let asking = Asking::of(&agent);
    assert_eq!(asking.ping(None).await, Ok(()), "TLS002: plaintext is answered");
    assert!(
        asking.raft(&identity(&current(Node::new("client")))).await,
        "TLS002: Raft takes a client's certificate"
    );
}

#[tokio::test]
async fn a_plaintext_server_refuses_tls() {
    let plain = current(Node::new("server").tls("rpc", "false").tls("http", "false"));
    let Some(agent) = Agent::start(&plain) else { return };
    let answer = Asking::of(&agent).ping(Some(&identity(&current(Node::new("client"))))).await;
    assert!(answer.is_err(), "TLS012: {answer:?}");
}

/// The command line is Go's TLS: what it says of the names of a server's certificate.
#[test]
fn which_names_the_command_line_takes() {
    let good = current(Node::new("server"));
    let Some(agent) = Agent::start(&good) else { return };
    assert!(agent.status(&[]).0, "{:?}", agent.status(&[]));
    let (_, other_region) = agent.status(&["-tls-server-name=server.eu.nomad"]);
    assert!(
        other_region.contains("certificate is valid for server.global.nomad, localhost, not server.eu.nomad"),
        "TLS011: {other_region}"
    );
    drop(agent);

    let names = vec!["server.global.nomad".to_owned()];
    let nameless = Node { names, addresses: Vec::new(), ..good.clone() };
    assert_eq!(found(&nameless), ["CERT107"]);
    let agent = Agent::start(&nameless).expect("it started before");
    let (went_well, said) = agent.status(&[]);
    assert!(
        !went_well && said.contains("x509: cannot validate certificate for 127.0.0.1"),
        "CERT107: {said}"
    );
    assert!(agent.status(&["-tls-server-name=server.global.nomad"]).0, "CERT107: the way around it");
    drop(agent);

    let common_name_only = Node { names: vec!["localhost".to_owned()], ..good };
    assert_eq!(found(&common_name_only), ["CERT108"]);
    let agent = Agent::start(&common_name_only).expect("it started before");
    let (went_well, said) = agent.status(&["-tls-server-name=server.global.nomad"]);
    assert!(
        !went_well && said.contains("certificate is valid for localhost, not server.global.nomad"),
        "CERT108: {said}"
    );
}
