//! WID406: agents and jobs that still do it the old way.

use crate::cluster::Cluster;
use crate::document::attributes;
use crate::finding::Finding;

/// Attributes of the `vault` block that Nomad 1.10 removed the meaning of.
const REMOVED: [&str; 3] = ["token", "allow_unauthenticated", "task_token_ttl"];

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (node, agent) in cluster.agents() {
        for (document, body, _) in agent.within(&["vault"]) {
            for name in REMOVED {
                for attribute in attributes(body, name) {
                    let message = format!("vault.{name} has no meaning since Nomad 1.10");
                    let place = Some(document.place(attribute.span, "removed in 1.10"));
                    findings.push(Finding::new("WID406", message).on(&node.name).at(place));
                }
            }
        }
    }
    findings.extend(servers_without_identity(cluster));
    findings.extend(jobs(cluster));
    findings
}

/// Servers put the identity into jobs: without one there, tasks wait for ever.
fn servers_without_identity(cluster: &Cluster) -> Vec<Finding> {
    cluster
        .agents()
        .filter(|(_, agent)| agent.configuration.is_server && agent.flag(&["vault", "enabled"]))
        .filter(|(_, agent)| agent.within(&["vault", "default_identity"]).is_empty())
        .map(|(node, agent)| {
            let message =
                "this server has no vault.default_identity: jobs with a vault block get no identity for it";
            let place = agent.block_place(&["vault"], "no default_identity in it");
            Finding::new("WID406", message).on(&node.name).at(place)
        })
        .collect()
}

fn jobs(cluster: &Cluster) -> Vec<Finding> {
    let with_policies = cluster.vault_uses.iter().filter(|vault_use| vault_use.has_policies);
    with_policies
        .map(|vault_use| {
            let message = format!(
                "job {:?} lists policies in its vault block, which are ignored: roles have them",
                vault_use.job
            );
            Finding::new("WID406", message)
                .at(vault_use.place("write role = \"...\""))
                .fix("vault {\n  role = \"...\"\n}")
        })
        .collect()
}
