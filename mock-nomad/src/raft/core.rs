//! The rules of consensus, without any waiting: every function is one step of one server.

use std::collections::BTreeMap;
use std::sync::Arc;

use lab_world::{Host, Log as HostLog};
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::log::Log;
use super::message::{
    Answer, AppendEntries, Entry, EntryKind, Header, InstallSnapshot, RequestVote, encode_peers,
};
use super::storage::{Snapshot, Storage, Vote};
use super::{LOGGER, Peer, RaftError, Role, StateMachine};
use crate::hclog::pair;

/// How many entries go into one message.
const BATCH: usize = 64;

/// Learns whether its entry was applied.
pub(super) type Applied = oneshot::Receiver<Result<(), RaftError>>;

/// One server's part in consensus.
pub(super) struct Core {
    pub(super) me: Peer,
    pub(super) host_log: HostLog,
    pub(super) machine: Arc<dyn StateMachine>,
    pub(super) log: Log,
    pub(super) vote: Vote,
    pub(super) role: Role,
    pub(super) leader: Option<Peer>,
    pub(super) peers: Vec<Peer>,
    pub(super) peers_index: u64,
    pub(super) commit: u64,
    pub(super) applied: u64,
    /// When a follower last heard of its leader, or gave its vote.
    pub(super) contact: Option<OffsetDateTime>,
    /// What a leader knows of the other members.
    pub(super) progress: BTreeMap<String, Progress>,
    /// Whether a candidate was told by its leader to become one.
    pub(super) is_urged: bool,
    /// Whether a leader is handing on.
    pub(super) is_transferring: bool,
    waiting: BTreeMap<u64, oneshot::Sender<Result<(), RaftError>>>,
}

/// What follows from a member's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// This server no longer leads.
    Deposed,
    /// More entries are committed: everyone must learn that.
    Committed,
    /// The member lacks more.
    More,
    /// Nothing.
    Done,
}

/// What a leader knows of one other member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The entry to send next.
    next: u64,
    /// The last entry known to be in its log.
    pub(super) matched: u64,
    /// When it last answered.
    contact: OffsetDateTime,
}

impl Core {
    /// The server as its disk left it.
    pub(super) fn load(
        host: &Host,
        me: Peer,
        storage: Storage,
        machine: Arc<dyn StateMachine>,
    ) -> Result<Self, String> {
        let stored = storage.load()?;
        let log = Log::new(storage, stored.snapshot, stored.entries);
        let applied = log.snapshot().index;
        if applied > 0 {
            machine.restore(&log.snapshot().data)?;
        }
        let (peers_index, peers) = log.configuration();
        let core = Self {
            host_log: host.log.clone(),
            machine,
            log,
            vote: stored.vote,
            role: Role::Follower,
            leader: None,
            peers,
            peers_index,
            commit: applied,
            applied,
            contact: None,
            progress: BTreeMap::new(),
            is_urged: false,
            is_transferring: false,
            waiting: BTreeMap::new(),
            me,
        };
        let servers = pair("servers", core.members());
        core.host_log.info(LOGGER, format!("initial configuration: index={} {servers}", core.peers_index));
        core.log_follower();
        Ok(core)
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn term(&self) -> u64 {
        self.vote.term
    }

    pub(super) fn leader(&self) -> Option<&Peer> {
        self.leader.as_ref()
    }

    pub(super) fn peers(&self) -> &[Peer] {
        &self.peers
    }

    pub(super) fn last_contact(&self) -> Option<OffsetDateTime> {
        self.contact
    }

    pub(super) fn last_entry(&self) -> (u64, u64) {
        self.log.last()
    }

    /// The term that this server leads, while it does.
    pub(super) fn leads(&self) -> Option<u64> {
        (self.role == Role::Leader).then_some(self.vote.term)
    }

    pub(super) fn contacts(&self) -> impl Iterator<Item = (&str, OffsetDateTime)> {
        self.progress.iter().map(|(id, progress)| (id.as_str(), progress.contact))
    }

    pub(super) fn is_member(&self) -> bool {
        self.peers.iter().any(|peer| peer.id == self.me.id)
    }

    fn quorum(&self) -> usize {
        self.peers.len() / 2 + 1
    }

    /// Begins a cluster. Whether this server was the one to do so.
    pub(super) fn bootstrap(&mut self, mut peers: Vec<Peer>) -> bool {
        if !self.peers.is_empty() || self.log.last().0 > 0 {
            return false;
        }
        peers.sort();
        let entry = Entry { index: 1, term: 1, kind: EntryKind::Configuration, data: encode_peers(&peers) };
        if let Err(error) = self.log.append(vec![entry]) {
            self.host_log.error(LOGGER, error.to_string());
            return false;
        }
        self.vote.term = self.vote.term.max(1);
        self.save_vote();
        (self.peers_index, self.peers) = self.log.configuration();
        true
    }

    /// A leader takes an entry.
    pub(super) fn append(&mut self, kind: EntryKind, data: Vec<u8>) -> Result<(u64, Applied), RaftError> {
        if self.role != Role::Leader {
            return Err(RaftError::NotLeader);
        }
        if self.is_transferring {
            return Err(RaftError::TransferInProgress);
        }
        let index = self.log.last().0 + 1;
        let entry = Entry { index, term: self.vote.term, kind, data };
        if let Err(error) = self.log.append(vec![entry]) {
            self.host_log.error(LOGGER, format!("failed to commit logs: {}", pair("error", &error)));
            return Err(error);
        }
        if kind == EntryKind::Configuration {
            (self.peers_index, self.peers) = self.log.configuration();
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(index, sender);
        self.advance_commit();
        Ok((index, receiver))
    }

    /// What to send to a member next in the leadership of `term`; `None` when that is over. `Err` carries the whole state where it is too far behind for entries.
    pub(super) fn message_for(
        &self,
        peer: &str,
        term: u64,
    ) -> Option<Result<AppendEntries, InstallSnapshot>> {
        if self.leads() != Some(term) || !self.peers.iter().any(|known| known.id == peer) {
            return None;
        }
        let next = self.progress.get(peer).map_or(self.log.last().0 + 1, |progress| progress.next);
        let header = Header::of(&self.me);
        let Some(prev_log_term) = self.log.term_at(next - 1) else {
            let snapshot = self.log.snapshot();
            return Some(Err(InstallSnapshot {
                header,
                term: self.vote.term,
                last_log_index: snapshot.index,
                last_log_term: snapshot.term,
                configuration: snapshot.configuration.clone(),
                data: snapshot.data.clone(),
            }));
        };
        Some(Ok(AppendEntries {
            header,
            term: self.vote.term,
            prev_log_entry: next - 1,
            prev_log_term,
            entries: self.log.from(next, BATCH).to_vec(),
            leader_commit_index: self.commit,
        }))
    }

    /// A member answered entries up to `sent`.
    pub(super) fn appended(
        &mut self,
        peer: &str,
        term: u64,
        sent: u64,
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Appended {
        if self.leads() != Some(term) {
            return Appended::Done;
        }
        if answer.term > self.vote.term {
            self.host_log.error(LOGGER, "peer has newer term, stopping replication".to_owned());
            self.step_down(answer.term, None);
            return Appended::Deposed;
        }
        let last = self.log.last().0;
        let Some(progress) = self.progress.get_mut(peer) else { return Appended::Done };
        progress.contact = now;
        if !answer.success {
            let before = progress.next;
            progress.next = before.saturating_sub(1).min(answer.last_log + 1).max(1);
            // A member that refuses the same entries again (its disk is full) is not pressed.
            return if progress.next < before { Appended::More } else { Appended::Done };
        }
        progress.matched = progress.matched.max(sent);
        progress.next = progress.matched + 1;
        let more = progress.next <= last;
        let before = self.commit;
        self.advance_commit();
        match (self.commit != before, more) {
            _ if self.role != Role::Leader => Appended::Deposed,
            (true, _) => Appended::Committed,
            (false, true) => Appended::More,
            (false, false) => Appended::Done,
        }
    }

    /// Members that did not answer since `since`.
    pub(super) fn out_of_contact(&self, since: OffsetDateTime) -> Vec<(String, OffsetDateTime)> {
        let silent = self.progress.iter().filter(|(id, progress)| {
            progress.contact < since && self.peers.iter().any(|peer| peer.id == **id)
        });
        silent.map(|(id, progress)| (id.clone(), progress.contact)).collect()
    }

    /// When a leader last heard of enough members to be a quorum with them; `None` where it is one by itself.
    pub(super) fn quorum_contact(&self) -> Option<OffsetDateTime> {
        let needed = self.quorum() - usize::from(self.is_member());
        let others = self.peers.iter().filter(|peer| peer.id != self.me.id);
        let mut contacts: Vec<OffsetDateTime> =
            others.filter_map(|peer| self.progress.get(&peer.id)).map(|progress| progress.contact).collect();
        contacts.sort_unstable_by(|one, other| other.cmp(one));
        contacts.get(needed.checked_sub(1)?).copied()
    }

    /// A follower that has not heard of its leader asks for votes. The question; its term is raised for a real vote.
    pub(super) fn campaign(&mut self, real: bool) -> RequestVote {
        if self.role == Role::Follower {
            let (address, id) = self
                .leader
                .take()
                .map_or((String::new(), String::new()), |leader| (leader.address.to_string(), leader.id));
            self.host_log.warn(LOGGER, format!("heartbeat timeout reached, starting election: last-leader-addr={address} last-leader-id={id}"));
        }
        self.role = Role::Candidate;
        let term = self.vote.term + 1;
        if real {
            self.vote = Vote { term, candidate: Some(self.me.id.clone()) };
            self.save_vote();
            self.host_log.info(
                LOGGER,
                format!(
                    "entering candidate state: node=\"Node at {} [Candidate]\" term={term}",
                    self.me.address
                ),
            );
        }
        let (last_log_index, last_log_term) = self.log.last();
        RequestVote {
            header: Header::of(&self.me),
            term,
            last_log_index,
            last_log_term,
            leadership_transfer: false,
        }
    }

    /// Enough votes: this server leads from now on.
    pub(super) fn win(&mut self, term: u64, tally: usize, now: OffsetDateTime) -> bool {
        if self.role != Role::Candidate || self.vote.term != term || tally < self.quorum() {
            return false;
        }
        self.host_log.info(LOGGER, format!("election won: term={term} tally={tally}"));
        self.host_log
            .info(LOGGER, format!("entering leader state: leader=\"Node at {} [Leader]\"", self.me.address));
        self.role = Role::Leader;
        self.leader = Some(self.me.clone());
        let next = self.log.last().0 + 1;
        let others = self.peers.iter().filter(|peer| peer.id != self.me.id);
        self.progress =
            others.map(|peer| (peer.id.clone(), Progress { next, matched: 0, contact: now })).collect();
        true
    }

    /// A leader counts a member that joined.
    pub(super) fn begin_progress(&mut self, peer: &Peer, now: OffsetDateTime) {
        let next = self.log.last().0 + 1;
        self.host_log.info(LOGGER, format!("added peer, starting replication: peer={}", peer.id));
        self.progress.insert(peer.id.clone(), Progress { next, matched: 0, contact: now });
    }

    /// A leader stops counting members that left.
    pub(super) fn end_progress(&mut self, peer: &str) {
        self.progress.remove(peer);
    }

    /// Follows from now on, in `term`.
    pub(super) fn step_down(&mut self, term: u64, leader: Option<Peer>) {
        let was = self.role;
        let news = was != Role::Follower || self.leader != leader;
        if term > self.vote.term {
            self.vote = Vote { term, candidate: None };
            self.save_vote();
        }
        self.role = Role::Follower;
        self.leader = leader;
        self.is_transferring = false;
        self.is_urged = false;
        self.progress.clear();
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            // Whoever waited and went away does not mind.
            let _ = waiting.send(Err(RaftError::LeadershipLost));
        }
        if news {
            self.log_follower();
        }
    }

    fn log_follower(&self) {
        let (address, id) = self
            .leader
            .as_ref()
            .map_or((String::new(), String::new()), |leader| (leader.address.to_string(), leader.id.clone()));
        self.host_log.info(LOGGER, format!("entering follower state: follower=\"Node at {} [Follower]\" leader-address={address} leader-id={id}", self.me.address));
    }

    /// A leader commits what a quorum has, if it is of its own term.
    fn advance_commit(&mut self) {
        let mut matched: Vec<u64> = self
            .peers
            .iter()
            .map(|peer| {
                if peer.id == self.me.id {
                    self.log.last().0
                } else {
                    self.progress.get(&peer.id).map_or(0, |progress| progress.matched)
                }
            })
            .collect();
        matched.sort_unstable_by(|one, other| other.cmp(one));
        let Some(&reached) = matched.get(self.quorum() - 1) else { return };
        if reached > self.commit && self.log.term_at(reached) == Some(self.vote.term) {
            self.commit = reached;
            self.apply_committed();
        }
    }

    pub(super) fn apply_committed(&mut self) {
        while self.applied < self.commit {
            let index = self.applied + 1;
            let Some(entry) = self.log.get(index) else { break };
            let result = match entry.kind {
                EntryKind::Command => self.machine.apply(index, &entry.data).map_err(RaftError::Rejected),
                EntryKind::Noop | EntryKind::Configuration => Ok(()),
            };
            self.applied = index;
            if let Some(waiting) = self.waiting.remove(&index) {
                // Whoever waited and went away does not mind.
                let _ = waiting.send(result);
            }
        }
        if self.role == Role::Leader && !self.is_member() && self.applied >= self.peers_index {
            self.host_log.info(LOGGER, "removed ourself, transitioning to follower");
            self.step_down(self.vote.term, None);
        }
        if self.log.wants_snapshot(self.applied) {
            self.take_snapshot();
        }
    }

    fn take_snapshot(&mut self) {
        let Some(term) = self.log.term_at(self.applied) else { return };
        let configuration = encode_peers(&self.peers);
        let snapshot = Snapshot { index: self.applied, term, configuration, data: self.machine.snapshot() };
        if let Err(error) = self.log.compact(snapshot) {
            self.host_log.error(LOGGER, format!("failed to take snapshot: {}", pair("error", &error)));
        }
    }

    pub(super) fn save_vote(&self) {
        if let Err(error) = self.log.storage().save_vote(&self.vote) {
            self.host_log.error(LOGGER, format!("failed to persist vote: {}", pair("error", &error)));
        }
    }

    /// The members as the real program writes them.
    fn members(&self) -> String {
        let member = |peer: &Peer| format!("{{Suffrage:Voter ID:{} Address:{}}}", peer.id, peer.address);
        let members: Vec<String> = self.peers.iter().map(member).collect();
        format!("[{}]", members.join(" "))
    }

    /// What `stats.raft` shows, but for the last contact.
    pub(super) fn stats(&self) -> BTreeMap<String, String> {
        let (last_index, last_term) = self.log.last();
        let others = self.peers.iter().filter(|peer| peer.id != self.me.id).count();
        [
            ("state", self.role.to_string()),
            ("term", self.vote.term.to_string()),
            ("last_log_index", last_index.to_string()),
            ("last_log_term", last_term.to_string()),
            ("commit_index", self.commit.to_string()),
            ("applied_index", self.applied.to_string()),
            ("fsm_pending", "0".to_owned()),
            ("num_peers", others.to_string()),
            ("last_snapshot_index", self.log.snapshot().index.to_string()),
            ("last_snapshot_term", self.log.snapshot().term.to_string()),
            ("protocol_version", "3".to_owned()),
            ("protocol_version_min", "0".to_owned()),
            ("protocol_version_max", "3".to_owned()),
            ("snapshot_version_min", "0".to_owned()),
            ("snapshot_version_max", "1".to_owned()),
            ("latest_configuration", self.members()),
            ("latest_configuration_index", "0".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
