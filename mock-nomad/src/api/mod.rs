//! The HTTP API: plain functions from a request to a typed reply, one file a family. They do what the real agent
//! does: turn the request into an RPC, to this agent's own server, or from a client agent to some server.

mod acl;
mod agent;
mod allocations;
mod client;
mod decode;
mod deployments;
mod error;
mod evaluations;
mod events;
mod job_actions;
mod job_versions;
mod jobs;
mod json;
mod keyring;
mod lookup;
mod metrics;
mod monitor;
mod namespaces;
mod node;
mod nodes;
mod operator;
mod query;
mod raft;
mod routes;
mod scaling;
mod shape;
mod status;
mod variables;
mod volumes;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use lab_wire::BoxIo;
use lab_wire::http::{Pieces, TakeOver};
use rmpv::Value;

use self::query::Query;
use crate::acl::{Acl, Policy};
use crate::client::Client;
use crate::seam::{RpcContext, RpcResult};
use crate::server::{Access, Server};
use crate::structs::{Body, QueryMeta};
use crate::telemetry::Telemetry;

pub(crate) use self::error::ApiError;
pub(crate) use self::json::Shown;
pub(crate) use self::node::{call as call_about_node, is_call, is_stream, stream as stream_call};
pub(crate) use self::query::parse_bool;
pub(crate) use self::routes::{Place, find as find_place};

/// A request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    /// The path, decoded.
    pub(crate) path: String,
    /// The query's pairs, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// `X-Nomad-Token`, or the bearer token.
    pub(crate) token: Option<String>,
    pub(crate) body: Bytes,
    /// The key of a client that wants to speak WebSocket.
    pub(crate) websocket_key: Option<String>,
}

/// A good answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    /// The JSON body; `None`: an empty one.
    pub(crate) body: Option<serde_json::Value>,
    /// A JSON body as a server answered it, for what may be long.
    pub(crate) value: Option<Value>,
    /// For the headers `X-Nomad-Index`, `X-Nomad-LastContact` and `X-Nomad-KnownLeader`.
    pub(crate) meta: Option<QueryMeta>,
    /// Only for the header `X-Nomad-Index`, of a write.
    pub(crate) index: Option<u64>,
    /// 307 to there.
    pub(crate) location: Option<String>,
    /// Something else than JSON.
    pub(crate) raw: Option<Raw>,
    /// Another status than 200.
    pub(crate) status: Option<u16>,
    /// How many seconds the answer may be kept.
    pub(crate) cache: Option<i64>,
    /// The connection is for this answer only, which does not end.
    pub(crate) is_unending: bool,
}

/// An answer that is no JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// A whole body with its type.
    Bytes(String, Bytes),
    /// A body with its type that comes piece by piece.
    Pieces(&'static str, Pieces),
    /// WebSocket: the answer to the client's key, and who speaks then.
    TakeOver(String, TakeOver),
}

/// What stands around an agent's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AboutMetrics {
    /// The machine.
    pub(crate) host: String,
    pub(crate) has_prometheus: bool,
}

/// What the API shows of the agent itself: the agent implements it.
pub(crate) trait AgentView: Send + Sync {
    /// `config` of `/v1/agent/self`.
    fn config(&self) -> serde_json::Value;
    /// `member` of `/v1/agent/self`: this server as gossip has it; `null` on a client.
    fn member(&self) -> serde_json::Value;
    /// `/v1/agent/members`: `ServerName`, `ServerRegion`, `ServerDC`, `Members`.
    fn members(&self) -> serde_json::Value;
    /// What `stats` of `/v1/agent/self` shows beside the server's, the client's and Raft's: `serf`, `runtime`.
    fn stats(&self) -> serde_json::Value;
    /// The server's name with its region, `server-1.global`.
    fn server_name(&self) -> String;
    /// What stands around the agent's figures.
    fn metrics(&self) -> AboutMetrics;
    /// What the agent counts and measures.
    fn telemetry(&self) -> &Telemetry;
    /// Meets other servers: how many were met, and what was wrong with the others; `None` on a client.
    fn join<'a>(&'a self, addresses: &'a [&'a str]) -> BoxFuture<'a, Option<(usize, Vec<String>)>>;
    /// A way to the HTTP API of the agent of a node.
    fn dial_node<'a>(&'a self, node: &'a str) -> BoxFuture<'a, Result<BoxIo, String>>;
    /// Whether the agent's own `acl` block is enabled: a client decides by it whether it asks servers about tokens.
    fn enforces_access(&self) -> bool;
    /// A stream on the session that a node's client has with this server, after its first byte.
    fn open_node<'a>(&'a self, node: &'a str, first: u8) -> BoxFuture<'a, Result<BoxIo, String>>;
    /// A streaming call at some server, before its header.
    fn open_server(&self) -> BoxFuture<'_, Result<BoxIo, String>>;
    /// The present in nanoseconds since 1970.
    fn now_nanos(&self) -> i64;
    /// Other endpoints of the agent (join, force-leave, keyring, metrics); `None`: no such path.
    fn other<'a>(&'a self, request: &'a ApiRequest) -> BoxFuture<'a, Option<Result<Reply, ApiError>>>;
}

/// The API of one agent.
#[derive(Clone)]
pub(crate) struct Api {
    /// The agent's region.
    pub(crate) region: String,
    pub(crate) server: Option<Arc<Server>>,
    pub(crate) client: Option<Arc<Client>>,
    pub(crate) view: Arc<dyn AgentView>,
}

impl Api {
    /// Answers a request.
    pub(crate) async fn handle(&self, request: &ApiRequest) -> Result<Reply, ApiError> {
        let path = request.path.as_str();
        if path == "/" {
            return Ok(Reply { location: Some("/ui/".to_owned()), ..Reply::default() });
        }
        match path {
            "/ui" => return Ok(Reply { location: Some("/ui/".to_owned()), ..Reply::default() }),
            "/.well-known/jwks.json" => return keyring::jwks(self, request).await,
            "/.well-known/openid-configuration" => return keyring::discovery(self, request).await,
            _ => {}
        }
        let Some(rest) = path.strip_prefix("/v1/") else { return Err(ApiError::not_found("")) };
        // Names of variables, roles and the like end as they are written; an empty one is not the same as none.
        let (family, name) = rest.split_once('/').map_or((rest, None), |(family, name)| (family, Some(name)));
        match (family, name) {
            ("acl", Some(name)) => return acl::handle(self, request, name).await,
            ("namespaces", None) => return namespaces::list(self, request).await,
            ("namespace", name) => return namespaces::one(self, request, name).await,
            ("node", Some("pools")) => return namespaces::pools(self, request).await,
            ("node", Some(name)) if name.starts_with("pool/") => {
                return namespaces::pool(self, request, name.trim_start_matches("pool/")).await;
            }
            ("vars", None) => return variables::list(self, request).await,
            ("var", name) => return variables::one(self, request, name.unwrap_or_default()).await,
            ("operator", Some(name)) if name.starts_with("keyring/") => {
                return keyring::handle(self, request, name.trim_start_matches("keyring/")).await;
            }
            _ => {}
        }
        let (family, rest) = rest.split_once('/').unwrap_or((rest, ""));
        match (family, rest) {
            ("status", _) => status::handle(self, request, rest).await,
            ("regions", "") => status::regions(self, request).await,
            ("agent", _) => agent::handle(self, request, rest).await,
            ("nodes", "") => nodes::list(self, request).await,
            ("node", _) => nodes::one(self, request, rest).await,
            ("jobs", "") => jobs::all(self, request).await,
            ("jobs", "statuses") => scaling::statuses(self, request).await,
            ("jobs", "parse") => job_actions::parse(self, request).await,
            ("validate", "job") => job_actions::check(self, request).await,
            ("scaling", "policies") => scaling::policies(self, request).await,
            ("scaling", rest) if rest.starts_with("policy/") || rest == "policy" => {
                scaling::policy(self, request, rest.trim_start_matches("policy").trim_start_matches('/'))
                    .await
            }
            ("metrics", "") => metrics::show(self, request),
            ("event", "stream") => events::stream(self, request).await,
            ("deployments", "") => deployments::list(self, request).await,
            ("deployment", _) => deployments::one(self, request, rest).await,
            ("job", _) => jobs::one(self, request, rest).await,
            ("allocations", "") => allocations::list(self, request).await,
            ("allocation", _) => allocations::one(self, request, rest).await,
            ("evaluations", "") => evaluations::list(self, request).await,
            ("evaluations", "count") => evaluations::count(self, request).await,
            ("evaluation", _) => evaluations::one(self, request, rest).await,
            ("client", _) => client::handle(self, request, rest).await,
            ("operator", _) => operator::handle(self, request, rest).await,
            ("services", "") => lookup::services(self, request).await,
            ("service", _) => lookup::service(self, request, rest).await,
            ("search", "") => lookup::search(self, request, false).await,
            ("search", "fuzzy") => lookup::search(self, request, true).await,
            ("system", _) => lookup::system(self, request, rest).await,
            ("volumes" | "volume" | "plugins" | "plugin", _) => {
                volumes::handle(self, request, family, rest).await
            }
            ("quotas" | "quota" | "quota-usages" | "recommendations" | "recommendation" | "sentinel", _) => {
                Err(ApiError::new(501, "Nomad Enterprise only endpoint"))
            }
            _ => self.view.other(request).await.unwrap_or_else(|| Err(ApiError::not_found(""))),
        }
    }

    /// A new id.
    fn uuid(&self) -> String {
        let own = self.server.as_ref().map(|server| server.uuid());
        own.or_else(|| self.client.as_ref().map(|client| client.uuid())).unwrap_or_default()
    }

    /// Calls a server: this agent's own, or from a client agent one of those it knows.
    async fn rpc(&self, method: &str, access: Access, body: Value) -> RpcResult {
        if let Some(server) = &self.server {
            return server.service().call(RpcContext::internal(), method.to_owned(), body).await;
        }
        match &self.client {
            Some(client) => client.rpc(method, access, body).await,
            None => Err(crate::seam::RpcError::new("no servers")),
        }
    }

    /// Puts a question. The whole answer.
    async fn ask<const N: usize>(
        &self,
        request: &ApiRequest,
        method: &str,
        subject: [(&str, Value); N],
    ) -> Result<Value, ApiError> {
        let query = Query::of(request, &self.region)?;
        Ok(self.rpc(method, Access::Read, query.body(subject)).await?)
    }

    /// What the caller may do, as far as the agent itself decides it.
    async fn acl(&self, request: &ApiRequest) -> Result<Acl, ApiError> {
        let token = request.token.as_deref().unwrap_or_default();
        if let Some(server) = &self.server {
            return Ok(server.resolve(token).map_err(|error| unresolved(&error))?.acl);
        }
        if !self.view.enforces_access() {
            return Ok(Acl::management());
        }
        let (found, _) = self.read(request, "ACL.WhoAmI", [], "Identity").await?;
        let who = found.unwrap_or(Value::Nil);
        let token = Body(&who).get("ACLToken").cloned().unwrap_or(Value::Nil);
        let token = Body(&token);
        if token.string("Type") == "management" || token.string("AccessorID") == "acls-disabled" {
            return Ok(Acl::management());
        }
        // Who has no token has no claim to policies either.
        let names: Vec<Value> = match token.string("AccessorID") {
            "anonymous" => vec!["anonymous".into()],
            _ => {
                let answer = self.ask(request, "ACL.GetClaimPolicies", []).await?;
                let own = Body(&answer).list("Policies").iter();
                own.map(|policy| Body(policy).string("Name").into()).collect()
            }
        };
        let names = Value::Array(names);
        let (found, _) = self.read(request, "ACL.GetPolicies", [("Names", names)], "Policies").await?;
        let policies: Vec<Policy> = found
            .iter()
            .filter_map(Value::as_map)
            .flatten()
            .filter_map(|(_, policy)| Policy::parse(Body(policy).string("Rules")).ok())
            .collect();
        Ok(Acl::of(&policies))
    }

    /// Refuses who may not do something with the agent itself.
    async fn permit(&self, request: &ApiRequest, allowed: fn(&Acl) -> bool) -> Result<(), ApiError> {
        match allowed(&self.acl(request).await?) {
            true => Ok(()),
            false => Err(ApiError::new(403, "Permission denied")),
        }
    }

    /// Puts a query that may block. The reply's field `field` is the body, and its meta fields the headers.
    async fn read<const N: usize>(
        &self,
        request: &ApiRequest,
        method: &str,
        subject: [(&str, Value); N],
        field: &str,
    ) -> Result<(Option<Value>, QueryMeta), ApiError> {
        let answer = self.ask(request, method, subject).await?;
        let meta = QueryMeta::of(Body(&answer));
        let Value::Map(mut fields) = answer else { return Ok((None, meta)) };
        let found = fields.iter().position(|(name, _)| name.as_str() == Some(field));
        let found = found.map(|at| fields.swap_remove(at).1).filter(|value| !value.is_nil());
        Ok((found, meta))
    }

    /// Puts a call that changes something.
    async fn write<const N: usize>(
        &self,
        request: &ApiRequest,
        method: &str,
        subject: [(&str, Value); N],
    ) -> Result<Value, ApiError> {
        let query = Query::of_write(request, &self.region);
        Ok(self.rpc(method, Access::Write, query.body(subject)).await?)
    }
}

/// What is wrong with a token, as an agent says that judges for itself.
fn unresolved(error: &crate::seam::RpcError) -> ApiError {
    ApiError::from(crate::seam::RpcError::new(format!(
        "ACL token not found or invalid workload identity: {error}"
    )))
}

impl Reply {
    /// A body without headers about the state.
    fn plain(body: serde_json::Value) -> Self {
        Self { body: Some(body), ..Self::default() }
    }

    /// What a query found.
    fn found(body: serde_json::Value, meta: QueryMeta) -> Self {
        Self { body: Some(body), meta: Some(meta), ..Self::default() }
    }

    /// What a query found, a list that may be long, or one that is JSON already.
    fn listed(found: Option<Value>, meta: QueryMeta) -> Self {
        let reply = Self { meta: Some(meta), ..Self::default() };
        match found.unwrap_or(Value::Array(Vec::new())) {
            Value::Binary(json) => {
                Self { raw: Some(Raw::Bytes("application/json".to_owned(), json.into())), ..reply }
            }
            value => Self { value: Some(value), ..reply },
        }
    }

    /// What a write answered, whole.
    fn written(answer: &Value) -> Self {
        let index = Body(answer).index("Index");
        Self { body: Some(json::json(answer)), index: Some(index), ..Self::default() }
    }
}

impl ApiRequest {
    /// The method must be one of these.
    fn allow(&self, methods: &[Method]) -> Result<(), ApiError> {
        if methods.contains(&self.method) { Ok(()) } else { Err(ApiError::new(405, "Invalid method")) }
    }

    /// Whether the request changes something.
    fn is_write(&self) -> bool {
        matches!(self.method, Method::PUT | Method::POST)
    }
}
