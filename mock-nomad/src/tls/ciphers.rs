//! `tls_cipher_suites` and `tls_min_version`: what is accepted, and in what words the rest is refused.

use lab_pki::KeyKind;
use lab_wire::tls::Version;

/// The suites that Nomad knows, and the key they need; the RSA ones without ECDHE need an RSA key too.
const KNOWN: [(&str, Signature); 14] = [
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", Signature::Rsa),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", Signature::Ecdsa),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Signature::Rsa),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Signature::Ecdsa),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Signature::Rsa),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Signature::Ecdsa),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Signature::Rsa),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Signature::Ecdsa),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Signature::Rsa),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Signature::Ecdsa),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", Signature::Rsa),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", Signature::Rsa),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", Signature::Rsa),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", Signature::Rsa),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    Rsa,
    Ecdsa,
}

/// Checks a comma-separated list of suites; `key` is the kind of the certificate's key, where one could be loaded.
///
/// The list has no effect on handshakes here: see docs/FIDELITY.md.
pub(super) fn check_ciphers(list: &str, key: Option<KeyKind>) -> Result<(), String> {
    let mut signatures = Vec::new();
    if list.trim().is_empty() {
        signatures.extend([Signature::Rsa, Signature::Ecdsa]);
    } else {
        for name in list.split(',') {
            let known = KNOWN.iter().find(|(known, _)| *known == name);
            signatures.push(known.ok_or_else(|| format!("unsupported TLS cipher {name:?}"))?.1);
        }
    }
    let (wanted, name) = match key {
        None => return Ok(()),
        Some(KeyKind::Ed25519) => {
            return Err(
                "Unsupported signature algorithm ed25519.PrivateKey; RSA and ECDSA only are supported."
                    .into(),
            );
        }
        Some(KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521) => (Signature::Ecdsa, "ECDSA"),
        Some(_) => (Signature::Rsa, "RSA"),
    };
    if signatures.contains(&wanted) {
        return Ok(());
    }
    Err(format!(
        "Specified cipher suites don't support the certificate signature algorithm {name}, consider adding more cipher \
         suites to match this signature algorithm."
    ))
}

/// The lowest version of TLS; 1.2 where nothing is said.
pub(super) fn min_version(text: &str) -> Result<Version, String> {
    match text {
        // The old ones are taken and mean 1.2 here: no peer of the lab speaks less.
        "" | "tls10" | "tls11" | "tls12" => Ok(Version::Tls12),
        "tls13" => Ok(Version::Tls13),
        other => Err(format!("unsupported TLS version {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_checked_against_the_key() {
        let all: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        assert_eq!(check_ciphers(&all.join(","), Some(KeyKind::EcP256)), Ok(()));
        assert_eq!(check_ciphers("", Some(KeyKind::Rsa2048)), Ok(()));
        for bad in ["TLS_RSA_RSA_WITH_RC4_128_SHA", "INVALID_CIPHER", " TLS_RSA_WITH_AES_128_GCM_SHA256"] {
            assert_eq!(check_ciphers(bad, None), Err(format!("unsupported TLS cipher \"{bad}\"")));
        }
        let only_ecdsa = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305";
        assert_eq!(check_ciphers(only_ecdsa, Some(KeyKind::EcP384)), Ok(()));
        assert_eq!(
            check_ciphers(only_ecdsa, Some(KeyKind::Rsa4096)),
            Err("Specified cipher suites don't support the certificate signature algorithm RSA, consider adding more \
                 cipher suites to match this signature algorithm."
                .into())
        );
        assert!(
            check_ciphers("", Some(KeyKind::Ed25519)).is_err_and(|text| text.contains("ed25519.PrivateKey"))
        );
    }

    #[test]
    fn versions_are_the_four() {
        for good in ["", "tls10", "tls11", "tls12", "tls13"] {
            assert!(min_version(good).is_ok(), "{good}");
        }
        for bad in ["ssl3", "tls14", "tls15"] {
            assert_eq!(min_version(bad).err(), Some(format!("unsupported TLS version \"{bad}\"")));
        }
    }
}
