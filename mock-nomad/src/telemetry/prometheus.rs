//! The form of Prometheus.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Labels, Series, Telemetry};
use crate::structs::Gauge;

/// Gauges as they are now, and everything counted and measured since the start. `host` is a label of each.
pub(crate) fn exposition(gauges: &[Gauge], telemetry: &Telemetry, host: &str) -> String {
    let now = telemetry.now();
    let mut families: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    let mut add = |name: &str, kind: &'static str, lines: Vec<String>| {
        families.entry(plain(name)).or_insert_with(|| (kind, Vec::new())).1.extend(lines);
    };
    for gauge in gauges {
        add(&gauge.name, "gauge", vec![line(&plain(&gauge.name), &gauge.labels, None, gauge.value)]);
    }
    let (counters, samples) = telemetry.totals();
    for (series, total) in &counters {
        let labels = with_host(series, host);
        add(&series.0, "counter", vec![line(&plain(&series.0), &labels, None, total.sum)]);
    }
    for (series, total) in &samples {
        add(&series.0, "summary", summary(series, &with_host(series, host), total, now));
    }
    let text = |(name, (kind, lines)): (String, (&str, Vec<String>))| {
        format!("# HELP {name} {name}\n# TYPE {name} {kind}\n{}", lines.concat())
    };
    families.into_iter().map(text).collect()
}

fn summary(series: &Series, labels: &Labels, total: &super::Total, now: OffsetDateTime) -> Vec<String> {
    let name = plain(&series.0);
    let quantile = |text: &'static str, part: f64| {
        line(&name, labels, Some(("quantile", text)), total.quantile(part, now).unwrap_or(f64::NAN))
    };
    #[expect(clippy::cast_precision_loss, reason = "figures are read by people and drawn")]
    let count = total.count as f64;
    vec![
        quantile("0.5", 0.5),
        quantile("0.9", 0.9),
        quantile("0.99", 0.99),
        line(&format!("{name}_sum"), labels, None, total.sum),
        line(&format!("{name}_count"), labels, None, count),
    ]
}

fn with_host(series: &Series, host: &str) -> Labels {
    let mut labels = series.1.clone();
    labels.insert("host".to_owned(), host.to_owned());
    labels
}

fn plain(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

fn line(name: &str, labels: &Labels, last: Option<(&str, &str)>, value: f64) -> String {
    let own = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels: Vec<String> =
        own.chain(last).map(|(name, value)| format!("{name}={}", lab_pki::quote(value))).collect();
    format!("{name}{{{}}} {}\n", labels.join(","), number(value))
}

/// A number as Go's shortest form has it: with an exponent from a million on.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let shown = format!("{value:e}");
    let Some((mantissa, exponent)) = shown.split_once('e') else { return shown };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_world::{DEFAULT_EPOCH, Simulation};

    #[test]
    fn each_name_is_introduced_once() {
        Simulation::run(1, DEFAULT_EPOCH, async |world| {
            let telemetry = Telemetry::new(&world.host("vm").clock);
            telemetry.count("nomad.rpc.query");
            telemetry.since("nomad.client.list", telemetry.now());
            let gauges = [
                Gauge::new("nomad.a.b", [("host", "x")], 1),
                Gauge::new("nomad.a.b", [("host", "y")], 1_916_928),
            ];
            let expected = "# HELP nomad_a_b nomad_a_b\n# TYPE nomad_a_b gauge\nnomad_a_b{host=\"x\"} 1\n\
                 nomad_a_b{host=\"y\"} 1.916928e+06\n\
                 # HELP nomad_nomad_client_list nomad_nomad_client_list\n# TYPE nomad_nomad_client_list summary\n\
                 nomad_nomad_client_list{host=\"vm\",quantile=\"0.5\"} 0\n\
                 nomad_nomad_client_list{host=\"vm\",quantile=\"0.9\"} 0\n\
                 nomad_nomad_client_list{host=\"vm\",quantile=\"0.99\"} 0\n\
                 nomad_nomad_client_list_sum{host=\"vm\"} 0\nnomad_nomad_client_list_count{host=\"vm\"} 1\n\
                 # HELP nomad_nomad_rpc_query nomad_nomad_rpc_query\n# TYPE nomad_nomad_rpc_query counter\n\
                 nomad_nomad_rpc_query{host=\"vm\"} 1\n";
            assert_eq!(exposition(&gauges, &telemetry, "vm"), expected);
            assert_eq!(number(0.000_05), "5e-05");
            assert_eq!(number(241_663.5), "241663.5");
        });
    }
}
