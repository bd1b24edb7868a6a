//! CT202: the same request more than once.

use crate::Severity;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::Rendered;
use crate::templating::request;

/// Within one process.
pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let calls: Vec<_> = calls(rendered).collect();
    let mut findings = Vec::new();
    for (index, (rendering, call, function, asked)) in calls.iter().enumerate() {
        let again = calls[index + 1..]
            .iter()
            .find(|(other, _, again, same)| other != rendering && again == function && same == asked);
        let earlier = calls[..index].iter().any(|(_, _, again, same)| again == function && same == asked);
        let Some((other, other_call, ..)) = again.filter(|_| !earlier) else { continue };
        let (message, severity) = if *function == "pkiCert" {
            let text = format!("pkiCert for {} in two templates is two certificates, not one", asked.0);
            (text, Severity::Warning)
        } else {
            let text = format!(
                "the same `secret` call for {} in two templates is one certificate only as long as both stay the same",
                asked.0
            );
            (text, Severity::Information)
        };
        let place = |rendering: usize, call: usize, label| {
            Some(rendered.templating.call_place(rendering, call, label))
        };
        let finding =
            rendered.finding("CT202", message).at(place(*rendering, *call, "here")).severity(severity);
        findings.push(finding.with(place(*other, *other_call, "and here")));
    }
    findings
}

/// The same request by two processes of one node: each gets a certificate of its own.
pub(in crate::rules) fn check_processes(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in &cluster.nodes {
        let processes: Vec<Rendered<'_>> = node
            .templatings
            .iter()
            .map(|templating| Rendered { cluster, node, templating, products: Vec::new() })
            .collect();
        for (index, one) in processes.iter().enumerate() {
            for other in &processes[index + 1..] {
                findings.extend(twice(one, other));
            }
        }
    }
    findings
}

fn twice(one: &Rendered<'_>, other: &Rendered<'_>) -> Option<Finding> {
    let known: Vec<_> = calls(one).collect();
    let (rendering, call, _, asked) =
        calls(other).find(|(_, _, _, asked)| known.iter().any(|(_, _, _, known)| known == asked))?;
    let message = format!(
        "two processes on this node make the same request for {}: each gets a certificate of its own",
        asked.0
    );
    let place = Some(other.templating.call_place(rendering, call, "also made by another process"));
    Some(other.finding("CT202", message).at(place).severity(Severity::Warning))
}

type Asked = (String, Vec<String>);

/// Every request for a certificate: its rendering, its call, its function and what it asks.
fn calls<'a>(rendered: &'a Rendered<'_>) -> impl Iterator<Item = (usize, usize, &'a str, Asked)> {
    rendered.templating.renderings.iter().enumerate().flat_map(|(index, rendering)| {
        rendering
            .issuing_calls()
            .map(move |(call, found)| (index, call, found.function.as_str(), request(found)))
    })
}
