//! CT203: what pkiCert finds again after a restart; and CERT110 for keys that templates write.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Rendered;
use crate::templating::{Product, What};

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, rendering) in rendered.templating.renderings.iter().enumerate() {
        let calls = rendering.issuing_calls().filter(|(_, call)| call.function == "pkiCert");
        for (call, _) in calls {
            findings.extend(judge(rendered, index, call));
        }
    }
    findings
}

fn judge(rendered: &Rendered<'_>, rendering: usize, call: usize) -> Option<Finding> {
    let own = |product: &&Product| (product.rendering, product.call) == (rendering, call);
    let settings = &rendered.templating.renderings[rendering].settings;
    let products: Vec<&Product> = rendered.products.iter().filter(own).collect();
    let in_destination = |what: What| {
        products.iter().any(|product| product.what == what && product.destination == settings.destination)
    };
    let place = Some(rendered.templating.call_place(rendering, call, "reads its own destination first"));
    if !products.is_empty() && !in_destination(What::Certificate) {
        let message = format!(
            "{} does not hold `.Cert`: every start has a new certificate issued",
            settings.destination
        );
        return Some(rendered.finding("CT203", message).at(place));
    }
    let key = products
        .iter()
        .find(|product| product.what == What::Key && product.destination != settings.destination)?;
    if in_destination(What::Key) || rendered.templating.renderings[rendering].is_guarded(call, "Key") {
        return None;
    }
    let message = format!(
        "after a restart `.Key` is empty, since {} does not hold the key, and {} is emptied",
        settings.destination, key.destination
    );
    let key_place =
        Some(rendered.templating.place(rendering, key.position, ".Key".len(), "without `if .Key` around it"));
    Some(rendered.finding("CT203", message).at(key_place).with(place))
}

/// The mode that a template gives to a key.
pub(in crate::rules) fn check_mode(rendered: &Rendered<'_>) -> Vec<Finding> {
    let keys = rendered.products.iter().filter(|product| product.what == What::Key);
    keys.filter_map(|key| {
        let mode = key.mode.unwrap_or(0o644);
        if mode & 0o004 == 0 {
            return None;
        }
        let is_agents = rendered.is_read_by_an_agent(&key.destination);
        let severity = if is_agents { Severity::Warning } else { Severity::Information };
        let how = if key.mode.is_some() {
            format!("with mode {mode:04o}")
        } else {
            "without `perms`, so with 0644".to_owned()
        };
        let message =
            format!("the key {} is written {how}: everybody on the machine can read it", key.destination);
        let place = Some(rendered.templating.block_place(key.rendering, "writes a private key"));
        Some(rendered.finding("CERT110", message).at(place).severity(severity))
    })
    .collect()
}
