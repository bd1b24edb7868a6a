//! From when until when.

use std::time::Duration;

use lab_world::{format_duration, format_rfc3339_nano};
use time::OffsetDateTime;

use crate::logical::{Call, Refusal};
use crate::pki::model::NotAfterBehavior;
use crate::pki::rfc3339;

/// What limits a certificate's life beside the request and the mount.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits<'a> {
    /// The role's own; zero for none.
    pub(super) ttl: Duration,
    pub(super) max_ttl: Duration,
    pub(super) not_after: &'a str,
}

/// The last moment of a certificate, and a warning where it is sooner than what was asked.
pub(super) fn not_after(
    call: &Call<'_>,
    limits: &Limits<'_>,
) -> Result<(OffsetDateTime, Vec<String>), Refusal> {
    let asked = call.fields.duration("ttl");
    let date = if limits.not_after.is_empty() { call.fields.text("not_after") } else { limits.not_after };
    if !asked.is_zero() && !date.is_empty() {
        return Err(Refusal::invalid(
            "Either ttl or not_after should be provided. Both should not be provided in the same request.",
        ));
    }
    let mut warnings = Vec::new();
    let first = |choices: [Duration; 2], otherwise| {
        choices.into_iter().find(|ttl| !ttl.is_zero()).unwrap_or(otherwise)
    };
    let mut ttl = first([asked, limits.ttl], call.mount.usual_ttl);
    let max = first([limits.max_ttl, Duration::ZERO], call.mount.max_ttl);
    if ttl > max {
        warnings.push(format!(
            "TTL {:?} is longer than permitted maxTTL {:?}, so maxTTL is being used",
            format_duration(ttl),
            format_duration(max)
        ));
        ttl = max;
    }
    if date.is_empty() {
        return Ok((call.now() + ttl, warnings));
    }
    rfc3339::parse(date).map(|date| (date, Vec::new())).map_err(Refusal::Invalid)
}

/// Holds a leaf's end against its issuer's.
pub(super) fn within_issuer(
    not_after: OffsetDateTime,
    issuer: OffsetDateTime,
    behavior: NotAfterBehavior,
) -> Result<OffsetDateTime, Refusal> {
    if not_after <= issuer {
        return Ok(not_after);
    }
    match behavior {
        NotAfterBehavior::Permit => Ok(not_after),
        NotAfterBehavior::Truncate => Ok(issuer),
        NotAfterBehavior::Err | NotAfterBehavior::AlwaysEnforceErr => Err(Refusal::Invalid(format!(
            "cannot satisfy request, as TTL would result in notAfter of {} that is beyond the expiration of the CA \
             certificate at {}",
            format_rfc3339_nano(not_after),
            format_rfc3339_nano(issuer)
        ))),
    }
}

/// The first moment of a certificate; nothing at all means half a minute ago.
pub(super) fn not_before(now: OffsetDateTime, before: Duration) -> OffsetDateTime {
    now - if before.is_zero() { Duration::from_secs(30) } else { before }
}

/// Refuses a certificate that ends before it begins, or begins before its signer does.
pub(super) fn check(
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    signer: Option<OffsetDateTime>,
) -> Result<(), Refusal> {
    if not_after < not_before {
        return Err(Refusal::invalid("notAfter before notBefore"));
    }
    let whole = |moment: OffsetDateTime| moment.unix_timestamp();
    if signer.is_some_and(|signer| whole(not_before) < whole(signer)) {
        return Err(Refusal::invalid("notBefore before signer's notBefore"));
    }
    Ok(())
}
