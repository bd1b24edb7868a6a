//! `/v1/client/stats`: what the node's machine is doing.

use serde_json::json;

use super::super::query::Query;
use super::super::{Api, ApiError, ApiRequest, Reply};

pub(super) fn node(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let client = super::own_client(api)?;
    if let Some(node) = request.parameter("node_id").filter(|node| !node.is_empty())
        && !client.node_id().starts_with(node)
    {
        return Err(ApiError::not_found(format!("Unknown node: {node}")));
    }
    let resources = client.node().node_resources;
    let (total, disk) = (resources.memory.memory_mb << 20, resources.disk.disk_mb << 20);
    let cores = resources.cpu.total_cpu_cores.max(1);
    let cpu: Vec<_> = (0..cores)
        .map(|core| {
            json!({"CPU": format!("cpu{core}"), "Idle": 100.0, "System": 0.0, "TotalPercent": 0.0,
                   "TotalTicks": 0.0, "User": 0.0})
        })
        .collect();
    let storage = |device: &str, mountpoint: &str| {
        json!({"Available": disk, "Device": device, "InodesUsedPercent": 0.0, "Mountpoint": mountpoint,
               "Size": disk, "Used": 0, "UsedPercent": 0.0})
    };
    let body = json!({
        "AllocDirStats": storage("", ""), "CPU": cpu, "CPUTicksConsumed": 0.0, "DeviceStats": null,
        "DiskStats": [storage("/dev/vda", "/")],
        "Memory": {"Available": total, "Free": total, "Total": total, "Used": 0},
        "Timestamp": client.now_nanos(), "Uptime": client.uptime().as_secs(),
    });
    // The real agent goes on after telling what is wrong with the parameters.
    match Query::of(request, &api.region) {
        Ok(_) => Ok(Reply::plain(body)),
        Err(error) => Err(ApiError { message: format!("{}{body}", error.message), ..error }),
    }
}
