//! The Vault token: unwrapped, renewed, and read again from the file that an agent keeps.

use std::time::Duration;

use lab_world::Tasks;
use serde_json::{Value as Json, json};

use crate::query::Context;
use crate::vault::{Credential, renew};

/// How often an agent's token file is looked at.
const PERIOD: Duration = Duration::from_secs(15);

/// Prepares the token, and starts what keeps it alive.
pub(crate) async fn start(context: &Context, tasks: &Tasks) -> Result<(), String> {
    let config = &context.config;
    if config.token.is_empty() {
        return Ok(());
    }
    let token = unpack(context, &config.token).await.map_err(|error| format!("vaultwatcher: {error}"))?;
    context.vault.set_token(&token);
    if let Some(file) = config.token_file.clone() {
        let context = context.clone();
        tasks.spawn(async move { follow(&context, &file).await });
    }
    if config.renew_token {
        let context = context.clone();
        tasks.spawn(async move { keep_alive(&context).await });
    }
    Ok(())
}

/// Renews the token until that fails for the first time. Then it says so and never tries again: nobody listens to
/// the failure, and when the token's time is over every request is refused.
async fn keep_alive(context: &Context) {
    // What Vault gave the token is not known here, so it is taken for one with a second to live.
    let fake = Duration::from_secs(1);
    let clock = &context.host.clock;
    if let Err(error) = renew(&context.vault, Credential::Token, fake, clock, &context.entropy).await {
        context.journal.warn(format!("vault.token: failed to renew: {error}"));
    }
    context.journal.warn("vault.token: renewer done (maybe the lease expired)".to_owned());
}

async fn follow(context: &Context, file: &str) {
    let mut last = context.config.token.clone();
    loop {
        context.host.clock.sleep(PERIOD).await;
        let Ok(text) = context.host.disk.read_to_string(file) else { continue };
        let text = text.trim();
        if text == last {
            continue;
        }
        match unpack(context, text).await {
            Ok(token) => {
                text.clone_into(&mut last);
                context.vault.set_token(&token);
            }
            Err(error) => context.journal.info(error),
        }
    }
}

/// The real token behind what is configured: it may be JSON with wrapping information, or wrapped.
async fn unpack(context: &Context, configured: &str) -> Result<String, String> {
    let wrapping: Option<Json> = serde_json::from_str(configured).ok();
    let token = wrapping.as_ref().and_then(|json| json["token"].as_str()).unwrap_or(configured).trim();
    if token.is_empty() {
        return Err("empty token".to_owned());
    }
    if !context.config.unwrap_token {
        return Ok(token.to_owned());
    }
    context.vault.set_token(token);
    let answer = context.vault.write("sys/wrapping/unwrap", &json!({ "token": token })).await;
    let secret =
        answer.map_err(|error| format!("vault unwrap: {error}"))?.ok_or("vault unwrap: no secret")?;
    let auth = secret.auth.ok_or("vault unwrap: no secret auth")?;
    if auth.client_token.is_empty() {
        return Err("vault unwrap: no token returned".to_owned());
    }
    Ok(auth.client_token)
}
