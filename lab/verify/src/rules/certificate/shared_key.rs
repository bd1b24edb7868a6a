//! CERT111: one key on several nodes.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::Subject;

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut holders: BTreeMap<&[u8], Vec<Subject<'_>>> = BTreeMap::new();
    for (node, agent) in cluster.agents() {
        let subject = Subject { cluster, node, agent };
        let key = agent.material.key.content().map(|key| key.public_key_der());
        if let Some(public) = key.or_else(|| subject.leaf().map(|leaf| leaf.public_key_der())) {
            holders.entry(public).or_default().push(subject);
        }
    }
    holders.into_values().filter(|holders| holders.len() > 1).map(|holders| report(&holders)).collect()
}

fn report(holders: &[Subject<'_>]) -> Finding {
    let mut names: Vec<&str> = holders.iter().map(|holder| holder.node.name.as_str()).collect();
    names.sort_unstable();
    let shown = match names.as_slice() {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    };
    let message = format!("{} nodes have the same private key: {shown}", holders.len());
    let first = &holders[0];
    let place = first.agent.place(&["tls", "key_file"], "the same key");
    Finding::new("CERT111", message).at(place)
}
