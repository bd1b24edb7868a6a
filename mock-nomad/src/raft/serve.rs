//! Answers peers.

use lab_wire::BoxIo;
use lab_wire::rpc::{MessageError, MessageReader};

use super::Raft;
use super::message::{Answer, Call};
use crate::hclog::pair;

/// The name that the transport logs under.
const TRANSPORT: &str = "raft-net";

/// Answers one peer on one stream until either side ends it.
pub(super) async fn serve(raft: Raft, mut io: BoxIo) {
    let mut closing = raft.0.transport.closing();
    let mut reader = MessageReader::default();
    loop {
        let call = tokio::select! {
            biased;
            _ = closing.changed() => return,
            call = Call::read(&mut reader, &mut io) => call,
        };
        let answer = match call {
            Ok(Ok(call)) => answer(&raft, call),
            Ok(Err(error)) => return refuse(&raft, &error),
            Err(MessageError::Eof | MessageError::Connection(_)) => return,
            Err(error) => return refuse(&raft, &error.to_string()),
        };
        if answer.write(&mut io).await.is_err() {
            return;
        }
    }
}

fn refuse(raft: &Raft, error: &str) {
    let text = format!("failed to decode incoming command: {}", pair("error", error));
    raft.0.host.log.error(TRANSPORT, text);
}

fn answer(raft: &Raft, call: Call) -> Answer {
    let now = raft.0.host.clock.now();
    let (answer, turned) = {
        let mut core = raft.core();
        let before = (core.role(), core.term(), core.leader().is_some());
        let answer = match call {
            Call::AppendEntries(call) => core.on_append(call, now),
            Call::RequestVote(call) => core.on_vote(&call, now),
            Call::RequestPreVote(call) => core.on_pre_vote(&call),
            Call::InstallSnapshot(call) => core.on_snapshot(call, now),
            Call::TimeoutNow(_) => core.on_timeout_now(),
        };
        (answer, before != (core.role(), core.term(), core.leader().is_some()))
    };
    if turned {
        raft.turned();
    }
    answer
}
