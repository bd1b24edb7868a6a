//! CT201: certificates and keys that do not come from one call.

use lab_template::FunctionCall;

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Rendered;
use crate::templating::{Product, What, request};

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let certificates = rendered.products.iter().filter(|product| product.what == What::Certificate);
    certificates.filter_map(|certificate| judge(rendered, certificate)).collect()
}

fn judge(rendered: &Rendered<'_>, certificate: &Product) -> Option<Finding> {
    let key = partner(rendered, certificate)?;
    if key.rendering == certificate.rendering && key.call == certificate.call {
        return None;
    }
    let call =
        |product: &Product| &rendered.templating.renderings[product.rendering].outline.calls[product.call];
    let (one, other) = (call(certificate), call(key));
    let shares = one.function == "secret" && other.function == "secret" && request(one) == request(other);
    let place = |product: &Product, label: &str| {
        Some(rendered.templating.call_place(product.rendering, product.call, label))
    };
    if !shares {
        let message = if one.function == "pkiCert" || other.function == "pkiCert" {
            format!(
                "{} and {} are rendered from two pkiCert calls: the key is not the certificate's",
                certificate.destination, key.destination
            )
        } else {
            format!(
                "{} and {} are rendered from two different requests: the key is not the certificate's",
                certificate.destination, key.destination
            )
        };
        let finding = rendered.finding("CT201", message).at(place(certificate, "one certificate"));
        let finding = finding.with(place(key, "another one"));
        return Some(match together(one, &key.destination) {
            Some(fix) => finding.fix(fix),
            None => finding,
        });
    }
    let waits = |product: &Product| rendered.templating.renderings[product.rendering].settings.waits;
    let is_apart = certificate.rendering != key.rendering && (waits(certificate) || waits(key));
    if !is_apart {
        return None;
    }
    let message = format!(
        "with `wait`, {} and {} are written in separate passes, and the command runs between them",
        certificate.destination, key.destination
    );
    let block = rendered.templating.block_place(certificate.rendering, "waits");
    Some(rendered.finding("CT201", message).at(Some(block)).severity(Severity::Warning))
}

/// One template for both, with the arguments of the certificate's; none where they are computed.
fn together(call: &FunctionCall, key: &str) -> Option<String> {
    let arguments: Option<Vec<String>> =
        call.arguments.iter().map(|argument| Some(format!("{:?}", argument.as_ref()?))).collect();
    Some(format!(
        "{{{{ with pkiCert {} }}}}\n{{{{ .Cert }}}}{{{{ range .CAChain }}}}{{{{ . }}}}{{{{ end }}}}\n\
         {{{{ if .Key }}}}{{{{ .Key | writeToFile {key:?} \"root\" \"root\" \"0600\" }}}}{{{{ end }}}}\n{{{{ end }}}}",
        arguments?.join(" ")
    ))
}

/// The key that goes with a certificate: the same call's, else that of the files which one agent reads, else the one
/// whose file has the same name up to its ending.
fn partner<'a>(rendered: &'a Rendered<'_>, certificate: &Product) -> Option<&'a Product> {
    let keys = || rendered.products.iter().filter(|product| product.what == What::Key);
    let same_call = |key: &&Product| (key.rendering, key.call) == (certificate.rendering, certificate.call);
    if let Some(key) = keys().find(same_call) {
        return Some(key);
    }
    for (_, agent) in rendered.cluster.agents() {
        let tls = &agent.configuration.tls;
        if tls.cert_file == certificate.destination
            && let Some(key) = keys().find(|key| key.destination == tls.key_file)
        {
            return Some(key);
        }
    }
    let stem = |path: &str| path.rsplit_once('.').map_or(path.to_owned(), |(stem, _)| stem.to_owned());
    let plain = |path: &str| {
        ["-key", "_key", ".key", "-cert", "_cert", ".cert", "key", "cert"]
            .iter()
            .fold(stem(path), |stem, ending| stem.strip_suffix(ending).map_or(stem.clone(), str::to_owned))
    };
    let own = plain(&certificate.destination);
    let close: Vec<&Product> = keys().filter(|key| plain(&key.destination) == own).collect();
    match close.as_slice() {
        [key, ..] => Some(key),
        [] => {
            let (mut all, mut certificates) =
                (keys(), rendered.products.iter().filter(|product| product.what == What::Certificate));
            // One of each belong together whatever they are called.
            match (all.next(), all.next(), certificates.next(), certificates.next()) {
                (Some(key), None, Some(_), None) => Some(key),
                _ => None,
            }
        }
    }
}
