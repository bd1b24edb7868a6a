//! Revocation lists: when they are made, and what stands on them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::pem;
use time::OffsetDateTime;

use crate::logical::{Environment, parse_seconds};
use crate::pki::crl_list::{List, Revoked};
use crate::pki::engine::Pki;
use crate::pki::model::{IssuerEntry, StoredCrl};

/// The content type of a list in DER.
pub(super) const DER: &str = "application/pkix-crl";
/// The content type of a list in PEM.
pub(super) const PEM: &str = "application/x-pem-file";

/// A list as PEM.
pub(super) fn pem_of(der: &[u8]) -> String {
    if der.is_empty() { String::new() } else { format!("{}\n", pem::encode("X509 CRL", der).trim_end()) }
}

/// Which of an issuer's lists is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything that is revoked.
    Complete,
    /// What was revoked since the last complete one.
    Delta,
}

impl Pki {
    /// An issuer's list. Both are made where there are none; one that is too old stays.
    pub(super) fn crl_of(
        &mut self,
        issuer: &str,
        kind: Kind,
        environment: &Environment,
    ) -> Option<StoredCrl> {
        for kind in [Kind::Complete, Kind::Delta] {
            if self.list(issuer, kind).is_none() {
                self.make(issuer, kind, environment);
            }
        }
        self.list(issuer, kind).cloned()
    }

    /// Makes every issuer's lists anew.
    pub(super) fn rebuild_crls(&mut self, environment: &Environment) {
        for id in self.issuer_ids() {
            self.rebuild_crl(&id, environment);
        }
    }

    /// Makes an issuer's lists anew.
    pub(super) fn rebuild_crl(&mut self, issuer: &str, environment: &Environment) {
        self.make(issuer, Kind::Complete, environment);
        // Whether or not they are enabled: what that decides is when another is made.
        self.make(issuer, Kind::Delta, environment);
    }

    /// Makes every issuer's list of the latest revocations anew.
    pub(super) fn rebuild_deltas(&mut self, environment: &Environment) {
        for id in self.issuer_ids() {
            self.make(&id, Kind::Delta, environment);
        }
    }

    /// When [`Pki::rebuild_due`] has something to do: only where lists are made by themselves.
    pub(super) fn next_rebuild(&self) -> Option<OffsetDateTime> {
        let config = self.crl_config.get();
        if !config.auto_rebuild || config.disable {
            return None;
        }
        let grace = seconds(&config.auto_rebuild_grace_period);
        let complete = self.crls.values().map(|crl| crl.next_update - grace);
        let interval = seconds(&config.delta_rebuild_interval);
        let is_late = |issuer: &str, delta: &StoredCrl| {
            config.enable_delta && self.revoked_since(issuer, delta.this_update)
        };
        let late = self.deltas.iter().filter(|(issuer, delta)| is_late(issuer, delta));
        complete.chain(late.map(|(_, delta)| delta.this_update + interval)).min()
    }

    /// Makes anew what is due.
    pub(super) fn rebuild_due(&mut self, environment: &Environment) {
        if self.next_rebuild().is_none_or(|due| due > environment.now) {
            return;
        }
        let grace = seconds(&self.crl_config.get().auto_rebuild_grace_period);
        let over = |crl: &StoredCrl| crl.next_update - grace <= environment.now;
        if self.crls.values().any(over) {
            self.rebuild_crls(environment);
        } else {
            self.rebuild_deltas(environment);
        }
    }

    /// What making the lists complains about: issuers of one name and key of which none may sign lists.
    pub(super) fn crl_problems(&self) -> Vec<String> {
        let mut groups: BTreeMap<(&str, &[u8]), Vec<&IssuerEntry>> = BTreeMap::new();
        for issuer in self.issuers.values().filter(|issuer| !issuer.key_id.is_empty()) {
            groups.entry((&issuer.key_id, issuer.certificate.0.raw_subject())).or_default().push(issuer);
        }
        let silent = groups.values().filter(|group| !group.iter().any(|issuer| issuer.may("crl-signing")));
        silent
            .map(|group| {
                let ids: Vec<&str> = group.iter().map(|issuer| issuer.id.as_str()).collect();
                format!(
                    "warning from local CRL rebuild: Issuer equivalency set with associated keys lacked an issuer with CRL \
                     Signing KeyUsage; refusing to rebuild CRL for this group of issuers: {}",
                    ids.join(", ")
                )
            })
            .collect()
    }

    /// The same as warnings of an answer.
    pub(super) fn crl_warnings(&self) -> Vec<String> {
        let problems = self.crl_problems().into_iter().zip(1..);
        problems.map(|(problem, number)| format!("Warning {number} during CRL rebuild: {problem}")).collect()
    }

    fn issuer_ids(&self) -> Vec<String> {
        self.issuers.names().cloned().collect()
    }

    fn list(&self, issuer: &str, kind: Kind) -> Option<&StoredCrl> {
        match kind {
            Kind::Complete => self.crls.get(issuer),
            Kind::Delta => self.deltas.get(issuer),
        }
    }

    /// Remembers when a certificate was revoked, if it is: requests are not to look at all certificates for that.
    pub(super) fn note_revocation(&mut self, serial: &str) {
        let Some(stored) = self.certificates.get(serial) else { return };
        let Some(revoked) = stored.revoked else { return };
        let last = self.last_revoked.entry(stored.issuer_id.clone()).or_insert(revoked);
        *last = revoked.max(*last);
    }

    fn revoked_since(&self, issuer: &str, moment: OffsetDateTime) -> bool {
        self.last_revoked.get(issuer).is_some_and(|revoked| *revoked > moment)
    }

    /// Makes a list; an issuer without a key, or that may not sign lists, has none.
    fn make(&mut self, issuer: &str, kind: Kind, environment: &Environment) {
        let Some(entry) = self.issuers.get(issuer).filter(|entry| entry.may("crl-signing")) else { return };
        let Some(key) = self.keys.get(&entry.key_id).map(|key| key.key.0.clone()) else { return };
        let certificate = entry.certificate.0.clone();
        let base = match (kind, self.crls.get(issuer)) {
            (Kind::Complete, _) => None,
            (Kind::Delta, Some(complete)) => Some((complete.number, complete.this_update)),
            (Kind::Delta, None) => return,
        };
        // Both lists count together.
        let last =
            [Kind::Complete, Kind::Delta].map(|kind| self.list(issuer, kind).map_or(0, |crl| crl.number));
        let number = last.into_iter().max().unwrap_or(0) + 1;
        let next_update = environment.now + seconds(&self.crl_config.get().expiry);
        let revoked = self.revoked(issuer, base.map(|(_, since)| since));
        let list = List {
            algorithm: entry.revocation_algorithm(&key),
            issuer: certificate.raw_subject(),
            authority: certificate.subject_key_id(),
            this_update: environment.now,
            next_update,
            revoked: &revoked,
            number,
            base: base.map(|(number, _)| number),
            extensions: &[],
        };
        let Ok(der) = list.sign(&key) else { return };
        let crl = StoredCrl { der: STANDARD.encode(der), number, this_update: environment.now, next_update };
        match kind {
            Kind::Complete => self.crls.insert(issuer, crl),
            Kind::Delta => self.deltas.insert(issuer, crl),
        };
    }

    /// What an issuer has revoked after a moment, or ever.
    fn revoked(&self, issuer: &str, since: Option<OffsetDateTime>) -> Vec<Revoked> {
        if self.crl_config.get().disable {
            return Vec::new();
        }
        let of_issuer = self.certificates.iter().filter(|(_, stored)| stored.issuer_id == issuer);
        of_issuer
            .filter_map(|(serial, stored)| {
                Some(Revoked { serial: bytes(serial)?, at: stored.revoked?, extensions: None })
            })
            .filter(|revoked| since.is_none_or(|since| revoked.at > since))
            .collect()
    }
}

/// A configured duration; what it says was checked when it was written.
fn seconds(text: &str) -> Duration {
    Duration::from_secs(parse_seconds(&text.into()).unwrap_or(0).max(0).unsigned_abs())
}

/// A serial number's bytes.
fn bytes(serial: &str) -> Option<Vec<u8>> {
    hex::decode(serial.replace(':', "")).ok()
}
