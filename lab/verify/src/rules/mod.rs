//! The rules: one file each, in a directory for each family.

mod certificate;
mod identity;
mod pki;
mod subject;
mod template;
mod tls;

use self::subject::{Rendered, Subject};
use self::tls::region_of as tls_region_of;
use crate::Severity;
use crate::allow::allowances;
use crate::cluster::Cluster;
use crate::finding::Finding;

/// What a rule looks at.
#[derive(Clone, Copy)]
enum Check {
    /// Each agent.
    Agent(fn(&Subject<'_>) -> Vec<Finding>),
    /// Each process that renders templates.
    Templates(fn(&Rendered<'_>) -> Vec<Finding>),
    /// All of it together.
    Cluster(fn(&Cluster) -> Vec<Finding>),
}

/// What came of holding all rules against a cluster.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What is wrong: the worst first, then by code, node and message.
    pub findings: Vec<Finding>,
    /// What is wrong and was allowed.
    pub allowed: Vec<Finding>,
}

impl Judgement {
    /// The worst of the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Holds every rule against a cluster. `allow` are codes that may be broken anywhere; a comment
/// `# lab:allow CODE reason` allows a code in its file.
pub fn judge(cluster: &Cluster, allow: &[String]) -> Judgement {
    let families = [tls::CHECKS, certificate::CHECKS, template::CHECKS, pki::CHECKS, identity::CHECKS];
    let mut findings: Vec<Finding> =
        families.into_iter().flatten().flat_map(|check| carry_out(*check, cluster)).collect();
    findings.sort_by(|one, other| {
        let key =
            |finding: &Finding| (finding.rule.code.clone(), finding.node.clone(), finding.message.clone());
        other.severity.cmp(&one.severity).then_with(|| key(one).cmp(&key(other)))
    });
    findings.dedup_by(|one, other| {
        one.rule.code == other.rule.code && one.node == other.node && one.message == other.message
    });
    let mut judgement = Judgement::default();
    for mut finding in findings {
        finding.allowed = reason(&finding, allow);
        let list = if finding.allowed.is_some() { &mut judgement.allowed } else { &mut judgement.findings };
        list.push(finding);
    }
    judgement
}

fn carry_out(check: Check, cluster: &Cluster) -> Vec<Finding> {
    match check {
        Check::Agent(check) => {
            cluster.agents().flat_map(|(node, agent)| check(&Subject { cluster, node, agent })).collect()
        }
        Check::Templates(check) => cluster
            .nodes
            .iter()
            .flat_map(|node| {
                node.templatings.iter().flat_map(move |templating| {
                    check(&Rendered { cluster, node, templating, products: templating.products() })
                })
            })
            .collect(),
        Check::Cluster(check) => check(cluster),
    }
}

/// Why a finding may be: said on the command line, or in a file that it is about.
fn reason(finding: &Finding, allow: &[String]) -> Option<String> {
    if allow.iter().any(|code| finding.rule.code.eq_ignore_ascii_case(code)) {
        return Some("--allow".to_owned());
    }
    let places = finding.place.iter().chain(&finding.related);
    places.into_iter().find_map(|place| {
        allowances(&place.source.text)
            .into_iter()
            .find(|allowance| allowance.code == finding.rule.code)
            .map(|allowance| allowance.reason)
    })
}
