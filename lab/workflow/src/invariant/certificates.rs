//! Certificates: a pair with their key, and fresh.

use std::time::Duration;

use super::{Check, Invariant};
use crate::timeline::{Entry, Event};

/// A certificate with another's key serves nobody: an agent that starts with it exits.
pub(super) struct KeyMatchesCertificate;

impl Invariant for KeyMatchesCertificate {
    fn observe(&mut self, entry: &Entry) -> Check {
        match &entry.event {
            Event::CertificateFiles { node, path, error: Some(error), .. } => {
                Check::Failed(format!("{path} on {node} cannot be read: {error}"))
            }
            Event::CertificateFiles { node, path, paired: false, .. } => {
                Check::Failed(format!("the key beside {path} on {node} belongs to another certificate"))
            }
            Event::CertificateFiles { .. } => Check::Passed,
            _ => Check::Nothing,
        }
    }
}

/// How long after its making a certificate may be: Vault dates certificates back by half a minute.
const BACKDATING: i64 = 30;

/// A renewed certificate that is not served was renewed in vain.
pub(super) struct CertificatesFresh {
    max_age: Duration,
}

impl CertificatesFresh {
    pub(super) fn new(max_age: Duration) -> Self {
        Self { max_age }
    }
}

impl Invariant for CertificatesFresh {
    fn observe(&mut self, entry: &Entry) -> Check {
        let Event::Served { node, port, age_s, left_s, .. } = &entry.event else { return Check::Nothing };
        let port = port.as_str();
        let most = i64::try_from(self.max_age.as_secs()).unwrap_or(i64::MAX).saturating_add(BACKDATING);
        if *left_s < 0 {
            Check::Failed(format!("{node} serves a certificate on {port} that expired {} s ago", -left_s))
        } else if *age_s > most {
            Check::Failed(format!("{node} serves a certificate on {port} that is {age_s} s old"))
        } else {
            Check::Passed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entry;
    use super::*;
    use crate::probe::Port;

    #[test]
    fn a_mismatch_and_a_torn_file_fail() {
        let files = |paired, error: Option<&str>| Event::CertificateFiles {
            node: "client-1".into(),
            path: "/agent.crt".into(),
            names: Vec::new(),
            paired,
            age_s: 0,
            left_s: 9,
            error: error.map(str::to_owned),
        };
        let mut invariant = KeyMatchesCertificate;
        assert_eq!(invariant.observe(&entry(0, "", files(true, None))), Check::Passed);
        assert!(matches!(invariant.observe(&entry(0, "", files(false, None))), Check::Failed(_)));
        let torn = invariant.observe(&entry(0, "", files(false, Some("no PEM"))));
        assert_eq!(torn, Check::Failed("/agent.crt on client-1 cannot be read: no PEM".into()));
    }

    #[test]
    fn old_and_expired_certificates_fail() {
        let served = |age_s, left_s| Event::Served {
            node: "server-1".into(),
            port: Port::Http,
            names: Vec::new(),
            age_s,
            left_s,
        };
        let mut invariant = CertificatesFresh::new(Duration::from_secs(86_400));
        assert_eq!(invariant.observe(&entry(0, "", served(86_430, 0))), Check::Passed);
        let old = invariant.observe(&entry(0, "", served(90_000, 5)));
        assert_eq!(old, Check::Failed("server-1 serves a certificate on http that is 90000 s old".into()));
        let expired = invariant.observe(&entry(0, "", served(100, -7)));
        assert_eq!(
            expired,
            Check::Failed("server-1 serves a certificate on http that expired 7 s ago".into())
        );
    }
}
