//! The Vault token of a task: got with its identity, given as file and variable, and kept alive.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_consul_template::{Token, Vault};
use lab_world::format_duration;

use super::{Hooks, Refusal, Subject};
use crate::hclog::pair;

const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(180);

/// What in the text of a failed renewal says that the token is lost.
const FATAL: [&str; 8] = [
    "no namespace",
    "cannot renew a token across namespaces",
    "invalid lease ID",
    "lease expired",
    "lease is not renewable",
    "lease not found",
    "permission denied",
    "token not found",
];

/// Gets the token where the task asks for one, and starts to keep it alive.
pub(super) async fn prepare(hooks: &Hooks, subject: &Subject) -> Option<Result<(), Refusal>> {
    if !subject.task.rest.get("Vault").is_some_and(|vault| vault.is_object()) {
        return Some(Ok(()));
    }
    let (settings, host) = {
        let client = subject.client.upgrade()?;
        (client.parts.settings.vault.clone(), client.parts.host.clone())
    };
    let vault = match Vault::new(&host, &settings.access) {
        Ok(vault) => vault,
        Err(error) => return Some(Err(subject.refusal(&format!("Vault: {error}")))),
    };
    let kept = host.disk.read_to_string(subject.directory.private().join("vault_token"));
    let first = match kept.ok().filter(|token| !token.is_empty()) {
        // An earlier life of the task, or of the agent, left one.
        Some(token) => {
            vault.set_token(&token);
            Token { token, lease: Duration::from_secs(30), renewable: true }
        }
        None => match derive(hooks, subject, &vault).await? {
            Ok(token) => token,
            Err(refusal) => return Some(Err(refusal)),
        },
    };
    if let Err(error) = give(hooks, subject, &first.token)? {
        return Some(Err(subject.refusal(&error)));
    }
    if subject.task.rest["Vault"]["AllowTokenExpiration"] == true {
        host.log.debug("client.alloc_runner.task_runner.task_hook.vault", "Vault token will not renew");
        return Some(Ok(()));
    }
    let (kept, subject) = (hooks.clone(), subject.clone());
    hooks.scope.spawn(async move {
        // Ends with the agent.
        let _ = keep_alive(&kept, &subject, &vault, first).await;
    });
    Some(Ok(()))
}

/// Logs in with the task's identity, for which it waits; a login that fails is the end of the task.
async fn derive(hooks: &Hooks, subject: &Subject, vault: &Vault) -> Option<Result<Token, Refusal>> {
    let mut wait = FIRST_WAIT;
    let jwt = loop {
        if let Some(jwt) = hooks.given(|given| given.identities.get("vault_default").cloned()) {
            break jwt;
        }
        let error = format!(
            "failed to retrieve signed workload identity: unable to find token for workload {:?} and identity \"vault_default\"",
            subject.task.name
        );
        let (error, backoff) = (pair("error", error), format_duration(wait));
        subject.log_error(
            "vault",
            format!("failed to derive Vault token: {error} recoverable=true backoff={backoff}"),
        );
        subject.clock.sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    };
    let settings = subject.client.upgrade()?.parts.settings.vault.clone();
    let role = match subject.text("Vault", "Role") {
        "" => settings.create_from_role.as_str(),
        role => role,
    };
    Some(vault.log_in(&settings.mount, role, &jwt).await.map_err(|error| {
        let cause = format!(
            "failed to derive Vault token for identity vault_default: failed to login with JWT: {error}"
        );
        subject.log_error(
            "vault",
            format!("failed to derive Vault token: {} recoverable=false", pair("error", &cause)),
        );
        subject.refusal(&format!("Vault: failed to derive vault token: {cause}"))
    }))
}

/// Puts the token where the task finds it.
fn give(hooks: &Hooks, subject: &Subject, token: &str) -> Option<Result<(), String>> {
    let told = |_| "Vault failed to write Vault token to disk".to_owned();
    if let Err(error) = subject.write(subject.directory.private().join("vault_token"), token, 0o600)? {
        return Some(Err(told(error)));
    }
    let vault = &subject.task.rest["Vault"];
    if vault["DisableFile"] != true
        && let Err(error) = subject.write(subject.directory.secrets().join("vault_token"), token, 0o666)?
    {
        return Some(Err(told(error)));
    }
    let mut variables = BTreeMap::new();
    if vault["Env"] != false {
        variables.insert("VAULT_TOKEN".to_owned(), token.to_owned());
        let namespace = match subject.text("Vault", "Namespace") {
            "" => subject.client.upgrade()?.parts.settings.vault.access.namespace.clone(),
            namespace => namespace.to_owned(),
        };
        if !namespace.is_empty() {
            variables.insert("VAULT_NAMESPACE".to_owned(), namespace);
        }
    }
    hooks.given(|given| {
        given.variables.insert("vault", variables);
        token.clone_into(&mut given.vault_token);
    });
    Some(Ok(()))
}

/// Renews the token at once and then at half of its time; a token that is lost is got anew, which the task notices.
async fn keep_alive(hooks: &Hooks, subject: &Subject, vault: &Vault, mut token: Token) -> Option<()> {
    loop {
        let (problem, period) = match vault.renew(token.lease.max(Duration::from_secs(30))).await {
            Ok(renewed) if renewed.lease.is_zero() => return None,
            Ok(renewed) => {
                token.lease = renewed.lease;
                (None, renewed.lease / 2)
            }
            Err(error) => (Some(error), token.lease / 2),
        };
        match problem {
            None => {}
            Some(error) if FATAL.iter().any(|fatal| error.contains(fatal)) => {
                let error = pair("error", format!("failed to renew the vault token: {error}"));
                subject.log_error("vault", format!("failed to renew Vault token: {error}"));
                token = renew_lost(hooks, subject, vault).await?;
                continue;
            }
            Some(error) => {
                let (error, period) = (pair("error", error), format_duration(period));
                let text = "error during renewal of lease or token failed due to a non-fatal error; retrying";
                subject.log_error("vault", format!("{text}: {error} period={period}"));
            }
        }
        subject.clock.sleep(period.max(Duration::from_secs(1))).await;
    }
}

/// A new token in place of one that is lost. `None`: the task has failed with it.
async fn renew_lost(hooks: &Hooks, subject: &Subject, vault: &Vault) -> Option<Token> {
    let token = match derive(hooks, subject, vault).await? {
        Ok(token) => token,
        Err(refusal) => {
            subject.kill(&refusal.display_message);
            return None;
        }
    };
    if let Err(error) = give(hooks, subject, &token.token)? {
        subject.kill(&error);
        return None;
    }
    let mode = match subject.text("Vault", "ChangeMode") {
        "" => "restart",
        mode => mode,
    };
    subject.change(mode, subject.text("Vault", "ChangeSignal"), "Vault: new Vault token acquired");
    Some(token)
}
