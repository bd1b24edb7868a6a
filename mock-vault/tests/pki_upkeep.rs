//! What a PKI mount does by itself: tidying, and revocation lists.

mod support;

use std::time::Duration;

use lab_world::Simulation;
use serde_json::{Value, json};
use support::{Vault, authority, dev, role, simulate};

const HOUR: Duration = Duration::from_hours(1);

async fn issue(vault: &Vault) -> String {
    let data = vault.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await;
    data["serial_number"].as_str().expect("a serial number").to_owned()
}

/// How many leaves are kept; the root is always there.
async fn leaves(vault: &Vault) -> usize {
    let answer = vault.send("LIST", "pki/certs", Value::Null).await.1;
    answer["data"]["keys"].as_array().map_or(0, Vec::len) - 1
}

async fn status(vault: &Vault) -> Value {
    vault.data("GET", "pki/tidy-status", Value::Null).await
}

async fn pass(world: &Simulation, time: Duration) {
    world.host("watch").clock.sleep(time).await;
}

async fn prepared(world: &Simulation) -> (mock_vault::Server, Vault) {
    let (server, vault) = dev(world).await;
    authority(&vault, "80000h").await;
    role(&vault, "r", json!({})).await;
    (server, vault)
}

#[test]
fn a_tidy_takes_what_is_over_for_long_enough() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        assert_eq!(status(&vault).await["state"], "Inactive");
        issue(&vault).await;
        pass(world, 100 * HOUR).await;
        issue(&vault).await;
        assert_eq!(leaves(&vault).await, 2);
        let (code, answer) = vault.send("POST", "pki/tidy", json!({"tidy_cert_store": true})).await;
        assert_eq!(code, 202, "{answer}");
        pass(world, Duration::from_secs(1)).await;
        let told = status(&vault).await;
        assert_eq!((&told["state"], &told["cert_store_deleted_count"]), (&json!("Finished"), &json!(1)));
        assert_eq!(leaves(&vault).await, 1);
    });
}

#[test]
fn a_tidy_that_rests_can_be_seen_and_cancelled() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        for _ in 0..5 {
            issue(&vault).await;
        }
        pass(world, 100 * HOUR).await;
        let nothing = vault.send("POST", "pki/tidy-cancel", Value::Null).await.1;
        assert_eq!(
            nothing["warnings"][0],
            "Tidy operation cannot be cancelled as none is currently running."
        );
        let slowly = json!({"tidy_cert_store": true, "pause_duration": "10s"});
        vault.send("POST", "pki/tidy", slowly.clone()).await;
        pass(world, Duration::from_secs(15)).await;
        let told = status(&vault).await;
        assert_eq!(told["state"], "Running");
        assert_eq!(told["message"], "Tidying certificate store: checking entry 2 of 6");
        let again = vault.send("POST", "pki/tidy", slowly).await.1;
        assert_eq!(again["warnings"][0], "Tidy operation already in progress.");
        vault.data("POST", "pki/tidy-cancel", Value::Null).await;
        pass(world, Duration::from_secs(15)).await;
        assert_eq!(status(&vault).await["state"], "Cancelled");
        assert!((3..5).contains(&leaves(&vault).await));
    });
}

#[test]
fn a_mount_tidies_itself_where_it_is_told_to() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        issue(&vault).await;
        vault
            .data(
                "POST",
                "pki/config/auto-tidy",
                json!({"enabled": true, "tidy_cert_store": true, "interval_duration": "12h"}),
            )
            .await;
        pass(world, 61 * HOUR).await;
        assert_eq!(leaves(&vault).await, 1);
        pass(world, 24 * HOUR).await;
        assert_eq!(leaves(&vault).await, 0);
        assert_eq!(status(&vault).await["cert_store_deleted_count"], 1);
    });
}

#[test]
fn nonsense_about_tidying_is_refused() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        for (path, body, told) in [
            (
                "tidy",
                json!({"tidy_cert_store": true, "safety_buffer": "0s"}),
                "safety_buffer must be greater than zero",
            ),
            (
                "tidy",
                json!({"pause_duration": "x"}),
                "Error parsing pause_duration: time: invalid duration \"x\"",
            ),
            ("tidy", json!({"pause_duration": "-3s"}), "received invalid, negative pause_duration"),
            (
                "config/auto-tidy",
                json!({"safety_buffer": 0}),
                "given safety_buffer must be at least one second; got: 0",
            ),
            (
                "config/auto-tidy",
                json!({"min_startup_backoff_duration": "20m"}),
                "max_startup_backoff_duration 15m0s must be greater or equal to min_startup_backoff_duration 20m0s",
            ),
        ] {
            assert_eq!(vault.refused("POST", &format!("pki/{path}"), body).await, (400, told.to_owned()));
        }
    });
}

/// Whether `needle` is somewhere in `der`.
fn holds(der: &[u8], needle: &[u8]) -> bool {
    der.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_delta_list_has_what_was_revoked_since_the_complete_one() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        let list = async |path: &str| vault.bytes(path).await.2;
        let rotate = async |path: &str| vault.send("GET", path, Value::Null).await.1["warnings"].clone();
        let idle = "requested rebuild of delta CRL when delta CRL is not enabled; this is a no-op";
        assert_eq!(rotate("pki/crl/rotate-delta").await, json!([idle]));
        assert!(!list("pki/crl/delta").await.is_empty(), "it is there from the beginning");
        let alone = vault.refused("POST", "pki/config/crl", json!({"enable_delta": true})).await.1;
        assert!(
            alone.starts_with("Delta CRLs cannot be enabled when auto rebuilding is disabled"),
            "{alone}"
        );
        vault.data("POST", "pki/config/crl", json!({"enable_delta": true, "auto_rebuild": true})).await;
        let serial = issue(&vault).await;
        let bytes = hex::decode(serial.replace(':', "")).expect("hexadecimal");
        pass(world, Duration::from_secs(5)).await;
        vault.data("POST", "pki/revoke", json!({"serial_number": serial})).await;
        assert!(!holds(&list("pki/crl").await, &bytes) && !holds(&list("pki/crl/delta").await, &bytes));
        pass(world, Duration::from_mins(15)).await;
        let delta = list("pki/crl/delta").await;
        let indicator = [0x06, 0x03, 0x55, 0x1d, 0x1b, 0x01, 0x01, 0xff];
        assert!(holds(&delta, &bytes) && holds(&delta, &indicator));
        assert!(!holds(&list("pki/crl").await, &bytes));
        assert_eq!(rotate("pki/crl/rotate").await, Value::Null);
        assert!(holds(&list("pki/crl").await, &bytes) && !holds(&list("pki/crl/delta").await, &bytes));
    });
}

/// More than are listed in one go.
#[test]
fn long_lists_are_whole() {
    simulate(async |world| {
        let (_server, vault) = prepared(world).await;
        let asked = json!({"common_name": "a.b", "key_type": "ec"});
        let request = vault.data("POST", "pki/intermediate/generate/internal", asked).await;
        let body = json!({"csr": request["csr"], "common_name": "a.b"});
        for _ in 0..5001 {
            vault.data("POST", "pki/sign/r", body.clone()).await;
        }
        let answer = vault.send("LIST", "pki/certs", Value::Null).await.1;
        let keys = answer["data"]["keys"].as_array().expect("a list");
        assert_eq!(keys.len(), 5002, "the root is one of them");
        assert!(keys.is_sorted_by(|one, other| one.as_str() < other.as_str()), "each once, in order");
    });
}
