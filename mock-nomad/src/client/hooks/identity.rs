//! The identities of a task: signed by the servers, given as files and variables, and renewed.

use std::collections::BTreeMap;
use std::time::Duration;

use rmpv::Value;
use time::OffsetDateTime;

use super::{Hooks, Subject};
use crate::seam::RpcError;
use crate::server::Access;
use crate::structs::{Body, GoTime, Opaque};

/// The least time between two renewals, and how long to wait after a failure at first and at most.
const LEAST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(3600);

/// Gives the task its tokens, and starts to renew those that expire.
pub(super) async fn prepare(hooks: &Hooks, subject: &Subject) -> Option<()> {
    let default = subject.runner.signed_identity(&subject.task.name);
    if let Some(token) = default {
        hooks.given(|given| given.identities.insert("default".to_owned(), token));
    }
    let expiring = match named(subject).is_empty() {
        true => None,
        false => sign(hooks, subject).await?,
    };
    give(hooks, subject)?;
    if let Some(expires) = expiring {
        let (renewed, subject) = (hooks.clone(), subject.clone());
        hooks.scope.spawn(async move {
            // Ends with the agent.
            let _ = renew(&renewed, &subject, expires).await;
        });
    }
    Some(())
}

fn named(subject: &Subject) -> Vec<Opaque> {
    subject.task.rest.get("Identities").and_then(Opaque::as_array).cloned().unwrap_or_default()
}

/// Has all named identities signed, however long that takes. When the first of them expires.
async fn sign(hooks: &Hooks, subject: &Subject) -> Option<Option<OffsetDateTime>> {
    let mut wait = LEAST;
    loop {
        match ask(hooks, subject).await? {
            Ok(expires) => return Some(expires),
            Err(error) => {
                let text =
                    format!("failed to sign identities, retrying: {}", crate::hclog::pair("error", error));
                subject.log_error("identity", text);
                subject.clock.sleep(wait).await;
                wait = (wait * 2).min(LONGEST);
            }
        }
    }
}

async fn ask(hooks: &Hooks, subject: &Subject) -> Option<Result<Option<OffsetDateTime>, RpcError>> {
    let client = subject.client.upgrade()?;
    let (id, index) = subject.runner.id_and_index();
    let identities = named(subject);
    let wanted = identities.iter().map(|identity| {
        let field = |name: &str, value: Value| (Value::from(name), value);
        Value::Map(vec![
            field("AllocID", id.as_str().into()),
            field("IdentityName", identity["Name"].as_str().unwrap_or_default().into()),
            field("WorkloadIdentifier", subject.task.name.as_str().into()),
            field("InterpolatedWorkloadIdentifier", "".into()),
            field("WorkloadType", 0.into()),
        ])
    });
    let body = client.request([
        ("Identities", Value::Array(wanted.collect())),
        ("MinQueryIndex", index.saturating_sub(1).into()),
        ("MaxQueryTime", 0.into()),
        ("AllowStale", true.into()),
    ]);
    let answer = match client.rpc("Alloc.SignIdentities", Access::Read, body).await {
        Ok(answer) => answer,
        Err(error) => return Some(Err(error)),
    };
    Some(take(hooks, Body(&answer)))
}

fn take(hooks: &Hooks, answer: Body<'_>) -> Result<Option<OffsetDateTime>, RpcError> {
    let rejected = answer.list("Rejections");
    if let Some(first) = rejected.first() {
        let reason = Body(first).string("Reason");
        let count = rejected.len();
        return Err(RpcError::new(format!("{count}/{count} signing request was rejected: {reason}")));
    }
    let mut first = None;
    for signed in answer.list("SignedIdentities") {
        let signed = Body(signed);
        let (name, token) = (signed.string("IdentityName").to_owned(), signed.string("JWT").to_owned());
        hooks.given(|given| given.identities.insert(name, token));
        let expires = signed.object::<GoTime>("Expiration").ok().flatten().and_then(|time| time.0);
        first = [first, expires].into_iter().flatten().min();
    }
    Ok(first)
}

/// Puts the tokens where the task finds them.
fn give(hooks: &Hooks, subject: &Subject) -> Option<()> {
    let tokens = hooks.given(|given| given.identities.clone());
    let mut variables = BTreeMap::new();
    let own = subject.task.rest.get("Identity").filter(|identity| identity.is_object());
    let all = own.into_iter().cloned().chain(named(subject));
    for identity in all {
        let name = identity["Name"].as_str().filter(|name| !name.is_empty()).unwrap_or("default");
        let Some(token) = tokens.get(name) else { continue };
        let (variable, file) = match name {
            "default" => ("NOMAD_TOKEN".to_owned(), "nomad_token".to_owned()),
            name => (format!("NOMAD_TOKEN_{name}"), format!("nomad_{name}.jwt")),
        };
        if identity["Env"] == true {
            variables.insert(variable, token.clone());
        }
        if identity["File"] == true {
            let path = match identity["Filepath"].as_str().filter(|path| !path.is_empty()) {
                Some(path) => subject.directory.path().join(path.trim_start_matches('/')),
                None => subject.directory.secrets().join(file),
            };
            if let Err(error) = subject.write(path, token, 0o600)? {
                subject.log_error(
                    "identity",
                    format!("failed to write token: {}", crate::hclog::pair("error", error)),
                );
            }
        }
    }
    hooks.given(|given| given.variables.insert("identity", variables));
    Some(())
}

/// Renews the tokens whenever half of the time of the first to expire is over.
async fn renew(hooks: &Hooks, subject: &Subject, mut expires: OffsetDateTime) -> Option<()> {
    loop {
        let left = (expires - subject.clock.now()).max(time::Duration::ZERO).unsigned_abs();
        subject.clock.sleep((left / 2).max(LEAST)).await;
        let before = hooks.given(|given| given.identities.clone());
        expires = sign(hooks, subject).await??;
        give(hooks, subject)?;
        let after = hooks.given(|given| given.identities.clone());
        for identity in named(subject) {
            let text = |field: &str| identity[field].as_str().unwrap_or_default();
            let name = text("Name");
            if before.get(name) != after.get(name) {
                let reason = format!("Identity[{name}]: new Identity token acquired");
                subject.change(text("ChangeMode"), text("ChangeSignal"), &reason);
            }
        }
    }
}
