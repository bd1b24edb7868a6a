//! What is asked of a port, and what it said.

use std::net::SocketAddr;

use futures::future::join_all;
use lab_pki::{Certificate, verify_hostname};
use lab_workflow::{Ask, Credential, Port, PortProber, Probe, ProbeVerdict, Served, Transport, Version};

/// Everything that a port said.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) said: String,
    pub(super) port: Port,
    /// Why there is nothing to say of it.
    pub(super) silent: Option<Silence>,
    pub(super) plaintext: Option<ProbeVerdict>,
    /// What is served over TLS, or why nothing is.
    pub(super) tls: Option<Result<Served, String>>,
    /// TLS with each certificate that there was to show, and without one.
    pub(super) asked: Vec<(Probe, ProbeVerdict)>,
    pub(super) versions: Vec<Version>,
    /// Names that people use, and whether the certificate is for them.
    pub(super) names: Vec<(String, bool)>,
}

/// Why there is nothing to say of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nobody answers there.
    NoAnswer(String),
    /// Something answers, and not as Nomad does.
    NotNomad(String),
}

impl Silence {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::NoAnswer(text) | Self::NotNomad(text) => text,
        }
    }
}

/// What a port accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Plaintext, no TLS.
    Plaintext,
    /// Both.
    Upgrade,
    /// TLS, no plaintext.
    Strict,
    /// Neither: something else listens there.
    Neither,
}

const CREDENTIALS: [Credential; 8] = [
    Credential::None,
    Credential::Server,
    Credential::Client,
    Credential::Cli,
    Credential::ServerOfOtherRegion,
    Credential::ClientOfOtherRegion,
    Credential::Expired,
    Credential::OtherAuthority,
];

impl Answers {
    fn of(said: &str, port: Port) -> Self {
        Self {
            said: said.to_owned(),
            port,
            silent: None,
            plaintext: None,
            tls: None,
            asked: Vec::new(),
            versions: Vec::new(),
            names: Vec::new(),
        }
    }

    pub(super) fn silent(said: &str, port: Port, why: String) -> Self {
        Self { silent: Some(Silence::NoAnswer(why)), ..Self::of(said, port) }
    }

    pub(super) fn state(&self) -> State {
        let plaintext = self.plaintext.as_ref().is_some_and(|verdict| verdict.accepted);
        let tls = matches!(self.tls, Some(Ok(_)));
        match (plaintext, tls) {
            (true, false) => State::Plaintext,
            (true, true) => State::Upgrade,
            (false, true) => State::Strict,
            (false, false) => State::Neither,
        }
    }

    /// The texts of what was accepted.
    fn accepted(&self) -> impl Iterator<Item = &str> {
        let verdicts = self.plaintext.iter().chain(self.asked.iter().map(|(_, verdict)| verdict));
        verdicts.filter(|verdict| verdict.accepted).map(|verdict| verdict.text.as_str())
    }

    pub(super) fn served(&self) -> Option<&Certificate> {
        self.tls.as_ref()?.as_ref().ok()?.chain.first()
    }

    /// The verdict on TLS with this certificate and this question.
    pub(super) fn verdict(&self, credential: Credential, ask: Ask) -> Option<&ProbeVerdict> {
        let found = self.asked.iter().find(|(probe, _)| probe.credential == credential && probe.ask == ask);
        found.map(|(_, verdict)| verdict)
    }
}

/// Asks a port everything. Questions that do not depend on each other are asked at once, so that a port which never
/// answers costs one limit of time and not one for each.
pub(super) async fn ask(
    prober: &PortProber,
    said: &str,
    host: &str,
    address: SocketAddr,
    port: Port,
) -> Answers {
    let mut answers = Answers::of(said, port);
    if let Err(why) = prober.dial(address).await {
        answers.silent = Some(Silence::NoAnswer(why));
        return answers;
    }
    let plain = Probe {
        port,
        transport: Transport::Plaintext,
        credential: Credential::None,
        ask: usual(port),
        held: false,
    };
    let any = CREDENTIALS[1..4].iter().find(|credential| prober.has(**credential)).copied();
    let shown = any.unwrap_or(Credential::None);
    let (plaintext, tls) =
        futures::future::join(prober.ask(address, plain), prober.served(address, port, shown, None)).await;
    let speaks_tls = tls.is_ok();
    if let Err(why) = &tls
        && !plaintext.accepted
    {
        let what = if port == Port::Rpc { "RPC" } else { "HTTP API" };
        let text = format!("not Nomad's {what}: to plaintext it says {}; to TLS {why}", plaintext.text);
        answers.silent = Some(Silence::NotNomad(text));
    }
    answers.plaintext = Some(plaintext);
    answers.tls = Some(tls);
    if speaks_tls {
        let probes = probes(prober, port);
        let verdicts = join_all(probes.iter().map(|probe| prober.ask(address, *probe))).await;
        answers.asked = probes.into_iter().zip(verdicts).collect();
        answers.versions = versions(prober, address, port, shown).await;
        answers.names = names(&answers, host);
    }
    let strange = answers.accepted().find(|text| !is_nomads(text)).map(first_line);
    if let Some(said) = strange.filter(|_| port == Port::Http) {
        answers.silent =
            Some(Silence::NotNomad(format!("not Nomad's HTTP API: to GET /v1/status/leader it says {said}")));
    }
    answers
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(60).collect()
}

/// Whether a status and a body are what an agent says when it is asked for the leader: an address as JSON, or that it
/// cannot say now.
fn is_nomads(answer: &str) -> bool {
    answer.starts_with("200 \"") || answer.starts_with('5') || answer.starts_with("429")
}

fn usual(port: Port) -> Ask {
    if port == Port::Rpc { Ask::Ping } else { Ask::Http }
}

/// TLS with every certificate there is; Raft with those that must not get there.
fn probes(prober: &PortProber, port: Port) -> Vec<Probe> {
    let tls = |credential, ask| Probe { port, transport: Transport::Tls, credential, ask, held: false };
    let mut probes = Vec::new();
    for credential in CREDENTIALS.into_iter().filter(|credential| prober.has(*credential)) {
        probes.push(tls(credential, usual(port)));
        let is_for_raft =
            !matches!(credential, Credential::None | Credential::Server | Credential::OtherAuthority);
        if port == Port::Rpc && is_for_raft {
            probes.push(tls(credential, Ask::Raft));
        }
    }
    probes
}

async fn versions(prober: &PortProber, address: SocketAddr, port: Port, shown: Credential) -> Vec<Version> {
    let all = [Version::Tls12, Version::Tls13];
    let found = join_all(all.map(|version| prober.served(address, port, shown, Some(version)))).await;
    // Who refuses for want of a certificate has spoken the version.
    let speaks = |answer: &Result<Served, String>| match answer {
        Ok(_) => true,
        Err(text) => text.contains("certificate") || text.contains("handshake failure"),
    };
    all.into_iter().zip(found).filter(|(_, answer)| speaks(answer)).map(|(version, _)| version).collect()
}

fn names(answers: &Answers, host: &str) -> Vec<(String, bool)> {
    let Some(served) = answers.served() else { return Vec::new() };
    let usual = ["localhost", "127.0.0.1"].into_iter().filter(|name| *name != host);
    let names = std::iter::once(host).chain(usual);
    names.map(|name| (name.to_owned(), verify_hostname(served, name).is_ok())).collect()
}
