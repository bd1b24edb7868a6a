//! Hands leadership on: the other member is brought up to date, while no entries are taken, and then told to begin an
//! election at once, in which it may be voted for though there is a leader.

use std::time::Duration;

use super::core::Core;
use super::message::{Call, Header, TimeoutNow};
use super::{LOGGER, Peer, Raft, RaftError};

/// How often it is looked at whether the other member has everything.
const LOOK: Duration = Duration::from_millis(5);

impl Raft {
    /// Makes the member of that id the leader, and returns when this server no longer is.
    ///
    /// Errors: this server does not lead, another transfer is under way, or the member did not take over within the
    /// time of an election; this server then leads on.
    pub(crate) async fn transfer_leadership(&self, id: &str) -> Result<(), RaftError> {
        let (term, peer) = self.core().begin_transfer(id)?;
        let _transfer = Transfer { raft: self, term };
        let (log, clock) = (&self.0.host.log, &self.0.host.clock);
        log.debug(LOGGER, format!("starting leadership transfer: id={id} address={}", peer.address));
        let done = clock.timeout(self.0.timing.election_timeout, hand_over(self, &peer, term)).await;
        match done.unwrap_or_else(|| Err(RaftError::Transfer("leadership transfer timeout".to_owned()))) {
            Ok(()) => {
                log.debug(LOGGER, "lost leadership during transfer (expected)");
                Ok(())
            }
            Err(error) => {
                log.debug(LOGGER, error.to_string());
                Err(error)
            }
        }
    }
}

impl Core {
    /// A leader begins to hand on to a member, and takes no entries from now on. Its term and the member.
    fn begin_transfer(&mut self, id: &str) -> Result<(u64, Peer), RaftError> {
        let term = self.leads().ok_or(RaftError::NotLeader)?;
        if self.is_transferring {
            return Err(RaftError::TransferInProgress);
        }
        if id == self.me.id {
            return Err(RaftError::Transfer("cannot transfer leadership to itself".to_owned()));
        }
        let peer = self.peers.iter().find(|peer| peer.id == id && self.progress.contains_key(id)).cloned();
        let unknown = || RaftError::Transfer(format!("cannot find replication state for {id}"));
        let peer = peer.ok_or_else(unknown)?;
        self.is_transferring = true;
        Ok((term, peer))
    }

    /// The leader of `term` no longer hands on.
    fn end_transfer(&mut self, term: u64) {
        if self.leads() == Some(term) {
            self.is_transferring = false;
        }
    }

    /// Whether a member is known to have all entries.
    fn has_everything(&self, peer: &str) -> bool {
        self.progress.get(peer).is_some_and(|progress| progress.matched >= self.log.last().0)
    }
}

/// No entries are taken for as long as it lives.
struct Transfer<'raft> {
    raft: &'raft Raft,
    term: u64,
}

impl Drop for Transfer<'_> {
    fn drop(&mut self) {
        self.raft.core().end_transfer(self.term);
    }
}

async fn hand_over(raft: &Raft, peer: &Peer, term: u64) -> Result<(), RaftError> {
    let mut turn = raft.0.turn.subscribe();
    while !raft.core().has_everything(&peer.id) {
        if raft.core().leads() != Some(term) {
            return Ok(());
        }
        raft.0.host.clock.sleep(LOOK).await;
    }
    let call = Call::TimeoutNow(TimeoutNow { header: Header::of(&raft.0.me) });
    let told = raft.0.transport.call(peer.address, &call, raft.0.timing.answer).await;
    told.map_err(|error| {
        RaftError::Transfer(format!("failed to make TimeoutNow RPC to {}: {error}", peer.id))
    })?;
    while raft.core().leads() == Some(term) {
        if turn.changed().await.is_err() {
            break;
        }
    }
    Ok(())
}
