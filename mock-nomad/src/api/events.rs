//! `/v1/event/stream`: what happens, as it happens, one JSON object a line.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::Method;
use lab_wire::http::Pieces;
use lab_wire::rpc::to_value;
use serde::Serialize;
use serde_json::{Value as Json, json as object};
use tokio::sync::watch;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Raw, Reply};
use crate::acl::{Acl, Level};
use crate::server::Server;
use crate::state::{Event, Subject};

/// How often who listens hears that there is still somebody.
const HEARTBEAT: Duration = Duration::from_secs(10);

pub(super) async fn stream(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let index = match request.parameter("index").filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse::<u64>().map_err(|_| {
            let text = lab_pki::quote(text);
            ApiError::new(400, format!("Unable to parse index: strconv.Atoi: parsing {text}: invalid syntax"))
        })?,
    };
    let wanted = Wanted::of(request)?;
    let acl = api.acl(request).await?;
    let Some(server) = &api.server else {
        return super::node::events(api, request, index).await;
    };
    let newest = server.newest_event();
    // Of an index that is not reached yet only what comes from now on.
    let from = if index > *newest.borrow() { *newest.borrow() + 1 } else { index };
    let allowed = wanted.is_allowed(&acl);
    let hello = allowed.then(|| Bytes::from_static(b"{}\n"));
    let follower = Follower {
        server: Arc::downgrade(server),
        allowed,
        wanted,
        newest,
        from,
        ready: hello.into_iter().collect(),
    };
    let pieces = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((piece, follower))
    });
    let raw = Raw::Pieces("application/json", Pieces::new(pieces));
    Ok(Reply { raw: Some(raw), is_unending: true, ..Reply::default() })
}

/// What is asked for.
struct Wanted {
    /// Topics, each with a key or `*`.
    topics: Vec<(String, String)>,
    namespace: String,
}

impl Wanted {
    fn of(request: &ApiRequest) -> Result<Self, ApiError> {
        let mut topics = Vec::new();
        for (_, text) in request.query.iter().filter(|(name, _)| name == "topic") {
            let mut parts = text.split(':');
            let (topic, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("*"));
            if parts.next().is_some() {
                return Err(ApiError::new(
                    400,
                    format!(
                        "Invalid topic query: error parsing topics: Invalid key value pair for topic, topic: {text}"
                    ),
                ));
            }
            topics.push((topic.to_owned(), key.to_owned()));
        }
        if topics.is_empty() {
            topics.push(("*".to_owned(), "*".to_owned()));
        }
        let namespace = request.parameter("namespace").filter(|name| !name.is_empty()).unwrap_or("default");
        Ok(Self { topics, namespace: namespace.to_owned() })
    }

    fn is_allowed(&self, acl: &Acl) -> bool {
        self.topics.iter().all(|(topic, _)| match topic.as_str() {
            "Job" | "Evaluation" | "Allocation" | "Deployment" | "Service" => {
                acl.allows_in_namespace(&self.namespace, "read-job")
            }
            "Node" | "NodePool" => acl.allows_node(Level::Read),
            _ => acl.is_management(),
        })
    }

    fn wants(&self, shown: &Shown) -> bool {
        let in_namespace =
            shown.namespace.is_empty() || self.namespace == "*" || self.namespace == shown.namespace;
        in_namespace
            && self.topics.iter().any(|(topic, key)| {
                (topic == "*" || topic == shown.topic)
                    && (key == "*" || *key == shown.key || shown.filter_keys.contains(key))
            })
    }
}

struct Follower {
    server: std::sync::Weak<Server>,
    wanted: Wanted,
    allowed: bool,
    newest: watch::Receiver<u64>,
    /// The index of the first change that is still to be told.
    from: u64,
    ready: VecDeque<Bytes>,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let server = self.server.upgrade()?;
            self.newest.borrow_and_update();
            for batch in server.events_since(self.from) {
                self.from = batch.index + 1;
                let shown =
                    batch.events.iter().map(show).filter(|shown| self.allowed && self.wanted.wants(shown));
                let events: Vec<Json> = shown.map(|shown| shown.into_json(batch.index)).collect();
                if !events.is_empty() {
                    let line = format!("{}\n", object!({"Index": batch.index, "Events": events}));
                    self.ready.push_back(line.into());
                }
            }
            if !self.ready.is_empty() {
                continue;
            }
            let clock = server.clock().clone();
            // A stream does not keep its server alive.
            drop(server);
            match clock.timeout(HEARTBEAT, self.newest.changed()).await {
                // Who may not listen is not refused, but hears nothing at all.
                None if !self.allowed => {}
                None => self.ready.push_back(Bytes::from_static(b"{}\n")),
                Some(Ok(())) => {}
                Some(Err(_)) => return None,
            }
        }
    }
}

/// An event as it is shown.
struct Shown {
    topic: &'static str,
    kind: &'static str,
    key: String,
    namespace: String,
    filter_keys: Vec<String>,
    payload: Json,
}

impl Shown {
    fn into_json(self, index: u64) -> Json {
        let keys = if self.filter_keys.is_empty() { Json::Null } else { self.filter_keys.into() };
        object!({
            "Topic": self.topic, "Type": self.kind, "Key": self.key, "Namespace": self.namespace,
            "FilterKeys": keys, "Index": index, "Payload": self.payload,
        })
    }
}

fn show(event: &Event) -> Shown {
    let none = Vec::new;
    let (topic, field, key, namespace, filter_keys, body) = match &event.subject {
        Subject::Node(node) => {
            let mut body = plain(&**node);
            body["SecretID"] = "".into();
            ("Node", "Node", &node.id, "", none(), body)
        }
        Subject::Job(job) => ("Job", "Job", &job.id, job.namespace.as_str(), none(), plain(&**job)),
        Subject::Allocation(found) => {
            let mut body = plain(&**found);
            body.as_object_mut().map(|fields| fields.remove("Job"));
            super::allocations::add_old_resources(&mut body);
            let keys = vec![found.job_id.clone(), found.deployment_id.clone()];
            ("Allocation", "Allocation", &found.id, found.namespace.as_str(), keys, body)
        }
        Subject::Evaluation(found) => {
            let keys = vec![found.job_id.clone(), found.deployment_id.clone()];
            ("Evaluation", "Evaluation", &found.id, found.namespace.as_str(), keys, plain(&**found))
        }
        Subject::Deployment(found) => {
            let keys = vec![found.job_id.clone()];
            ("Deployment", "Deployment", &found.id, found.namespace.as_str(), keys, plain(&**found))
        }
        Subject::Service(found) => {
            let keys = vec![found.job_id.clone(), found.service_name.clone()];
            ("Service", "Service", &found.id, found.namespace.as_str(), keys, plain(&**found))
        }
        Subject::NodePool(found) => ("NodePool", "NodePool", &found.name, "", none(), plain(&**found)),
        Subject::Policy(found) => ("ACLPolicy", "ACLPolicy", &found.name, "", none(), plain(&**found)),
        Subject::Token(found) => {
            let mut body = plain(&**found);
            body["SecretID"] = "".into();
            ("ACLToken", "ACLToken", &found.accessor_id, "", none(), body)
        }
        Subject::Role(found) => {
            ("ACLRole", "ACLRole", &found.id, "", vec![found.name.clone()], plain(&**found))
        }
        Subject::AuthMethod(found) => {
            ("ACLAuthMethod", "AuthMethod", &found.name, "", none(), plain(&**found))
        }
    };
    Shown {
        topic,
        kind: event.kind,
        key: key.clone(),
        namespace: namespace.to_owned(),
        filter_keys,
        payload: object!({field: body}),
    }
}

/// An object as the API shows it.
fn plain(value: &impl Serialize) -> Json {
    to_value(value).map(|value| json(&value)).unwrap_or(Json::Null)
}
