//! The name constraints extension.

use crate::der::{Reader, tag};
use crate::domain::{self, Mailbox};
use crate::{Error, quote};

/// Name constraints of one sort, permitted or excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtrees {
    /// Domains.
    pub dns: Vec<String>,
    /// Networks: address and mask, of 4 bytes each or of 16.
    pub ip: Vec<(Vec<u8>, Vec<u8>)>,
    /// Mailboxes, hosts, or domains that begin with a dot.
    pub emails: Vec<String>,
    /// Hosts, or domains that begin with a dot.
    pub uris: Vec<String>,
}

impl Subtrees {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.ip.is_empty() && self.emails.is_empty() && self.uris.is_empty()
    }
}

/// Permitted and excluded names, and whether all are of a kind that Go understands.
pub(super) fn from_der(value: &[u8]) -> Result<(Subtrees, Subtrees, bool), Error> {
    let (permitted, excluded) = parts(value).ok_or_else(invalid)?;
    if permitted.is_none_or(|list| list.is_empty()) && excluded.is_none_or(|list| list.is_empty()) {
        return Err(Error::malformed("empty name constraints extension"));
    }
    let mut is_understood = true;
    let mut read = |list: Option<Reader<'_>>| subtrees(list, &mut is_understood);
    let (permitted, excluded) = (read(permitted)?, read(excluded)?);
    Ok((permitted, excluded, is_understood))
}

fn invalid() -> Error {
    Error::malformed("invalid NameConstraints extension")
}

fn parts(value: &[u8]) -> Option<(Option<Reader<'_>>, Option<Reader<'_>>)> {
    let mut outer = Reader::new(value);
    let mut fields = outer.read(tag::SEQUENCE)?;
    let permitted = fields.optional(tag::constructed(0))?;
    let excluded = fields.optional(tag::constructed(1))?;
    (outer.is_empty() && fields.is_empty()).then_some((permitted, excluded))
}

fn subtrees(list: Option<Reader<'_>>, is_understood: &mut bool) -> Result<Subtrees, Error> {
    let mut subtrees = Subtrees::default();
    let Some(mut list) = list else { return Ok(subtrees) };
    while !list.is_empty() {
        let base = list.read(tag::SEQUENCE).and_then(|mut subtree| subtree.any()).ok_or_else(invalid)?;
        match base.tag {
            0x82 => subtrees.dns.push(dns(base.content)?),
            0x87 => subtrees.ip.push(network(base.content)?),
            0x81 => subtrees.emails.push(email(base.content)?),
            0x86 => subtrees.uris.push(uri(base.content)?),
            _ => *is_understood = false,
        }
    }
    Ok(subtrees)
}

fn ascii(bytes: &[u8]) -> Result<String, Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => {
            let text = quote(&String::from_utf8_lossy(bytes));
            Err(Error::malformed(format!(
                "invalid constraint value: x509: {text} cannot be encoded as an IA5String"
            )))
        }
    }
}

fn dns(bytes: &[u8]) -> Result<String, Error> {
    let name = ascii(bytes)?;
    if domain::is_valid(&name, true) {
        return Ok(name);
    }
    Err(Error::malformed(format!("failed to parse dnsName constraint {}", quote(&name))))
}

fn email(bytes: &[u8]) -> Result<String, Error> {
    let name = ascii(bytes)?;
    let is_good =
        if name.contains('@') { Mailbox::parse(&name).is_some() } else { domain::is_valid(&name, true) };
    if is_good {
        return Ok(name);
    }
    Err(Error::malformed(format!("failed to parse rfc822Name constraint {}", quote(&name))))
}

fn uri(bytes: &[u8]) -> Result<String, Error> {
    let name = ascii(bytes)?;
    let quoted = quote(&name);
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Err(Error::malformed(format!(
            "failed to parse URI constraint {quoted}: cannot be IP address"
        )));
    }
    if domain::is_valid(&name, true) {
        return Ok(name);
    }
    Err(Error::malformed(format!("failed to parse URI constraint {quoted}")))
}

fn network(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    if !matches!(bytes.len(), 8 | 32) {
        return Err(Error::malformed(format!("IP constraint contained value of length {}", bytes.len())));
    }
    let (address, mask) = bytes.split_at(bytes.len() / 2);
    let ones: u32 = mask.iter().map(|byte| byte.leading_ones()).sum();
    let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let first_gap = mask.iter().position(|&byte| byte != 0xff).unwrap_or(mask.len());
    let is_mask = ones == bits && mask.iter().skip(first_gap + 1).all(|&byte| byte == 0);
    if !is_mask {
        let digits = hex::encode(mask);
        return Err(Error::malformed(format!("IP constraint contained invalid mask {digits}")));
    }
    Ok((address.to_vec(), mask.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_ones_and_then_zeros() {
        assert!(network(&[10, 0, 0, 0, 255, 0, 0, 0]).is_ok());
        assert!(network(&[10, 0, 0, 0, 255, 240, 0, 0]).is_ok());
        let text = |bytes: &[u8]| network(bytes).expect_err("broken").to_string();
        assert_eq!(
            text(&[10, 0, 0, 0, 255, 0, 255, 0]),
            "x509: IP constraint contained invalid mask ff00ff00"
        );
        assert_eq!(
            text(&[10, 0, 0, 0, 0xfd, 0, 0, 0]),
            "x509: IP constraint contained invalid mask fd000000"
        );
        assert_eq!(text(&[10]), "x509: IP constraint contained value of length 1");
    }

    #[test]
    fn nothing_at_all_is_refused() {
        let text = |value: &[u8]| from_der(value).expect_err("broken").to_string();
        assert_eq!(text(&[0x30, 0x00]), "x509: empty name constraints extension");
        assert_eq!(text(&[0x30, 0x04, 0xa0, 0x00, 0xa1, 0x00]), "x509: empty name constraints extension");
        assert_eq!(text(&[0x31, 0x00]), "x509: invalid NameConstraints extension");
    }
}
