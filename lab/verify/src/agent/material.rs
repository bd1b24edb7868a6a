//! The certificate, the key and the authorities that a `tls` block names.

use std::path::Path;

use lab_pki::{Certificate, KeyPair, pem};
use mock_nomad::TlsSettings;

use crate::file::TextFile;
use crate::locate::{NotFound, Surroundings, find};

/// The three files of a `tls` block.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) ca: Named<Vec<Certificate>>,
    pub(crate) certificates: Named<Vec<Certificate>>,
    pub(crate) key: Named<KeyPair>,
}

/// A file that a configuration names, and what is in it.
#[derive(Debug)]
pub(crate) struct Named<T> {
    /// As the configuration says it; empty where it says nothing.
    pub(crate) said: String,
    /// Where it was found.
    pub(crate) file: Option<TextFile>,
    pub(crate) content: Result<T, Spoiled>,
}

/// Why a named file is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Spoiled {
    #[error("{0}")]
    NotFound(NotFound),
    #[error("the file is empty")]
    Empty,
    #[error("no PEM block in it")]
    NoPem,
    #[error("no {wanted} in it, but {found}")]
    Other { wanted: &'static str, found: String },
    #[error("the key is encrypted; Nomad cannot ask for a password")]
    Encrypted,
    #[error("{0}")]
    Malformed(String),
}

impl<T> Named<T> {
    pub(crate) fn content(&self) -> Option<&T> {
        self.content.as_ref().ok()
    }
}

impl Material {
    pub(crate) fn read(tls: &TlsSettings, beside: &[&Path], surroundings: &Surroundings<'_>) -> Self {
        let find = |said: &str| find(said, beside, surroundings);
        Self {
            ca: named(&tls.ca_file, find(&tls.ca_file), read_authorities),
            certificates: named(&tls.cert_file, find(&tls.cert_file), read_certificates),
            key: named(&tls.key_file, find(&tls.key_file), read_key),
        }
    }

    /// How many files there were to read.
    pub(crate) fn files(&self) -> usize {
        let found = [self.ca.file.is_some(), self.certificates.file.is_some(), self.key.file.is_some()];
        found.into_iter().filter(|is_found| *is_found).count()
    }

    /// The agent's own certificate.
    pub(crate) fn leaf(&self) -> Option<&Certificate> {
        self.certificates.content()?.first()
    }

    /// What is sent behind it.
    pub(crate) fn intermediates(&self) -> &[Certificate] {
        self.certificates.content().and_then(|chain| chain.get(1..)).unwrap_or_default()
    }

    /// The authorities that are trusted; none where the file is of no use.
    pub(crate) fn authorities(&self) -> &[Certificate] {
        self.ca.content().map(Vec::as_slice).unwrap_or_default()
    }
}

fn named<T>(
    said: &str,
    file: Result<TextFile, NotFound>,
    read: impl FnOnce(&str) -> Result<T, Spoiled>,
) -> Named<T> {
    let (file, content) = match file {
        Err(why) => (None, Err(Spoiled::NotFound(why))),
        Ok(file) if file.text().trim().is_empty() => (Some(file), Err(Spoiled::Empty)),
        Ok(file) => {
            let content = read(file.text());
            (Some(file), content)
        }
    };
    Named { said: said.to_owned(), file, content }
}

fn read_certificates(text: &str) -> Result<Vec<Certificate>, Spoiled> {
    no_certificate(text, "certificate")?;
    Certificate::bundle_from_pem(text).map_err(|error| Spoiled::Malformed(error.to_string()))
}

/// As Go does it: what does not parse is passed over, and one that parses must remain.
fn read_authorities(text: &str) -> Result<Vec<Certificate>, Spoiled> {
    no_certificate(text, "CA certificate")?;
    match Certificate::authorities_from_pem(text) {
        authorities if !authorities.is_empty() => Ok(authorities),
        _ => Err(Spoiled::Malformed("Failed to parse any valid certificates in CA file".to_owned())),
    }
}

fn no_certificate(text: &str, wanted: &'static str) -> Result<(), Spoiled> {
    let blocks = pem::blocks(text);
    if blocks.is_empty() {
        return Err(Spoiled::NoPem);
    }
    if blocks.iter().any(|block| block.label == "CERTIFICATE") {
        return Ok(());
    }
    Err(Spoiled::Other { wanted, found: blocks[0].label.clone() })
}

fn read_key(text: &str) -> Result<KeyPair, Spoiled> {
    let blocks = pem::blocks(text);
    let is_key = |block: &&pem::Block| block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY");
    match blocks.iter().find(is_key) {
        None if blocks.is_empty() => Err(Spoiled::NoPem),
        None => Err(Spoiled::Other { wanted: "private key", found: blocks[0].label.clone() }),
        Some(key) if key.has_headers || key.label.starts_with("ENCRYPTED") => Err(Spoiled::Encrypted),
        Some(key) => KeyPair::from_der(&key.content).map_err(|error| Spoiled::Malformed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_be_of_no_use_has_its_name() {
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(read_certificates("garbage").expect_err("no PEM"), Spoiled::NoPem);
        assert!(matches!(read_certificates(encrypted), Err(Spoiled::Other { .. })));
        assert!(matches!(read_certificates(certificate), Err(Spoiled::Malformed(_))));
        assert!(matches!(read_authorities(certificate), Err(Spoiled::Malformed(_))));
        assert_eq!(read_key(encrypted).expect_err("a password"), Spoiled::Encrypted);
        assert!(matches!(read_key(certificate), Err(Spoiled::Other { .. })));
    }
}
