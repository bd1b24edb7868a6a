//! TLS008: http:// to a port that speaks HTTPS.

use lab_hcl::Span;

use crate::Severity;
use crate::cluster::Cluster;
use crate::document::{bodies, text_of};
use crate::finding::{Finding, Place};
use crate::vault::FactKind;

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut agents = cluster.agents().map(|(_, agent)| agent).peekable();
    if agents.peek().is_none() || !agents.any(|agent| agent.configuration.tls.http) {
        return Vec::new();
    }
    let mut findings = jwks(cluster);
    findings.extend(templates(cluster));
    findings.extend(environments(cluster));
    findings
}

fn jwks(cluster: &Cluster) -> Vec<Finding> {
    let methods = cluster.facts.iter().filter(|fact| fact.kind == FactKind::JwtMethod);
    methods
        .filter_map(|method| {
            let url = method.text("jwks_url").filter(|url| url.starts_with("http://"))?;
            let message =
                format!("tls.http is on, and {} fetches Nomad's keys over plain HTTP: {url}", method.shown());
            let fix = format!(
                "jwks_url = {:?}, with Nomad's CA in jwks_ca_pem",
                url.replacen("http://", "https://", 1)
            );
            Some(
                Finding::new("TLS008", message)
                    .at(method.place("jwks_url", "the port speaks HTTPS"))
                    .fix(fix),
            )
        })
        .collect()
}

/// `nomad { address = "http://..." }` of consul-template.
fn templates(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in &cluster.nodes {
        for document in node.templatings.iter().flat_map(|templating| &templating.documents) {
            for (body, span) in bodies(&document.body, "nomad") {
                if let Some(address) =
                    text_of(body, "address").filter(|address| address.starts_with("http://"))
                {
                    let message =
                        format!("tls.http is on, and consul-template asks Nomad over plain HTTP: {address}");
                    let place = document.place(span, "write https:// and ssl { ca_cert = ... }");
                    findings.push(Finding::new("TLS008", message).on(&node.name).at(Some(place)));
                }
            }
        }
    }
    findings
}

/// `NOMAD_ADDR=http://...` in profiles, units and scripts.
fn environments(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &cluster.environments {
        for found in ["NOMAD_ADDR=http://", "NOMAD_ADDR=\"http://", "NOMAD_ADDR='http://"] {
            let Some(start) = file.text().find(found) else { continue };
            let line = file.text()[..start].rfind('\n').map_or(0, |newline| newline + 1);
            if file.text()[line..start].trim_start().starts_with('#') {
                continue;
            }
            let span = Span::new(start, start + found.len());
            let label = "the command line says: malformed HTTP response".to_owned();
            let place = Place { source: std::sync::Arc::clone(&file.source), span, label };
            let message = "tls.http is on, and NOMAD_ADDR says http://";
            let fix =
                "NOMAD_ADDR=https://localhost:4646, and NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY";
            findings
                .push(Finding::new("TLS008", message).at(Some(place)).fix(fix).severity(Severity::Warning));
        }
    }
    findings
}
