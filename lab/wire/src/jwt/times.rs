//! When a token is valid.

use super::expected::standard;
use super::{Claims, Expected};

/// What stands in for a missing end or beginning, in seconds.
const DEFAULT_LEEWAY: i64 = 150;
/// How far clocks may be apart, in seconds.
const DEFAULT_SKEW: i64 = 60;

/// Checks a token's times. The leeways for expiration and beginning only fill in for claims that are missing.
///
/// Errors: what is wrong with them. `now` counts seconds since 1970.
pub(super) fn check(claims: &Claims, expected: &Expected, now: i64) -> Result<(), &'static str> {
    // What is zero was not said.
    let claim = |name: &str| {
        let seconds = standard(claims, name).and_then(serde_json::Value::as_f64).map(whole);
        seconds.filter(|seconds| *seconds != 0)
    };
    let (issued, expires, begins) = (claim("iat"), claim("exp"), claim("nbf"));
    if issued.is_none() && expires.is_none() && begins.is_none() {
        return Err("no issued at (iat), not before (nbf), or expiration time (exp) claims in token");
    }
    let leeway = |given: i64, default: i64| match given {
        0 => default,
        given => given.max(0),
    };
    let expires = expires.unwrap_or_else(|| {
        issued
            .unwrap_or(0)
            .max(begins.unwrap_or(0))
            .saturating_add(leeway(expected.expiration_leeway, DEFAULT_LEEWAY))
    });
    let begins = begins.unwrap_or_else(|| {
        issued.unwrap_or(expires.saturating_sub(leeway(expected.not_before_leeway, DEFAULT_LEEWAY)))
    });
    let skew = leeway(expected.clock_skew_leeway, DEFAULT_SKEW);
    if now.saturating_add(skew) < begins {
        return Err("invalid not before (nbf) claim: token not yet valid");
    }
    if now.saturating_sub(skew) > expires {
        return Err("invalid expiration time (exp) claim: token is expired");
    }
    if issued.is_some_and(|issued| now.saturating_add(skew) < issued) {
        return Err("invalid issued at (iat) claim: token issued in the future");
    }
    Ok(())
}

/// A number of seconds as Go has it on usual machines: the first moment of all for what is too much.
fn whole(seconds: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&seconds) { seconds as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn verdict(claims: Value) -> Result<(), &'static str> {
        let Value::Object(claims) = claims else { unreachable!("tests send objects") };
        check(&claims, &Expected::default(), 1_000_000)
    }

    #[test]
    fn only_the_skew_is_forgiven() {
        assert_eq!(verdict(json!({"exp": 1_000_000 - 30})), Ok(()));
        assert_eq!(
            verdict(json!({"exp": 1_000_000 - 100})),
            Err("invalid expiration time (exp) claim: token is expired")
        );
        assert_eq!(
            verdict(json!({"exp": 2_000_000, "nbf": 1_000_100})),
            Err("invalid not before (nbf) claim: token not yet valid")
        );
        assert_eq!(
            verdict(json!({"exp": 2_000_000, "nbf": 1, "iat": 1_000_100})),
            Err("invalid issued at (iat) claim: token issued in the future")
        );
        assert_eq!(verdict(json!({"iat": 1_000_000 - 200})), Ok(()), "150 seconds stand in, 60 are forgiven");
        assert_eq!(
            verdict(json!({"iat": 1_000_000 - 211})),
            Err("invalid expiration time (exp) claim: token is expired")
        );
        assert!(verdict(json!({})).is_err());
    }
}
