//! `lease`

use serde_json::json;

use super::failure::{Failure, Outcome, expect};
use super::options;
use super::session::Session;
use super::text::{sanitize, wrap};

pub(super) fn lookup(session: &Session<'_>) -> Outcome {
    let id = match session.arguments() {
        [] => return Err(Failure::Usage("Missing ID!".into())),
        [id] => id.trim().to_owned(),
        more => return Err(Failure::Usage(format!("Too many arguments (expected 1, got {})", more.len()))),
    };
    let asked = session.api()?.request("PUT", "sys/leases/lookup", Some(&json!({ "lease_id": id })));
    let secret = asked.and_then(|answer| answer.secret());
    let secret = secret.map_err(|failure| failure.told(&format!("error looking up lease id {id}")))?;
    session.show_secret(&secret.unwrap_or_default())
}

pub(super) fn renew(session: &Session<'_>) -> Outcome {
    let given = session.flags.text("increment").or(session.flags.text("i"));
    let mut increment = given.and_then(|text| options::seconds(text).ok()).unwrap_or_default();
    let id = match session.arguments() {
        [] => return Err(Failure::Usage("Missing ID!".into())),
        [id] => id.trim().to_owned(),
        // The older form, with the increment behind the lease.
        [id, old] => {
            increment = options::seconds(old)
                .map_err(|problem| Failure::Usage(format!("Invalid increment: {problem}")))?;
            id.trim().to_owned()
        }
        more => return Err(Failure::Usage(format!("Too many arguments (expected 1-2, got {})", more.len()))),
    };
    let body = json!({ "increment": increment, "lease_id": id });
    let renewed =
        session.api()?.request("PUT", "sys/leases/renew", Some(&body)).and_then(|answer| answer.secret());
    let secret = renewed.map_err(|failure| failure.told(&format!("Error renewing {id}")))?;
    session.show_secret(&secret.unwrap_or_default())
}

pub(super) fn revoke(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 1, 1)?;
    let (is_forced, by_prefix, is_sync) =
        (session.is_set("force") || session.is_set("f"), session.is_set("prefix"), session.is_set("sync"));
    if is_forced && !by_prefix {
        return Err(Failure::Usage("Specifying -force requires also specifying -prefix".into()));
    }
    let id = sanitize(session.argument(0));
    let api = session.api()?;
    let body = json!({ "sync": is_sync });
    if is_forced {
        session.warn(&wrap(
            "Warning! Force-removing leases can cause Vault to become out of sync with secret engines!",
        ));
        let done = api
            .request("PUT", &format!("sys/leases/revoke-force/{id}"), None)
            .and_then(|answer| answer.check());
        done.map_err(|failure| failure.told(&format!("Error force revoking leases with prefix {id}")))?;
        session.say(&format!("Success! Force revoked any leases with prefix: {id}"));
        return Ok(0);
    }
    let (path, told, done) = if by_prefix {
        ("revoke-prefix", "Error revoking leases with prefix", "Success! Revoked any leases with prefix")
    } else {
        ("revoke", "Error revoking lease", "Success! Revoked lease")
    };
    let answer =
        api.request("PUT", &format!("sys/leases/{path}/{id}"), Some(&body)).and_then(|answer| answer.check());
    answer.map_err(|failure| failure.told(&format!("{told} {id}")))?;
    if is_sync {
        session.say(&format!("{done}: {id}"));
    } else {
        session.say("All revocation operations queued successfully!");
    }
    Ok(0)
}
