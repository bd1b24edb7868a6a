//! Policies that a role puts into certificates: identifiers, or objects that say more of one.

use lab_pki::{CertificateBuilder, Extension, Oid};
use lab_wire::go_json;
use serde::Serialize;
use serde_json::{Map, Value};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSeq};

use crate::logical::{Fields, Refusal};
use crate::pki::oid;

const CERTIFICATE_POLICIES: Oid = Oid::new(&[2, 5, 29, 32]);
/// What kind of text stands behind an identifier.
const PRACTICE_STATEMENT: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 2, 1];
const USER_NOTICE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 2, 2];

/// A policy with what is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Policy {
    oid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cps: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    notice: String,
}

/// The policies of a role: a list, or the text of an object or of a list of objects.
pub(super) fn read(fields: &Fields) -> Vec<String> {
    let text = fields.raw().get("policy_identifiers").and_then(Value::as_str).unwrap_or_default();
    let policies = match serde_json::from_str(text) {
        Ok(Value::Array(policies)) => policies.iter().map(Policy::of).collect(),
        Ok(policy @ Value::Object(_)) => Policy::of(&policy).map(|policy| vec![policy]),
        _ => return fields.list("policy_identifiers"),
    };
    match policies {
        Ok(policies) => {
            let written = policies.iter().filter_map(|policy: &Policy| serde_json::to_string(policy).ok());
            written.collect()
        }
        Err(_) => fields.list("policy_identifiers"),
    }
}

/// Refuses the first that is none.
pub(super) fn check(policies: &[String]) -> Result<(), Refusal> {
    policies
        .iter()
        .try_for_each(|text| Policy::parse(text)?.map_or(Ok(()), |policy| policy.check()))
        .map_err(Refusal::Failed)
}

/// Puts the policies of a role into a certificate: behind everything else where one is more than an identifier.
pub(super) fn apply(policies: &[String], builder: &mut CertificateBuilder) {
    if policies.iter().all(|text| oid::numbers(text).is_ok()) {
        builder.policies = policies.iter().filter_map(|oid| oid.parse().ok()).collect();
        return;
    }
    let policies: Vec<Policy> =
        policies.iter().filter_map(|text| Policy::parse(text).ok().flatten()).collect();
    let value = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| policies.iter().for_each(|policy| policy.write(writer)));
    });
    builder.extra_extensions.push(Extension { oid: CERTIFICATE_POLICIES, critical: false, value });
}

impl Policy {
    /// Reads one; nothing for an empty text, which is passed over.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let Err(no_oid) = oid::numbers(text) else {
            return Ok(Some(Self { oid: text.to_owned(), ..Self::default() }));
        };
        let policy = match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::of(&value),
            Err(_) => Err(crate::http::whole_complaint(text.as_bytes())),
        };
        policy.map(Some).map_err(|told| {
            let quoted = lab_pki::quote(text);
            format!("Policy Identifier {quoted} is neither a valid OID: {no_oid}, Nor JSON Policy Identifier: {told}")
        })
    }

    /// Errors: Go's words for a value of another type.
    fn of(value: &Value) -> Result<Self, String> {
        const TYPE: &str = "PolicyIdentifierWithQualifierEntry";
        let Value::Object(object) = value else {
            return Err(format!(
                "json: cannot unmarshal {} into Go value of type certutil.{TYPE}",
                go_json::kind(value)
            ));
        };
        let text = |name: &str| text(object, name, TYPE);
        Ok(Self { oid: text("oid")?, cps: text("cps")?, notice: text("notice")? })
    }

    fn check(&self) -> Result<(), String> {
        oid::numbers(&self.oid)?;
        if self.oid.parse::<Oid>().is_err() {
            return Err("asn1: structure error: invalid object identifier".to_owned());
        }
        if !self.cps.is_ascii() {
            return Err("asn1: structure error: IA5String contains invalid character".to_owned());
        }
        Ok(())
    }

    fn write(&self, writer: &mut DERWriterSeq<'_>) {
        let Ok(oid) = self.oid.parse::<Oid>() else { return };
        writer.next().write_sequence(|writer| {
            write_oid(writer.next(), oid.numbers());
            if self.cps.is_empty() && self.notice.is_empty() {
                return;
            }
            writer.next().write_sequence(|writer| {
                if !self.cps.is_empty() {
                    writer.next().write_sequence(|writer| {
                        write_oid(writer.next(), PRACTICE_STATEMENT);
                        writer.next().write_ia5_string(&self.cps);
                    });
                }
                if !self.notice.is_empty() {
                    writer.next().write_sequence(|writer| {
                        write_oid(writer.next(), USER_NOTICE);
                        writer.next().write_sequence(|writer| writer.next().write_utf8_string(&self.notice));
                    });
                }
            });
        });
    }
}

fn write_oid(writer: DERWriter<'_>, numbers: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(numbers));
}

fn text(object: &Map<String, Value>, name: &str, of: &str) -> Result<String, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!(
            "json: cannot unmarshal {} into Go struct field {of}.{name} of type string",
            go_json::kind(other)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_policy_is_told() {
        let told = |text: &str| match check(&[text.to_owned()]) {
            Err(Refusal::Failed(told)) => told,
            other => format!("{other:?}"),
        };
        for good in ["", "1.2", "2.999", "{\"oid\":\"1.2.3\",\"cps\":\"https://x\",\"notice\":\"ü\"}"] {
            assert_eq!(told(good), "Ok(())", "{good}");
        }
        assert_eq!(told("3.1"), "asn1: structure error: invalid object identifier");
        assert_eq!(told("{}"), "strconv.Atoi: parsing \"\": invalid syntax");
        assert_eq!(
            told("{\"oid\":\"1.2\",\"cps\":\"ä\"}"),
            "asn1: structure error: IA5String contains invalid character"
        );
        assert_eq!(
            told("[1]"),
            "Policy Identifier \"[1]\" is neither a valid OID: strconv.Atoi: parsing \"[1]\": invalid syntax, Nor JSON \
             Policy Identifier: json: cannot unmarshal array into Go value of type \
             certutil.PolicyIdentifierWithQualifierEntry"
        );
    }
}
