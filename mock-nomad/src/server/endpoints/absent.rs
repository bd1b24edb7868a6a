//! Kinds of objects of which there never are any here: volumes and their plugins.

use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::structs::{Body, QueryOptions};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if !matches!(name, "List" | "Get") {
        return Err(unknown(&request.method));
    }
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    if request.method == "HostVolume.List" {
        // What one may see of none is not looked at, only who asks.
        server.caller(request)?;
    }
    if name == "List" && !request.method.starts_with("CSIPlugin") {
        Page::of(&QueryOptions::of(Body(&request.body)))?;
    }
    let none = || Value::Array(Vec::new());
    Ok(server.meta(1).reply([("Volumes", none()), ("Plugins", none())]))
}
