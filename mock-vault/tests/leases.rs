//! Leases and tokens under the virtual clock.

mod support;

use std::time::Duration;

use serde_json::json;
use support::{dev, simulate};

#[test]
fn tokens_end_on_time_and_take_everything_with_them() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        const COUNT: usize = 500;
        for at in 0..COUNT {
            let body = json!({"policies": ["default"], "ttl": format!("{}s", 60 + at)});
            vault.send("POST", "auth/token/create", body).await;
        }
        let count = async || {
            vault.data("LIST", "auth/token/accessors", json!(null)).await["keys"]
                .as_array()
                .map_or(0, Vec::len)
        };
        assert_eq!(count().await, COUNT + 1);
        world.clock().sleep(Duration::from_secs(60 + 250)).await;
        let left = count().await;
        assert!((245..=252).contains(&left), "{left} tokens are left halfway");
        world.clock().sleep(Duration::from_secs(COUNT as u64)).await;
        assert_eq!(count().await, 1, "only the root token is left");
    });
}

#[test]
fn a_periodic_token_lives_while_it_is_renewed() {
    simulate(async |world| {
        let (_server, root) = dev(world).await;
        let (_, answer) =
            root.send("POST", "auth/token/create", json!({"policies": ["default"], "period": "1h"})).await;
        let vault = root.with_token(answer["auth"]["client_token"].as_str().expect("a token"));
        for _ in 0..50 {
            world.clock().sleep(Duration::from_secs(3000)).await;
            vault.send("POST", "auth/token/renew-self", json!({})).await;
        }
        let ttl = vault.data("GET", "auth/token/lookup-self", json!(null)).await["ttl"].clone();
        assert_eq!(ttl, 3599, "the requests themselves take milliseconds");
        world.clock().sleep(Duration::from_secs(3601)).await;
        let (status, error) = vault.refused("GET", "auth/token/lookup-self", json!(null)).await;
        assert_eq!(
            (status, error.as_str()),
            (403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        );
    });
}

#[test]
fn a_leased_certificate_is_revoked_with_its_token() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        vault.data("POST", "sys/mounts/pki", json!({"type": "pki"})).await;
        vault
            .data(
                "POST",
                "pki/root/generate/internal",
                json!({"common_name": "r", "key_type": "ec", "ttl": "768h"}),
            )
            .await;
        let role = json!({"allow_any_name": true, "key_type": "ec", "ttl": "10h", "generate_lease": true});
        vault.data("POST", "pki/roles/r", role).await;
        vault
            .data(
                "POST",
                "sys/policies/acl/p",
                json!({"policy": "path \"pki/issue/r\" { capabilities = [\"update\"] }"}),
            )
            .await;
        let (_, answer) =
            vault.send("POST", "auth/token/create", json!({"policies": ["p"], "ttl": "1h"})).await;
        let limited = vault.with_token(answer["auth"]["client_token"].as_str().expect("a token"));
        let serial =
            limited.data("POST", "pki/issue/r", json!({"common_name": "a.b"})).await["serial_number"].clone();
        let serial = serial.as_str().expect("a serial").to_owned();
        let read = async || {
            vault.data("GET", &format!("pki/cert/{serial}"), json!(null)).await["revocation_time"].as_i64()
        };
        assert_eq!(read().await, Some(0));
        world.clock().sleep(Duration::from_secs(3601)).await;
        assert!(read().await.is_some_and(|at| at > 0), "the token's end revoked it");
    });
}

#[test]
fn a_database_user_has_a_lease_that_can_be_renewed() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        vault.data("POST", "sys/mounts/database", json!({"type": "database"})).await;
        let config = json!({
            "plugin_name": "mongodb-database-plugin", "allowed_roles": "app", "username": "admin", "password": "x",
            "connection_url": "mongodb://{{username}}:{{password}}@mongo:27017/admin",
        });
        vault.data("POST", "database/config/mongo", config).await;
        let statements = json!({"db_name": "mongo", "default_ttl": "1h", "max_ttl": "2h", "creation_statements": "{\"roles\":[{\"role\":\"readWrite\"}]}"});
        vault.data("POST", "database/roles/app", statements).await;
        let (_, creds) = vault.send("GET", "database/creds/app", json!(null)).await;
        assert_eq!(
            (creds["lease_duration"].as_i64(), creds["renewable"].as_bool()),
            (Some(3600), Some(true))
        );
        assert!(
            creds["data"]["username"].as_str().is_some_and(|name| name.starts_with("v-token-app-")),
            "{creds}"
        );
        world.clock().sleep(Duration::from_secs(3000)).await;
        let (_, renewed) =
            vault.send("PUT", "sys/leases/renew", json!({"lease_id": creds["lease_id"]})).await;
        assert_eq!(renewed["lease_duration"], 3600);
        world.clock().sleep(Duration::from_secs(3000)).await;
        let (_, capped) = vault.send("PUT", "sys/leases/renew", json!({"lease_id": creds["lease_id"]})).await;
        assert_eq!(capped["lease_duration"], 1200, "{capped}");
        world.clock().sleep(Duration::from_secs(1201)).await;
        let gone = vault.refused("PUT", "sys/leases/lookup", json!({"lease_id": creds["lease_id"]})).await;
        assert_eq!(gone, (400, "invalid lease".into()));
        let unknown = vault.refused("GET", "database/creds/none", json!(null)).await;
        assert_eq!(unknown, (400, "unknown role: none".into()));
    });
}
