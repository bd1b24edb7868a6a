//! The names that an authority's certificate permits and excludes below it.

use std::net::IpAddr;

use lab_pki::{CertificateBuilder, Subtrees};

use crate::logical::{Call, Field};

/// The parameters of name constraints.
pub(super) const FIELDS: &[Field] = &[
    Field::comma_list("permitted_dns_domains"),
    Field::comma_list("excluded_dns_domains"),
    Field::comma_list("permitted_ip_ranges"),
    Field::comma_list("excluded_ip_ranges"),
    Field::comma_list("permitted_email_addresses"),
    Field::comma_list("excluded_email_addresses"),
    Field::comma_list("permitted_uri_domains"),
    Field::comma_list("excluded_uri_domains"),
];

/// A range of addresses that is none.
#[derive(Debug, thiserror::Error)]
#[error("error parsing IP range {range:?}: invalid CIDR address: {range}")]
pub(super) struct BadRange {
    /// `permitted` or `excluded`.
    pub(super) sort: &'static str,
    range: String,
}

/// Gives a certificate the constraints that the request asks for. Errors: a range of addresses that is none.
pub(super) fn apply(call: &Call<'_>, builder: &mut CertificateBuilder) -> Result<(), BadRange> {
    builder.permitted = subtrees(call, "permitted")?;
    builder.excluded = subtrees(call, "excluded")?;
    Ok(())
}

fn subtrees(call: &Call<'_>, sort: &'static str) -> Result<Subtrees, BadRange> {
    let list = |what: &str| call.fields.list(&format!("{sort}_{what}"));
    let refused = |range: &String| BadRange { sort, range: range.clone() };
    let ranges = list("ip_ranges");
    Ok(Subtrees {
        dns: list("dns_domains"),
        ip: ranges
            .iter()
            .map(|range| network(range).ok_or_else(|| refused(range)))
            .collect::<Result<_, _>>()?,
        emails: list("email_addresses"),
        uris: list("uri_domains"),
    })
}

/// A network's address and its mask.
fn network(range: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let address = match address.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let bits = u32::try_from(address.len() * 8).ok()?;
    let ones = |at: usize| length.saturating_sub(at as u32 * 8).min(8);
    let mask: Vec<u8> = (0..address.len()).map(|at| !(0xff_u16 >> ones(at)) as u8).collect();
    let base = address.iter().zip(&mask).map(|(byte, mask)| byte & mask).collect();
    (length <= bits).then_some((base, mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_an_address_and_a_mask() {
        assert_eq!(network("10.1.2.3/12"), Some((vec![10, 0, 0, 0], vec![255, 240, 0, 0])));
        assert_eq!(network("1.2.3.4/32"), Some((vec![1, 2, 3, 4], vec![255; 4])));
        assert_eq!(network("::/0"), Some((vec![0; 16], vec![0; 16])));
        for none in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1"] {
            assert_eq!(network(none), None, "{none}");
        }
    }
}
