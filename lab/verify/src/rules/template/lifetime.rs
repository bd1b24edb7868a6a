//! CT206: certificates and tokens that end before they are renewed.

use std::time::Duration;

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::{Rendered, shown_duration};
use crate::templating::parameter;

/// What is left of a certificate at the latest when it is fetched again, as a part of its life.
const LAST_PART: u32 = 20;

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let issues =
        rendered.templating.renderings.iter().any(|rendering| rendering.issuing_calls().next().is_some());
    if !issues {
        return Vec::new();
    }
    let mut findings = short_lives(rendered);
    findings.extend(token(rendered));
    findings
}

fn short_lives(rendered: &Rendered<'_>) -> Vec<Finding> {
    let Some(patience) = rendered.templating.vault.gives_up_after else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    for (index, rendering) in rendered.templating.renderings.iter().enumerate() {
        for (call, found) in rendering.issuing_calls() {
            let ttl = parameter(found, "ttl").and_then(|ttl| lab_world::parse_duration(ttl).ok());
            let Some(ttl) = ttl.filter(|ttl| *ttl / LAST_PART < patience.min(Duration::from_secs(120)))
            else {
                continue;
            };
            let message = format!(
                "certificates of {} are fetched again with as little as {} left, and a Vault that is away for longer ends them",
                shown_duration(ttl),
                shown_duration(ttl / LAST_PART)
            );
            if findings.iter().all(|finding| finding.message != message) {
                let place = rendered.templating.call_place(index, call, "a short life");
                findings.push(rendered.finding("CT206", message).at(Some(place)));
            }
        }
    }
    if patience.is_zero() {
        let message = "vault.retry is off: one failed request ends consul-template";
        let place = rendered.templating.vault_place("retry", "not tried again");
        findings.push(rendered.finding("CT206", message).at(place));
    }
    findings
}

fn token(rendered: &Rendered<'_>) -> Option<Finding> {
    let vault = &rendered.templating.vault;
    if vault.token_file.is_some() || !vault.has_token || vault.renews_token {
        return None;
    }
    let message = "renew_token is false and the token stands in the file: everything ends with it";
    let place = rendered.templating.vault_place("renew_token", "nobody renews it");
    Some(rendered.finding("CT206", message).at(place).severity(Severity::Warning))
}
