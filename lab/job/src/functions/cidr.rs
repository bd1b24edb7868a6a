//! Functions on blocks of addresses, of either version.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Failure, Function, Outcome, fail, integer, plain, text, variadic};
use crate::eval::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    plain("cidrhost", &["prefix", "hostnum"], host),
    plain("cidrnetmask", &["prefix"], |given| {
        let network = Network::of(given)?;
        Ok(Value::String(Network { bits: network.mask(), ..network }.address()))
    }),
    plain("cidrsubnet", &["prefix", "newbits", "netnum"], |given| {
        let (network, new_bits, number) = (Network::of(given)?, integer(given, 1)?, integer(given, 2)?);
        Ok(Value::String(network.subnet(new_bits, number)?.to_string()))
    }),
    variadic("cidrsubnets", &["prefix", "newbits"], 1, subnets),
];

/// A block of addresses.
#[derive(Clone, Copy)]
struct Network {
    /// The address, in the lowest bits.
    bits: u128,
    prefix: u32,
    /// Bits of an address.
    width: u32,
}

impl Network {
    fn of(given: &[Value]) -> Result<Self, Failure> {
        let written = text(given, 0)?;
        let invalid = || fail(format!("invalid CIDR expression: invalid CIDR address: {written}"));
        let (address, prefix) = written.split_once('/').ok_or_else(invalid)?;
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| digits).ok_or_else(invalid)?;
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        if prefix > width {
            return Err(invalid());
        }
        let network = Self { bits, prefix, width };
        Ok(Self { bits: bits & network.mask(), ..network })
    }

    fn mask(&self) -> u128 {
        let all = u128::MAX >> (128 - self.width);
        all & !all.checked_shr(self.prefix).unwrap_or_default()
    }

    fn subnet(&self, new_bits: i64, number: i64) -> Result<Self, Failure> {
        let prefix = u32::try_from(new_bits).ok().and_then(|bits| self.prefix.checked_add(bits));
        let prefix = prefix.filter(|prefix| *prefix <= self.width).ok_or_else(|| {
            fail(format!("insufficient address space to extend prefix of {} by {new_bits}", self.prefix))
        })?;
        let most = u128::MAX.checked_shr(128 - (prefix - self.prefix)).unwrap_or_default();
        let distance = u128::from(number.unsigned_abs());
        // A negative one counts from the end.
        let place = if number < 0 { most.checked_sub(distance - 1) } else { Some(distance) };
        let place = place.filter(|place| *place <= most).ok_or_else(|| {
            fail(format!("prefix extension of {new_bits} does not accommodate a subnet numbered {number}"))
        })?;
        let bits = self.bits | place.checked_shl(self.width - prefix).unwrap_or_default();
        Ok(Self { bits, prefix, ..*self })
    }

    fn address(&self) -> String {
        match u32::try_from(self.bits) {
            Ok(bits) if self.width == 32 => Ipv4Addr::from(bits).to_string(),
            _ => Ipv6Addr::from(self.bits).to_string(),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(), self.prefix)
    }
}

/// An address by its number; a negative one counts from the end.
fn host(given: &[Value]) -> Outcome {
    let (network, number) = (Network::of(given)?, integer(given, 1)?);
    let last = (u128::MAX >> (128 - network.width)) & !network.mask();
    let distance = u128::from(number.unsigned_abs());
    let place = if number < 0 { distance.checked_sub(1) } else { Some(distance) };
    let place = place.filter(|place| *place <= last).ok_or_else(|| {
        let prefix = network.prefix;
        let told = number.max(-1);
        fail(format!("prefix of {prefix} does not accommodate a host numbered {told}"))
    })?;
    let place = if number < 0 { last - place } else { place };
    Ok(Value::String(Network { bits: network.bits | place, ..network }.address()))
}

/// Blocks one after another, each as much longer as it says.
fn subnets(given: &[Value]) -> Outcome {
    let network = Network::of(given)?;
    let (mut made, mut next) = (Vec::new(), network.bits);
    for at in 1..given.len() {
        let new_bits = integer(given, at)?;
        if new_bits < 1 {
            return Err(Failure::Argument(at, "must extend prefix by at least one bit".to_owned()));
        }
        let first = network.subnet(new_bits, 0)?;
        let size = 1_u128.checked_shl(network.width - first.prefix).unwrap_or_default();
        let bits = if size == 0 { next } else { next.div_ceil(size).saturating_mul(size) };
        if bits & network.mask() != network.bits {
            let why = format!(
                "not enough remaining address space for a subnet with a prefix of {} bits",
                first.prefix
            );
            return Err(Failure::Argument(at, why));
        }
        let subnet = Network { bits, ..first };
        next = bits.saturating_add(size);
        made.push(subnet.to_string());
    }
    Ok(Value::List(made.into_iter().map(Value::String).collect()))
}
