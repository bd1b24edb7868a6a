//! `System`: tidying on request.

use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::RpcResult;
use crate::server::collector;
use crate::server::forward::{Access, Route};
use crate::structs::map;

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    match name {
        "GarbageCollect" => {
            collector::collect_all(server).await?;
            Ok(map([("Index", server.store.read(|tables| tables.index).into())]))
        }
        // Summaries are counted when they are asked for: there is nothing to reconcile.
        "ReconcileJobSummaries" => Ok(map([("Index", Value::from(0))])),
        _ => Err(unknown(&request.method)),
    }
}
