//! Calls to whichever server answers.

use std::time::Duration;

use rmpv::Value;

use super::Client;
use crate::hclog::pair;
use crate::seam::{RpcContext, RpcError, RpcResult};
use crate::server::{Access, can_retry};

/// How long one call is tried again.
const HOLD: Duration = Duration::from_secs(5);

/// What a call to nobody says.
pub(super) const NO_SERVERS: &str = "no servers";

impl Client {
    /// Calls a server; the next one where that fails and the call may be put again. The error is the last server's.
    pub(crate) async fn rpc(&self, method: &str, access: Access, body: Value) -> RpcResult {
        let result = match &self.parts.local_server {
            Some(server) => {
                std::sync::Arc::clone(server).call(RpcContext::internal(), method.to_owned(), body).await
            }
            None => self.remote(method, access, body).await,
        };
        if result.is_ok() {
            self.success.notify_waiters();
        }
        result
    }

    async fn remote(&self, method: &str, access: Access, body: Value) -> RpcResult {
        let clock = &self.parts.host.clock;
        let log = &self.parts.host.log;
        let mut deadline = clock.now() + HOLD;
        loop {
            let Some(server) = self.servers.first() else { return Err(RpcError::new(NO_SERVERS)) };
            let asked = clock.now();
            let result =
                self.parts.dialer.call(server, &self.parts.settings.region, method, body.clone()).await;
            let Err(error) = result else { return result };
            // Time in which a server held a query is not time in which the call failed.
            deadline += (clock.now() - asked).max(time::Duration::ZERO);
            let about = format!("{} rpc={method} server={server}", pair("error", &error));
            log.error("client.rpc", format!("error performing RPC to server: {about}"));
            self.servers.failed(server);
            if !can_retry(&error, access) {
                log.error(
                    "client.rpc",
                    format!(
                        "error performing RPC to server which is not safe to automatically retry: {about}"
                    ),
                );
                return Err(error);
            }
            if clock.now() >= deadline {
                log.error(
                    "client.rpc",
                    format!("error performing RPC to server, deadline exceeded, cannot retry: {about}"),
                );
                return Err(error);
            }
            clock.sleep(self.entropy.duration(Duration::ZERO..HOLD / 16) + Duration::from_millis(1)).await;
        }
    }

    /// The fields that every request of the node carries.
    pub(super) fn common_fields(&self) -> Vec<(Value, Value)> {
        let token = if self.beat().registered { &self.identity.secret } else { &self.introduction };
        vec![
            ("Region".into(), self.parts.settings.region.as_str().into()),
            ("Namespace".into(), "".into()),
            ("AuthToken".into(), token.as_str().into()),
            ("Forwarded".into(), false.into()),
        ]
    }

    /// A request of the node.
    pub(super) fn request<const N: usize>(&self, fields: [(&str, Value); N]) -> Value {
        let mut all = self.common_fields();
        all.extend(fields.into_iter().map(|(name, value)| (name.into(), value)));
        Value::Map(all)
    }
}
