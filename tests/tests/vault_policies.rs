//! The policy engine against a second one, written from the documented rules and without a thought for speed.

mod policy_model;

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{DEFAULT_EPOCH, Simulation};
use mock_vault::{Config, Dev, Server};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::policy_model::{CAPABILITIES, Stanza, capabilities};

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_give_the_same_capabilities(
        policies in proptest::collection::vec(proptest::collection::vec(stanza(), 1..7), 1..3),
        paths in proptest::collection::vec(path(), 1..12),
    ) {
        let told = ask_the_server(&policies, &paths);
        let stanzas: Vec<Stanza> = policies.into_iter().flatten().collect();
        for (path, told) in paths.iter().zip(told) {
            prop_assert_eq!(&told, &capabilities(&stanzas, path), "{} under {:?}", path, stanzas);
        }
    }
}

/// A stanza whose path has any of the forms that a path can have.
fn stanza() -> impl Strategy<Value = Stanza> {
    let segment = prop_oneof![3 => select(vec!["a", "b", "ab", "abc"]), 2 => Just("+")];
    let end = select(vec!["", "", "*", "/*", "/", "a*"]);
    let granted = prop_oneof![
        9 => subsequence(CAPABILITIES[1..].to_vec(), 0..5),
        1 => subsequence(CAPABILITIES.to_vec(), 1..3),
    ];
    (proptest::collection::vec(segment, 1..5), end, granted).prop_map(|(segments, end, granted)| {
        // `+*` is refused when a policy is written.
        let end = if segments.last() == Some(&"+") && !end.starts_with('/') { "" } else { end };
        Stanza { path: format!("{}{end}", segments.join("/")), granted }
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment = select(vec!["a", "b", "ab", "abc", "abcd", "c"]);
    (proptest::collection::vec(segment, 1..6), select(vec!["", "", "/"]))
        .prop_map(|(segments, end)| format!("{}{end}", segments.join("/")))
}

/// Writes the policies, makes a token with them, and asks what it may do.
fn ask_the_server(policies: &[Vec<Stanza>], paths: &[String]) -> Vec<Vec<String>> {
    Simulation::run(0, DEFAULT_EPOCH, async |world| {
        let host = world.host("vault");
        let dev = Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() });
        let server =
            Server::start(&host, Config { dev, ..Config::for_host(&host) }).await.expect("the server starts");
        let http = Client::new(&host.net, &host.clock);
        let base = format!("http://{}/v1", server.address());
        let mut names = Vec::new();
        for (number, stanzas) in policies.iter().enumerate() {
            let text: String = stanzas.iter().map(Stanza::to_hcl).collect();
            names.push(format!("policy-{number}"));
            send(&http, &format!("{base}/sys/policies/acl/policy-{number}"), &json!({ "policy": text }))
                .await;
        }
        let body = json!({ "policies": names, "no_default_policy": true });
        let made = send(&http, &format!("{base}/auth/token/create"), &body).await;
        let body = json!({ "token": made["auth"]["client_token"], "paths": paths });
        let told = send(&http, &format!("{base}/sys/capabilities"), &body).await;
        let list =
            |path: &String| serde_json::from_value(told["data"][path].clone()).expect("a list of names");
        paths.iter().map(list).collect()
    })
}

async fn send(http: &Client, url: &str, body: &Value) -> Value {
    let request =
        http::Request::post(url).header("X-Vault-Token", "root").body(Bytes::from(body.to_string()));
    let response = http.send(request.expect("a request")).await.expect("an answer");
    assert!(response.status().is_success(), "{url} {body}: {:?}", response.body());
    serde_json::from_slice(response.body()).unwrap_or(Value::Null)
}
