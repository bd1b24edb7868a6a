//! CERT102: when certificates begin and end.

use lab_pki::Certificate;

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::{Subject, day, shown};

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(leaf) = subject.leaf() {
        findings.extend(judge(subject, "cert_file", "the certificate", leaf));
        findings.extend(outlives(subject, leaf));
    }
    for intermediate in subject.agent.material.intermediates() {
        let what = format!("the intermediate {:?}", intermediate.common_name());
        findings.extend(judge(subject, "cert_file", &what, intermediate));
    }
    let authorities = subject.agent.material.authorities();
    // During a change of authorities an old one may end beside a new one.
    let all_over = authorities.iter().all(|authority| authority.not_after() < subject.cluster.at);
    for authority in authorities {
        let what = format!("the authority {:?}", authority.common_name());
        let is_needed = all_over || issued_by(subject, authority);
        findings.extend(
            judge(subject, "ca_file", &what, authority)
                .map(|finding| if is_needed { finding } else { finding.severity(Severity::Information) }),
        );
    }
    findings
}

fn judge(
    subject: &Subject<'_>,
    setting: &'static str,
    what: &str,
    certificate: &Certificate,
) -> Option<Finding> {
    let at = subject.cluster.at;
    let (begins, ends) = (certificate.not_before(), certificate.not_after());
    let dates = format!("from {} to {}", day(begins), day(ends));
    let place = subject.agent.place(&["tls", setting], dates);
    let found = |message: String, severity| {
        Some(subject.finding("CERT102", message).at(place.clone()).severity(severity))
    };
    if at > ends {
        return found(format!("{what} expired {} ago", shown(at - ends)), Severity::Critical);
    }
    if at < begins {
        return found(format!("{what} is not valid for another {}", shown(begins - at)), Severity::Critical);
    }
    let (life, left) = (ends - begins, ends - at);
    // consul-template renews at 85 to 95 % of the life: what it looks after may be old.
    let is_renewed =
        setting == "cert_file" && subject.is_rendered(&subject.agent.configuration.tls.cert_file);
    let least = if is_renewed { life / 25 } else { life / 3 };
    if left >= least {
        return None;
    }
    let late = if is_renewed { ": its template should have renewed it" } else { "" };
    let severity = if setting == "ca_file" && left > time::Duration::days(365) {
        Severity::Information
    } else {
        Severity::Warning
    };
    found(format!("{what} has {} left of {}{late}", shown(left), shown(life)), severity)
}

/// A certificate that is to end after its issuer: it ends with it.
fn outlives(subject: &Subject<'_>, leaf: &Certificate) -> Option<Finding> {
    let material = &subject.agent.material;
    let candidates = material.intermediates().iter().chain(material.authorities());
    let issuer = candidates
        .filter(|issuer| leaf.check_signature_from(issuer).is_ok())
        .max_by_key(|issuer| issuer.not_after())?;
    if issuer == leaf || issuer.not_after() >= leaf.not_after() {
        return None;
    }
    let message = format!(
        "the certificate outlives its issuer {:?}, which ends on {}",
        issuer.common_name(),
        day(issuer.not_after())
    );
    let place = subject.agent.place(&["tls", "cert_file"], format!("to {}", day(leaf.not_after())));
    Some(subject.finding("CERT102", message).at(place).severity(Severity::Warning))
}

/// Whether the agent's own chain needs this authority.
fn issued_by(subject: &Subject<'_>, authority: &Certificate) -> bool {
    let material = &subject.agent.material;
    let others = material.authorities().iter().filter(|other| *other != authority);
    let chain = || material.certificates.content().into_iter().flatten();
    let signs =
        |authority: &Certificate| chain().any(|signed| signed.raw_issuer() == authority.raw_subject());
    let is_replaced = others.clone().any(|other| other.raw_subject() == authority.raw_subject());
    signs(authority) && !is_replaced
}
