//! The HTTP API: plain functions from a request to a typed reply, one file a family. They do what the real agent
//! does: turn the request into an RPC, to this agent's own server, or from a client agent to some server.

mod agent;
mod allocations;
mod decode;
mod error;
mod evaluations;
mod jobs;
mod json;
mod nodes;
mod operator;
mod query;
mod status;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use rmpv::Value;

use self::query::Query;
use crate::client::Client;
use crate::seam::{RpcContext, RpcResult};
use crate::server::{Access, Server};
use crate::structs::{Body, QueryMeta};

pub(crate) use self::error::ApiError;

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
}

/// A good answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    /// The JSON body; `None`: an empty one.
    pub(crate) body: Option<serde_json::Value>,
    /// For the headers `X-Nomad-Index`, `X-Nomad-LastContact` and `X-Nomad-KnownLeader`.
    pub(crate) meta: Option<QueryMeta>,
    /// Only for the header `X-Nomad-Index`, of a write.
    pub(crate) index: Option<u64>,
    /// 307 to there.
    pub(crate) location: Option<&'static str>,
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
    /// Other endpoints of the agent (join, force-leave, keyring, metrics); `None`: no such path.
    fn other(&self, request: &ApiRequest) -> Option<Result<Reply, ApiError>>;
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
            return Ok(Reply { location: Some("/ui/"), ..Reply::default() });
        }
        let Some(rest) = path.strip_prefix("/v1/") else { return Err(ApiError::not_found("")) };
        let rest = if rest.len() > 1 { rest.trim_end_matches('/') } else { rest };
        let (family, rest) = rest.split_once('/').unwrap_or((rest, ""));
        match (family, rest) {
            ("status", _) => status::handle(self, request, rest).await,
            ("regions", "") => status::regions(self, request).await,
            ("agent", "self" | "health" | "members" | "servers") => agent::handle(self, request, rest).await,
            ("nodes", "") => nodes::list(self, request).await,
            ("node", _) if !rest.is_empty() => nodes::one(self, request, rest).await,
            ("jobs", "") => jobs::all(self, request).await,
            ("job", _) if !rest.is_empty() => jobs::one(self, request, rest).await,
            ("allocations", "") => allocations::list(self, request).await,
            ("allocation", _) if !rest.is_empty() => allocations::one(self, request, rest).await,
            ("evaluations", "") => evaluations::list(self, request).await,
            ("evaluation", _) if !rest.is_empty() => evaluations::one(self, request, rest).await,
            ("operator", "raft/configuration" | "raft/peer" | "autopilot/health") => {
                operator::handle(self, request, rest).await
            }
            _ => self.view.other(request).unwrap_or_else(|| Err(ApiError::not_found(""))),
        }
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

    /// Puts a query that may block. The reply's field `field` is the body, and its meta fields the headers.
    async fn read<const N: usize>(
        &self,
        request: &ApiRequest,
        method: &str,
        subject: [(&str, Value); N],
        field: &str,
    ) -> Result<(Option<Value>, QueryMeta), ApiError> {
        let query = Query::of(request, &self.region)?;
        let answer = self.rpc(method, Access::Read, query.body(subject)).await?;
        let meta = QueryMeta::of(Body(&answer));
        Ok((Body(&answer).get(field).cloned(), meta))
    }

    /// Puts a call that changes something.
    async fn write<const N: usize>(
        &self,
        request: &ApiRequest,
        method: &str,
        subject: [(&str, Value); N],
    ) -> Result<Value, ApiError> {
        let query = Query::of(request, &self.region)?;
        Ok(self.rpc(method, Access::Write, query.body(subject)).await?)
    }
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
