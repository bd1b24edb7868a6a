//! New clients, with and without a token that introduces them, at servers that ask for one more or less strictly.

mod support;

use std::time::Duration;

use lab_wire::http::Client;
use lab_world::{Host, Simulation};
use mock_nomad::{Agent, Options, Overrides};
use serde_json::{Value, json};
use support::*;

async fn server(world: &Simulation, block: &str) -> (Host, Agent) {
    let host = world.host("server-1");
    let extra = format!("server {{\n client_introduction {{\n {block}\n }}\n}}\n");
    configure(&host, &server_config(&host, &[], 1, &extra));
    let agent = start(&host).await;
    world.clock().sleep(Duration::from_secs(10)).await;
    (host, agent)
}

/// A token of the server's.
async fn token(world: &Simulation, wish: Value) -> String {
    let host = world.host("operator");
    let url = "http://server-1:4646/v1/acl/identity/client-introduction-token";
    let body = wish.to_string().into();
    let request = http::Request::builder().method("PUT").uri(url).body(body).expect("a request");
    let answer = Client::new(&host.net, &host.clock).send(request).await.expect("an answer");
    let answer: Value = serde_json::from_slice(answer.body()).expect("JSON");
    answer["JWT"].as_str().expect("a token").to_owned()
}

/// Starts a client with a token; whether it is registered soon.
async fn joins(world: &Simulation, name: &str, given: &str) -> bool {
    let host = world.host(name);
    configure(&host, &client_config(&host, &["server-1"], ""));
    let overrides = Overrides { client_intro_token: given.to_owned(), ..Overrides::default() };
    let options = Options { overrides, ..Options::default() };
    let files = [CONFIG.into()];
    let _agent = Agent::start(&host, &files, options).await.expect("a start");
    world.clock().sleep(Duration::from_secs(20)).await;
    host.log.contains("node registration complete")
}

#[test]
fn a_strict_server_lets_in_who_is_introduced() {
    simulate(async |world| {
        let (server, _agent) = server(world, "enforcement = \"strict\"").await;
        let for_b = token(world, json!({"NodeName": "b"})).await;
        let for_any = token(world, json!({})).await;
        let elsewhere = token(world, json!({"NodePool": "other"})).await;
        assert!(!joins(world, "a", "").await);
        let told = "node registration without introduction token: enforcement_level=strict node_id=";
        assert!(
            lines(&server, 0, "nomad.client").iter().any(|line| line.starts_with(&format!("[ERROR] {told}")))
        );
        assert!(world.host("a").log.contains("rpc error: Permission denied"));
        assert!(joins(world, "b", &for_b).await);
        assert!(!joins(world, "c", &for_b).await, "it is another's");
        let told = "node_pool=default node_name=c claim_node_pool=default claim_node_name=b";
        assert!(server.log.contains(told));
        assert!(joins(world, "d", &for_any).await, "a token without a name is anybody's");
        assert!(!joins(world, "e", &elsewhere).await, "it is for another pool");
        world.clock().sleep(Duration::from_secs(300)).await;
        assert!(!joins(world, "f", &for_any).await, "it has ended");
        assert!(joins(world, "b", "").await, "a node that is known needs none");
    });
}

#[test]
fn a_token_may_lie_in_the_nodes_own_directory() {
    simulate(async |world| {
        let _server = server(world, "enforcement = \"strict\"").await;
        let given = token(world, json!({})).await;
        let file = "/opt/nomad/data/client/intro_token.jwt";
        world.host("a").disk.write(file, format!("{given}\n")).expect("a write");
        assert!(joins(world, "a", "").await);
    });
}

#[test]
fn other_servers_let_everybody_in_and_some_tell() {
    for (block, told) in [("enforcement = \"none\"", 0), ("enforcement = \"warn\"", 1), ("", 1)] {
        simulate(async |world| {
            let (server, _agent) = server(world, block).await;
            assert!(joins(world, "a", "").await);
            let warnings = lines(&server, 0, "nomad.client");
            let warnings = warnings.iter().filter(|line| {
                line.starts_with(
                    "[WARN] node registration without introduction token: enforcement_level=warn",
                )
            });
            assert_eq!(warnings.count(), told, "{block}");
        });
    }
}

#[test]
fn lives_are_limited_and_told() {
    simulate(async |world| {
        let (server, _agent) =
            server(world, "default_identity_ttl = \"1m\"\n max_identity_ttl = \"10m\"").await;
        let now = world.clock().unix();
        for (wish, life) in [
            (json!({}), Some(60)),
            (json!({"TTL": "5m"}), Some(300)),
            (json!({"TTL": "2h"}), Some(600)),
            (json!({"TTL": -5}), None),
        ] {
            let claims = claims(&token(world, wish.clone()).await);
            assert_eq!(claims["exp"].as_i64().map(|end| end - now), life, "{wish}");
        }
        let told = "node introduction identity TTL request exceeds server maximum, using server maximum: \
                    requested_ttl=2h0m0s server_max_ttl=10m0s";
        assert!(server.log.contains(told));
    });
}

fn claims(token: &str) -> Value {
    use base64::Engine;
    let body = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn bad_settings_keep_a_server_from_starting() {
    simulate(async |world| {
        let host = world.host("server-1");
        let attempt = async |block: &str| {
            let extra = format!("server {{\n client_introduction {{\n {block}\n }}\n}}\n");
            configure(&host, &server_config(&host, &[], 1, &extra));
            try_start(&host).await.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let prefix = "server config setup failed: invalid server.client_introduction configuration: ";
        let order = "max_identity_ttl must be greater than or equal to default_identity_ttl";
        let wrong = attempt("enforcement = \"wrong\"").await;
        assert!(
            wrong.contains(&format!("{prefix}1 error occurred:\n\t* invalid enforcement \"wrong\"")),
            "{wrong}"
        );
        let both = attempt("enforcement = \"wrong\"\n default_identity_ttl = \"2h\"").await;
        let listed = format!("{prefix}2 errors occurred:\n\t* invalid enforcement \"wrong\"\n\t* {order}");
        assert!(both.contains(&listed), "{both}");
        let unknown = attempt("foo = 1").await;
        assert!(unknown.contains("client_introduction.server unexpected keys foo"), "{unknown}");
        let text = attempt("max_identity_ttl = \"x\"").await;
        assert!(
            text.contains("server.client_introduction.max_identity_ttl can't parse time duration x"),
            "{text}"
        );
    });
}
