//! The gossip keys of all servers at once: what an operator lists and changes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Gossip;
use super::message::octets_of;
use super::queries::{self, KeyOperation};
use super::rounds::GOSSIP_INTERVAL;
use super::serf::{KeyRequest, KeyResponse, Query, Serf};

/// For how many intervals answers are awaited, among few servers.
const PATIENCE: u32 = 16;

/// What all servers answered.
#[derive(Debug, Default)]
pub(crate) struct KeyAnswers {
    /// How many servers there are.
    pub(crate) nodes: usize,
    /// What servers had to say, by their names.
    pub(crate) messages: BTreeMap<String, String>,
    /// How many servers have each key, in base64.
    pub(crate) keys: BTreeMap<String, usize>,
}

/// Asks every server to do `operation` with `key`. The error is Serf's, where one did not.
pub(crate) async fn manage(
    gossip: &Gossip,
    operation: KeyOperation,
    key: Vec<u8>,
) -> Result<KeyAnswers, String> {
    let query = question(gossip, operation, key);
    let mut responses = gossip.0.queries.await_answers(query.id);
    gossip.0.queries.is_news(&query);
    if let Some(own) = queries::own_answer(gossip, &query) {
        gossip.0.queries.take_in(own);
    }
    let nodes = gossip.0.table.with(|state| {
        state.pass_on(Serf::Query(query.clone()).encode());
        state.nodes.values().filter(|node| !node.is_forgotten(state.now)).count()
    });
    let mut answers = KeyAnswers { nodes, ..KeyAnswers::default() };
    let (mut heard, mut failed) = (0, 0);
    let listening = async {
        while heard < nodes {
            let Some(response) = responses.recv().await else { return };
            heard += 1;
            let answer = KeyResponse::decode(&response.payload)
                .unwrap_or_else(|message| KeyResponse { message, ..KeyResponse::default() });
            failed += usize::from(!answer.result);
            if !answer.message.is_empty() {
                answers.messages.insert(response.from, answer.message);
            }
            for key in answer.keys {
                *answers.keys.entry(key).or_default() += 1;
            }
        }
    };
    let patience = Duration::from_nanos(u64::try_from(query.timeout).unwrap_or(0));
    gossip.0.host.clock.timeout(patience, listening).await;
    match (failed, heard == nodes) {
        (0, true) => Ok(answers),
        (0, false) => Err(format!("{heard}/{nodes} nodes reported success")),
        _ => Err(format!("{failed}/{nodes} nodes reported failure")),
    }
}

fn question(gossip: &Gossip, operation: KeyOperation, key: Vec<u8>) -> Query {
    let own = gossip.own();
    let time = gossip.0.table.with(|state| {
        state.query_time += 1;
        state.query_time
    });
    let count = gossip.members().len();
    let scale = ((count as f64 + 1.0).log10().ceil() as u32).max(1);
    let payload = match operation {
        KeyOperation::List => KeyRequest::default().encode(),
        _ => KeyRequest { key }.encode(),
    };
    Query {
        time,
        id: u32::from_be_bytes(gossip.0.entropy.bytes()),
        addr: octets_of(own.address.ip()),
        port: own.address.port(),
        source_node: own.name,
        timeout: i64::try_from((GOSSIP_INTERVAL * PATIENCE * scale).as_nanos()).unwrap_or(i64::MAX),
        name: operation.name().into(),
        payload,
        ..Query::default()
    }
}
