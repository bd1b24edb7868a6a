//! PKI304: an issuer's chain.

use lab_pki::Certificate;

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::vault::{Fact, FactKind};

pub(in crate::rules) fn check(cluster: &Cluster) -> Vec<Finding> {
    cluster.facts.iter().filter(|fact| fact.kind == FactKind::Issuer).filter_map(judge).collect()
}

fn judge(issuer: &Fact) -> Option<Finding> {
    let texts = issuer.texts("ca_chain");
    let chain: Vec<Certificate> = texts.iter().filter_map(|text| Certificate::from_pem(text).ok()).collect();
    let last = chain.last()?;
    if chain.iter().any(Certificate::is_self_signed) {
        return None;
    }
    let message = format!(
        "the chain of {} has {} and ends at {:?}, whose own issuer {} is not in it",
        issuer.shown(),
        if chain.len() == 1 { "one certificate".to_owned() } else { format!("{} certificates", chain.len()) },
        last.common_name(),
        last.issuer()
    );
    Some(Finding::new("PKI304", message).at(issuer.place("ca_chain", "no root in it")))
}
