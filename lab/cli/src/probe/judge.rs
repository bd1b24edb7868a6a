//! What the answers mean.

use lab_verify::{AgentView, Severity};
use lab_workflow::{Ask, Credential, Port};
use time::OffsetDateTime;

use super::arguments::Expect;
use super::ask::{Answers, State};

/// Something to say of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) severity: Severity,
    /// The rule that says more.
    pub(super) code: &'static str,
    pub(super) text: String,
}

/// What is not as it should be at a port. `agent` is what its configuration says, where that was given.
pub(super) fn judge(
    answers: &Answers,
    agent: Option<&AgentView<'_>>,
    region: &str,
    now: OffsetDateTime,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |severity, code, text: String| remarks.push(Remark { severity, code, text });
    match answers.state() {
        State::Plaintext => {
            say(Severity::Information, "TLS012", "answers plaintext and speaks no TLS".to_owned())
        }
        State::Upgrade => {
            say(
                Severity::Warning,
                "TLS002",
                "answers plaintext beside TLS: rpc_upgrade_mode is in force".to_owned(),
            );
        }
        State::Strict | State::Neither => {}
    }
    if answers.port == Port::Rpc {
        for (credential, what) in [
            (Credential::Client, "a client's certificate"),
            (Credential::Cli, "a command line certificate"),
            (Credential::ServerOfOtherRegion, "another region's server"),
            (Credential::ClientOfOtherRegion, "another region's client"),
        ] {
            if answers.verdict(credential, Ask::Raft).is_some_and(|verdict| verdict.accepted) {
                let why = if answers.state() == State::Upgrade {
                    "the role check is off in upgrade mode"
                } else {
                    "verify_server_hostname is not in force"
                };
                say(Severity::Critical, "TLS003", format!("lets {what} into Raft: {why}"));
            }
        }
        for credential in [Credential::Cli, Credential::ClientOfOtherRegion] {
            if answers.verdict(credential, Ask::Ping).is_some_and(|verdict| verdict.accepted) {
                let text = format!("answers RPC to {}: names are not checked", credential.describe());
                say(Severity::Warning, "TLS003", text);
            }
        }
    }
    if answers.verdict(Credential::OtherAuthority, Ask::Ping).is_some_and(|verdict| verdict.accepted) {
        say(
            Severity::Critical,
            "CERT109",
            "takes a certificate of an authority that nobody knows".to_owned(),
        );
    }
    remarks.extend(served(answers, agent, region, now));
    remarks.extend(agent.into_iter().flat_map(|agent| differs(answers, agent)));
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.severity));
    remarks
}

/// The certificate that the port serves.
fn served(
    answers: &Answers,
    agent: Option<&AgentView<'_>>,
    region: &str,
    now: OffsetDateTime,
) -> Vec<Remark> {
    let Some(served) = answers.served() else { return Vec::new() };
    let mut remarks = Vec::new();
    let mut say = |severity, code, text: String| remarks.push(Remark { severity, code, text });
    if now > served.not_after() {
        say(Severity::Critical, "CERT102", "serves a certificate that is over".to_owned());
    } else if (served.not_after() - now) * 10 < served.not_after() - served.not_before() {
        say(
            Severity::Warning,
            "CERT102",
            "serves a certificate with less than a tenth of its life left".to_owned(),
        );
    }
    let wanted = format!("server.{region}.nomad");
    if answers.port == Port::Rpc && !served.dns_names().contains(&wanted) {
        say(Severity::Critical, "CERT103", format!("serves a certificate that is not for {wanted}"));
    }
    if let Some(on_disk) = agent.and_then(AgentView::certificate)
        && on_disk != served
    {
        let text = "serves another certificate than the file on disk: it was not reloaded since".to_owned();
        say(Severity::Warning, "CT205", text);
    }
    remarks
}

/// Where the port does not do what the agent's files say.
fn differs(answers: &Answers, agent: &AgentView<'_>) -> Option<Remark> {
    let tls = &agent.configuration().tls;
    let (wanted, code) = match answers.port {
        Port::Rpc if !tls.rpc => (State::Plaintext, "TLS012"),
        Port::Rpc if tls.rpc_upgrade_mode => (State::Upgrade, "TLS002"),
        Port::Rpc => (State::Strict, "TLS005"),
        Port::Http if tls.http => (State::Strict, "TLS012"),
        Port::Http => (State::Plaintext, "TLS012"),
    };
    let is = answers.state();
    if is == wanted || is == State::Neither {
        return None;
    }
    let text = format!("{}, and its configuration says {}: restart it", is.describe(), wanted.describe());
    Some(Remark { severity: Severity::Critical, code, text })
}

/// Whether a port is as `--expect` wants it. HTTP ports know no upgrade mode.
pub(super) fn is_expected(answers: &Answers, expect: Expect) -> bool {
    let wanted = match expect {
        Expect::Plaintext => State::Plaintext,
        Expect::Upgrade => State::Upgrade,
        Expect::Strict => State::Strict,
    };
    match (answers.port, expect) {
        (Port::Http, Expect::Upgrade) => answers.state() != State::Neither,
        _ => answers.state() == wanted,
    }
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Upgrade => "upgrade",
            Self::Strict => "strict",
            Self::Neither => "unknown",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext only",
            Self::Upgrade => "plaintext and TLS",
            Self::Strict => "TLS only",
            Self::Neither => "nothing",
        }
    }
}
