//! Learns what the node shall run.

use std::sync::Arc;
use std::time::Duration;

use rmpv::Value;

use super::rpc::NO_SERVERS;
use super::{Client, LOGGER, runner};
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::server::Access;
use crate::structs::{Allocation, Body};

const RETRY: Duration = Duration::from_secs(30);

/// Asks for the node's allocations, each time from what it knows on, and brings what runs in line.
pub(super) async fn run(client: Arc<Client>) {
    let log = &client.parts.host.log;
    loop {
        let registered = client.registered.notified();
        if client.beat().registered {
            break;
        }
        registered.await;
    }
    let mut index = 0;
    loop {
        let answer = match ask(&client, index).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.0 != NO_SERVERS {
                    log.error(LOGGER, format!("error querying node allocations: {}", pair("error", &error)));
                }
                client.wait_for_success(client.retry_interval(RETRY)).await;
                continue;
            }
        };
        let reply = Body(&answer);
        let Some(changed) = changed(&client, reply) else { continue };
        let fetched = if changed.is_empty() { Ok(Vec::new()) } else { fetch(&client, &changed).await };
        match fetched {
            Ok(allocations) => {
                index = reply.index("Index");
                bring_in_line(&client, reply, allocations);
            }
            Err(error) => {
                log.error(LOGGER, format!("error querying updated allocations: {}", pair("error", &error)));
                client.wait_for_success(client.retry_interval(RETRY)).await;
            }
        }
    }
}

async fn ask(client: &Client, index: u64) -> Result<Value, RpcError> {
    // Only the first answer must come from the leader.
    let stale = index > 0;
    let body = client.request([
        ("NodeID", client.node_id().into()),
        ("SecretID", client.identity.secret.as_str().into()),
        ("MinQueryIndex", index.into()),
        ("MaxQueryTime", 0.into()),
        ("AllowStale", stale.into()),
    ]);
    client.rpc("Node.GetClientAllocs", Access::Read, body).await
}

/// Which allocations of the answer are new or newer than what runs, with their indexes.
fn changed(client: &Client, reply: Body<'_>) -> Option<Vec<(String, u64)>> {
    let listed = reply.get("Allocs").map_or(Some(&[][..]), |listed| listed.as_map().map(Vec::as_slice))?;
    let runners = client.runners();
    let newer = listed.iter().filter_map(|(id, index)| {
        let (id, index) = (id.as_str()?, index.as_u64()?);
        let known = runners.get(id).map(runner::Runner::server_index);
        known.is_none_or(|known| known < index).then(|| (id.to_owned(), index))
    });
    Some(newer.collect())
}

async fn fetch(client: &Client, changed: &[(String, u64)]) -> Result<Vec<Allocation>, RpcError> {
    let ids = Value::Array(changed.iter().map(|(id, _)| id.as_str().into()).collect());
    // The answering server must know the newest of them.
    let index = changed.iter().map(|(_, index)| *index).max().unwrap_or(0);
    let body = client.request([
        ("AllocIDs", ids),
        ("MinQueryIndex", index.saturating_sub(1).into()),
        ("MaxQueryTime", 0.into()),
        ("AllowStale", true.into()),
    ]);
    let answer = client.rpc("Alloc.GetAllocs", Access::Read, body).await?;
    Ok(Body(&answer).object("Allocs")?.unwrap_or_default())
}

fn bring_in_line(client: &Arc<Client>, reply: Body<'_>, fetched: Vec<Allocation>) {
    let listed = reply.get("Allocs").and_then(Value::as_map);
    let is_listed =
        |id: &str| listed.is_some_and(|listed| listed.iter().any(|(known, _)| known.as_str() == Some(id)));
    let gone: Vec<String> = client.runners().keys().filter(|id| !is_listed(id)).cloned().collect();
    let (known, new): (Vec<_>, Vec<_>) =
        fetched.into_iter().partition(|fetched| client.runners().contains_key(&fetched.id));
    let log = &client.parts.host.log;
    let counts = format!("total={} pulled={}", listed.map_or(0, Vec::len), known.len() + new.len());
    log.debug(LOGGER, format!("updated allocations: index={} {counts}", reply.index("Index")));
    if !(gone.is_empty() && known.is_empty() && new.is_empty()) {
        log.debug(
            LOGGER,
            format!("allocation updates: added={} removed={} updated={}", new.len(), gone.len(), known.len()),
        );
    }
    gone.iter().for_each(|id| runner::destroy(client, id));
    known.into_iter().for_each(|allocation| runner::update(client, allocation));
    new.into_iter().for_each(|allocation| runner::add(client, allocation));
}
