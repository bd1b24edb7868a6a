//! CERT112: PEM blocks in the wrong order, or in each other's file.

use lab_pki::{key_matches, pem};

use crate::agent::Spoiled;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    [swapped(subject), key_first(subject), leaf_not_first(subject)].into_iter().flatten().collect()
}

/// A key where certificates should be, or the other way round.
fn swapped(subject: &Subject<'_>) -> Option<Finding> {
    let material = &subject.agent.material;
    let spoiled = [
        ("cert_file", material.certificates.content.as_ref().err()),
        ("key_file", material.key.content.as_ref().err()),
        ("ca_file", material.ca.content.as_ref().err()),
    ];
    let (name, wanted, found) = spoiled.into_iter().find_map(|(name, why)| match why {
        Some(Spoiled::Other { wanted, found }) => Some((name, *wanted, found.clone())),
        _ => None,
    })?;
    let message = format!("tls.{name} holds no {wanted} but {found}: `PEM inputs may have been switched`");
    Some(subject.finding("CERT112", message).at(subject.agent.place(&["tls", name], found)))
}

/// A bundle that begins with the key.
fn key_first(subject: &Subject<'_>) -> Option<Finding> {
    let certificates = &subject.agent.material.certificates;
    let first = pem::first(certificates.file.as_ref()?.text())?;
    certificates.content()?;
    if first.label == "CERTIFICATE" {
        return None;
    }
    let message = format!("cert_file begins with {}: Nomad 1.11.3 does not start with it", first.label);
    let place = subject.agent.place(&["tls", "cert_file"], "the agent's certificate must come first");
    Some(subject.finding("CERT112", message).at(place))
}

/// The key's certificate behind another one.
fn leaf_not_first(subject: &Subject<'_>) -> Option<Finding> {
    let material = &subject.agent.material;
    let key = material.key.content()?;
    let leaf = material.leaf().filter(|leaf| !key_matches(leaf, key))?;
    let own = material.intermediates().iter().find(|other| key_matches(other, key))?;
    let message = format!(
        "cert_file begins with {:?}, and the key is for {:?} behind it",
        leaf.common_name(),
        own.common_name()
    );
    let place = subject.agent.place(&["tls", "cert_file"], "the agent's certificate must come first");
    Some(subject.finding("CERT112", message).at(place))
}
