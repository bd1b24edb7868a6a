//! The certificates of `vault server -dev-tls`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyIdentifier, KeyKind,
    KeySource, KeyUsage, Name,
};
use lab_world::{Disk, Host};
use mock_vault::TlsFiles;

use super::failure::Failure;
use super::options::DevTls;

/// How long the certificates are valid.
const LIFETIME: Duration = Duration::from_secs(365 * 86_400);

/// A CA, a certificate below it and its key, as files; they are removed when this is dropped.
pub(super) struct DevCertificates {
    disk: Disk,
    directory: PathBuf,
    /// Whether the directory was made for them.
    is_temporary: bool,
}

impl DevCertificates {
    /// Makes them, and writes `vault-ca.pem`, `vault-cert.pem` and `vault-key.pem`.
    pub(super) fn make(host: &Host, options: &DevTls) -> Result<Self, Failure> {
        let temporary = || std::env::temp_dir().join(format!("vault-tls{}", host.entropy.below(u64::MAX)));
        let made = Self {
            disk: host.disk.clone(),
            directory: options.directory.clone().unwrap_or_else(temporary),
            is_temporary: options.directory.is_none(),
        };
        let [ca, certificate, key] = texts(host, &options.names)
            .map_err(|error| Failure::Start(format!("failed to generate the certificates: {error}")))?;
        for (name, text) in [("vault-ca.pem", ca), ("vault-cert.pem", certificate), ("vault-key.pem", key)] {
            let written = made.disk.write_atomic(made.directory.join(name), text, 0o600);
            written.map_err(|error| Failure::Start(error.to_string()))?;
        }
        Ok(made)
    }

    /// What the listener shows.
    pub(super) fn files(&self) -> TlsFiles {
        TlsFiles::new(self.path("vault-cert.pem"), self.path("vault-key.pem"))
    }

    /// The file of the CA.
    pub(super) fn authority(&self) -> String {
        self.path("vault-ca.pem")
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }
}

impl Drop for DevCertificates {
    fn drop(&mut self) {
        // Somebody else may have removed them.
        for name in ["vault-ca.pem", "vault-cert.pem", "vault-key.pem"] {
            let _ = self.disk.remove(self.directory.join(name));
        }
        if self.is_temporary {
            let _ = std::fs::remove_dir(&self.directory);
        }
    }
}

/// The texts of the CA, the certificate and its key.
fn texts(host: &Host, names: &[String]) -> Result<[String; 3], lab_pki::Error> {
    let now = host.clock.now();
    let builder = |subject: &str| {
        let mut builder =
            CertificateBuilder::new(Name::common(subject), now - Duration::from_secs(30), now + LIFETIME);
        builder.serial = host.entropy.bytes::<16>().to_vec();
        builder
    };
    let keys = KeySource::generated();
    let ca_key = keys.key(KeyKind::EcP256)?;
    let mut ca = builder("lab Vault CA");
    ca.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
    ca.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    ca.subject_key_id = KeyIdentifier::Computed;
    let ca = ca.self_sign(&ca_key)?;
    let key = keys.key(KeyKind::EcP256)?;
    let mut leaf = builder("localhost");
    leaf.key_usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT | KeyUsage::KEY_AGREEMENT;
    leaf.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    leaf.authority_key_id = KeyIdentifier::Computed;
    leaf.dns_names =
        ["localhost", "localhost4", "localhost6", "localhost.localdomain"].map(str::to_owned).to_vec();
    leaf.ip_addresses = vec![Ipv4Addr::LOCALHOST.into()];
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(address) => leaf.ip_addresses.push(address),
            Err(_) => leaf.dns_names.push(name.clone()),
        }
    }
    let issuer = Issuer { certificate: ca.clone(), key: ca_key };
    let leaf: Certificate = leaf.sign(key.public_key_der(), &issuer)?;
    Ok([ca.to_pem() + "\n", leaf.to_pem() + "\n", key.to_pem() + "\n"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_wire::tls::Identity;

    #[test]
    fn the_files_are_a_pair_below_the_ca_and_go_at_the_end() {
        let host = Host { disk: Disk::memory(), ..Host::loopback("vault", "unused") };
        let options = DevTls {
            directory: Some("/tls".into()),
            names: vec!["vault.internal".into(), "127.0.0.2".into()],
        };
        let made = DevCertificates::make(&host, &options).expect("made");
        let files = made.files();
        let read = |path: &str| host.disk.read_to_string(path).expect("there");
        let identity = Identity::from_pem(&read(&files.certificate), &read(&files.key)).expect("a pair");
        let leaf = &identity.chain[0];
        assert!(leaf.dns_names().contains(&"vault.internal".to_owned()));
        let ca = Certificate::from_pem(&read(&made.authority())).expect("a certificate");
        assert_eq!(leaf.issuer(), ca.subject());
        drop(made);
        assert!(!host.disk.exists(&files.key));
    }
}
