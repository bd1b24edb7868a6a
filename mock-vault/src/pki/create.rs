//! Signing what was decided on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{
    Certificate, CertificateBuilder, Issuer, KeyKind, KeyPair, KeyUsage, SignatureAlgorithm,
    verify_ignoring_time,
};

use crate::logical::{Call, Refusal};
use crate::pki::engine::Pki;
use crate::pki::model::{KeyEntry, Secret, Stored};
use crate::pki::role::usage_named;

/// What an authority's key may be used for.
const AUTHORITY: [KeyUsage; 3] = [KeyUsage::DIGITAL_SIGNATURE, KeyUsage::CERT_SIGN, KeyUsage::CRL_SIGN];

/// What the extension of name constraints is called.
const NAME_CONSTRAINTS: lab_pki::Oid = lab_pki::Oid::new(&[2, 5, 29, 30]);

impl Pki {
    /// A new key of the kind asked for.
    pub(super) fn generate_key(call: &Call<'_>, key_type: &str, bits: i64) -> Result<KeyPair, Refusal> {
        let kind = KeyKind::from_vault(key_type, u32::try_from(bits).unwrap_or(0))
            .ok_or_else(|| Refusal::Invalid(format!("the lab has no {key_type} keys with {bits} bits")))?;
        if let Some(key) = call.request.key.as_ref().filter(|key| key.kind() == kind) {
            return Ok(key.clone());
        }
        call.environment.keys.ready(kind).map_err(failed)?.ok_or(Refusal::NeedsKey(kind))
    }

    /// Keeps a key, as the default where there was none; gives its id.
    pub(super) fn add_key(&mut self, call: &Call<'_>, key: KeyPair, name: String) -> String {
        let id = call.environment.entropy.uuid();
        self.keys.insert(id.clone(), KeyEntry { id: id.clone(), name, key: Secret(key) });
        if self.defaults.get().key.is_empty() {
            self.defaults.get_mut().key.clone_from(&id);
        }
        id
    }

    /// Signs a certificate and holds it against what limits its issuers.
    pub(super) fn sign(
        &self,
        mut builder: CertificateBuilder,
        public_key: &[u8],
        issuer: &Issuer,
        issuer_id: &str,
        call: &Call<'_>,
    ) -> Result<Certificate, Refusal> {
        builder.serial = serial(call);
        let certificate = builder.sign(public_key, issuer).map_err(unparsed)?;
        let chain = self.chain(issuer_id);
        if let Some(oid) = unhandled(&certificate) {
            return Err(Refusal::Failed(format!("x509: unhandled critical extension ({oid})")));
        }
        let limited = chain.iter().any(|above| {
            above.max_path_length().is_some()
                || above.extensions().iter().any(|extension| extension.oid == NAME_CONSTRAINTS)
        });
        if limited {
            let (roots, intermediates): (Vec<_>, Vec<_>) =
                chain.iter().cloned().partition(Certificate::is_self_signed);
            let roots = if roots.is_empty() { chain.last().cloned().into_iter().collect() } else { roots };
            verify_ignoring_time(&roots, &intermediates, &certificate).map_err(failed)?;
        }
        Ok(certificate)
    }

    /// Keeps a certificate by its serial number.
    pub(super) fn store(&mut self, certificate: &Certificate, issuer_id: &str) {
        let stored = Stored {
            der: STANDARD.encode(certificate.der()),
            issuer_id: issuer_id.to_owned(),
            not_after: certificate.not_after(),
            revoked: None,
        };
        self.certificates.insert(certificate.serial(), stored);
    }
}

/// The first critical extension that Go does not know.
fn unhandled(certificate: &Certificate) -> Option<&lab_pki::Oid> {
    let is_known = |oid: &lab_pki::Oid| match oid.numbers() {
        [2, 5, 29, number] => matches!(number, 14 | 15 | 17 | 19 | 30 | 31 | 32 | 35 | 36 | 37 | 54),
        _ => false,
    };
    let mut critical = certificate.extensions().iter().filter(|extension| extension.critical);
    critical.find(|extension| !is_known(&extension.oid)).map(|extension| &extension.oid)
}

/// The usages of an authority beside those that all of them have, and what is wrong with the others, if any were asked
/// for at all.
pub(super) fn authority_usages(call: &Call<'_>) -> (KeyUsage, Option<String>) {
    let names = call.fields.list("key_usage");
    let mut problems = Vec::new();
    let mut usages = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
    for name in &names {
        match usage_named(name) {
            Some(usage) if AUTHORITY.contains(&usage) => usages = usages | usage,
            Some(_) => problems.push(format!("key usage {name} is only valid for non-Ca certs")),
            None => problems.push(format!("unrecognized key usage {name}")),
        }
    }
    (usages, call.fields.has("key_usage").then(|| problems.join("; ")))
}

/// A random positive number of at most 159 bits.
pub(super) fn serial(call: &Call<'_>) -> Vec<u8> {
    let mut serial: [u8; 20] = call.environment.entropy.bytes();
    serial[0] &= 0x7f;
    serial.to_vec()
}

/// How an issuer's key signs; `None` leaves it to the key.
pub(super) fn signature(issuer: &KeyPair, bits: i64, pss: bool) -> Option<SignatureAlgorithm> {
    if issuer.kind().algorithm() != "rsa" {
        return None;
    }
    Some(match (bits, pss) {
        (384, false) => SignatureAlgorithm::Sha384WithRsa,
        (512, false) => SignatureAlgorithm::Sha512WithRsa,
        (_, false) => SignatureAlgorithm::Sha256WithRsa,
        (384, true) => SignatureAlgorithm::Sha384WithRsaPss,
        (512, true) => SignatureAlgorithm::Sha512WithRsaPss,
        (_, true) => SignatureAlgorithm::Sha256WithRsaPss,
    })
}

/// Why a certificate was not made: what was signed is read back.
pub(super) fn unparsed(error: lab_pki::Error) -> Refusal {
    match error {
        lab_pki::Error::Malformed(_) => {
            Refusal::Failed(format!("unable to parse created certificate: {error}"))
        }
        other => Refusal::Failed(format!("unable to create certificate: {other}")),
    }
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(error.to_string())
}
