//! CERT109: the way from a certificate to an authority that is trusted.

use lab_pki::{Certificate, Usage, VerifyError, VerifyOptions, verify};

use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::rules::subject::Subject;

/// Whether the agent's own authorities lead to its certificate.
pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let material = &subject.agent.material;
    if let Some(finding) = no_authority(subject) {
        return vec![finding];
    }
    let (Some(leaf), authorities) = (subject.leaf(), material.authorities()) else { return Vec::new() };
    if authorities.is_empty() || !is_untrusted(leaf, chain_of(subject), authorities, subject.cluster) {
        return Vec::new();
    }
    let issuer = leaf.issuer().to_string();
    let missing = missing_link(leaf, chain_of(subject), authorities);
    let message = match &missing {
        Some(link) => format!("the chain is incomplete: {link}"),
        None => format!("nothing in ca_file leads to the certificate's issuer {issuer}"),
    };
    let trusted: Vec<&str> = authorities.iter().map(Certificate::common_name).collect();
    let other = subject.agent.place(&["tls", "ca_file"], format!("trusts {}", trusted.join(", ")));
    let place = subject.agent.place(&["tls", "cert_file"], format!("issued by {issuer}"));
    vec![subject.finding("CERT109", message).at(place).with(other)]
}

/// A `ca_file` with certificates that may sign none: often the agent's own.
fn no_authority(subject: &Subject<'_>) -> Option<Finding> {
    let authorities = subject.agent.material.authorities();
    let first = authorities.first().filter(|_| !authorities.iter().any(Certificate::is_ca))?;
    let is_own = subject.leaf() == Some(first);
    let what = if is_own { "the agent's own certificate" } else { first.common_name() };
    let message =
        format!("ca_file holds {what}, which may sign no other: nobody else's certificate is accepted");
    let place = subject.agent.place(&["tls", "ca_file"], "no authority in it");
    let fix = format!("Put the certificate of {} into ca_file.", first.issuer());
    Some(subject.finding("CERT109", message).at(place).fix(fix))
}

/// Whether each agent trusts each other's certificate: one finding for each certificate that somebody refuses.
pub(in crate::rules) fn check_trust(cluster: &Cluster) -> Vec<Finding> {
    let subjects: Vec<Subject<'_>> = cluster
        .agents()
        .filter(|(_, agent)| agent.configuration.tls.rpc)
        .map(|(node, agent)| Subject { cluster, node, agent })
        .collect();
    let mut stores: Vec<(&[Certificate], Vec<&str>)> = Vec::new();
    for subject in &subjects {
        let authorities = subject.agent.material.authorities();
        match stores.iter_mut().find(|(known, _)| *known == authorities) {
            Some((_, names)) => names.push(&subject.node.name),
            None if authorities.is_empty() => {}
            None => stores.push((authorities, vec![&subject.node.name])),
        }
    }
    // Where all trust the same, the agents' own check has said everything.
    if stores.len() < 2 {
        return Vec::new();
    }
    subjects.iter().filter_map(|subject| refused(subject, &stores)).collect()
}

fn refused(subject: &Subject<'_>, stores: &[(&[Certificate], Vec<&str>)]) -> Option<Finding> {
    let material = &subject.agent.material;
    let leaf = subject.leaf()?;
    let others = stores.iter().filter(|(authorities, _)| *authorities != material.authorities());
    let mut refusing: Vec<&str> = others
        .filter(|(authorities, _)| is_untrusted(leaf, chain_of(subject), authorities, subject.cluster))
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    refusing.sort_unstable();
    let (first, rest) = refusing.split_first()?;
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let message = format!(
        "{first}{more} would not accept this agent's certificate: it is signed by an authority unknown there"
    );
    let place = subject.agent.place(&["tls", "cert_file"], format!("issued by {}", leaf.issuer()));
    Some(subject.finding("CERT109", message).at(place).fix(
        "Put both authorities into ca_file on every agent and reload all, before any certificate of the new one is used.",
    ))
}

/// Everything that is sent; the leaf among it does no harm.
fn chain_of<'a>(subject: &Subject<'a>) -> &'a [Certificate] {
    subject.agent.material.certificates.content().map(Vec::as_slice).unwrap_or_default()
}

/// Dates and usages have rules of their own: this is about signatures.
fn is_untrusted(
    leaf: &Certificate,
    intermediates: &[Certificate],
    roots: &[Certificate],
    cluster: &Cluster,
) -> bool {
    let options = VerifyOptions { roots, intermediates, at: cluster.at, usage: Usage::Any, name: None };
    match verify(&options, leaf) {
        Ok(_) => false,
        Err(error) if error.is_about_time() => false,
        Err(VerifyError::UnknownAuthority { .. }) => {
            // An authority that is over is not an unknown one.
            lab_pki::verify_ignoring_time(roots, intermediates, leaf).is_err()
        }
        Err(_) => true,
    }
}

/// The certificate that would have to stand between, where its name is all that is missing.
fn missing_link(leaf: &Certificate, intermediates: &[Certificate], roots: &[Certificate]) -> Option<String> {
    let known =
        |subject: &[u8]| intermediates.iter().chain(roots).find(|other| other.raw_subject() == subject);
    let mut last = leaf;
    for _ in 0..=intermediates.len() {
        match known(last.raw_issuer()) {
            Some(next) if next != last => last = next,
            _ => break,
        }
    }
    if roots.iter().any(|root| root.raw_subject() == last.raw_issuer()) {
        return None;
    }
    Some(format!(
        "the certificate of {} is neither in cert_file behind the agent's own nor in ca_file",
        last.issuer()
    ))
}
