//! The subject's alternative names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use yasna::{DERWriterSeq, Tag};

use super::OtherName;
use crate::der::{Reader, tag};
use crate::key::write_oid;
use crate::{Error, Oid, Url, domain, quote};

/// The names of the subjectAltName extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlternativeNames {
    pub(crate) dns: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) ip: Vec<IpAddr>,
    pub(crate) uris: Vec<String>,
    /// Names of other types; Go passes them over.
    pub(crate) other: Vec<OtherName>,
}

impl AlternativeNames {
    /// Whether there is none that Go understands.
    pub(crate) fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.emails.is_empty() && self.ip.is_empty() && self.uris.is_empty()
    }

    /// Reads the extension's value.
    pub(crate) fn from_der(value: &[u8]) -> Result<Self, Error> {
        let mut names = Self::default();
        let mut list = Reader::new(value)
            .read(tag::SEQUENCE)
            .ok_or(Error::malformed("invalid subject alternative names"))?;
        while !list.is_empty() {
            let name = list.any().ok_or(Error::malformed("invalid subject alternative name"))?;
            // Go looks at the tag's number with the context class taken off, so only primitive names count.
            match name.tag {
                0xa0 => names.other.extend(other_name(name.content)),
                0x81 => names.emails.push(ascii(name.content, "SAN rfc822Name is malformed")?),
                0x82 => names.dns.push(ascii(name.content, "SAN dNSName is malformed")?),
                0x86 => names.uris.push(uri(name.content)?),
                0x87 => names.ip.push(address(name.content)?),
                _ => {}
            }
        }
        Ok(names)
    }

    /// The extension's value: names of other types first, as Vault has them, then DNS, mail, addresses and URIs, as Go
    /// has them.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                self.other.iter().for_each(|name| write_other(w, name));
                self.dns.iter().for_each(|name| write_primitive(w, 2, name.as_bytes()));
                self.emails.iter().for_each(|name| write_primitive(w, 1, name.as_bytes()));
                for address in &self.ip {
                    match address.to_canonical() {
                        IpAddr::V4(address) => write_primitive(w, 7, &address.octets()),
                        IpAddr::V6(address) => write_primitive(w, 7, &address.octets()),
                    }
                }
                self.uris.iter().for_each(|name| write_primitive(w, 6, name.as_bytes()));
            });
        })
    }
}

pub(crate) fn write_primitive(writer: &mut DERWriterSeq<'_>, number: u64, content: &[u8]) {
    writer.next().write_tagged_implicit(Tag::context(number), |w| w.write_bytes(content));
}

fn write_other(writer: &mut DERWriterSeq<'_>, name: &OtherName) {
    writer.next().write_tagged_implicit(Tag::context(0), |w| {
        w.write_sequence(|w| {
            write_oid(w.next(), &name.oid);
            w.next().write_tagged(Tag::context(0), |w| w.write_utf8_string(&name.value));
        });
    });
}

fn other_name(content: &[u8]) -> Option<OtherName> {
    let mut fields = Reader::new(content);
    let oid: Oid = fields.oid()?;
    let value = fields.read(tag::constructed(0))?.element(tag::UTF8_STRING)?;
    let value = String::from_utf8(value.content.to_vec()).ok()?;
    Some(OtherName { oid, value })
}

fn ascii(bytes: &[u8], what: &'static str) -> Result<String, Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Error::malformed(what)),
    }
}

fn address(bytes: &[u8]) -> Result<IpAddr, Error> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Ok(Ipv4Addr::from(octets).into());
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(octets) => Ok(Ipv6Addr::from(octets).into()),
        Err(_) => Err(Error::malformed(format!("cannot parse IP address of length {}", bytes.len()))),
    }
}

fn uri(bytes: &[u8]) -> Result<String, Error> {
    let uri = ascii(bytes, "SAN uniformResourceIdentifier is malformed")?;
    let quoted = quote(&uri);
    let url =
        Url::parse(&uri).map_err(|told| Error::malformed(format!("cannot parse URI {quoted}: {told}")))?;
    if !domain::is_valid(&url.authority, false) {
        return Err(Error::malformed(format!("cannot parse URI {quoted}: invalid domain")));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_go_order_and_read_back() {
        let names = AlternativeNames {
            dns: vec!["server.global.nomad".into(), "localhost".into()],
            emails: vec!["me@example.com".into()],
            ip: vec!["127.0.0.1".parse().expect("an address"), "::1".parse().expect("an address")],
            uris: vec!["spiffe://lab/server".into()],
            other: vec![OtherName { oid: Oid::new(&[1, 3, 6, 1]), value: "name".into() }],
        };
        assert_eq!(AlternativeNames::from_der(&names.to_der()), Ok(names));
    }

    #[test]
    fn broken_names_are_refused_in_go_words() {
        let text = |value: &[u8]| AlternativeNames::from_der(value).expect_err("broken").to_string();
        assert_eq!(text(&[0x31, 0x00]), "x509: invalid subject alternative names");
        assert_eq!(text(&[0x30, 0x01, 0x82]), "x509: invalid subject alternative name");
        assert_eq!(text(&[0x30, 0x03, 0x82, 0x01, 0xff]), "x509: SAN dNSName is malformed");
        assert_eq!(text(&[0x30, 0x03, 0x87, 0x01, 0x7f]), "x509: cannot parse IP address of length 1");
    }
}
