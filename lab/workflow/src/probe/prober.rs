//! Asks every port what it accepts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::tls::ServerVerify;

use super::connect::Caller;
use super::credentials::{self, Credentials};
use super::kind::{Ask, Credential, Port, Probe, Transport, Verdict};
use super::{http, rpc};
use crate::fleet::{Fleet, Node, Program, ProgramStatus};
use crate::nomad::{AgentSelf, AgentTls, NomadApi};
use crate::run::Recorder;
use crate::timeline::Event;
use crate::vault::VaultApi;

/// What is asked of an RPC port inside TLS, besides a ping without a certificate.
const OVER_TLS: [(Credential, &[Ask]); 9] = [
    (Credential::Server, &[Ask::Ping, Ask::MultiplexedPing, Ask::Raft, Ask::ServerOnly]),
    (Credential::Client, &[Ask::Ping, Ask::Raft, Ask::ServerOnly]),
    (Credential::Cli, &[Ask::Ping]),
    (Credential::ServerOfOtherRegion, &[Ask::Ping, Ask::Raft]),
    (Credential::ClientOfOtherRegion, &[Ask::Ping]),
    (Credential::Expired, &[Ask::Ping]),
    (Credential::OtherAuthority, &[Ask::Ping]),
    (Credential::ServingOnly, &[Ask::Ping]),
    (Credential::ServerByClientToken, &[Ask::Raft]),
];

/// Who asks an HTTPS port.
const OVER_HTTPS: [Credential; 5] =
    [Credential::None, Credential::Cli, Credential::Client, Credential::Expired, Credential::OtherAuthority];

/// The calls that are kept open and asked again after the next step.
const KEPT: [Probe; 2] = [Probe::PLAINTEXT, Probe::rpc(Transport::Tls, Credential::Client, Ask::Ping)];

/// Opens connections to every port, with every certificate, and records what came of it.
pub(crate) struct Prober<'a> {
    pub(super) fleet: &'a dyn Fleet,
    pub(super) recorder: &'a Recorder<'a>,
    nomad: &'a NomadApi,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    credentials: Credentials,
    kept: BTreeMap<(String, Probe), rpc::Kept>,
}

impl<'a> Prober<'a> {
    /// A prober without certificates: it can ask in the clear.
    pub(crate) fn new(fleet: &'a dyn Fleet, recorder: &'a Recorder<'a>, nomad: &'a NomadApi) -> Self {
        Self { fleet, recorder, nomad, state: Mutex::default() }
    }

    /// Takes its certificates from the authority at this mount.
    pub(crate) fn use_mount(&self, mount: &str) {
        self.state().credentials.use_mount(mount);
    }

    /// Has certificates issued where there are none, or where they end soon.
    pub(crate) async fn refresh_credentials(&self, vault: &VaultApi) {
        let clock = &self.fleet.operator().clock;
        let Some(mount) = self.state().credentials.needs_issuing(clock.now()) else { return };
        let Some(node) = self.fleet.nodes().first() else { return };
        match credentials::issue_all(vault, &mount, &node.region).await {
            Ok(issued) => {
                self.state().credentials.issued(issued);
                let text =
                    format!("the prober has its own certificates, from its own role lab-probe at {mount}/");
                self.recorder.record(Event::Note { text });
                // One of them is there to be expired.
                clock.sleep(Duration::from_secs(2)).await;
            }
            Err(error) => {
                self.recorder
                    .record(Event::Note { text: format!("the prober gets no new certificates: {error}") });
            }
        }
    }

    /// Removes what it made for itself in Vault.
    pub(crate) async fn remove_roles(&self, vault: &VaultApi) {
        let Some(mount) = self.state().credentials.mount() else { return };
        if let Err(error) = credentials::remove_roles(vault, &mount).await {
            let text = format!("the prober's roles stay at {mount}/roles/: {error}");
            self.recorder.record(Event::Note { text });
        }
    }

    /// Asks with a client's token for a server's certificate, as somebody would who took over a client.
    pub(crate) async fn try_client_token(&self, vault: &VaultApi, mount: &str, role: &str) {
        let Some(node) = self.fleet.nodes().first() else { return };
        let name = format!("server.{}.nomad", node.region);
        let issued = credentials::issue(vault, mount, role, &name, Duration::from_secs(3600)).await;
        let credentials = &mut self.state().credentials;
        match issued {
            Ok(identity) => credentials.keep(Credential::ServerByClientToken, identity),
            Err(error) => credentials.refuse(Credential::ServerByClientToken, error.to_string()),
        }
    }

    /// Asks all ports of these nodes everything.
    pub(crate) async fn probe(&self, nodes: &[&Node]) {
        for node in nodes.iter().filter(|node| node.runs_nomad()) {
            if self.fleet.status(&node.name, Program::Nomad) != ProgramStatus::Running {
                self.state().kept.retain(|(name, _), _| *name != node.name);
                continue;
            }
            if node.rpc.is_some() {
                self.ask_agent(node).await;
            }
            Box::pin(self.probe_rpc(node)).await;
            Box::pin(self.probe_http(node)).await;
        }
    }

    /// Looks at the certificate that each agent serves.
    pub(crate) async fn look_at_served(&self) {
        for node in self.fleet.nodes() {
            let Some(address) = node.http else { continue };
            if let Ok(opened) = self.caller(Credential::Cli).https(address).await {
                self.record_served(node, Port::Http, opened.served.as_ref());
            }
        }
    }

    /// What the agent believes of its own settings: not all that it believes is in force.
    async fn ask_agent(&self, node: &Node) {
        let Ok((_, AgentSelf { config })) = self.nomad.get(node, "/v1/agent/self").await else { return };
        let AgentTls { http, rpc, verify_server_hostname, rpc_upgrade_mode, verify_https_client } =
            config.tls;
        let node = node.name.clone();
        self.recorder.record(Event::AgentSays {
            node,
            rpc,
            http,
            rpc_upgrade_mode,
            verify_server_hostname,
            verify_https_client,
        });
    }

    async fn probe_rpc(&self, node: &Node) {
        let Some(address) = node.rpc else { return };
        let plaintext = |ask| Probe::rpc(Transport::Plaintext, Credential::None, ask);
        let tls = |credential, ask| Probe::rpc(Transport::Tls, credential, ask);
        let mut probes = vec![plaintext(Ask::Ping), plaintext(Ask::MultiplexedPing), plaintext(Ask::Raft)];
        probes.push(tls(Credential::None, Ask::Ping));
        for (credential, asks) in OVER_TLS {
            probes.extend(asks.iter().map(|ask| tls(credential, *ask)));
        }
        let mut served = None;
        for probe in probes {
            if self.is_impossible(node, probe) {
                continue;
            }
            let answer =
                rpc::ask(&self.caller(probe.credential), address, probe.transport, probe.ask, &node.region)
                    .await;
            served = served.or(answer.served);
            self.record(node, probe, answer.verdict);
            if KEPT.contains(&probe) {
                self.ask_kept(node, probe).await;
                if let Some(kept) = answer.kept {
                    self.state().kept.entry((node.name.clone(), probe)).or_insert(kept);
                }
            }
        }
        self.record_served(node, Port::Rpc, served.as_ref());
    }

    /// Asks again on the connection that was kept from an earlier step.
    async fn ask_kept(&self, node: &Node, probe: Probe) {
        let key = (node.name.clone(), probe);
        let Some(kept) = self.state().kept.remove(&key) else { return };
        let (verdict, kept) = rpc::ask_again(kept, &self.fleet.operator().clock, &node.region).await;
        self.record(node, probe.held(), verdict);
        if let Some(kept) = kept {
            self.state().kept.insert(key, kept);
        }
    }

    async fn probe_http(&self, node: &Node) {
        let Some(address) = node.http else { return };
        let mut probes = vec![Probe::http(Transport::Plaintext, Credential::None)];
        probes.extend(OVER_HTTPS.map(|credential| Probe::http(Transport::Tls, credential)));
        for probe in probes {
            if self.is_impossible(node, probe) {
                continue;
            }
            let verdict = http::ask(&self.caller(probe.credential), address, probe.transport).await;
            self.record(node, probe, verdict);
        }
        if let Ok(opened) = self.caller(Credential::None).https(address).await {
            self.record_served(node, Port::Http, opened.served.as_ref());
        }
    }

    /// Whether there is no such certificate to try. What Vault refused to issue is recorded as refused.
    fn is_impossible(&self, node: &Node, probe: Probe) -> bool {
        if probe.credential == Credential::None || self.state().credentials.get(probe.credential).is_some() {
            return false;
        }
        if probe.credential == Credential::OtherAuthority
            && let Ok(identity) =
                credentials::from_other_authority(&self.fleet.operator().clock, &node.region)
        {
            self.state().credentials.keep(Credential::OtherAuthority, identity);
            return false;
        }
        let refusal = self.state().credentials.refusal(probe.credential);
        if let Some(error) = refusal {
            self.record(node, probe, Verdict::refused(error));
        }
        true
    }

    /// Whoever probes wants to know what the port says, so that the port's own certificate is not verified here.
    fn caller(&self, credential: Credential) -> Caller<'_> {
        let operator = self.fleet.operator();
        let identity = self.state().credentials.get(credential);
        Caller {
            net: &operator.net,
            clock: &operator.clock,
            identity,
            verify: ServerVerify::None,
            roots: Vec::new(),
        }
    }

    fn record(&self, node: &Node, probe: Probe, verdict: Verdict) {
        self.recorder.record(Event::Probe { node: node.name.clone(), probe, verdict });
    }

    fn record_served(&self, node: &Node, port: Port, served: Option<&Certificate>) {
        let Some(certificate) = served else { return };
        let now = self.fleet.operator().clock.now();
        self.recorder.record(Event::Served {
            node: node.name.clone(),
            port,
            names: certificate.dns_names().to_vec(),
            age_s: (now - certificate.not_before()).whole_seconds(),
            left_s: (certificate.not_after() - now).whole_seconds(),
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while probing")
    }
}
