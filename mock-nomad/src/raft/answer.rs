//! What a server answers to the others: the other half of the rules of consensus.

use time::OffsetDateTime;

use super::core::Core;
use super::message::{Answer, AppendEntries, Entry, Header, InstallSnapshot, RequestVote};
use super::storage::Snapshot;
use super::{LOGGER, Peer, RaftError, Role};
use crate::hclog::pair;

impl Core {
    /// Answers a leader's entries.
    pub(super) fn on_append(&mut self, call: AppendEntries, now: OffsetDateTime) -> Answer {
        let refused =
            |core: &Self| Answer { term: core.vote.term, last_log: core.log.last().0, ..core.answer() };
        if call.term < self.vote.term {
            return refused(self);
        }
        let leader = call.header.peer();
        if call.term > self.vote.term || self.role != Role::Follower || self.leader != leader {
            self.step_down(call.term, leader);
        }
        self.contact = Some(now);
        if self.log.term_at(call.prev_log_entry).is_none_or(|term| term != call.prev_log_term)
            && call.prev_log_entry > 0
        {
            let (last, _) = self.log.last();
            if call.prev_log_entry > last {
                self.host_log.warn(LOGGER, format!("failed to get previous log: previous-index={} last-index={last} error=\"log not found\"", call.prev_log_entry));
            }
            return Answer {
                no_retry_backoff: true,
                last_log: last.min(call.prev_log_entry.saturating_sub(1)),
                ..refused(self)
            };
        }
        if let Err(error) = self.take(call.entries) {
            self.host_log.error(LOGGER, format!("failed to append to logs: {}", pair("error", &error)));
            return refused(self);
        }
        self.commit = self.commit.max(call.leader_commit_index.min(self.log.last().0));
        self.apply_committed();
        Answer { success: true, ..refused(self) }
    }

    fn take(&mut self, entries: Vec<Entry>) -> Result<(), RaftError> {
        let last = self.log.last().0;
        let known = |entry: &Entry| {
            self.log.term_at(entry.index) == Some(entry.term) || entry.index <= self.log.snapshot().index
        };
        let new: Vec<Entry> = entries.into_iter().skip_while(|entry| known(entry)).collect();
        let Some(first) = new.first().map(|entry| entry.index) else { return Ok(()) };
        if first <= last {
            self.host_log.warn(LOGGER, format!("clearing log suffix: from={first} to={last}"));
            self.log.truncate(first)?;
        }
        self.log.append(new)?;
        (self.peers_index, self.peers) = self.log.configuration();
        Ok(())
    }

    /// Answers a candidate.
    pub(super) fn on_vote(&mut self, call: &RequestVote, now: OffsetDateTime) -> Answer {
        if let Some(refusal) = self.refuse_candidate(call) {
            return refusal;
        }
        if call.term > self.vote.term {
            self.step_down(call.term, None);
        }
        let candidate = String::from_utf8_lossy(&call.header.id).into_owned();
        let free = self.vote.candidate.as_ref().is_none_or(|given| *given == candidate);
        if !free || !self.is_up_to_date(call) {
            return self.answer();
        }
        self.vote.candidate = Some(candidate);
        self.save_vote();
        self.contact = Some(now);
        Answer { granted: true, ..self.answer() }
    }

    /// Answers a server that might become a candidate; nothing changes by it.
    pub(super) fn on_pre_vote(&self, call: &RequestVote) -> Answer {
        match self.refuse_candidate(call) {
            Some(refusal) => refusal,
            None => Answer { granted: self.is_up_to_date(call), ..self.answer() },
        }
    }

    fn refuse_candidate(&self, call: &RequestVote) -> Option<Answer> {
        let candidate = call.header.peer();
        let address = candidate.as_ref().map(|peer| peer.address.to_string()).unwrap_or_default();
        let known = |peer: &Peer| self.peers.iter().any(|member| member.id == peer.id);
        if !self.peers.is_empty() && !candidate.as_ref().is_some_and(known) {
            self.host_log.warn(
                LOGGER,
                format!("rejecting vote request since node is not in configuration: from={address}"),
            );
            return Some(self.answer());
        }
        let others = self.leader.as_ref().filter(|_| !call.leadership_transfer);
        if let Some(leader) =
            others.filter(|leader| candidate.as_ref().is_none_or(|peer| peer.id != leader.id))
        {
            self.host_log.warn(
                LOGGER,
                format!(
                    "rejecting vote request since we have a leader: from={address} leader={} leader-id={}",
                    leader.address, leader.id
                ),
            );
            return Some(self.answer());
        }
        (call.term < self.vote.term).then(|| self.answer())
    }

    fn is_up_to_date(&self, call: &RequestVote) -> bool {
        let (index, term) = self.log.last();
        (call.last_log_term, call.last_log_index) >= (term, index)
    }

    /// Takes a leader's whole state.
    pub(super) fn on_snapshot(&mut self, call: InstallSnapshot, now: OffsetDateTime) -> Answer {
        if call.term < self.vote.term {
            return self.answer();
        }
        self.step_down(call.term, call.header.peer());
        self.contact = Some(now);
        let snapshot = Snapshot {
            index: call.last_log_index,
            term: call.last_log_term,
            configuration: call.configuration,
            data: call.data,
        };
        let done = self
            .machine
            .restore(&snapshot.data)
            .and_then(|()| self.log.install(snapshot).map_err(|error| error.to_string()));
        if let Err(error) = done {
            self.host_log.error(LOGGER, format!("failed to restore snapshot: {}", pair("error", error)));
            return self.answer();
        }
        let index = self.log.snapshot().index;
        (self.commit, self.applied) = (index, index);
        (self.peers_index, self.peers) = self.log.configuration();
        self.host_log.info(LOGGER, "Installed remote snapshot".to_owned());
        Answer { success: true, last_log: index, ..self.answer() }
    }

    /// A follower whose leader wants to be followed by it begins an election.
    pub(super) fn on_timeout_now(&mut self) -> Answer {
        if self.role == Role::Follower && self.is_member() {
            self.leader = None;
            self.role = Role::Candidate;
            self.is_urged = true;
        }
        self.answer()
    }

    fn answer(&self) -> Answer {
        Answer { header: Header::of(&self.me), term: self.vote.term, ..Answer::default() }
    }
}
