//! What a token must say to be believed.

use serde_json::Value;

use super::token::ALGORITHMS;
use super::{Claims, Token, times};
use crate::go_json;

/// What a token must say, and how exact its times are taken. What is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The algorithms that it may be signed with.
    pub algorithms: Vec<String>,
    /// Its issuer.
    pub issuer: String,
    /// Its subject.
    pub subject: String,
    /// Whom it is for: one of these.
    pub audiences: Vec<String>,
    /// In seconds, as the two below: 0 is the usual one and less than 0 none.
    pub expiration_leeway: i64,
    /// Stands in for a missing beginning.
    pub not_before_leeway: i64,
    /// How far clocks may be apart.
    pub clock_skew_leeway: i64,
}

impl Expected {
    /// Checks what a token says, whose signature was checked; `now` counts seconds since 1970.
    ///
    /// Errors: what is wrong with it.
    pub fn check(&self, token: &Token, now: i64) -> Result<(), String> {
        let claims = &token.claims;
        self.check_algorithm(&token.algorithm)
            .map_err(|told| format!("invalid algorithm (alg) header parameter: {told}"))?;
        check_types(claims)?;
        let text = |name: &str| standard(claims, name).and_then(Value::as_str).unwrap_or_default();
        if !self.issuer.is_empty() && text("iss") != self.issuer {
            return Err("invalid issuer (iss) claim".into());
        }
        if !self.subject.is_empty() && text("sub") != self.subject {
            return Err("invalid subject (sub) claim".into());
        }
        if !self.audiences.is_empty() && !token.is_for_one_of(&self.audiences) {
            return Err(
                "invalid audience (aud) claim: audience claim does not match any expected audience".into()
            );
        }
        times::check(claims, self, now).map_err(str::to_owned)
    }

    fn check_algorithm(&self, algorithm: &String) -> Result<(), String> {
        if let Some(odd) = self.algorithms.iter().find(|name| !ALGORITHMS.contains(&name.as_str())) {
            return Err(format!("unsupported signing algorithm {odd:?}"));
        }
        if !self.algorithms.is_empty() && !self.algorithms.contains(algorithm) {
            return Err("token signed with unexpected algorithm".into());
        }
        Ok(())
    }
}

/// A claim of the standard, which Go finds in whatever case it is written.
pub(super) fn standard<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let named = claims.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value).rfind(|value| !value.is_null())
}

/// Refuses claims of the standard that are of another type than it says.
fn check_types(claims: &Claims) -> Result<(), String> {
    let mut of_another_type = None;
    // Whom it is for and its times are read by code of their own, which stops at once.
    for (key, value) in claims {
        let name = key.to_ascii_lowercase();
        match (name.as_str(), value) {
            ("aud", Value::String(_)) => {}
            ("aud", Value::Array(names)) if names.iter().all(Value::is_string) => {}
            ("aud", _) => {
                return Err(
                    "go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience".into()
                );
            }
            ("exp" | "nbf" | "iat", value) if !(value.is_number() || value.is_null()) => {
                return Err("go-jose/go-jose/jwt: expected number value to unmarshal NumericDate".into());
            }
            ("iss" | "sub" | "jti", value) if !(value.is_string() || value.is_null()) => {
                of_another_type.get_or_insert_with(|| {
                    format!(
                        "json: cannot unmarshal {} into Go struct field Claims.{name} of type string",
                        go_json::kind(value)
                    )
                });
            }
            _ => {}
        }
    }
    of_another_type.map_or(Ok(()), Err)
}
