//! The key of a signing request, held against what a role wants.

use lab_pki::{PublicKey, SigningRequest};

use crate::logical::Refusal;
use crate::pki::role::Role;
use crate::pki::role_endpoints::key_parameters;

/// The shortest RSA key that is signed, whatever a role says.
const SHORTEST_RSA: i64 = 2048;
/// The shortest key on a curve that a role for any key takes.
const SHORTEST_EC: i64 = 224;

/// Refuses a key that does not fit; a role for any key takes on the size and the signatures of this one's kind.
pub(super) fn check(role: &mut Role, csr: &SigningRequest) -> Result<(), Refusal> {
    let key = csr.public_key();
    let kind = key.algorithm();
    if matches!(key, PublicKey::Unknown) {
        return Err(Refusal::invalid("Refusing to sign CSR with empty PublicKey"));
    }
    if role.key_type != "any" && role.key_type != kind {
        return Err(Refusal::Invalid(format!("role requires keys of type {}", role.key_type)));
    }
    if kind.is_empty() {
        let name = if matches!(key, PublicKey::Dsa) { "DSA" } else { "0" };
        return Err(Refusal::Invalid(format!("Unknown key type in CSR: {name}")));
    }
    let bits = i64::try_from(key.bits()).unwrap_or(i64::MAX);
    if role.key_type == "any" && kind == "rsa" && bits < SHORTEST_RSA {
        return Err(Refusal::invalid("RSA keys < 2048 bits are unsafe and not supported"));
    }
    if role.key_type == "any" {
        (role.key_bits, role.signature_bits) =
            key_parameters(kind, 0, role.signature_bits).map_err(|told| {
                Refusal::Failed(format!("unknown internal error updating default values: {told}"))
            })?;
        if kind == "ec" {
            role.key_bits = SHORTEST_EC;
        }
    }
    if matches!(kind, "rsa" | "ec") && bits < role.key_bits {
        return Err(Refusal::Invalid(format!(
            "role requires a minimum of a {}-bit key, but CSR's key is {bits} bits",
            role.key_bits
        )));
    }
    Ok(())
}
