//! Random sequences of what operators do to a small cluster, with real handshakes: after each action every port is
//! asked what it accepts, and the answers are those of a model of Nomad's reload. What a sequence that fails is
//! shrunk to is short enough to read.

use std::time::Duration;

use lab_workflow::action::{Render, Rollout, Selector, TemplateFunction, TlsSettings, Trust};
use lab_workflow::{
    Action, Ask, Credential, Event, InvariantSpec, Outcome, Port, Probe, ProbeMode, RunOptions, Scenario,
    Transport,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

/// What an operator does to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Other settings in the server's files.
    Write { upgrade: bool, verify: bool, https_client: bool },
    /// TLS off again in the server's files.
    WritePlaintext,
    /// SIGHUP.
    Reload,
    /// Stop and start.
    Restart,
    /// consul-template fetches new certificates and has the agent reloaded.
    Renew,
    /// A minute passes.
    Wait,
}

impl Deed {
    fn any() -> impl Strategy<Value = Self> {
        let write = (any::<bool>(), any::<bool>(), any::<bool>());
        prop_oneof![
            4 => write.prop_map(|(upgrade, verify, https_client)| Self::Write { upgrade, verify, https_client }),
            1 => Just(Self::WritePlaintext),
            3 => Just(Self::Reload),
            2 => Just(Self::Restart),
            1 => Just(Self::Renew),
            1 => Just(Self::Wait),
        ]
    }

    fn actions(self) -> Vec<Action> {
        let rollout = Rollout { pause: Duration::from_secs(10), ..Rollout::on(Selector::Servers) };
        let tls = |settings| Action::Tls { on: Selector::Servers, settings };
        match self {
            Self::Write { upgrade, verify, https_client } => vec![tls(TlsSettings {
                http: Some(true),
                rpc: Some(true),
                rpc_upgrade_mode: Some(upgrade),
                verify_server_hostname: Some(verify),
                verify_https_client: Some(https_client),
                ..TlsSettings::default()
            })],
            Self::WritePlaintext => {
                vec![tls(TlsSettings { http: Some(false), rpc: Some(false), ..TlsSettings::default() })]
            }
            Self::Reload => vec![Action::Reload(rollout)],
            Self::Restart => vec![Action::Restart(rollout)],
            Self::Renew => vec![Action::Render(render(Selector::Servers))],
            Self::Wait => vec![Action::Wait { duration: Duration::from_secs(60), real: None }],
        }
    }
}

/// Settings of a server, in its files or in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    tls: bool,
    upgrade: bool,
    verify: bool,
    https_client: bool,
}

/// The model: a server whose files say one thing while it does another.
#[derive(Clone, Debug, Default)]
struct Model {
    files: Settings,
    /// In force on the RPC port.
    rpc: Settings,
    /// In force on the HTTP port.
    http: Settings,
    /// The deeds so far, each with what is in force after it.
    past: Vec<(Deed, Settings, Settings)>,
}

impl Model {
    fn after(mut self, deed: Deed) -> Self {
        match deed {
            Deed::Write { upgrade, verify, https_client } => {
                self.files = Settings { tls: true, upgrade, verify, https_client };
            }
            Deed::WritePlaintext => self.files.tls = false,
            // SIGHUP applies the settings of a port only where TLS itself is switched; all else waits for a restart
            // or for other certificates.
            Deed::Reload => {
                if self.files.tls != self.rpc.tls {
                    self.rpc = self.files;
                }
                if self.files.tls != self.http.tls {
                    self.http = self.files;
                }
            }
            Deed::Restart | Deed::Renew => {
                self.rpc = self.files;
                self.http = self.files;
            }
            Deed::Wait => {}
        }
        self.past.push((deed, self.rpc, self.http));
        self
    }
}

/// What the model says of a probe; nothing where it does not say.
fn predict(probe: Probe, rpc: Settings, http: Settings) -> Option<bool> {
    if probe.held {
        return None;
    }
    let role = probe.credential;
    Some(match (probe.port, probe.transport, probe.ask) {
        (Port::Rpc, Transport::Plaintext, Ask::Ping | Ask::MultiplexedPing) => !rpc.tls || rpc.upgrade,
        (Port::Rpc, Transport::Tls, _) if !rpc.tls => false,
        (Port::Rpc, Transport::Tls, Ask::Ping | Ask::MultiplexedPing) => match role {
            Credential::Server | Credential::Client | Credential::ServerOfOtherRegion => true,
            Credential::Cli | Credential::ClientOfOtherRegion => !rpc.verify,
            _ => false,
        },
        (Port::Rpc, Transport::Tls, Ask::Raft) => match role {
            Credential::Server => true,
            Credential::Client | Credential::ServerOfOtherRegion => !rpc.verify || rpc.upgrade,
            _ => return None,
        },
        (Port::Rpc, Transport::Tls, Ask::ServerOnly) => role == Credential::Server || !rpc.verify,
        (Port::Http, Transport::Plaintext, _) => !http.tls,
        (Port::Http, Transport::Tls, _) if !http.tls => false,
        (Port::Http, Transport::Tls, _) => {
            !http.https_client || matches!(role, Credential::Cli | Credential::Client)
        }
        _ => return None,
    })
}

fn render(on: Selector) -> Render {
    Render {
        on,
        mount: "pki_int".to_owned(),
        role: "nomad-cluster".to_owned(),
        token: "consul-template".to_owned(),
        ttl: Duration::from_secs(86_400),
        function: TemplateFunction::Secret,
        trust: Trust::Issuing,
        command: "systemctl reload nomad".to_owned(),
        templates: None,
    }
}

/// One server and one client with certificates on their disks, and a step for each deed.
fn scenario(deeds: &[Deed]) -> Scenario {
    let parameters =
        [("allowed_domains", "global.nomad"), ("allow_subdomains", "true"), ("require_cn", "false")];
    let parameters =
        parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let prepared = vec![
        Action::InitVault { shares: 1, threshold: 1 },
        Action::UnsealVault,
        Action::RootCa {
            mount: "pki".to_owned(),
            common_name: "global.nomad".to_owned(),
            ttl: Duration::from_secs(87_600 * 3600),
        },
        Action::IntermediateCa {
            mount: "pki_int".to_owned(),
            root: "pki".to_owned(),
            common_name: "global.nomad Intermediate Authority".to_owned(),
            ttl: Duration::from_secs(43_800 * 3600),
        },
        Action::WriteRole { mount: "pki_int".to_owned(), name: "nomad-cluster".to_owned(), parameters },
        Action::WritePolicy {
            name: "tls-policy".to_owned(),
            rules: "path \"pki_int/issue/nomad-cluster\" { capabilities = [\"update\"] }".to_owned(),
        },
        Action::CreateToken {
            name: "consul-template".to_owned(),
            policies: vec!["tls-policy".to_owned()],
            parameters: [("period".to_owned(), "24h".to_owned())].into_iter().collect(),
        },
        Action::Render(render(Selector::All)),
    ];
    let scenario = Scenario::new("random")
        .sized(1, 1)
        .invariant(InvariantSpec::KeyMatchesCertificate)
        .invariant(InvariantSpec::NoSecret)
        .step("prepare", prepared);
    deeds.iter().enumerate().fold(scenario, |scenario, (number, deed)| {
        scenario.step(&format!("{} {deed:?}", number + 1), deed.actions())
    })
}

fn carry_out(deeds: &[Deed]) -> Outcome {
    let options = RunOptions { probe: ProbeMode::Full, ..RunOptions::default() };
    let outcome =
        lab_fleet::simulate(&scenario(deeds), &options, &mut |_| {}).expect("no choice to get wrong");
    assert_eq!(outcome.verdict.failure, None, "{deeds:?}");
    outcome
}

/// The server's answers after each step but the first, with the number of the step.
fn answers(outcome: &Outcome) -> impl Iterator<Item = (usize, Probe, bool)> {
    outcome.timeline.entries().iter().filter_map(|entry| match &entry.event {
        Event::Probe { node, probe, verdict } if node == "server-1" => {
            let number: usize = entry.step.split(' ').next()?.parse().ok()?;
            Some((number, *probe, verdict.accepted))
        }
        _ => None,
    })
}

struct Sequences;

impl ReferenceStateMachine for Sequences {
    type State = Model;
    type Transition = Deed;

    fn init_state() -> BoxedStrategy<Self::State> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Self::State) -> BoxedStrategy<Self::Transition> {
        Deed::any().boxed()
    }

    fn apply(state: Self::State, deed: &Self::Transition) -> Self::State {
        state.after(*deed)
    }
}

/// The cluster lives inside one simulation, so the sequence is collected and carried out at its end.
struct Cluster;

impl StateMachineTest for Cluster {
    type SystemUnderTest = ();
    type Reference = Sequences;

    fn init_test(_: &Model) {}

    fn apply((): (), _: &Model, _: Deed) {}

    fn teardown((): (), model: Model) {
        let deeds: Vec<Deed> = model.past.iter().map(|(deed, ..)| *deed).collect();
        let outcome = carry_out(&deeds);
        assert!(outcome.verdict.holds(), "{:#?}", outcome.verdict);
        let mut compared = 0;
        for (number, probe, accepted) in answers(&outcome) {
            let (deed, rpc, http) = model.past[number - 1];
            if let Some(predicted) = predict(probe, rpc, http) {
                assert_eq!(accepted, predicted, "after {deed:?} (deed {number} of {deeds:?}): {probe}");
                compared += 1;
            }
        }
        assert!(compared >= deeds.len() * 10, "only {compared} answers were compared");
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 64, max_shrink_iters: 64, failure_persistence: None, ..Config::default() })]

    #[test]
    fn ports_answer_as_the_model_of_reload_says(sequential 1..7 => Cluster);
}

/// What the guides believe: a server whose files say that it is closed, and that was reloaded or restarted since they
/// were written, takes no plaintext.
fn is_believed_closed(deeds: &[Deed]) -> bool {
    let written = deeds.iter().rposition(|deed| matches!(deed, Deed::Write { .. } | Deed::WritePlaintext));
    let Some(written) = written else { return false };
    let closes = matches!(deeds[written], Deed::Write { upgrade: false, .. });
    closes && deeds[written..].iter().any(|deed| matches!(deed, Deed::Reload | Deed::Restart | Deed::Renew))
}

#[test]
fn the_open_port_is_found_and_shrunk_to_the_guides_own_steps() {
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let sequences = prop::collection::vec(Deed::any(), 1..7);
    let result = runner.run(&sequences, |deeds| {
        let is_open = || {
            let outcome = carry_out(&deeds);
            answers(&outcome).any(|(number, probe, accepted)| {
                number == deeds.len() && probe == Probe::PLAINTEXT && accepted
            })
        };
        match is_believed_closed(&deeds) && is_open() {
            true => Err(TestCaseError::fail("a port that is believed closed answers plaintext")),
            false => Ok(()),
        }
    });
    let Err(TestError::Fail(_, deeds)) = result else { panic!("the open port was not found: {result:?}") };
    let [Deed::Write { upgrade: true, .. }, opened, Deed::Write { upgrade: false, .. }, Deed::Reload] =
        deeds[..]
    else {
        panic!("not the shortest sequence: {deeds:?}");
    };
    assert!(matches!(opened, Deed::Reload | Deed::Restart | Deed::Renew), "{deeds:?}");
}
