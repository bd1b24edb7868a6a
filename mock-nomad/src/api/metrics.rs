//! `/v1/metrics`: the agent's figures, as JSON or in Prometheus' form.

use http::Method;
use serde_json::{Value as Json, json};

use super::{Api, ApiError, ApiRequest, Raw, Reply};
use crate::structs::Gauge;

pub(super) fn show(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let about = api.view.metrics();
    let mut gauges: Vec<Gauge> = api.client.iter().flat_map(|client| client.gauges()).collect();
    gauges.extend(api.server.iter().flat_map(|server| server.gauges()));
    for gauge in &mut gauges {
        gauge.labels.insert("host".to_owned(), about.host.clone());
    }
    gauges.sort_by(|one, other| (&one.name, &one.labels).cmp(&(&other.name, &other.labels)));
    if request.parameter("format") != Some("prometheus") {
        let gauges: Vec<Json> = gauges
            .iter()
            .map(|gauge| json!({"Name": gauge.name, "Value": gauge.value, "Labels": gauge.labels}))
            .collect();
        return Ok(Reply::plain(json!({
            "Timestamp": about.interval, "Gauges": gauges, "Points": [], "Counters": [], "Samples": [],
        })));
    }
    if !about.has_prometheus {
        return Err(ApiError::new(415, "Prometheus is not enabled"));
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    let raw = Raw::Bytes(kind.to_owned(), prometheus(&gauges).into());
    Ok(Reply { raw: Some(raw), ..Reply::default() })
}

fn prometheus(gauges: &[Gauge]) -> String {
    let mut text = String::new();
    let mut last = "";
    for gauge in gauges {
        let name = gauge.name.replace(['.', '-'], "_");
        if last != gauge.name {
            text += &format!("# HELP {name} {name}\n# TYPE {name} gauge\n");
            last = &gauge.name;
        }
        let labels: Vec<String> =
            gauge.labels.iter().map(|(name, value)| format!("{name}={}", lab_pki::quote(value))).collect();
        text += &format!("{name}{{{}}} {}\n", labels.join(","), gauge.value);
    }
    text
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn each_name_is_introduced_once() {
        let gauges =
            [Gauge::new("nomad.a.b", [("host", "x")], 1), Gauge::new("nomad.a.b", [("host", "y")], 2)];
        assert_eq!(
            prometheus(&gauges),
            "# HELP nomad_a_b nomad_a_b\n# TYPE nomad_a_b gauge\nnomad_a_b{host=\"x\"} 1\nnomad_a_b{host=\"y\"} 2\n"
        );
    }
}
