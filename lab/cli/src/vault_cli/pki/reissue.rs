//! `pki reissue`: an intermediate authority like one that there is.

use lab_pki::{Certificate, SignatureAlgorithm};
use lab_world::format_duration;
use serde_json::{Map, Value, json};

use super::client;
use super::issue::issue_with;
use super::issuer::Issuer;
use crate::vault_cli::data;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;

pub(in crate::vault_cli) fn reissue(session: &Session<'_>) -> Outcome {
    let [parent, template, mount, pairs @ ..] = session.arguments() else {
        return Err(Failure::Usage(
            "Not enough arguments: expected parent issuer and child-mount location and some key_value argument"
                .to_owned(),
        ));
    };
    let changes = data::parse(session, pairs)
        .map_err(|problem| Failure::Usage(format!("Failed to parse K=V data: {problem}")))?;
    let api = client(session)?;
    let path = sanitize(template);
    let template = Issuer::read(&api, &path).map_err(|failure| {
        failure.told(&format!("Error fetching template certificate {path} ")).into_usage()
    })?;
    let mut data = of_certificate(&template.certificate);
    if session.text("type") == "existing" {
        if template.key_id.is_empty() {
            return Err(Failure::Usage(format!(
                "Template issuer {path} did not have a key id field set in response which is required"
            )));
        }
        data.insert("skid".to_owned(), hex(template.certificate.subject_key_id()).into());
        data.insert("key_ref".to_owned(), template.key_id.into());
    } else {
        let key = template.certificate.public_key();
        data.insert("key_type".to_owned(), key.algorithm().into());
        data.insert("key_bits".to_owned(), key.bits().into());
    }
    change(&mut data, changes);
    issue_with(session, &sanitize(parent), &sanitize(mount), data)
}

/// What the engine must be told to make such a certificate; its key aside.
fn of_certificate(certificate: &Certificate) -> Map<String, Value> {
    let subject = certificate.subject();
    let names = [certificate.dns_names(), certificate.emails()].concat();
    let addresses: Vec<String> = certificate.ip_addresses().iter().map(ToString::to_string).collect();
    let list = |values: &[String]| if values.is_empty() { Value::Null } else { Value::from(values.to_vec()) };
    let length = certificate.not_after() - certificate.not_before();
    let (bits, is_pss) = signature(certificate.signature_algorithm());
    let data = json!({
        "common_name": subject.common_name,
        "alt_names": names.join(","),
        "ip_sans": addresses.join(","),
        "uri_sans": certificate.uris().join(","),
        "signature_bits": bits,
        "exclude_cn_from_sans": !names.contains(&subject.common_name),
        "ou": list(&subject.organizational_unit),
        "organization": list(&subject.organization),
        "country": list(&subject.country),
        "locality": list(&subject.locality),
        "province": list(&subject.province),
        "street_address": list(&subject.street_address),
        "postal_code": list(&subject.postal_code),
        "serial_number": subject.serial_number,
        "ttl": format_duration(length.try_into().unwrap_or_default()),
        "max_path_length": certificate.max_path_length().map_or(json!(-1), Value::from),
        "permitted_dns_domains": certificate.permitted_dns_names().join(","),
        "use_pss": is_pss,
    });
    match data {
        Value::Object(data) => data,
        _ => Map::new(),
    }
}

/// The length of the digest that is signed, and whether RSA signs it with PSS.
fn signature(algorithm: SignatureAlgorithm) -> (u64, bool) {
    use SignatureAlgorithm as Is;
    let bits = match algorithm {
        Is::Sha256WithRsa | Is::Sha256WithRsaPss | Is::EcdsaWithSha256 => 256,
        Is::Sha384WithRsa | Is::Sha384WithRsaPss | Is::EcdsaWithSha384 => 384,
        Is::Sha512WithRsa | Is::Sha512WithRsaPss | Is::EcdsaWithSha512 | Is::Ed25519 => 512,
        _ => 0,
    };
    (bits, matches!(algorithm, Is::Sha256WithRsaPss | Is::Sha384WithRsaPss | Is::Sha512WithRsaPss))
}

/// Puts what the caller says in the place of what the template says, and leaves out what would contradict it.
fn change(data: &mut Map<String, Value>, changes: Map<String, Value>) {
    if changes.contains_key("not_after") {
        data.remove("ttl");
    }
    if changes.get("key_type").is_some_and(|kind| data.get("key_type") != Some(kind)) {
        data.remove("key_bits");
    }
    data.extend(changes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
