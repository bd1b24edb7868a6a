//! What is told of the last tidy.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::options::Options;
use super::run::{Phase, Tidying};
use crate::logical::Data;
use crate::pki::engine::Pki;

/// The counters of parts that a mount here has not.
const NOTHING: [&str; 8] = [
    "acme_account_deleted_count",
    "acme_account_revoked_count",
    "acme_orders_deleted_count",
    "cert_metadata_deleted_count",
    "cmpv2_nonce_deleted_count",
    "cross_revoked_cert_deleted_count",
    "revocation_queue_deleted_count",
    "total_acme_account_count",
];

/// The data of `tidy-status`.
pub(super) fn describe(pki: &Pki) -> Data {
    let tidying = &pki.tidying;
    let mut data = told(tidying);
    let counted = pki.auto_tidy.get().maintains_counts();
    let revoked =
        pki.certificates.values().filter(|_| counted).filter(|stored| stored.revoked.is_some()).count();
    let count = |count: usize| if counted { Value::from(count) } else { Value::Null };
    data.insert("current_cert_store_count".into(), count(pki.certificates.len()));
    data.insert("current_revoked_cert_count".into(), count(revoked));
    data.insert("internal_backend_uuid".into(), json!(pki.auto_tidy.get().backend));
    data.insert("last_auto_tidy_finished".into(), moment(pki.auto_tidy.get().last_finished));
    data
}

/// Before the first tidy everything is null.
fn told(tidying: &Tidying) -> Data {
    let known = tidying.phase != Phase::Inactive;
    let mut data = Options::describe(&tidying.options);
    for name in NOTHING {
        data.insert(name.into(), json!(0));
    }
    data.insert("cert_store_deleted_count".into(), json!(tidying.stored_deleted));
    data.insert("revoked_cert_deleted_count".into(), json!(tidying.revoked_deleted));
    data.insert("missing_issuer_cert_count".into(), json!(tidying.missing_issuers));
    if !known {
        data.remove("revocation_queue_safety_buffer");
        data.values_mut().for_each(|value| *value = Value::Null);
    }
    data.insert("error".into(), Value::Null);
    data.insert("message".into(), json!(tidying.message));
    data.insert("time_started".into(), moment(tidying.started));
    data.insert("time_finished".into(), moment(tidying.finished));
    data.insert("state".into(), json!(format!("{:?}", tidying.phase)));
    data
}

fn moment(moment: Option<OffsetDateTime>) -> Value {
    moment.map_or(Value::Null, |moment| format_rfc3339_nano(moment).into())
}
