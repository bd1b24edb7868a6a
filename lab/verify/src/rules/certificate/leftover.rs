//! CERT105: a name of region global in another region.

use crate::finding::Finding;
use crate::rules::subject::{Subject, all_names};

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let region = &subject.agent.configuration.region;
    let Some(leaf) = subject.leaf().filter(|_| region != "global") else { return Vec::new() };
    let wanted = subject.agent.wanted_name();
    let leftover = ["server.global.nomad", "client.global.nomad", "cli.global.nomad"]
        .into_iter()
        .find(|leftover| all_names(leaf).any(|name| name == *leftover));
    // Without its own region's name it is simply another region's certificate.
    let Some(leftover) = leftover.filter(|_| all_names(leaf).any(|name| name == wanted)) else {
        return Vec::new();
    };
    let message = format!("a certificate of region `{region}` also carries {leftover}");
    vec![subject.finding("CERT105", message).at(subject.leaf_place())]
}
