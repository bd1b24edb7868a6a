//! Distinguished names: whom a certificate is for, and who issued it.

use std::fmt;

use yasna::DERWriter;

use crate::der::{Element, Reader, tag};
use crate::key::write_oid;
use crate::oid::known;
use crate::{Error, Oid, asn1};

/// A distinguished name by its usual attributes, as Go's `pkix.Name` holds it.
///
/// It is written in Go's order: country, province, locality, street address, postal code, organization, organizational
/// unit, common name, serial number. The values of one attribute share one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// `C`
    pub country: Vec<String>,
    /// `O`
    pub organization: Vec<String>,
    /// `OU`
    pub organizational_unit: Vec<String>,
    /// `L`
    pub locality: Vec<String>,
    /// `ST`
    pub province: Vec<String>,
    /// `STREET`
    pub street_address: Vec<String>,
    /// `POSTALCODE`
    pub postal_code: Vec<String>,
    /// `CN`
    pub common_name: String,
    /// `SERIALNUMBER`: the subject's, not the certificate's.
    pub serial_number: String,
    /// Attributes of other types, behind the others.
    pub other: Vec<(Oid, String)>,
}

impl Name {
    /// A name of nothing but a common name.
    pub fn common(common_name: impl Into<String>) -> Self {
        Self { common_name: common_name.into(), ..Self::default() }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In DER, as Go writes it.
    pub fn to_der(&self) -> Vec<u8> {
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                for (oid, values) in self.attributes() {
                    write_set(w.next(), &oid, &values);
                }
            });
        })
    }

    /// Reads a name as Go reads it: of an attribute that only holds one value the last one counts.
    ///
    /// Errors: Go's text for what is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let invalid = || Error::malformed("invalid RDNSequence");
        let mut name = Self::default();
        let mut sequence = Reader::new(der).read(tag::SEQUENCE).ok_or_else(invalid)?;
        while !sequence.is_empty() {
            let mut set = sequence.read(tag::SET).ok_or_else(invalid)?;
            while !set.is_empty() {
                let (oid, value) = attribute(&mut set)?;
                name.put(oid, value);
            }
        }
        Ok(name)
    }

    /// Reads a name as it stands in a request, by `encoding/asn1`: values that are no texts are passed over.
    ///
    /// Errors: Go's text for what is wrong with it.
    pub(crate) fn from_request(der: &[u8]) -> Result<Self, Error> {
        let mut name = Self::default();
        for (oid, value) in attributes(der)? {
            if let Value::Text(text) = value {
                name.put(oid, text);
            }
        }
        Ok(name)
    }

    fn put(&mut self, oid: Oid, value: String) {
        match oid {
            oid if oid == known::COUNTRY => self.country.push(value),
            oid if oid == known::ORGANIZATION => self.organization.push(value),
            oid if oid == known::ORGANIZATIONAL_UNIT => self.organizational_unit.push(value),
            oid if oid == known::LOCALITY => self.locality.push(value),
            oid if oid == known::PROVINCE => self.province.push(value),
            oid if oid == known::STREET_ADDRESS => self.street_address.push(value),
            oid if oid == known::POSTAL_CODE => self.postal_code.push(value),
            oid if oid == known::COMMON_NAME => self.common_name = value,
            oid if oid == known::SERIAL_NUMBER => self.serial_number = value,
            oid => self.other.push((oid, value)),
        }
    }

    /// The attributes that have values, in the order in which they are written.
    fn attributes(&self) -> Vec<(Oid, Vec<&str>)> {
        let many = [
            (known::COUNTRY, &self.country),
            (known::PROVINCE, &self.province),
            (known::LOCALITY, &self.locality),
            (known::STREET_ADDRESS, &self.street_address),
            (known::POSTAL_CODE, &self.postal_code),
            (known::ORGANIZATION, &self.organization),
            (known::ORGANIZATIONAL_UNIT, &self.organizational_unit),
        ];
        let many = many.into_iter().map(|(oid, values)| (oid, values.iter().map(String::as_str).collect()));
        let one = [(known::COMMON_NAME, &self.common_name), (known::SERIAL_NUMBER, &self.serial_number)];
        let one = one.into_iter().filter(|(_, value)| !value.is_empty());
        let one = one.map(|(oid, value)| (oid, vec![value.as_str()]));
        let other = self.other.iter().map(|(oid, value)| (oid.clone(), vec![value.as_str()]));
        many.chain(one).chain(other).filter(|(_, values): &(Oid, Vec<&str>)| !values.is_empty()).collect()
    }
}

impl fmt::Display for Name {
    /// As Go's `pkix.Name.String` writes it: `CN=server.global.nomad,O=HashiCorp Inc.,C=US`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes = self.attributes();
        let boundary = attributes.len() - self.other.len();
        let (usual, other) = attributes.split_at(boundary);
        let mut separator = "";
        for (oid, values) in usual.iter().rev().chain(other.iter().rev()) {
            f.write_str(separator)?;
            for (index, value) in values.iter().enumerate() {
                write!(f, "{}{}={}", if index == 0 { "" } else { "+" }, short_name(oid), escape(value))?;
            }
            separator = ",";
        }
        Ok(())
    }
}

/// The value of an attribute in a request.
enum Value<'a> {
    Text(String),
    /// Something else, as it is written.
    Other(&'a [u8]),
}

/// The attributes of a name in a request, one by one.
fn attributes(der: &[u8]) -> Result<Vec<(Oid, Value<'_>)>, Error> {
    let mut found = Vec::new();
    let mut sequence = Reader::new(der).read(tag::SEQUENCE).ok_or_else(asn1::truncated)?;
    while !sequence.is_empty() {
        let mut set = sequence.read(tag::SET).ok_or_else(asn1::truncated)?;
        while !set.is_empty() {
            let mut pair = set.read(tag::SEQUENCE).ok_or_else(asn1::truncated)?;
            let oid = pair.oid().ok_or_else(asn1::truncated)?;
            let value = pair.any().ok_or_else(asn1::truncated)?;
            let value = match string(value) {
                Ok(text) => Value::Text(text),
                Err(NoText::Unsupported) => Value::Other(value.whole),
                Err(NoText::Invalid(kind @ ("UTF-8 string" | "BMPString"))) => {
                    let kind = if kind == "BMPString" { "BMPString encountered" } else { kind };
                    return Err(Error::Asn1(format!("invalid {kind}").into()));
                }
                Err(NoText::Invalid(kind)) => {
                    return Err(Error::Asn1(
                        format!("syntax error: {kind} contains invalid character").into(),
                    ));
                }
            };
            found.push((oid, value));
        }
    }
    Ok(found)
}

/// The name of a request as Go writes it again: each attribute by itself, texts in the narrowest type that holds them.
///
/// Errors: as for the name.
pub(crate) fn rewritten(der: &[u8]) -> Result<Vec<u8>, Error> {
    let attributes = attributes(der)?;
    Ok(yasna::construct_der(|w| {
        w.write_sequence(|w| {
            for (oid, value) in &attributes {
                match value {
                    Value::Text(text) => write_set(w.next(), oid, &[text]),
                    Value::Other(der) => w.next().write_set(|w| {
                        w.next().write_sequence(|w| {
                            write_oid(w.next(), oid);
                            w.next().write_der(der);
                        });
                    }),
                }
            }
        });
    }))
}

fn short_name(oid: &Oid) -> String {
    let short = match oid {
        oid if *oid == known::COUNTRY => "C",
        oid if *oid == known::ORGANIZATION => "O",
        oid if *oid == known::ORGANIZATIONAL_UNIT => "OU",
        oid if *oid == known::LOCALITY => "L",
        oid if *oid == known::PROVINCE => "ST",
        oid if *oid == known::STREET_ADDRESS => "STREET",
        oid if *oid == known::POSTAL_CODE => "POSTALCODE",
        oid if *oid == known::COMMON_NAME => "CN",
        oid if *oid == known::SERIAL_NUMBER => "SERIALNUMBER",
        oid => return oid.to_string(),
    };
    short.to_owned()
}

fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (index, letter) in value.chars().enumerate() {
        let is_special = matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || letter == ' ' && (index == 0 || index == last)
            || letter == '#' && index == 0;
        if is_special {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn write_set(writer: DERWriter<'_>, oid: &Oid, values: &[&str]) {
    writer.write_set_of(|w| {
        for value in values {
            w.next().write_sequence(|w| {
                write_oid(w.next(), oid);
                if value.bytes().all(is_printable) {
                    w.next().write_printable_string(value);
                } else {
                    w.next().write_utf8_string(value);
                }
            });
        }
    });
}

/// The letters of a PrintableString.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

fn attribute(set: &mut Reader<'_>) -> Result<(Oid, String), Error> {
    let mut pair =
        set.read(tag::SEQUENCE).ok_or(Error::malformed("invalid RDNSequence: invalid attribute"))?;
    let oid = pair.oid().ok_or(Error::malformed("invalid RDNSequence: invalid attribute type"))?;
    let value = pair.any().ok_or(Error::malformed("invalid RDNSequence: invalid attribute value"))?;
    let value = string(value).map_err(|problem| {
        let what = match problem {
            NoText::Invalid(kind) => format!("invalid {kind}"),
            NoText::Unsupported => format!("unsupported string type: {}", value.tag),
        };
        Error::malformed(format!("invalid RDNSequence: invalid attribute value: {what}"))
    })?;
    Ok((oid, value))
}

/// Why a value is no text.
enum NoText {
    /// Of one of the string types, which it does not fit.
    Invalid(&'static str),
    /// Of another type.
    Unsupported,
}

/// The text of any of the string types.
fn string(element: Element<'_>) -> Result<String, NoText> {
    let bytes = element.content;
    let ascii = || bytes.iter().map(|&byte| char::from(byte)).collect();
    match element.tag {
        // It is nearly Latin-1, and everybody takes it for that.
        tag::T61_STRING => Ok(ascii()),
        // Two letters more than the standard has, since real certificates have them.
        tag::PRINTABLE_STRING if bytes.iter().all(|&byte| is_printable(byte) || b"*&".contains(&byte)) => {
            Ok(ascii())
        }
        tag::PRINTABLE_STRING => Err(NoText::Invalid("PrintableString")),
        tag::UTF8_STRING => String::from_utf8(bytes.to_vec()).map_err(|_| NoText::Invalid("UTF-8 string")),
        tag::IA5_STRING if bytes.is_ascii() => Ok(ascii()),
        tag::IA5_STRING => Err(NoText::Invalid("IA5String")),
        tag::NUMERIC_STRING if bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ') => Ok(ascii()),
        tag::NUMERIC_STRING => Err(NoText::Invalid("NumericString")),
        tag::BMP_STRING => bmp_string(bytes).ok_or(NoText::Invalid("BMPString")),
        _ => Err(NoText::Unsupported),
    }
}

/// Two bytes a letter, without surrogates and what will never be a letter.
fn bmp_string(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes);
    let (letters, rest) = bytes.as_chunks::<2>();
    let letter = |&pair: &[u8; 2]| match u16::from_be_bytes(pair) {
        0xfffe | 0xffff | 0xfdd0..=0xfdef => None,
        code => char::from_u32(u32::from(code)),
    };
    rest.is_empty().then(|| letters.iter().map(letter).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Name {
        Name {
            country: vec!["US".into()],
            organization: vec!["Zeta".into(), "A, Inc.".into()],
            province: vec!["CA".into()],
            common_name: "*.global.nomad".into(),
            serial_number: "7".into(),
            ..Name::default()
        }
    }

    #[test]
    fn a_name_is_written_in_go_order_and_read_back() {
        let der = sample().to_der();
        let back = Name::from_der(&der).expect("a name");
        // The values of one set are sorted.
        assert_eq!(back.organization, ["Zeta", "A, Inc."]);
        assert_eq!(back.to_string(), "SERIALNUMBER=7,CN=*.global.nomad,O=Zeta+O=A\\, Inc.,ST=CA,C=US");
        assert_eq!(Name { organization: sample().organization, ..back }, sample());
    }

    #[test]
    fn letters_outside_printable_string_make_it_utf8() {
        let tag_of = |common_name: &str| Name::common(common_name).to_der()[11];
        assert_eq!(tag_of("server.global.nomad"), tag::PRINTABLE_STRING);
        for common_name in ["*.nomad", "a&b", "é", "a_b", "a@b"] {
            assert_eq!(tag_of(common_name), tag::UTF8_STRING, "{common_name}");
        }
    }

    #[test]
    fn broken_names_are_refused_in_go_words() {
        let text = |der: &[u8]| Name::from_der(der).expect_err("broken").to_string();
        assert_eq!(text(&[0x30, 0x02, 0x30, 0x00]), "x509: invalid RDNSequence");
        assert_eq!(
            text(&[0x30, 0x04, 0x31, 0x02, 0x02, 0x00]),
            "x509: invalid RDNSequence: invalid attribute"
        );
        let bad_value = [0x30, 0x0b, 0x31, 0x09, 0x30, 0x07, 0x06, 0x02, 0x55, 0x04, 0x13, 0x01, b'@'];
        let message = "x509: invalid RDNSequence: invalid attribute value: invalid PrintableString";
        assert_eq!(text(&bad_value), message);
    }
}
