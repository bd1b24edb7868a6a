//! Questions to every server: those about keys are answered here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::mpsc;

use super::message::{Message, address_of};
use super::serf::{FLAG_ACK, KeyRequest, KeyResponse, Query, Response, Serf};
use super::{Gossip, packet};

/// How many questions are remembered, so that each is answered once.
const REMEMBERED: usize = 512;

/// What is asked about keys; the names are Serf's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOperation {
    List,
    Install,
    Use,
    Remove,
}

impl KeyOperation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "_serf_list-keys",
            Self::Install => "_serf_install-key",
            Self::Use => "_serf_use-key",
            Self::Remove => "_serf_remove-key",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::List, Self::Install, Self::Use, Self::Remove].into_iter().find(|one| one.name() == name)
    }
}

/// Questions that were heard, and answers that are awaited.
#[derive(Default)]
pub(super) struct Queries {
    heard: Mutex<VecDeque<(u64, u32)>>,
    awaited: Mutex<BTreeMap<u32, mpsc::UnboundedSender<Response>>>,
}

impl Queries {
    /// Whether a question was not heard before.
    pub(super) fn is_news(&self, query: &Query) -> bool {
        let mut heard = self.heard.lock().expect("no panic among questions");
        if heard.contains(&(query.time, query.id)) {
            return false;
        }
        heard.truncate(REMEMBERED - 1);
        heard.push_front((query.time, query.id));
        true
    }

    /// Takes in an answer.
    pub(super) fn take_in(&self, response: Response) {
        let awaited = self.awaited.lock().expect("no panic among questions");
        if let Some(awaited) = awaited.get(&response.id) {
            // Who asked may have stopped to listen.
            let _ = awaited.send(response);
        }
    }

    /// Answers to question `id` from now on.
    pub(super) fn await_answers(&self, id: u32) -> mpsc::UnboundedReceiver<Response> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut awaited = self.awaited.lock().expect("no panic among questions");
        awaited.retain(|_, waiting| !waiting.is_closed());
        awaited.insert(id, sender);
        receiver
    }
}

/// Answers a question, where it is one about keys that this server is meant by.
pub(super) async fn answer(gossip: &Gossip, query: &Query) {
    if let Some(address) = address_of(&query.addr, query.port)
        && let Some(response) = own_answer(gossip, query)
    {
        let message = Message::User(Serf::Response(response).encode());
        packet::send(&gossip.0.socket, gossip.keyring(), &[message.encode()], address).await;
    }
}

/// What this server answers.
pub(super) fn own_answer(gossip: &Gossip, query: &Query) -> Option<Response> {
    let operation = KeyOperation::of(&query.name)?;
    if !query.filters.is_empty() || query.flags & FLAG_ACK != 0 {
        return None;
    }
    let response = carry_out(gossip, operation, &query.payload);
    let (time, id, from) = (query.time, query.id, gossip.own().name);
    Some(Response { time, id, from, flags: 0, payload: response.encode() })
}

fn carry_out(gossip: &Gossip, operation: KeyOperation, payload: &[u8]) -> KeyResponse {
    let log = &gossip.0.host.log;
    let (verb, failure) = match operation {
        KeyOperation::List => ("list-keys", ""),
        KeyOperation::Install => ("install-key", "Failed to install key"),
        KeyOperation::Use => ("use-key", "Failed to change primary key"),
        KeyOperation::Remove => ("remove-key", "Failed to remove key"),
    };
    log.info("nomad", format!("serf: Received {verb} query"));
    let keyring = gossip.keyring();
    if !keyring.is_encrypted() {
        log.error("nomad", "serf: No keyring to modify (encryption not enabled)");
        let message = match operation {
            KeyOperation::List => "Keyring is empty (encryption not enabled)",
            _ => "No keyring to modify (encryption not enabled)",
        };
        return KeyResponse { message: message.into(), ..KeyResponse::default() };
    }
    if operation == KeyOperation::List {
        let keys = keyring.encoded();
        let primary_key = keyring.primary().map(|key| STANDARD.encode(key)).unwrap_or_default();
        return KeyResponse { result: true, message: String::new(), keys, primary_key };
    }
    let done = KeyRequest::decode(payload).and_then(|request| match operation {
        KeyOperation::Install => keyring.install(request.key),
        KeyOperation::Use => keyring.set_primary(&request.key),
        _ => keyring.remove(&request.key),
    });
    match done {
        Ok(()) => KeyResponse { result: true, ..KeyResponse::default() },
        Err(message) => {
            log.error("nomad", format!("serf: {failure}: {message}"));
            KeyResponse { message, ..KeyResponse::default() }
        }
    }
}
