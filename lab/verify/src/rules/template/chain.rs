//! CT204: one authority where the chain is needed.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Rendered;
use crate::templating::{Product, What};

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let authorities = rendered.products.iter().filter(|product| product.what == What::Authority);
    let mut findings: Vec<Finding> = authorities.filter_map(|authority| judge(rendered, authority)).collect();
    findings.extend(certificate_without_chain(rendered));
    findings
}

fn judge(rendered: &Rendered<'_>, authority: &Product) -> Option<Finding> {
    let has_chain = rendered
        .products
        .iter()
        .any(|product| product.what == What::Chain && product.destination == authority.destination);
    if has_chain {
        return None;
    }
    let call = &rendered.templating.renderings[authority.rendering].outline.calls[authority.call];
    let is_random = call.function == "pkiCert";
    let (written, severity, label) = if is_random {
        (".CA", Severity::Warning, "any of the chain's authorities")
    } else {
        ("issuing_ca", Severity::Information, "the intermediate alone")
    };
    let message =
        format!("{} is rendered from {written}, which is one authority of the chain", authority.destination);
    let place = rendered.templating.place(authority.rendering, authority.position, written.len(), label);
    Some(rendered.finding("CT204", message).at(Some(place)).severity(severity))
}

/// With a root or a whole chain as `ca_file`, the certificate must bring its intermediate along.
fn certificate_without_chain(rendered: &Rendered<'_>) -> Option<Finding> {
    let sends = |what: What| {
        rendered
            .products
            .iter()
            .filter(move |product| product.what == what)
            .map(|product| product.destination.as_str())
    };
    let bare = rendered.products.iter().find(|product| {
        product.what == What::Certificate
            && rendered.is_read_by_an_agent(&product.destination)
            && !sends(What::Chain).chain(sends(What::Authority)).any(|other| other == product.destination)
    })?;
    // issuing_ca, .CA or the chain in ca_file hold the intermediate themselves.
    let holds_intermediate =
        |destination: &str| rendered.is_read_by_an_agent(destination) && destination != bare.destination;
    if sends(What::Authority).chain(sends(What::Chain)).any(holds_intermediate) {
        return None;
    }
    let message = format!(
        "{} holds the certificate without its chain, and no template writes the issuer into ca_file",
        bare.destination
    );
    let place = rendered.templating.place(
        bare.rendering,
        bare.position,
        1,
        "needs the intermediate behind it if one issues",
    );
    Some(rendered.finding("CT204", message).at(Some(place)))
}
