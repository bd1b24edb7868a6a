//! The JWT method with keys that are fetched.

mod support;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use lab_pki::{KeyKind, KeyPair, KeySource, PublicKey, SignatureAlgorithm};
use lab_wire::http::{Options, Peer, Response, handler, serve_connection};
use lab_world::{Simulation, Tasks};
use serde_json::{Value, json};
use support::{dev, simulate};

/// An identity provider that counts how often its keys are fetched.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<(Vec<Value>, u32)>>);

impl Provider {
    async fn start(&self, world: &Simulation, tasks: &Tasks) -> String {
        let host = world.host("nomad");
        let mut listener = host.net.listen(([0, 0, 0, 0], 4646).into()).await.expect("a free port");
        let url = format!("http://{}/.well-known/jwks.json", listener.address());
        let state = Arc::clone(&self.0);
        let serve = handler(move |_, _| {
            let mut state = state.lock().expect("no panic");
            state.1 += 1;
            let body = json!({"keys": state.0}).to_string();
            async move { Response::new(Bytes::from(body)) }
        });
        let (clock, scope) = (host.clock.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let (peer, serve, clock) = (Peer::plain(stream.peer()), serve.clone(), clock.clone());
                scope.spawn(async move {
                    let _ = serve_connection(stream, peer, serve, &clock, Options::default()).await;
                });
            }
        });
        url
    }

    fn publish(&self, keys: &[(&str, &KeyPair)]) {
        let keys = keys.iter().map(|(id, key)| {
            let PublicKey::Ed25519(point) = PublicKey::from_der(key.public_key_der()).expect("a key") else {
                unreachable!("the tests use Ed25519")
            };
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id, "x": URL_SAFE_NO_PAD.encode(point)})
        });
        self.0.lock().expect("no panic").0 = keys.collect();
    }

    fn fetches(&self) -> u32 {
        self.0.lock().expect("no panic").1
    }
}

fn sign(key: &KeyPair, id: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": id})), part(claims));
    let signature = key.sign(SignatureAlgorithm::Ed25519, message.as_bytes()).expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims(world: &Simulation, job: &str, task: &str) -> Value {
    let now = world.clock().unix();
    json!({"aud": "vault.io", "iat": now, "exp": now + 3600, "nomad_job_id": job, "nomad_task": task})
}

#[test]
fn keys_are_fetched_when_a_signature_does_not_fit_and_not_before() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        let (provider, tasks) = (Provider::default(), Tasks::new());
        let url = provider.start(world, &tasks).await;
        let keys = KeySource::generated();
        let (old, new) =
            (keys.key(KeyKind::Ed25519).expect("a key"), keys.key(KeyKind::Ed25519).expect("a key"));
        provider.publish(&[("old", &old)]);
        vault.data("POST", "sys/auth/jwt-nomad", json!({"type": "jwt"})).await;
        vault.data("POST", "auth/jwt-nomad/config", json!({"jwks_url": url, "default_role": "r"})).await;
        assert_eq!(provider.fetches(), 1, "the configuration is tried out");
        let role = json!({"role_type": "jwt", "user_claim": "nomad_job_id", "bound_audiences": "vault.io", "token_period": "30m", "token_policies": "p"});
        vault.data("POST", "auth/jwt-nomad/role/r", role).await;
        let login = async |jwt: String| {
            vault.with_token("").send("POST", "auth/jwt-nomad/login", json!({"jwt": jwt})).await
        };

        let (status, answer) = login(sign(&old, "old", &claims(world, "web", "t"))).await;
        assert_eq!((status, provider.fetches()), (200, 2), "{answer}");
        assert_eq!(answer["auth"]["lease_duration"], 1800);
        login(sign(&old, "old", &claims(world, "web", "t"))).await;
        assert_eq!(provider.fetches(), 2, "the keys are kept");

        let (status, answer) = login(sign(&new, "new", &claims(world, "web", "t"))).await;
        assert_eq!((status, provider.fetches()), (400, 3));
        assert_eq!(
            answer["errors"][0],
            "error validating token: error verifying token signature: failed to verify id token signature"
        );
        provider.publish(&[("new", &new)]);
        assert_eq!(
            login(sign(&old, "old", &claims(world, "web", "t"))).await.0,
            200,
            "a removed key is believed until a refetch"
        );
        assert_eq!(login(sign(&new, "new", &claims(world, "web", "t"))).await.0, 200);
        assert_eq!(login(sign(&old, "old", &claims(world, "web", "t"))).await.0, 400);
    });
}

#[test]
fn a_later_login_changes_what_earlier_tokens_may_read() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        let (provider, tasks) = (Provider::default(), Tasks::new());
        let url = provider.start(world, &tasks).await;
        let key = KeySource::generated().key(KeyKind::Ed25519).expect("a key");
        provider.publish(&[("k", &key)]);
        vault.data("POST", "sys/auth/jwt", json!({"type": "jwt"})).await;
        vault.data("POST", "auth/jwt/config", json!({"jwks_url": url})).await;
        let role = json!({
            "role_type": "jwt", "user_claim": "nomad_job_id", "bound_audiences": "vault.io", "token_policies": "p",
            "claim_mappings": {"nomad_task": "nomad_task"},
        });
        vault.data("POST", "auth/jwt/role/r", role).await;
        let (_, auth) = vault.send("GET", "sys/auth", json!(null)).await;
        let accessor = auth["data"]["jwt/"]["accessor"].as_str().expect("an accessor").to_owned();
        let policy = format!(
            "path \"secret/data/{{{{identity.entity.aliases.{accessor}.metadata.nomad_task}}}}\" {{ capabilities = [\"read\"] }}"
        );
        vault.data("POST", "sys/policies/acl/p", json!({"policy": policy})).await;
        for task in ["one", "two"] {
            vault.data("POST", &format!("secret/data/{task}"), json!({"data": {"of": task}})).await;
        }
        let login = async |task: &str| {
            let jwt = sign(&key, "k", &claims(world, "web", task));
            let (_, answer) =
                vault.with_token("").send("POST", "auth/jwt/login", json!({"jwt": jwt, "role": "r"})).await;
            vault.with_token(answer["auth"]["client_token"].as_str().expect("a token"))
        };
        let first = login("one").await;
        assert_eq!(first.data("GET", "secret/data/one", json!(null)).await["data"]["of"], "one");
        assert_eq!(first.refused("GET", "secret/data/two", json!(null)).await.0, 403);
        login("two").await;
        assert_eq!(first.refused("GET", "secret/data/one", json!(null)).await.0, 403);
        assert_eq!(first.data("GET", "secret/data/two", json!(null)).await["data"]["of"], "two");
        login("+").await;
        assert_eq!(
            first.send("GET", "secret/data/one", json!(null)).await.0,
            200,
            "metadata becomes a wildcard"
        );
    });
}
