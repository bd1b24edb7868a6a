//! What a key may be used for.

use std::ops::BitOr;

use crate::Oid;
use crate::der::Reader;

/// The bits of the key usage extension. No bit at all means that the extension is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Signing anything but certificates and revocation lists, as in a handshake.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// Signatures that cannot be disputed.
    pub const CONTENT_COMMITMENT: Self = Self(1 << 1);
    /// Encrypting keys.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// Encrypting data.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// Agreeing on keys.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// Signing certificates.
    pub const CERT_SIGN: Self = Self(1 << 5);
    /// Signing revocation lists.
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// With key agreement: only encrypting.
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// With key agreement: only decrypting.
    pub const DECIPHER_ONLY: Self = Self(1 << 8);

    const NAMES: [(&str, Self); 9] = [
        ("DigitalSignature", Self::DIGITAL_SIGNATURE),
        ("ContentCommitment", Self::CONTENT_COMMITMENT),
        ("KeyEncipherment", Self::KEY_ENCIPHERMENT),
        ("DataEncipherment", Self::DATA_ENCIPHERMENT),
        ("KeyAgreement", Self::KEY_AGREEMENT),
        ("CertSign", Self::CERT_SIGN),
        ("CRLSign", Self::CRL_SIGN),
        ("EncipherOnly", Self::ENCIPHER_ONLY),
        ("DecipherOnly", Self::DECIPHER_ONLY),
    ];

    /// The usage of a name as Go and Vault's `key_usage` write it, in any case, with or without `KeyUsage` in front.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let name = name.strip_prefix("keyusage").unwrap_or(&name);
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, usage)| *usage)
    }

    /// The names of its bits, in their order.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(_, usage)| self.contains(*usage)).map(|(name, _)| *name).collect()
    }

    /// Whether all bits of `other` are there.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no bit.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The BIT STRING without zeros at its end.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let bytes = [(self.0 as u8).reverse_bits(), ((self.0 >> 8) as u8).reverse_bits()];
        let length = 16 - self.0.leading_zeros() as usize;
        yasna::construct_der(|w| w.write_bitvec_bytes(&bytes[..length.div_ceil(8)], length))
    }

    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, bytes) = Reader::new(der).bit_string()?;
        let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0).reverse_bits());
        Some(Self((byte(1) & 1) << 8 | byte(0)))
    }
}

impl BitOr for KeyUsage {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One purpose of the extended key usage extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtendedKeyUsage {
    /// Any purpose.
    Any,
    /// Showing it as a server.
    ServerAuth,
    /// Showing it as a client.
    ClientAuth,
    /// Signing programs.
    CodeSigning,
    /// Mail.
    EmailProtection,
    /// IPsec hosts.
    IpsecEndSystem,
    /// IPsec tunnels.
    IpsecTunnel,
    /// IPsec users.
    IpsecUser,
    /// Time stamps.
    TimeStamping,
    /// OCSP answers.
    OcspSigning,
    /// Microsoft's server gated cryptography.
    MicrosoftServerGatedCrypto,
    /// Netscape's server gated cryptography.
    NetscapeServerGatedCrypto,
    /// Microsoft's commercial code signing.
    MicrosoftCommercialCodeSigning,
    /// Microsoft's kernel code signing.
    MicrosoftKernelCodeSigning,
    /// A purpose that Go has no name for.
    Other(Oid),
}

impl ExtendedKeyUsage {
    /// The purposes with a name, in the order in which Vault writes them, with the names that Vault's `ext_key_usage`
    /// knows them by.
    const KNOWN: [(Self, &'static str, &'static [u64]); 14] = [
        (Self::Any, "any", &[2, 5, 29, 37, 0]),
        (Self::ServerAuth, "serverauth", &[1, 3, 6, 1, 5, 5, 7, 3, 1]),
        (Self::ClientAuth, "clientauth", &[1, 3, 6, 1, 5, 5, 7, 3, 2]),
        (Self::CodeSigning, "codesigning", &[1, 3, 6, 1, 5, 5, 7, 3, 3]),
        (Self::EmailProtection, "emailprotection", &[1, 3, 6, 1, 5, 5, 7, 3, 4]),
        (Self::IpsecEndSystem, "ipsecendsystem", &[1, 3, 6, 1, 5, 5, 7, 3, 5]),
        (Self::IpsecTunnel, "ipsectunnel", &[1, 3, 6, 1, 5, 5, 7, 3, 6]),
        (Self::IpsecUser, "ipsecuser", &[1, 3, 6, 1, 5, 5, 7, 3, 7]),
        (Self::TimeStamping, "timestamping", &[1, 3, 6, 1, 5, 5, 7, 3, 8]),
        (Self::OcspSigning, "ocspsigning", &[1, 3, 6, 1, 5, 5, 7, 3, 9]),
        (Self::MicrosoftServerGatedCrypto, "microsoftservergatedcrypto", &[1, 3, 6, 1, 4, 1, 311, 10, 3, 3]),
        (Self::NetscapeServerGatedCrypto, "netscapeservergatedcrypto", &[2, 16, 840, 1, 113730, 4, 1]),
        (
            Self::MicrosoftCommercialCodeSigning,
            "microsoftcommercialcodesigning",
            &[1, 3, 6, 1, 4, 1, 311, 2, 1, 22],
        ),
        (Self::MicrosoftKernelCodeSigning, "microsoftkernelcodesigning", &[1, 3, 6, 1, 4, 1, 311, 61, 1, 1]),
    ];

    /// The purpose of a name as Go and Vault's `ext_key_usage` write it, in any case, with or without `ExtKeyUsage` in
    /// front.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let name = name.strip_prefix("extkeyusage").unwrap_or(&name);
        Self::KNOWN.into_iter().find(|(_, known, _)| *known == name).map(|(usage, ..)| usage)
    }

    /// Its object identifier.
    pub fn oid(&self) -> Oid {
        match self {
            Self::Other(oid) => oid.clone(),
            known => {
                let found = Self::KNOWN.into_iter().find(|(usage, ..)| usage == known);
                let (.., numbers) = found.expect("every purpose but Other is in the table");
                Oid::new(numbers)
            }
        }
    }

    /// The purpose of an object identifier.
    pub fn from_oid(oid: Oid) -> Self {
        let found = Self::KNOWN.into_iter().find(|(.., numbers)| *numbers == oid.numbers());
        found.map_or(Self::Other(oid), |(usage, ..)| usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_usage_is_written_as_go_writes_it() {
        let leaf = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT | KeyUsage::KEY_AGREEMENT;
        assert_eq!(leaf.to_der(), [0x03, 0x02, 0x03, 0xa8]);
        assert_eq!((KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN).to_der(), [0x03, 0x02, 0x01, 0x06]);
        assert_eq!(KeyUsage::DECIPHER_ONLY.to_der(), [0x03, 0x03, 0x07, 0x00, 0x80]);
        for usage in [leaf, KeyUsage::CERT_SIGN, KeyUsage::DECIPHER_ONLY | KeyUsage::KEY_AGREEMENT] {
            assert_eq!(KeyUsage::from_der(&usage.to_der()), Some(usage));
        }
        assert_eq!(leaf.names(), ["DigitalSignature", "KeyEncipherment", "KeyAgreement"]);
        assert_eq!(KeyUsage::from_name(" keyusagecertsign "), Some(KeyUsage::CERT_SIGN));
        assert_eq!(KeyUsage::from_name("nonsense"), None);
    }

    #[test]
    fn purposes_have_names_and_identifiers() {
        assert_eq!(ExtendedKeyUsage::from_name("ExtKeyUsageServerAuth"), Some(ExtendedKeyUsage::ServerAuth));
        assert_eq!(ExtendedKeyUsage::ClientAuth.oid().to_string(), "1.3.6.1.5.5.7.3.2");
        for (usage, ..) in ExtendedKeyUsage::KNOWN {
            assert_eq!(ExtendedKeyUsage::from_oid(usage.oid()), usage);
        }
        let other: Oid = "1.2.3.4".parse().expect("an identifier");
        assert_eq!(ExtendedKeyUsage::from_oid(other.clone()), ExtendedKeyUsage::Other(other));
    }
}
