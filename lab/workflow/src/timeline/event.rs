//! The kinds of events.

use serde::{Deserialize, Serialize};

use crate::fleet::Program;
use crate::probe::{Probe, Verdict};

/// Something that happened. No event holds a key, a token, a share or a certificate's bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The scenario's name.
        scenario: String,
        /// The break or variation that was chosen.
        change: Option<String>,
        /// The seed of every decision.
        seed: u64,
        /// How many Nomad servers.
        servers: usize,
        /// How many Nomad clients.
        clients: usize,
        /// Their region.
        region: String,
        /// Whether the run takes place in virtual time, as opposed to real time on real servers.
        is_virtual: bool,
        /// The names of all machines in order.
        nodes: Vec<String>,
        /// The names of the steps in order.
        steps: Vec<String>,
        /// The names of the invariants that are watched.
        invariants: Vec<String>,
    },
    /// A step begins.
    StepStarted {
        /// The step's number, from 1.
        number: usize,
        /// What it does.
        summary: String,
    },
    /// A step's actions are done; its probes and assertions follow.
    StepFinished {
        /// How long its actions took on the fleet's clock, in milliseconds.
        took_ms: u64,
    },
    /// A break left this step out.
    StepSkipped {
        /// The step's name.
        skipped: String,
    },
    /// An earlier run did this step.
    StepDoneBefore {
        /// The step's name.
        done: String,
    },
    /// An action was carried out.
    Action {
        /// Its kind, as scenario files call it.
        action: String,
        /// What was done, in one line.
        text: String,
        /// The machines it was done to.
        nodes: Vec<String>,
    },
    /// A file was written by the operator.
    FileWritten {
        /// The machine.
        node: String,
        /// The file.
        path: String,
    },
    /// A program was started, reloaded, stopped, or ended.
    ProgramChanged {
        /// The machine.
        node: String,
        /// The program.
        program: Program,
        /// What happened to it.
        change: Change,
    },
    /// A condition that was waited for came about, or did not in time.
    Waited {
        /// The condition in words.
        condition: String,
        /// Whether it came about.
        met: bool,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// Another server leads, or none does.
    LeaderChanged {
        /// The leader's name; nobody when it cannot be found.
        leader: Option<String>,
    },
    /// A client's status, as the servers see it, is new.
    NodeStatus {
        /// The client.
        node: String,
        /// `initializing`, `ready`, `down`, `disconnected`.
        status: String,
        /// What it was before.
        was: Option<String>,
    },
    /// An allocation is new or changed.
    Allocation {
        /// Its id.
        id: String,
        /// Its job.
        job: String,
        /// Its name, such as `app.app[0]`.
        name: String,
        /// The client it is on.
        node: String,
        /// What the servers want: `run`, `stop`, `evict`.
        desired: String,
        /// What the client says: `pending`, `running`, `complete`, `failed`, `lost`, `unknown`.
        status: String,
        /// What the client said before; nothing for a new one.
        was: Option<String>,
    },
    /// What a server's agent says of its own `tls` block, in force or not.
    AgentSays {
        /// The machine.
        node: String,
        /// TLS on the RPC port.
        rpc: bool,
        /// TLS on the HTTP port.
        http: bool,
        /// Whether plaintext is taken on the RPC port all the same.
        rpc_upgrade_mode: bool,
        /// Whether names are checked.
        verify_server_hostname: bool,
        /// Whether the HTTP port wants a certificate.
        verify_https_client: bool,
    },
    /// A port was asked what it accepts.
    Probe {
        /// The machine.
        node: String,
        /// What was tried.
        #[serde(flatten)]
        probe: Probe,
        /// What came of it.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// One machine connected to another exactly as its configuration says.
    Handshake {
        /// Before the first step, or after the last.
        phase: Phase,
        /// The machine that connects.
        from: String,
        /// The machine connected to.
        to: String,
        /// `rpc` or `http`.
        port: crate::probe::Port,
        /// `plaintext` or `mtls`.
        transport: String,
        /// What came of it.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// The certificate that a port serves.
    Served {
        /// The machine.
        node: String,
        /// `rpc` or `http`.
        port: crate::probe::Port,
        /// Its names.
        names: Vec<String>,
        /// Seconds since it became valid.
        age_s: i64,
        /// Seconds until it expires; negative when it has.
        left_s: i64,
    },
    /// The certificate and key in a machine's files.
    CertificateFiles {
        /// The machine.
        node: String,
        /// Where the certificate is.
        path: String,
        /// Its names.
        names: Vec<String>,
        /// Whether the key beside it belongs to it.
        paired: bool,
        /// Seconds since it became valid.
        age_s: i64,
        /// Seconds until it expires; negative when it has.
        left_s: i64,
        /// What is wrong when it cannot be read.
        error: Option<String>,
    },
    /// A warning or an error in a program's log.
    Log {
        /// The machine.
        node: String,
        /// The program.
        program: Program,
        /// `WARN` or `ERROR`.
        level: String,
        /// The logger and the message.
        message: String,
    },
    /// Something was made to go wrong.
    FaultInjected {
        /// What.
        text: String,
    },
    /// It was made right again.
    FaultHealed {
        /// What.
        text: String,
    },
    /// An assertion of the scenario was evaluated.
    Assertion {
        /// The condition.
        condition: String,
        /// Whether it holds.
        held: bool,
        /// What the scenario says when it does not, with what was found.
        message: String,
    },
    /// An invariant is violated; said once for each invariant.
    Violation {
        /// The invariant.
        invariant: String,
        /// The number of the entry that shows it.
        by: u64,
        /// The evidence in words.
        evidence: String,
    },
    /// An action failed, and the run ends.
    Failed {
        /// The action in one line.
        action: String,
        /// Why.
        error: String,
    },
    /// The verdict on one invariant.
    Finding {
        /// The invariant.
        invariant: String,
        /// How it stands.
        state: FindingState,
        /// How often it could have failed.
        checks: u64,
    },
    /// The run is over.
    RunFinished {
        /// The exit status that it stands for.
        exit_code: u8,
        /// How long it took on the fleet's clock, in milliseconds.
        took_ms: u64,
    },
    /// A remark for readers.
    Note {
        /// The remark.
        text: String,
    },
}

/// What happened to a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was started.
    Started,
    /// It was sent SIGHUP.
    Reloaded,
    /// It was stopped.
    Stopped,
    /// It was killed.
    Killed,
    /// It ended by itself.
    Exited {
        /// Its exit status.
        code: i32,
        /// The last thing it said.
        text: String,
    },
}

/// When a connection matrix was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the first step.
    Before,
    /// After the last.
    After,
}

/// How an invariant stands at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// It could have failed and never did.
    Held,
    /// It failed.
    Violated,
    /// It never had the chance to fail.
    NotExercised,
}
