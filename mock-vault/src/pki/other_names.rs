//! Alternative names of other types: how they are asked for, and which a role lets in.

use lab_pki::{Oid, OtherName, SigningRequest};

use crate::logical::{Refusal, glob};
use crate::pki::der::{element, elements};
use crate::pki::oid;
use crate::pki::role::Role;

const SUBJECT_ALT_NAME: Oid = Oid::new(&[2, 5, 29, 17]);
/// The tags of such a name and of its text.
const OTHER_NAME: u8 = 0xa0;
const UTF8_STRING: u8 = 0x0c;

/// A name as it is asked for, `oid;UTF8:value`; whether the identifier is one is looked at when it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AskedName {
    pub(super) oid: String,
    pub(super) value: String,
}

/// Reads what is asked for.
///
/// Errors: what is wrong with the first that is none.
pub(super) fn parse(texts: &[String]) -> Result<Vec<AskedName>, String> {
    texts.iter().map(|text| one(text)).collect()
}

fn one(text: &str) -> Result<AskedName, String> {
    let (oid, rest) =
        text.split_once(';').ok_or_else(|| format!("expected a semicolon in other SAN {text:?}"))?;
    let (kind, value) =
        rest.split_once(':').ok_or_else(|| format!("expected a colon in other SAN {text:?}"))?;
    if !["utf8", "utf-8"].contains(&kind.to_lowercase().as_str()) {
        return Err(format!(
            "only utf8 other SANs are supported; found non-supported type in other SAN {text:?}"
        ));
    }
    Ok(AskedName { oid: oid.to_owned(), value: value.to_owned() })
}

/// The names that a signing request asks for.
///
/// Errors: what is wrong with the first that has no text.
pub(super) fn of_request(csr: &SigningRequest) -> Result<Vec<AskedName>, String> {
    let names = csr.extensions().iter().find(|extension| extension.oid == SUBJECT_ALT_NAME);
    let list =
        names.and_then(|extension| element(&extension.value)).and_then(|(list, _)| elements(list.content));
    for name in list.unwrap_or_default().iter().filter(|name| name.tag == OTHER_NAME) {
        let truncated =
            || "could not parse requested other SAN: asn1: syntax error: sequence truncated".to_owned();
        let fields = elements(name.content).ok_or_else(truncated)?;
        let value = fields.get(1).and_then(|value| elements(value.content)).ok_or_else(truncated)?;
        match value.first() {
            None => return Err(truncated()),
            Some(text) if text.tag == UTF8_STRING => {}
            Some(_) => return Err("no UTF-8 string found in OtherName".to_owned()),
        }
    }
    let asked = |name: &OtherName| AskedName { oid: name.oid.to_string(), value: name.value.clone() };
    Ok(csr.other_names().iter().map(asked).collect())
}

/// Refuses the first name that the role does not allow.
pub(super) fn check(role: &Role, asked: &[AskedName]) -> Result<(), Refusal> {
    if role.allowed_other_sans == ["*"] {
        return Ok(());
    }
    let allowed = parse(&role.allowed_other_sans)
        .map_err(|told| Refusal::Invalid(format!("error parsing role's allowed SANs: {told}")))?;
    for name in asked {
        let mut patterns = allowed.iter().filter(|allowed| allowed.oid == name.oid).peekable();
        if patterns.peek().is_none() {
            return Err(Refusal::Invalid(format!("other SAN OID {} not allowed by this role", name.oid)));
        }
        if !patterns.any(|pattern| glob(&pattern.value, &name.value)) {
            return Err(Refusal::Invalid(format!(
                "other SAN {} not allowed for OID {} by this role",
                name.value, name.oid
            )));
        }
    }
    Ok(())
}

/// The names as they are written into a certificate.
///
/// Errors: what is wrong with the first identifier that is none.
pub(super) fn encodable(asked: &[AskedName]) -> Result<Vec<OtherName>, Refusal> {
    let name = |one: &AskedName| Ok(OtherName { oid: encodable_oid(&one.oid)?, value: one.value.clone() });
    asked
        .iter()
        .map(name)
        .collect::<Result<_, String>>()
        .map_err(|told| Refusal::Failed(format!("error marshaling other SANs: {told}")))
}

fn encodable_oid(text: &str) -> Result<Oid, String> {
    oid::numbers(text)?;
    text.parse().map_err(|_| format!("cryptobyte: invalid OID: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_are_utf8_only() {
        let read = |text: &str| parse(&[text.to_owned()]).map(|names| names[0].value.clone());
        assert_eq!(read("1.2.3;UTF8:x"), Ok("x".into()));
        assert_eq!(read("*;utf-8:a;b:c"), Ok("a;b:c".into()));
        assert_eq!(read("1.2.3"), Err("expected a semicolon in other SAN \"1.2.3\"".into()));
        assert_eq!(
            read("1.2.3;bmp:x"),
            Err("only utf8 other SANs are supported; found non-supported type in other SAN \"1.2.3;bmp:x\""
                .into())
        );
    }

    #[test]
    fn identifiers_that_are_none_are_told_in_go_words() {
        let told = |oid: &str| encodable_oid(oid).expect_err("no identifier");
        assert_eq!(told("x"), "strconv.Atoi: parsing \"x\": invalid syntax");
        assert_eq!(told("1..2"), "strconv.Atoi: parsing \"\": invalid syntax");
        assert_eq!(told("3.1"), "cryptobyte: invalid OID: 3.1");
    }
}
