//! WID401 to WID405: what Vault answers to a workload's token.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lab_pki::{KeyKind, KeyPair, SignatureAlgorithm};
use lab_world::Clock;
use serde_json::{Value, json};

use crate::programs::{Vault, found};
use crate::support::key;

const SUBJECT: &str = "global:default:app:g:t:vault_default";

/// A Vault with a JWT method that knows one key.
struct Logins {
    vault: Vault,
    key: KeyPair,
}

impl Logins {
    fn new() -> Option<Self> {
        let vault = Vault::start()?;
        let key = key(KeyKind::Ed25519);
        let public = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(key.public_key_der())
        );
        vault.must(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
        vault.must(&["write", "auth/jwt-nomad/config", &format!("jwt_validation_pubkeys={public}")]);
        Some(Self { vault, key })
    }

    /// Writes guide 004's role with changes, and gives what is found of it.
    fn role(&self, change: &Value) -> Vec<String> {
        let mut role = json!({
            "role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "/nomad_job_id",
            "user_claim_json_pointer": true, "token_type": "service", "token_period": "30m",
            "token_explicit_max_ttl": 0, "policies": ["default"],
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            if value.is_null() {
                role.as_object_mut().expect("an object").remove(name);
            } else {
                role[name.as_str()] = value.clone();
            }
        }
        self.vault.site.write("wid/vault-role-nomad-workloads.json", role.to_string());
        let file = self.vault.site.path("wid/vault-role-nomad-workloads.json").display().to_string();
        self.vault.must(&["write", "auth/jwt-nomad/role/nomad-workloads", &format!("@{file}")]);
        found(&self.vault.site, "wid")
    }

    /// A token as Nomad signs it.
    fn token(&self) -> String {
        let now = Clock::system().now().unix_timestamp();
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "aud": ["vault.io"], "sub": SUBJECT, "iat": now, "nbf": now - 5, "exp": now + 600,
            "nomad_namespace": "default", "nomad_job_id": "app", "nomad_task": "t",
        });
        let text = format!("{}.{}", encode(json!({ "alg": "EdDSA", "typ": "JWT" })), encode(claims));
        let signature = self.key.sign(SignatureAlgorithm::Ed25519, text.as_bytes()).expect("a signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn log_in(&self, role: &str) -> (bool, String) {
        let (role, token) = (format!("role={role}"), format!("jwt={}", self.token()));
        self.vault.run(&["write", "-format=json", "auth/jwt-nomad/login", &role, &token])
    }
}

#[test]
fn what_vault_answers_to_the_token() {
    let Some(logins) = Logins::new() else { return };
    assert_eq!(logins.role(&json!({})), Vec::<String>::new());
    let (went_well, said) = logins.log_in("nomad-workloads");
    assert!(went_well, "the good role lets it in: {said}");
    let (went_well, said) = logins.log_in("nomad-tasks");
    assert!(!went_well && said.contains("role \"nomad-tasks\" could not be found"), "WID403: {said}");
    for (change, code, wanted) in [
        (
            json!({ "bound_audiences": null, "bound_subject": SUBJECT }),
            "WID401",
            "audience claim found in JWT but no audiences bound to the role",
        ),
        (json!({ "user_claim_json_pointer": false }), "WID404", "claim \"/nomad_job_id\" not found in token"),
        (json!({ "bound_claims": { "job": "app" } }), "WID404", "claim \"job\" is missing"),
        (
            json!({ "role_type": "oidc", "allowed_redirect_uris": ["http://x"] }),
            "WID404",
            "role with oidc role_type is not allowed",
        ),
    ] {
        logins.vault.must(&["delete", "auth/jwt-nomad/role/nomad-workloads"]);
        assert_eq!(logins.role(&change), [code], "{change}");
        let (went_well, said) = logins.log_in("nomad-workloads");
        assert!(!went_well && said.contains(wanted), "{code}: {said}");
    }
}

#[test]
fn an_audience_that_is_not_bound() {
    let Some(logins) = Logins::new() else { return };
    let agent = "data_dir = \"/d\"\nserver {\n  enabled = true\n}\nvault {\n  enabled = true\n  default_identity {\n    aud = [\"vault.io\"]\n  }\n}\n";
    logins.vault.site.write("wid/nomad.hcl", agent);
    assert_eq!(logins.role(&json!({ "bound_audiences": ["other.io"] })), ["WID401"]);
    let (went_well, said) = logins.log_in("nomad-workloads");
    assert!(!went_well && said.contains("audience claim does not match any expected audience"), "{said}");
}

#[test]
fn tokens_that_cannot_be_renewed_for_ever() {
    let Some(logins) = Logins::new() else { return };
    let auth = |change: &Value| -> Value {
        assert_eq!(logins.role(change), ["WID405"], "{change}");
        let (went_well, said) = logins.log_in("nomad-workloads");
        assert!(went_well, "{said}");
        serde_json::from_str(&said).expect("JSON")
    };
    let batch = auth(&json!({ "token_type": "batch", "token_period": null }));
    assert_eq!(batch["auth"]["renewable"], false, "{batch}");
    let ending = auth(&json!({ "token_explicit_max_ttl": "60s" }));
    let accessor = ending["auth"]["accessor"].as_str().expect("an accessor").to_owned();
    let renewed =
        logins.vault.run(&["token", "renew", "-accessor", "-increment=1h", "-format=json", &accessor]);
    let renewed: Value = serde_json::from_str(&renewed.1).expect("JSON");
    let left = renewed["auth"]["lease_duration"].as_i64().expect("a duration");
    assert!(left <= 60, "an hour was asked for, and {left} s given");
}
