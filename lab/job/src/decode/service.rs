//! The `service` block.

use serde_json::Value as Json;

use super::block::{self, Appears, Inner, Table, elsewhere, list, object};
use super::expect::one;
use super::field::{Type, maybe, plain};
use super::task::IDENTITY;
use super::{Context, Found, Place, complete};

static CHECK_RESTART: Table = Table {
    fields: &[
        plain("limit", "Limit", Type::Integer),
        maybe("grace", "Grace", Type::Duration),
        plain("ignore_warnings", "IgnoreWarnings", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

static CHECK: Table = Table {
    fields: &[
        plain("name", "Name", Type::Text),
        plain("type", "Type", Type::Text),
        plain("command", "Command", Type::Text),
        maybe("args", "Args", Type::Texts),
        plain("path", "Path", Type::Text),
        plain("protocol", "Protocol", Type::Text),
        plain("port", "PortLabel", Type::Text),
        plain("expose", "Expose", Type::Truth),
        plain("address_mode", "AddressMode", Type::Text),
        plain("advertise", "Advertise", Type::Text),
        plain("interval", "Interval", Type::Duration),
        plain("timeout", "Timeout", Type::Duration),
        plain("initial_status", "InitialStatus", Type::Text),
        plain("notes", "Notes", Type::Text),
        plain("tls_server_name", "TLSServerName", Type::Text),
        plain("tls_skip_verify", "TLSSkipVerify", Type::Truth),
        plain("method", "Method", Type::Text),
        plain("grpc_service", "GRPCService", Type::Text),
        plain("grpc_use_tls", "GRPCUseTLS", Type::Truth),
        plain("task", "TaskName", Type::Text),
        plain("success_before_passing", "SuccessBeforePassing", Type::Integer),
        plain("failures_before_critical", "FailuresBeforeCritical", Type::Integer),
        plain("failures_before_warning", "FailuresBeforeWarning", Type::Integer),
        plain("body", "Body", Type::Text),
        plain("on_update", "OnUpdate", Type::Text),
    ],
    blocks: &[
        Inner { nested: one("header"), json: "Header", appears: Appears::TextsMap, table: &block::EMPTY },
        object("check_restart", "CheckRestart", &CHECK_RESTART),
    ],
    label: None,
};

static UPSTREAM: Table = Table {
    fields: &[
        plain("destination_name", "DestinationName", Type::Text),
        plain("destination_namespace", "DestinationNamespace", Type::Text),
        plain("destination_partition", "DestinationPartition", Type::Text),
        plain("destination_peer", "DestinationPeer", Type::Text),
        plain("destination_type", "DestinationType", Type::Text),
        plain("local_bind_port", "LocalBindPort", Type::Integer),
        plain("local_bind_address", "LocalBindAddress", Type::Text),
        plain("local_bind_socket_path", "LocalBindSocketPath", Type::Text),
        plain("local_bind_socket_mode", "LocalBindSocketMode", Type::Text),
        plain("datacenter", "Datacenter", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static PROXY: Table = Table {
    fields: &[
        plain("local_service_address", "LocalServiceAddress", Type::Text),
        plain("local_service_port", "LocalServicePort", Type::Integer),
    ],
    blocks: &[list("upstreams", "Upstreams", &UPSTREAM), elsewhere(one("config"))],
    label: None,
};

static SIDECAR_SERVICE: Table = Table {
    fields: &[
        maybe("tags", "Tags", Type::Texts),
        plain("port", "Port", Type::Text),
        plain("disable_default_tcp_check", "DisableDefaultTCPCheck", Type::Truth),
    ],
    blocks: &[object("proxy", "Proxy", &PROXY)],
    label: None,
};

static CONNECT: Table = Table {
    fields: &[plain("native", "Native", Type::Truth)],
    blocks: &[object("sidecar_service", "SidecarService", &SIDECAR_SERVICE)],
    label: None,
};

static WEIGHTS: Table = Table {
    fields: &[plain("passing", "Passing", Type::Integer), plain("warning", "Warning", Type::Integer)],
    blocks: &[],
    label: None,
};

static SERVICE: Table = Table {
    fields: &[
        plain("name", "Name", Type::Text),
        maybe("tags", "Tags", Type::Texts),
        maybe("canary_tags", "CanaryTags", Type::Texts),
        plain("enable_tag_override", "EnableTagOverride", Type::Truth),
        plain("port", "PortLabel", Type::Text),
        plain("address_mode", "AddressMode", Type::Text),
        plain("address", "Address", Type::Text),
        plain("task", "TaskName", Type::Text),
        plain("on_update", "OnUpdate", Type::Text),
        plain("provider", "Provider", Type::Text),
        plain("cluster", "Cluster", Type::Text),
        plain("kind", "Kind", Type::Text),
    ],
    blocks: &[
        list("check", "Checks", &CHECK),
        object("check_restart", "CheckRestart", &CHECK_RESTART),
        object("connect", "Connect", &CONNECT),
        Inner { nested: one("meta"), json: "Meta", appears: Appears::TextMap, table: &block::EMPTY },
        Inner {
            nested: one("canary_meta"),
            json: "CanaryMeta",
            appears: Appears::TextMap,
            table: &block::EMPTY,
        },
        Inner {
            nested: one("tagged_addresses"),
            json: "TaggedAddresses",
            appears: Appears::TextMap,
            table: &block::EMPTY,
        },
        object("identity", "Identity", &IDENTITY),
        object("weights", "Weights", &WEIGHTS),
    ],
    label: None,
};

/// The service that a `service` block describes.
pub(super) fn decode(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, _) = block::body(&SERVICE, &Place::of(found), context);
    finish_connect(&mut fields);
    Json::Object(fields)
}

/// A service that came as JSON, with every field that the API's service has.
pub(super) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&SERVICE, given);
    finish_connect(&mut fields);
    Json::Object(fields)
}

fn finish_connect(fields: &mut serde_json::Map<String, Json>) {
    if let Some(connect) = fields.get_mut("Connect").and_then(Json::as_object_mut) {
        connect.entry("SidecarTask").or_insert(Json::Null);
        connect.entry("Gateway").or_insert(Json::Null);
        if let Some(Json::Object(sidecar)) = connect.get_mut("SidecarService") {
            sidecar.entry("Meta").or_insert(Json::Null);
        }
    }
}
