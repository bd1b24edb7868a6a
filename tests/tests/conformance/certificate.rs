//! Certificates and signing requests by what they say, without their keys and signatures.

use lab_pki::{Certificate, Extension, PublicKey, SigningRequest};
use serde_json::{Value, json};

/// Extensions that identify keys: only their length is the same in each run.
const KEY_IDENTIFIERS: [[u64; 4]; 2] = [[2, 5, 29, 14], [2, 5, 29, 35]];

/// The shape of a PEM block.
pub(crate) fn shape(label: &str, pem: &str) -> Value {
    match label {
        "CERTIFICATE" => match Certificate::from_pem(pem) {
            Ok(certificate) => certificate_shape(&certificate),
            Err(error) => format!("unreadable certificate: {error}").into(),
        },
        "CERTIFICATE REQUEST" => match SigningRequest::from_pem(pem) {
            Ok(request) => json!({
                "csr": hex(request.raw_subject()),
                "key": key(request.public_key()),
                "extensions": extensions(request.extensions()),
            }),
            Err(error) => format!("unreadable request: {error}").into(),
        },
        other => format!("<{other}>").into(),
    }
}

fn certificate_shape(certificate: &Certificate) -> Value {
    let lifetime = (certificate.not_after() - certificate.not_before()).whole_seconds();
    // A random serial number may begin with zeros.
    let serial = certificate.serial_bytes().len();
    json!({
        "cert": hex(certificate.raw_subject()),
        "issuer": hex(certificate.raw_issuer()),
        "key": key(certificate.public_key()),
        "signature": format!("{:?}", certificate.signature_algorithm()),
        "lifetime": (lifetime + 5) / 10,
        "serial": if serial >= 18 { "18 bytes or more".to_owned() } else { serial.to_string() },
        "extensions": extensions(certificate.extensions()),
    })
}

/// Its kind and size.
fn key(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { bits, .. } => format!("rsa-{bits}"),
        PublicKey::Ec { curve, .. } => format!("ec-{curve:?}"),
        PublicKey::Ed25519(_) => "ed25519".to_owned(),
        _ => "another".to_owned(),
    }
}

fn extensions(extensions: &[Extension]) -> Vec<Value> {
    let value = |extension: &Extension| {
        let identifies_key = KEY_IDENTIFIERS.iter().any(|oid| extension.oid.numbers() == oid);
        if identifies_key { format!("{} bytes", extension.value.len()) } else { hex(&extension.value) }
    };
    extensions
        .iter()
        .map(|extension| {
            json!([format!("{:?}", extension.oid.numbers()), extension.critical, value(extension)])
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
