//! Consensus among servers: Raft as HashiCorp's library does it, in its message framing.
//!
//! Terms, votes with a pre-vote, a log kept on disk, snapshots, and a leader that steps down when it cannot reach a
//! quorum. It asks nothing of its peers but streams ([`RaftDialer`]), so what TLS lets through decides who can lead.

mod answer;
mod core;
mod election;
mod log;
mod message;
mod replication;
mod serve;
mod storage;
mod timing;
mod transfer;
mod transport;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lab_wire::BoxIo;
use lab_world::{Host, Tasks};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use self::core::Core;
use self::message::EntryKind;
use self::storage::Storage;
use self::timing::Timing;
use self::transport::Transport;
use crate::seam::RaftDialer;

/// The name that consensus logs under.
pub(super) const LOGGER: &str = "nomad.raft";

/// A member of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Peer {
    /// The server's id.
    pub(crate) id: String,
    /// Where its RPC port is reached.
    pub(crate) address: SocketAddr,
}

impl std::fmt::Display for Peer {
    /// As the real program logs it: `{Voter <id> <address>}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{Voter {} {}}}", self.id, self.address)
    }
}

/// What a server is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Follower => "Follower",
            Self::Candidate => "Candidate",
            Self::Leader => "Leader",
        })
    }
}

/// Why an entry was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RaftError {
    /// Only a leader takes entries.
    #[error("node is not the leader")]
    NotLeader,
    /// The entry may or may not survive.
    #[error("leadership lost while committing log")]
    LeadershipLost,
    /// A leader that hands on takes nothing more.
    #[error("leadership transfer in progress")]
    TransferInProgress,
    /// Leadership could not be handed on.
    #[error("{0}")]
    Transfer(String),
    /// The log cannot be written.
    #[error("failed to commit logs: {0}")]
    Storage(String),
    /// The entry was applied, and the state said no.
    #[error("{0}")]
    Rejected(String),
}

/// What the log is for.
pub(crate) trait StateMachine: Send + Sync {
    /// Carries out a committed entry.
    fn apply(&self, index: u64, data: &[u8]) -> Result<(), String>;
    /// The whole state.
    fn snapshot(&self) -> Vec<u8>;
    /// Replaces the state.
    fn restore(&self, snapshot: &[u8]) -> Result<(), String>;
}

/// What a server of the cluster needs.
pub(crate) struct Parts {
    /// The machine.
    pub(crate) host: Host,
    /// Where everything it spawns lives.
    pub(crate) tasks: Tasks,
    /// This server.
    pub(crate) me: Peer,
    /// Where the log is kept; `None`: nowhere.
    pub(crate) directory: Option<PathBuf>,
    /// Scales all times.
    pub(crate) multiplier: u32,
    /// Streams to peers.
    pub(crate) dialer: Arc<dyn RaftDialer>,
    /// What the log is for.
    pub(crate) machine: Arc<dyn StateMachine>,
}

/// One server of the cluster. Clones are the same server.
#[derive(Clone)]
pub(crate) struct Raft(Arc<Inner>);

struct Inner {
    host: Host,
    tasks: Tasks,
    me: Peer,
    timing: Timing,
    transport: Transport,
    core: Mutex<Core>,
    /// Ticks when a leader's peers have something new to learn.
    news: watch::Sender<u64>,
    /// Ticks when the role, the term or the members change.
    turn: watch::Sender<u64>,
    /// The term that this server leads, while it does.
    leadership: watch::Sender<Option<u64>>,
}

impl Raft {
    /// Reads what is kept and begins as a follower.
    ///
    /// Errors: a log or snapshot that cannot be read.
    pub(crate) fn start(parts: Parts) -> Result<Self, String> {
        let Parts { host, tasks, me, directory, multiplier, dialer, machine } = parts;
        let storage = Storage::new(&host, directory);
        let core = Core::load(&host, me.clone(), storage, machine)?;
        let timing = Timing::new(host.net.is_simulated(), multiplier);
        let transport = Transport::new(&host.clock, dialer);
        let inner = Inner {
            timing,
            transport,
            core: Mutex::new(core),
            news: watch::Sender::new(0),
            turn: watch::Sender::new(0),
            leadership: watch::Sender::new(None),
            tasks: tasks.clone(),
            host,
            me,
        };
        let raft = Self(Arc::new(inner));
        tasks.spawn(election::run(raft.clone()));
        Ok(raft)
    }

    /// Names the first members of a cluster that has none yet. Nothing happens where it has.
    pub(crate) fn bootstrap(&self, peers: Vec<Peer>) {
        if self.core().bootstrap(peers) {
            self.turned();
        }
    }

    /// Whether the cluster has members, as opposed to waiting for its first.
    pub(crate) fn is_bootstrapped(&self) -> bool {
        !self.core().peers().is_empty()
    }

    /// Puts an entry into the log and waits until it is applied here. Its index.
    pub(crate) async fn apply(&self, data: Vec<u8>) -> Result<u64, RaftError> {
        self.append(EntryKind::Command, data).await
    }

    /// Makes `peer` a member, or moves it to a new address.
    pub(crate) async fn add_peer(&self, peer: Peer) -> Result<(), RaftError> {
        let mut peers = self.core().peers().to_vec();
        peers.retain(|known| known.id != peer.id && known.address != peer.address);
        peers.push(peer);
        self.change_peers(peers).await
    }

    /// Forgets the member of that id.
    pub(crate) async fn remove_peer(&self, id: &str) -> Result<(), RaftError> {
        let mut peers = self.core().peers().to_vec();
        peers.retain(|known| known.id != id);
        self.change_peers(peers).await
    }

    async fn change_peers(&self, mut peers: Vec<Peer>) -> Result<(), RaftError> {
        peers.sort();
        let done = self.append(EntryKind::Configuration, message::encode_peers(&peers)).await;
        done.map(|_| ())
    }

    async fn append(&self, kind: EntryKind, data: Vec<u8>) -> Result<u64, RaftError> {
        let (index, applied) = self.core().append(kind, data)?;
        self.told();
        if !self.is_leader() {
            // It was the entry by which this server left, and nobody else had to agree.
            self.turned();
        }
        if kind == EntryKind::Configuration {
            replication::begin_missing(self);
        }
        // A dropped sender means that this server is being stopped.
        applied.await.unwrap_or(Err(RaftError::LeadershipLost)).map(|()| index)
    }

    /// Takes a stream that a peer dialled.
    pub(crate) fn accept(&self, stream: BoxIo) {
        self.0.tasks.spawn(serve::serve(self.clone(), stream));
    }

    /// Closes every stream to and from peers; they are dialled again when they are needed.
    pub(crate) fn close_streams(&self) {
        self.0.transport.close_all();
    }

    /// The leader that this server knows of.
    pub(crate) fn leader(&self) -> Option<Peer> {
        self.core().leader().cloned()
    }

    /// Whether this server leads.
    pub(crate) fn is_leader(&self) -> bool {
        self.core().role() == Role::Leader
    }

    /// The term that this server leads, while it does.
    pub(crate) fn leadership(&self) -> watch::Receiver<Option<u64>> {
        self.0.leadership.subscribe()
    }

    /// The members.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.core().peers().to_vec()
    }

    /// How long ago this server heard of its leader; zero at the leader, `None` when never.
    pub(crate) fn last_contact(&self) -> Option<Duration> {
        let now = self.0.host.clock.now();
        let core = self.core();
        if core.role() == Role::Leader {
            return Some(Duration::ZERO);
        }
        core.last_contact().map(|at| (now - at).unsigned_abs())
    }

    /// When a leader last heard of each other member.
    pub(crate) fn contacts(&self) -> BTreeMap<String, Duration> {
        let now = self.0.host.clock.now();
        self.core().contacts().map(|(id, at)| (id.to_owned(), (now - at).unsigned_abs())).collect()
    }

    /// The index and term of the last entry.
    pub(crate) fn last_entry(&self) -> (u64, u64) {
        self.core().last_entry()
    }

    /// What `stats.raft` shows.
    pub(crate) fn stats(&self) -> BTreeMap<String, String> {
        let last_contact = match self.last_contact() {
            Some(Duration::ZERO) => "0".to_owned(),
            Some(ago) => lab_world::format_duration(ago),
            None => "never".to_owned(),
        };
        let mut stats = self.core().stats();
        stats.insert("last_contact".to_owned(), last_contact);
        stats
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().expect("no panic while consensus is held")
    }

    /// Wakes a leader's replicators.
    fn told(&self) {
        self.0.news.send_modify(|version| *version += 1);
    }

    /// Wakes whoever waits for a change of role, term or members.
    fn turned(&self) {
        let leading = {
            let core = self.core();
            (core.role() == Role::Leader).then(|| core.term())
        };
        self.0.leadership.send_if_modified(|known| std::mem::replace(known, leading) != leading);
        self.0.turn.send_modify(|version| *version += 1);
    }
}
