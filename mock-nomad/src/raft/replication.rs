//! What a leader does for each of the others.

use time::OffsetDateTime;

use super::core::Appended;
use super::message::{Answer, Call};
use super::{LOGGER, Peer, Raft};
use crate::hclog::pair;

/// Starts a replicator for every member that has none, and forgets members that left.
pub(super) fn begin_missing(raft: &Raft) {
    let now = raft.0.host.clock.now();
    let (term, new) = {
        let mut core = raft.core();
        let Some(term) = core.leads() else { return };
        let known: Vec<String> = core.contacts().map(|(id, _)| id.to_owned()).collect();
        let members = core.peers().to_vec();
        for gone in known.iter().filter(|id| !members.iter().any(|member| member.id == **id)) {
            core.end_progress(gone);
        }
        let new: Vec<Peer> = members
            .into_iter()
            .filter(|member| member.id != raft.0.me.id && !known.contains(&member.id))
            .collect();
        new.iter().for_each(|peer| core.begin_progress(peer, now));
        (term, new)
    };
    new.into_iter().for_each(|peer| raft.0.tasks.spawn(replicate(raft.clone(), term, peer)));
}

/// Starts the replicators of a new leader.
pub(super) fn begin_all(raft: &Raft) {
    let (leads, peers) = {
        let core = raft.core();
        (core.leads(), core.peers().to_vec())
    };
    let Some(term) = leads else { return };
    for peer in peers.into_iter().filter(|peer| peer.id != raft.0.me.id) {
        raft.0.host.log.info(LOGGER, format!("added peer, starting replication: peer={}", peer.id));
        raft.0.tasks.spawn(replicate(raft.clone(), term, peer));
    }
}

/// Keeps one member up to date, and lets it hear that there is a leader, while this server leads in `term`.
async fn replicate(raft: Raft, term: u64, peer: Peer) {
    let mut news = raft.0.news.subscribe();
    let mut failures = 0;
    loop {
        news.borrow_and_update();
        let began = raft.0.host.clock.now();
        let Some(message) = raft.core().message_for(&peer.id, term) else { return };
        let (call, sent) = match message {
            Ok(call) => {
                let sent = call.entries.last().map_or(call.prev_log_entry, |entry| entry.index);
                (Call::AppendEntries(call), sent)
            }
            Err(call) => (Call::InstallSnapshot(call.clone()), call.last_log_index),
        };
        match raft.0.transport.call(peer.address, &call, raft.0.timing.answer).await {
            Ok(answer) => {
                failures = 0;
                if !take(&raft, &peer, term, sent, &answer) {
                    wait(&raft, began, &mut news).await;
                }
            }
            Err(error) => {
                complain(&raft, &peer, &call, failures, &error);
                raft.0.host.clock.sleep(raft.0.timing.backoff(failures)).await;
                failures += 1;
            }
        }
    }
}

/// Takes an answer; whether there is more to send at once.
fn take(raft: &Raft, peer: &Peer, term: u64, sent: u64, answer: &Answer) -> bool {
    let now = raft.0.host.clock.now();
    let appended = raft.core().appended(&peer.id, term, sent, answer, now);
    match appended {
        Appended::Deposed => raft.turned(),
        Appended::Committed => raft.told(),
        Appended::More | Appended::Done => {}
    }
    matches!(appended, Appended::Committed | Appended::More)
}

/// Until there is news, or it is time to be heard again after the exchange that `began` then.
async fn wait(raft: &Raft, began: OffsetDateTime, news: &mut tokio::sync::watch::Receiver<u64>) {
    tokio::select! {
        biased;
        _ = news.changed() => {}
        () = raft.0.host.clock.sleep_until(began + raft.0.timing.heartbeat) => {}
    }
}

fn complain(raft: &Raft, peer: &Peer, call: &Call, failures: u32, error: &str) {
    let message = match call {
        Call::AppendEntries(call) if call.entries.is_empty() => {
            let backoff = lab_world::format_duration(raft.0.timing.backoff(failures));
            format!(
                "failed to heartbeat to: peer={} backoff time={backoff} {}",
                peer.address,
                pair("error", error)
            )
        }
        Call::InstallSnapshot(_) => {
            format!("failed to send snapshot to: peer=\"{peer}\" {}", pair("error", error))
        }
        _ => format!("failed to appendEntries to: peer=\"{peer}\" {}", pair("error", error)),
    };
    raft.0.host.log.error(LOGGER, message);
}
