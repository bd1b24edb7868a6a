//! Who leads: waits for a leader, asks for votes, and gives up a leadership that reaches nobody.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lab_world::{Entropy, format_duration};
use time::OffsetDateTime;

use super::message::{Answer, Call, EntryKind, RequestVote};
use super::timing::stretched;
use super::{LOGGER, Peer, Raft, Role, replication};
use crate::hclog::pair;

/// Plays this server's role, whatever it is, for as long as it lives.
pub(super) async fn run(raft: Raft) {
    let entropy = raft.0.host.entropy.branch("raft");
    let mut turn = raft.0.turn.subscribe();
    loop {
        turn.borrow_and_update();
        let role = raft.core().role();
        match role {
            Role::Leader => lead(&raft, &mut turn).await,
            Role::Follower => follow(&raft, &mut turn, &entropy).await,
            Role::Candidate => campaign(&raft, &entropy).await,
        }
    }
}

type Turn = tokio::sync::watch::Receiver<u64>;

/// Waits for a leader; when none is heard for too long, becomes a candidate.
async fn follow(raft: &Raft, turn: &mut Turn, entropy: &Entropy) {
    let clock = &raft.0.host.clock;
    let began = clock.now();
    let patience = match is_alone(raft) {
        true => Duration::ZERO,
        false => stretched(raft.0.timing.heartbeat_timeout, entropy),
    };
    loop {
        let heard = raft.core().last_contact().unwrap_or(began).max(began);
        tokio::select! {
            biased;
            _ = turn.changed() => return,
            () = clock.sleep_until(heard + patience) => {}
        }
        match lose_patience(raft, began, heard) {
            Patience::Kept => {}
            Patience::Lost => {
                raft.turned();
                return;
            }
            // Nothing to be elected for: wait until there is a cluster with this server in it.
            Patience::Pointless => {
                // The end of the server ends this too.
                let _ = turn.changed().await;
                return;
            }
        }
    }
}

/// Whether there is nobody whom a wait could let speak first. In a simulated world waiting costs nothing.
fn is_alone(raft: &Raft) -> bool {
    let core = raft.core();
    !raft.0.host.net.is_simulated() && core.is_member() && core.peers().len() == 1
}

/// What a follower makes of the silence.
enum Patience {
    Kept,
    Lost,
    Pointless,
}

fn lose_patience(raft: &Raft, began: OffsetDateTime, heard: OffsetDateTime) -> Patience {
    let mut core = raft.core();
    if core.last_contact().unwrap_or(began).max(began) > heard {
        return Patience::Kept;
    }
    if core.peers().is_empty() || !core.is_member() {
        return Patience::Pointless;
    }
    core.campaign(false);
    Patience::Lost
}

/// Asks whether it would be elected and then for real; without success waits and tries again.
async fn campaign(raft: &Raft, entropy: &Entropy) {
    let clock = &raft.0.host.clock;
    let patience = stretched(raft.0.timing.election_timeout, entropy);
    let deadline = clock.now() + patience;
    let (question, peers, is_urged) = {
        let mut core = raft.core();
        if core.role() != Role::Candidate {
            return;
        }
        (core.campaign(false), core.peers().to_vec(), std::mem::take(&mut core.is_urged))
    };
    if is_urged || poll(raft, &peers, Call::RequestPreVote(question), deadline).await.is_some() {
        let question = RequestVote { leadership_transfer: is_urged, ..raft.core().campaign(true) };
        raft.turned();
        let term = question.term;
        let tally = poll(raft, &peers, Call::RequestVote(question), deadline).await;
        let won = tally.is_some_and(|tally| raft.core().win(term, tally, clock.now()));
        if won {
            crown(raft);
            return;
        }
    }
    if raft.core().role() == Role::Candidate {
        clock.sleep_until(deadline).await;
    }
}

/// Puts the question to everyone until a quorum says yes. How many did, or `None`.
async fn poll(raft: &Raft, peers: &[Peer], call: Call, deadline: OffsetDateTime) -> Option<usize> {
    let clock = &raft.0.host.clock;
    let quorum = peers.len() / 2 + 1;
    let mut tally = 1;
    if tally >= quorum {
        return Some(tally);
    }
    let others = peers.iter().filter(|peer| peer.id != raft.0.me.id);
    let mut answers: FuturesUnordered<_> = others.map(|peer| ask(raft, peer, &call)).collect();
    loop {
        let (peer, answer) = tokio::select! {
            biased;
            next = answers.next() => next?,
            () = clock.sleep_until(deadline) => return None,
        };
        match answer {
            Ok(answer) if answer.granted => tally += 1,
            Ok(answer) => {
                if is_outdated(raft, &call, &answer) {
                    return None;
                }
            }
            Err(error) => complain(raft, peer, &call, &error),
        }
        if tally >= quorum {
            return Some(tally);
        }
        if raft.core().role() != Role::Candidate {
            return None;
        }
    }
}

async fn ask<'peer>(raft: &Raft, peer: &'peer Peer, call: &Call) -> (&'peer Peer, Result<Answer, String>) {
    (peer, raft.0.transport.call(peer.address, call, raft.0.timing.answer).await)
}

/// Whether the answer comes from a newer term, and this server follows again.
fn is_outdated(raft: &Raft, call: &Call, answer: &Answer) -> bool {
    let (Call::RequestVote(RequestVote { term, .. }) | Call::RequestPreVote(RequestVote { term, .. })) = call
    else {
        return false;
    };
    if answer.term <= *term || answer.term <= raft.core().term() {
        return false;
    }
    raft.0
        .host
        .log
        .debug(LOGGER, format!("newer term discovered, fallback to follower: term={}", answer.term));
    raft.core().step_down(answer.term, None);
    raft.turned();
    true
}

fn complain(raft: &Raft, peer: &Peer, call: &Call, error: &str) {
    let (name, term) = match call {
        Call::RequestPreVote(call) => ("requestPreVote", call.term),
        Call::RequestVote(call) => ("requestVote", call.term),
        Call::AppendEntries(_) | Call::InstallSnapshot(_) | Call::TimeoutNow(_) => return,
    };
    raft.0.host.log.error(
        LOGGER,
        format!("failed to make {name} RPC: target=\"{peer}\" {} term={term}", pair("error", error)),
    );
}

/// Begins to lead: an entry of its own term, and replicators.
fn crown(raft: &Raft) {
    let appended = raft.core().append(EntryKind::Noop, Vec::new());
    if let Err(error) = appended {
        raft.0.host.log.error(LOGGER, error.to_string());
        let term = raft.core().term();
        raft.core().step_down(term, None);
    }
    replication::begin_all(raft);
    raft.turned();
}

/// Leads for as long as a quorum answers.
async fn lead(raft: &Raft, turn: &mut Turn) {
    let clock = &raft.0.host.clock;
    let lease = raft.0.timing.lease;
    loop {
        let heard = raft.core().quorum_contact();
        let ended = async {
            match heard {
                Some(heard) => clock.sleep_until(heard + lease).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = turn.changed() => return,
            () = ended => {}
        }
        let now = clock.now();
        let mut core = raft.core();
        for (id, heard) in &core.out_of_contact(now - lease) {
            let ago = whole_milliseconds((now - *heard).unsigned_abs());
            // The real program goes quiet about a member that stays away.
            if ago <= lease * 4 {
                raft.0
                    .host
                    .log
                    .warn(LOGGER, format!("failed to contact: server-id={id} time={}", format_duration(ago)));
            }
        }
        if core.leads().is_none() || core.quorum_contact().is_none_or(|heard| heard + lease > now) {
            continue;
        }
        raft.0.host.log.warn(LOGGER, "failed to contact quorum of nodes, stepping down");
        let term = core.term();
        core.step_down(term, None);
        drop(core);
        raft.turned();
        return;
    }
}

fn whole_milliseconds(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
