//! `/v1/metrics`: the agent's figures, as JSON or in Prometheus' form.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Api, ApiError, ApiRequest, Raw, Reply};
use crate::structs::Gauge;
use crate::telemetry::{Aggregate, Series, Telemetry, exposition};

pub(super) fn show(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let about = api.view.metrics();
    let mut gauges: Vec<Gauge> = api.client.iter().flat_map(|client| client.gauges()).collect();
    gauges.extend(api.server.iter().flat_map(|server| server.gauges()));
    for gauge in &mut gauges {
        gauge.labels.insert("host".to_owned(), about.host.clone());
    }
    gauges.sort_by(|one, other| (&one.name, &one.labels).cmp(&(&other.name, &other.labels)));
    let telemetry = api.view.telemetry();
    if request.parameter("format") != Some("prometheus") {
        return Ok(Reply::plain(summary(&gauges, telemetry, &about.host)));
    }
    if !about.has_prometheus {
        return Err(ApiError::new(415, "Prometheus is not enabled"));
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    let text = exposition(&gauges, telemetry, &about.host);
    Ok(Reply { raw: Some(Raw::Bytes(kind.to_owned(), text.into())), ..Reply::default() })
}

fn summary(gauges: &[Gauge], telemetry: &Telemetry, host: &str) -> Json {
    let gauges: Vec<Json> = gauges
        .iter()
        .map(|gauge| json!({"Name": gauge.name, "Value": gauge.value, "Labels": gauge.labels}))
        .collect();
    let window = telemetry.shown();
    let sums = |series: &BTreeMap<Series, Aggregate>| -> Vec<Json> {
        let one = |((name, labels), sum): (&Series, &Aggregate)| {
            let mut labels = labels.clone();
            labels.insert("host".to_owned(), host.to_owned());
            json!({
                "Name": name, "Labels": labels, "Count": sum.count, "Sum": sum.sum, "Min": sum.min, "Max": sum.max,
                "Mean": sum.mean(), "Stddev": sum.deviation(), "Rate": sum.rate(),
            })
        };
        series.iter().map(one).collect()
    };
    json!({
        "Timestamp": timestamp(window.begin), "Gauges": gauges, "Points": [],
        "Counters": sums(&window.counters), "Samples": sums(&window.samples),
    })
}

/// When a window began, as Go prints a moment.
fn timestamp(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (day, (hour, minute, second)) = (moment.date(), moment.to_hms());
    format!("{day} {hour:02}:{minute:02}:{second:02} +0000 UTC")
}
