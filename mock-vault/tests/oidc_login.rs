//! What a program learns of a person who logs in to it through the server.

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_world::DEFAULT_EPOCH;
use ring::digest::{SHA384, digest};
use serde_json::{Value, json};
use support::{Vault, dev, simulate};

/// A person `ann`, who may log in to the client `web` at the provider `p`, and her session.
async fn prepare(vault: &Vault) -> (Vault, Value) {
    vault.data("POST", "sys/auth/userpass", json!({"type": "userpass"})).await;
    let policy = "path \"identity/oidc/provider/p/authorize\" { capabilities = [\"read\", \"update\"] }";
    vault.data("POST", "sys/policies/acl/login", json!({"policy": policy})).await;
    let user = json!({"password": "pw", "token_policies": "login"});
    vault.data("POST", "auth/userpass/users/ann", user).await;
    let (_, login) = vault.send("POST", "auth/userpass/login/ann", json!({"password": "pw"})).await;
    let text = |name: &str| login["auth"][name].as_str().expect("a login").to_owned();
    let entity = format!("identity/entity/id/{}", text("entity_id"));
    vault.data("POST", &entity, json!({"metadata": {"team": "ops"}})).await;
    let template = json!({"template": "{\"team\": {{identity.entity.metadata.team}}}"});
    vault.data("POST", "identity/oidc/scope/team", template).await;
    vault
        .data("POST", "identity/oidc/key/es", json!({"algorithm": "ES384", "allowed_client_ids": ["*"]}))
        .await;
    let client = json!({"key": "es", "redirect_uris": ["https://app/cb"], "assignments": ["allow_all"]});
    vault.data("POST", "identity/oidc/client/web", client).await;
    let provider =
        json!({"allowed_client_ids": ["*"], "scopes_supported": ["team"], "issuer": "http://vault:1"});
    vault.data("POST", "identity/oidc/provider/p", provider).await;
    let client = vault.data("GET", "identity/oidc/client/web", Value::Null).await;
    (vault.with_token(&text("client_token")), client)
}

async fn code(ann: &Vault, client: &Value) -> String {
    let asked = json!({
        "client_id": client["client_id"], "scope": "openid team", "redirect_uri": "https://app/cb",
        "response_type": "code", "nonce": "n", "max_age": 60,
    });
    let (status, answer) = ann.send("POST", "identity/oidc/provider/p/authorize", asked).await;
    assert_eq!(status, 200, "{answer}");
    answer["code"].as_str().expect("a code").to_owned()
}

async fn exchange(vault: &Vault, client: &Value, code: &str) -> (u16, Value) {
    let asked = json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": "https://app/cb",
        "client_id": client["client_id"], "client_secret": client["client_secret"],
    });
    vault.send("POST", "identity/oidc/provider/p/token", asked).await
}

#[test]
fn an_identity_token_is_bound_to_what_it_came_with() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        let (ann, client) = prepare(&vault).await;
        let code = code(&ann, &client).await;
        let (status, answer) = exchange(&vault, &client, &code).await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(86_400)), "{answer}");
        let token = answer["id_token"].as_str().expect("a token");
        let body = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Value = serde_json::from_slice(&body.expect("three parts")).expect("claims");
        let half = |text: &str| URL_SAFE_NO_PAD.encode(&digest(&SHA384, text.as_bytes()).as_ref()[..24]);
        let now = DEFAULT_EPOCH.unix_timestamp();
        assert!((now..now + 2).contains(&claims["iat"].as_i64().expect("a time")), "{claims}");
        let issued = claims["iat"].as_i64().unwrap_or_default();
        assert_eq!(
            claims,
            json!({
                "iss": "http://vault:1/v1/identity/oidc/provider/p", "aud": client["client_id"], "sub": claims["sub"],
                "iat": issued, "exp": issued + 86_400, "auth_time": claims["auth_time"], "nonce": "n",
                "namespace": "root", "team": "ops", "c_hash": half(&code),
                "at_hash": half(answer["access_token"].as_str().expect("a token")),
            })
        );
        assert!(claims["auth_time"].as_i64().is_some_and(|time| time <= issued && time + 60 >= issued));
    });
}

#[test]
fn codes_and_sessions_grow_old() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        let (ann, client) = prepare(&vault).await;
        let clock = world.host("client").clock;
        let late = code(&ann, &client).await;
        clock.sleep(Duration::from_secs(5 * 60 + 1)).await;
        let (status, answer) = exchange(&vault, &client, &late).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
        let asked = json!({
            "client_id": client["client_id"], "scope": "openid", "redirect_uri": "https://app/cb",
            "response_type": "code", "max_age": 60,
        });
        let (status, answer) = ann.send("POST", "identity/oidc/provider/p/authorize", asked).await;
        assert_eq!((status, &answer["error"]), (400, &json!("max_age_violation")));
    });
}
