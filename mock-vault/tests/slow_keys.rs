//! Keys that take long to make, on a server that others can reach.

mod support;

use std::time::Duration;

use lab_world::{Disk, Host};
use mock_vault::MockVault;
use serde_json::{Value, json};
use support::Vault;

/// Runs a test against a server on a socket of this machine, with a root and a role for each kind of key.
fn serve(work: impl AsyncFnOnce(&Host, &Vault)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let role =
            |bits: u32| json!({"allow_any_name": true, "key_type": "rsa", "key_bits": bits, "ttl": "1h"});
        let host = Host { disk: Disk::memory(), ..Host::loopback("vault", "unused") };
        let server = MockVault::builder()
            .host(&host)
            .root_token("root")
            .pki("pki", "lab root")
            .write("pki/roles/short", role(2048))
            .write("pki/roles/long", role(4096))
            .start()
            .await
            .expect("the server starts");
        work(&host, &Vault::new(&host, server.server(), "root")).await;
    });
}

#[test]
fn nobody_waits_for_somebody_elses_key() {
    serve(async |_, vault| {
        let issue = vault.data("POST", "pki/issue/long", json!({"common_name": "a.b"}));
        let mut others = 0;
        let others_go_on = async {
            loop {
                vault.data("GET", "auth/token/lookup-self", Value::Null).await;
                others += 1;
                tokio::task::yield_now().await;
            }
        };
        let issued = tokio::select! {
            biased;
            issued = issue => issued,
            () = others_go_on => Value::Null,
        };
        assert_eq!(issued["private_key_type"], "rsa");
        // Making the key takes some hundred times as long as a look-up.
        assert!(others > 10, "{others}");
    });
}

#[test]
fn a_request_that_waits_is_counted_once() {
    serve(async |host, vault| {
        let body = json!({"policies": ["root"], "num_uses": 2, "ttl": "1h"});
        let token = vault.send("POST", "auth/token/create", body).await.1["auth"]["client_token"].clone();
        let limited = vault.with_token(token.as_str().expect("a token"));
        vault
            .data("POST", "sys/audit/file", json!({"type": "file", "options": {"file_path": "/audit"}}))
            .await;
        for _ in 0..2 {
            limited.data("POST", "pki/issue/short", json!({"common_name": "a.b"})).await;
        }
        let (status, _) = limited.refused("POST", "pki/issue/short", json!({"common_name": "a.b"})).await;
        assert_eq!(status, 403);
        host.clock.sleep(Duration::from_millis(1)).await;
        let log = host.disk.read_to_string("/audit").expect("an audit log");
        let lines =
            |kind: &str| log.lines().filter(|line| line.contains("pki/issue") && line.contains(kind)).count();
        assert_eq!((lines("\"type\":\"request\""), lines("\"type\":\"response\"")), (3, 3), "{log}");
    });
}
