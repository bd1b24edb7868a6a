//! `kv delete`, `undelete`, `destroy` and `enable-versioning`

use serde_json::json;

use super::mount::Place;
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::logical;
use crate::vault_cli::mounts::{Family, tuned};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::with_slash;

pub(crate) fn delete(session: &Session<'_>) -> Outcome {
    session.only_argument()?;
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    let path = place.path("data");
    let versions = versions(session);
    if !place.is_versioned || session.flags.texts("versions").is_empty() {
        return logical::deleted(session, &path, api.request("DELETE", &path, None));
    }
    let answer = api.request("PUT", &place.path("delete"), Some(&json!({ "versions": versions })));
    logical::deleted(session, &path, answer)
}

pub(crate) fn undelete(session: &Session<'_>) -> Outcome {
    change(session, "undelete", "Undelete")
}

pub(crate) fn destroy(session: &Session<'_>) -> Outcome {
    change(session, "destroy", "Destroy")
}

fn change(session: &Session<'_>, verb: &str, noun: &str) -> Outcome {
    expect(session.arguments(), 1, 1)?;
    let versions = versions(session);
    if session.flags.texts("versions").is_empty() {
        return Err(Failure::Usage(format!(
            "No versions provided, use the \"-versions\" flag to specify the version to {verb}."
        )));
    }
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    if !place.is_versioned {
        return Err(Failure::Usage(format!("{noun} not supported on KV Version 1")));
    }
    let path = place.path(verb);
    logical::written(session, &path, api.request("PUT", &path, Some(&json!({ "versions": versions }))))
}

pub(crate) fn enable_versioning(session: &Session<'_>) -> Outcome {
    let path = with_slash(session.only_argument()?);
    let body = json!({
        "options": { "version": "2" },
        "default_lease_ttl": "",
        "max_lease_ttl": "",
        "force_no_cache": false,
    });
    let api = session.api()?;
    tuned(session, &api, Family::Secrets, &path, &body)
}

fn versions(session: &Session<'_>) -> Vec<String> {
    let given = session.flags.texts("versions").iter().flat_map(|list| list.split(','));
    given.map(str::trim).filter(|version| !version.is_empty()).map(str::to_owned).collect()
}
