//! Finding issuers, and the chains above them.

use lab_pki::{Certificate, Issuer};

use crate::logical::Refusal;
use crate::pki::aia;
use crate::pki::engine::Pki;
use crate::pki::model::IssuerEntry;

impl Pki {
    /// The issuer that a reference means: an id, a name, or `default`.
    ///
    /// Errors: the text that the real server puts behind `could not fetch the CA certificate (was one set?): `.
    pub(super) fn issuer(&self, reference: &str) -> Result<&IssuerEntry, String> {
        if reference == "default" {
            let default = &self.defaults.get().issuer;
            return self
                .issuers
                .get(default)
                .ok_or_else(|| "no default issuer currently configured".to_owned());
        }
        self.issuers
            .get(reference)
            .or_else(|| {
                self.issuers.values().find(|issuer| !issuer.name.is_empty() && issuer.name == reference)
            })
            .ok_or_else(|| format!("unable to find PKI issuer for reference: {reference}"))
    }

    /// The same where the reference is the subject of the request.
    pub(super) fn issuer_named(&self, reference: &str) -> Result<&IssuerEntry, Refusal> {
        self.issuer(reference).map_err(Refusal::Failed)
    }

    /// An issuer with its key, to sign with.
    pub(super) fn signer(&self, reference: &str, usage: &str) -> Result<(IssuerEntry, Issuer), Refusal> {
        let failed = |text: String| {
            Refusal::Failed(format!("could not fetch the CA certificate (was one set?): {text}"))
        };
        let entry = self.issuer(reference).map_err(failed)?;
        if !entry.may(usage) {
            let name = Some(&entry.name).filter(|name| !name.is_empty());
            let name = name.map(|name| format!(" / name:{name}")).unwrap_or_default();
            let (id, has) = (&entry.id, entry.usage.join(","));
            return Err(Refusal::Failed(format!(
                "error fetching CA certificate: error while attempting to use issuer {id}: requested usage {usage} for \
                 issuer [id:{id}{name}] but only had usage {has}"
            )));
        }
        let Some(key) = self.keys.get(&entry.key_id) else {
            return Err(failed(format!(
                "unable to fetch corresponding key for issuer {}; unable to use this issuer for signing",
                entry.id
            )));
        };
        if let Some((name, url)) = aia::unfilled(&self.urls_of(Some(entry))) {
            return Err(Refusal::Failed(format!(
                "error fetching CA certificate: unable to fetch AIA URL information: error validating templated {name}; \
                 invalid URI: {url}"
            )));
        }
        let issuer = Issuer { certificate: entry.certificate.0.clone(), key: key.key.0.clone() };
        Ok((entry.clone(), issuer))
    }

    /// From an issuer up to its root, as far as the mount knows them; itself first.
    pub(super) fn chain(&self, id: &str) -> &[Certificate] {
        self.chains.get(id).map_or(&[], Vec::as_slice)
    }

    /// Makes the chains anew.
    pub(super) fn rebuild_chains(&mut self) {
        let mut entries: Vec<&IssuerEntry> = self.issuers.values().collect();
        entries.sort_by_key(|entry| entry.order);
        self.chains =
            entries.iter().map(|entry| (entry.id.clone(), self.chain_of(entry, &entries))).collect();
    }

    fn chain_of(&self, entry: &IssuerEntry, all: &[&IssuerEntry]) -> Vec<Certificate> {
        let mut chain = vec![entry.certificate.0.clone()];
        if !entry.manual_chain.is_empty() {
            let manual = entry.manual_chain.iter().filter_map(|id| self.issuers.get(id));
            return manual.map(|issuer| issuer.certificate.0.clone()).collect();
        }
        // Each step goes to a certificate that is not in the chain yet, so this ends.
        while let Some(last) = chain.last().filter(|last| !last.is_self_signed()) {
            let parent = all.iter().map(|entry| &entry.certificate.0).find(|parent| {
                parent.raw_subject() == last.raw_issuer()
                    && !chain.contains(parent)
                    && last.check_signature_from(parent).is_ok()
            });
            match parent {
                Some(parent) => chain.push(parent.clone()),
                None => break,
            }
        }
        chain
    }

    /// Adds an issuer; gives its id.
    pub(super) fn add_issuer(
        &mut self,
        certificate: Certificate,
        name: String,
        key_id: String,
        id: String,
    ) -> String {
        let defaults = self.defaults.get_mut();
        defaults.count += 1;
        let entry = IssuerEntry {
            id: id.clone(),
            name,
            certificate: crate::pki::model::Pem(certificate),
            key_id,
            manual_chain: Vec::new(),
            behavior: Default::default(),
            usage: crate::pki::model::USAGES.iter().map(|&usage| usage.to_owned()).collect(),
            revocation_signature_algorithm: String::new(),
            urls: None,
            revoked: None,
            order: defaults.count,
        };
        self.issuers.insert(id.clone(), entry);
        self.rebuild_chains();
        id
    }
}
