//! Hands calls on to whom they belong: another region, or the leader.

use std::time::Duration;

use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::structs::Body;

/// How long a call waits for a leader.
const HOLD: Duration = Duration::from_secs(5);

/// Where a call is to be carried out.
pub(super) enum Route {
    /// By this server.
    Here,
    /// It has been carried out elsewhere; this is the answer.
    Elsewhere(RpcResult),
}

/// Whether a call changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It only looks, and may be put again.
    Read,
    /// It changes something.
    Write,
}

impl Server {
    /// Finds out where a call belongs, and hands it on if that is elsewhere. Without a leader it waits for one for a
    /// while: `No cluster leader`. A leader that cannot be reached is an error at once.
    pub(super) async fn forward(&self, request: &Request, access: Access) -> Route {
        let body = Body(&request.body);
        let region = match body.string("Region") {
            "" if request.context.internal => self.parts.settings.region.as_str(),
            "" => return Route::Elsewhere(Err(RpcError::new("missing region for target RPC"))),
            region => region,
        };
        if region != self.parts.settings.region {
            return Route::Elsewhere(self.forward_region(request, region).await);
        }
        if access == Access::Read && body.boolean("AllowStale") {
            return self.here(request);
        }
        let clock = &self.parts.host.clock;
        let deadline = clock.now() + HOLD;
        let mut ready = self.ready.subscribe();
        // Who leads is known while the first key is still being made.
        let needs_state = !request.method.starts_with("Status.");
        loop {
            let error = match (self.raft.is_leader(), self.raft.leader()) {
                (true, _) if self.is_ready() || !needs_state => return self.here(request),
                (true, _) => RpcError::new("Not ready to serve consistent reads"),
                (false, None) => RpcError::no_leader(),
                (false, Some(leader)) => {
                    let body = forwarded(&request.body);
                    let answer = self.parts.dialer.call(leader.address, region, &request.method, body).await;
                    return Route::Elsewhere(answer);
                }
            };
            if clock.now() >= deadline {
                return Route::Elsewhere(Err(error));
            }
            // After a pause, or as soon as this server begins to lead.
            let pause = self.jitter.duration(Duration::ZERO..HOLD / 16) + Duration::from_millis(1);
            clock.timeout(pause, ready.changed()).await;
        }
    }

    /// The caller is asked for permission where the work is done.
    fn here(&self, request: &Request) -> Route {
        match self.permit(request) {
            Ok(()) => {
                self.count_call(&request.method);
                Route::Here
            }
            Err(error) => Route::Elsewhere(Err(error)),
        }
    }

    async fn forward_region(&self, request: &Request, region: &str) -> RpcResult {
        let mut servers = self.parts.members.servers();
        servers.retain(|member| member.alive && member.region == region);
        if servers.is_empty() {
            self.parts.host.log.warn("nomad.rpc", format!("no path found to region: region={region}"));
            return Err(RpcError::new("No path to region"));
        }
        let chosen = &servers[self.jitter.below(servers.len() as u64) as usize];
        self.parts.dialer.call(chosen.rpc, region, &request.method, request.body.clone()).await
    }
}

/// Whether an error may be gone at the next try: there was no leader, or a look was cut off.
pub(crate) fn can_retry(error: &RpcError, access: Access) -> bool {
    let cut = ["EOF", "session shutdown", "stream closed", "connection reset by peer", "broken pipe"];
    let was_cut = || cut.iter().any(|text| error.0.ends_with(text));
    error.0.contains("No cluster leader") || (access == Access::Read && was_cut())
}

fn forwarded(body: &Value) -> Value {
    let Value::Map(fields) = body else { return body.clone() };
    let mut fields: Vec<(Value, Value)> =
        fields.iter().filter(|(name, _)| name.as_str() != Some("Forwarded")).cloned().collect();
    fields.push(("Forwarded".into(), true.into()));
    Value::Map(fields)
}
