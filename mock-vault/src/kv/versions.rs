//! `delete`, `undelete` and `destroy` of KV version 2.

use crate::kv::attribution::Attribution;
use crate::kv::model::Version;
use crate::kv::versioned::Versioned;
use crate::logical::{Call, Field, Outcome, Refusal, Reply};

pub(super) const FIELDS: &[Field] = &[Field::text("path"), Field::comma_list("versions")];

pub(super) fn delete(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    each(kv, call, "delete", "No version number provided", |version, call| {
        if version.is_live(call.now()) {
            version.deletion = Some(call.now());
            version.deleted_by = Some(Attribution::of(call, "update"));
        }
    })
}

pub(super) fn undelete(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let config = kv.config.get();
    let known = kv.secrets.get(call.fields.text("path"));
    let again = known.and_then(|secret| secret.deletion_after(config, call.now()));
    each(kv, call, "undelete", "No version number provided", |version, _| {
        if !version.destroyed {
            version.deletion = again;
            version.deleted_by = None;
        }
    })
}

pub(super) fn destroy(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    each(kv, call, "destroy", "no version number provided", |version, _| {
        version.destroyed = true;
        version.data = None;
    })
}

fn each(
    kv: &mut Versioned,
    call: &Call<'_>,
    operation: &str,
    missing: &str,
    change: impl Fn(&mut Version, &Call<'_>),
) -> Outcome {
    let mut numbers = Vec::new();
    for (at, text) in call.fields.list("versions").iter().enumerate() {
        let number: i64 = text.parse().map_err(|_| {
            Refusal::Invalid(format!(
                "Field validation failed: error converting input for field \"versions\": 1 error(s) decoding:\n\n\
                 * cannot parse '[{at}]' as int: strconv.ParseInt: parsing {text:?}: invalid syntax"
            ))
        })?;
        numbers.push(u64::try_from(number).unwrap_or(0));
    }
    if numbers.is_empty() {
        return Err(Refusal::invalid(missing));
    }
    if let Some(secret) = kv.secrets.get_mut(call.fields.text("path")) {
        for number in numbers {
            if let Some(version) = secret.versions.get_mut(&number) {
                change(version, call);
            }
        }
        // Destroying leaves the name of whoever changed the secret last.
        if operation != "destroy" {
            secret.last_updated_by = Some(Attribution::of(call, operation));
        }
    }
    Ok(Reply::Nothing)
}
