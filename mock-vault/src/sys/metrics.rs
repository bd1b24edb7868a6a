//! `sys/metrics`: what the server knows of itself in numbers, as JSON or for Prometheus.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Response};
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("format")];

/// The endpoint of the metrics.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[Endpoint::new("metrics", &[FIELDS], &[(Read, metrics)])];

/// A number with its labels.
struct Sample {
    /// With dots: `vault.core.active`.
    name: &'static str,
    counter: bool,
    labels: Vec<(&'static str, String)>,
    value: u64,
}

fn metrics(state: &mut State, call: &Call<'_>) -> Outcome {
    let accepts = call.request.headers.get("accept").map_or("", String::as_str);
    let format = match call.fields.text("format") {
        "" if accepts.starts_with("application/openmetrics-text")
            || accepts.starts_with("prometheus/telemetry") =>
        {
            "prometheus"
        }
        format => format,
    };
    let samples = samples(state);
    match format {
        "" => Response::raw(200, "application/json", json_of(&samples, call).to_string()),
        "prometheus" => Response::raw(200, "text/plain; version=0.0.4; charset=utf-8", text_of(&samples)),
        other => Response::raw(400, "text/plain", format!("metric response format {other:?} unknown")),
    }
    .ok()
}

fn samples(state: &State) -> Vec<Sample> {
    let cluster = || vec![("cluster", state.cluster.get().name.clone())];
    let gauge = |name, labels, value| Sample { name, counter: false, labels, value };
    let mut samples = vec![
        gauge("vault.core.active", cluster(), 1),
        gauge("vault.core.in_flight_requests", cluster(), 1),
        gauge("vault.core.locked_users", Vec::new(), state.lockouts.locked() as u64),
    ];
    for (auth, kind) in [(true, "auth"), (false, "logical")] {
        for local in [false, true] {
            let entries = state.mounts.values().map(|mount| &mount.entry);
            let count = entries.filter(|entry| entry.is_auth() == auth && entry.local == local).count();
            let labels = [("local", local.to_string()), ("type", kind.to_owned())];
            let labels = cluster().into_iter().chain(labels).collect();
            samples.push(gauge("vault.core.mount_table.num_entries", labels, count as u64));
        }
    }
    let irrevocable = state.leases.values().filter(|lease| lease.irrevocable.is_some()).count();
    samples.extend([
        gauge("vault.core.performance_standby", cluster(), 0),
        gauge("vault.core.unsealed", cluster(), 1),
        gauge("vault.expire.num_irrevocable_leases", Vec::new(), irrevocable as u64),
        gauge("vault.expire.num_leases", Vec::new(), (state.leases.values().count() - irrevocable) as u64),
        gauge("vault.identity.num_entities", cluster(), state.identity.entities.len() as u64),
        gauge("vault.token.count", cluster(), state.tokens.accessors().count() as u64),
    ]);
    let (term, _, encryptions) = &state.key_status;
    samples.push(Sample {
        name: "vault.barrier.estimated_encryptions",
        counter: true,
        labels: vec![("term", term.to_string())],
        value: *encryptions,
    });
    samples
}

fn json_of(samples: &[Sample], call: &Call<'_>) -> Value {
    let labels = |sample: &Sample| -> Value {
        sample.labels.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
    };
    let (counters, gauges): (Vec<&Sample>, Vec<&Sample>) = samples.iter().partition(|sample| sample.counter);
    let gauges = gauges
        .iter()
        .map(|sample| json!({"Name": sample.name, "Value": sample.value, "Labels": labels(sample)}));
    let counters = counters.iter().map(|sample| {
        json!({
            "Name": sample.name, "Count": sample.value, "Rate": sample.value as f64 / INTERVAL, "Sum": sample.value,
            "Min": 1, "Max": 1, "Mean": 1, "Stddev": 0, "Labels": labels(sample),
        })
    });
    let rounded = call.now() - time::Duration::seconds(i64::from(call.now().second() % 10));
    let stamp = lab_world::format_rfc3339(rounded).replace('T', " ").replace('Z', " +0000 UTC");
    json!({
        "Timestamp": stamp, "Gauges": gauges.collect::<Vec<_>>(), "Points": [], "Counters": counters.collect::<Vec<_>>(),
        "Samples": [],
    })
}

/// Numbers are collected for so many seconds.
const INTERVAL: f64 = 10.0;

fn text_of(samples: &[Sample]) -> String {
    let mut text = String::new();
    let mut last = "";
    for sample in samples {
        let name = sample.name.replace('.', "_");
        // Writing to a string does not fail.
        if last != sample.name {
            let kind = if sample.counter { "counter" } else { "gauge" };
            let _ = writeln!(text, "# HELP {name} {name}\n# TYPE {name} {kind}");
        }
        last = sample.name;
        let labels: Vec<String> =
            sample.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(text, "{name}{labels} {}", sample.value);
    }
    text
}

/// How metrics are collected, as `sys/config/state/sanitized` shows it.
pub(crate) fn telemetry_settings() -> Data {
    let settings = json!({
        "add_lease_metrics_namespace_labels": false, "add_mount_point_rollback_metrics": false, "disable_hostname": true,
        "dogstatsd_addr": "", "dogstatsd_tags": null, "lease_metrics_epsilon": 3_600_000_000_000_u64,
        "maximum_gauge_cardinality": 500, "metrics_prefix": "", "num_lease_metrics_buckets": 168,
        "prometheus_retention_time": 86_400_000_000_000_u64, "stackdriver_debug_logs": false, "stackdriver_location": "",
        "stackdriver_namespace": "", "stackdriver_project_id": "", "statsd_address": "", "statsite_address": "",
        "usage_gauge_period": 600_000_000_000_u64,
    });
    let circonus = CIRCONUS.map(|name| (format!("circonus_{name}"), "".into()));
    settings.as_object().cloned().unwrap_or_default().into_iter().chain(circonus).collect()
}

const CIRCONUS: [&str; 13] = [
    "api_app",
    "api_token",
    "api_url",
    "broker_id",
    "broker_select_tag",
    "check_display_name",
    "check_force_metric_activation",
    "check_id",
    "check_instance_id",
    "check_search_tag",
    "check_tags",
    "submission_interval",
    "submission_url",
];
