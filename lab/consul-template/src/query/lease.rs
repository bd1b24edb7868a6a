//! How long an answer that cannot be renewed is good for.

use std::time::Duration;

use serde_json::Value as Json;

use super::Context;
use crate::vault::Secret;

/// The time to the next fetch: 85 to 95 % of what is left, so that not all hosts come at once. A certificate without
/// a lease counts from its `expiration`; a secret that Vault rotates by itself is fetched right after that.
pub(super) fn pause(secret: &Secret, context: &Context) -> Duration {
    let mut seconds = secret.lease_duration;
    let mut rotates = false;
    if let Some(auth) = secret.auth.as_ref().filter(|auth| auth.lease_duration > 0) {
        seconds = auth.lease_duration;
    }
    if secret.lease_id.is_empty() {
        let number = |name: &str| secret.data.get(name).and_then(Json::as_i64);
        let has = |name: &str| secret.data.contains_key(name);
        if has("certificate")
            && let Some(expiration) = number("expiration")
        {
            seconds = expiration - context.host.clock.unix();
        }
        if has("secret_id")
            && let Some(ttl) = number("secret_id_ttl").filter(|ttl| *ttl > 0)
        {
            seconds = ttl + 1;
        }
        if has("rotation_period")
            && let Some(ttl) = number("ttl")
        {
            seconds = ttl + 1;
            rotates = true;
        }
    }
    let base = match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => context.config.default_lease_duration,
    };
    if rotates { base } else { base.mul_f64(fraction(context)) }
}

/// The configured threshold, give or take five hundredths.
fn fraction(context: &Context) -> f64 {
    let threshold = context.config.lease_renewal_threshold;
    let draw = context.entropy.below(1 << 32) as f64 / (1_u64 << 32) as f64;
    let fraction = threshold + (draw - 0.5) * 0.1;
    if fraction > 0.0 && fraction < 1.0 { fraction } else { threshold.clamp(0.0, 1.0) }
}
