//! Certificates and keys in the form that was asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{Certificate, KeyPair};
use serde_json::{Value, json};

use crate::logical::{Call, Data, Refusal};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pem,
    Der,
    Bundle,
}

impl Format {
    /// The form that a request asks for.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        match call.fields.text("format") {
            "" if !call.fields.has("format") => Ok(Self::Pem),
            "pem" => Ok(Self::Pem),
            "der" => Ok(Self::Der),
            "pem_bundle" => Ok(Self::Bundle),
            _ => Err(Refusal::invalid(
                "the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"",
            )),
        }
    }

    fn one(self, certificate: &Certificate) -> String {
        if self == Self::Der { STANDARD.encode(certificate.der()) } else { certificate.to_pem() }
    }
}

/// What is answered of a new certificate.
pub(super) struct Bundle<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) issuing_ca: &'a Certificate,
    /// What `ca_chain` shows; `None` leaves it out.
    pub(super) chain: Option<&'a [Certificate]>,
    /// What a PEM bundle has behind the certificate.
    pub(super) below: &'a [Certificate],
    pub(super) key: Option<&'a KeyPair>,
}

impl Bundle<'_> {
    /// The `data` of the answer.
    pub(super) fn data(&self, call: &Call<'_>, format: Format) -> Data {
        let mut data = Data::new();
        let mut put = |name: &str, value: Value| {
            data.insert(name.to_owned(), value);
        };
        put("serial_number", self.certificate.serial().into());
        put("expiration", self.certificate.not_after().unix_timestamp().into());
        put("issuing_ca", format.one(self.issuing_ca).into());
        if let Some(chain) = self.chain {
            put("ca_chain", chain.iter().map(|one| format.one(one)).collect::<Vec<_>>().into());
        }
        let key = self.key.map(|key| key_text(key, call.fields.text("private_key_format"), format));
        if let (Some(pair), Some(text)) = (self.key, &key) {
            put("private_key", json!(text));
            put("private_key_type", pair.kind().algorithm().into());
        }
        let certificate = match format {
            Format::Bundle => {
                let certificates =
                    std::iter::once(self.certificate).chain(self.below).map(Certificate::to_pem);
                let key = key.map(|key| key.trim_end().to_owned());
                key.into_iter().chain(certificates).collect::<Vec<_>>().join("\n")
            }
            format => format.one(self.certificate),
        };
        put("certificate", certificate.into());
        data
    }
}

fn key_text(key: &KeyPair, form: &str, format: Format) -> String {
    match (form, format) {
        ("pkcs8", Format::Der) => STANDARD.encode(key.pkcs8_der()),
        (_, Format::Der) => STANDARD.encode(key.traditional_der()),
        ("pkcs8", _) => key.to_pkcs8_pem().trim_end().to_owned(),
        _ => key.to_pem().trim_end().to_owned(),
    }
}
