//! What survives a restart, and what protects it meanwhile.

mod support;

use serde_json::json;
use support::{dev, on_disk, simulate};

#[test]
fn file_storage_survives_a_restart_sealed() {
    simulate(async |world| {
        let (server, mut vault) = on_disk(world).await;
        let keys = vault.initialize().await;
        vault.data("POST", "sys/mounts/kv", json!({"type": "kv-v2"})).await;
        vault.data("POST", "kv/data/app", json!({"data": {"password": "hunter2-hunter2"}})).await;
        vault.data("POST", "sys/mounts/pki", json!({"type": "pki"})).await;
        vault
            .data("POST", "pki/root/generate/internal", json!({"common_name": "lab root", "key_type": "ec"}))
            .await;
        vault
            .data("POST", "pki/roles/r", json!({"allow_any_name": true, "key_type": "ec", "ttl": "1h"}))
            .await;
        vault
            .data(
                "POST",
                "sys/policies/acl/p",
                json!({"policy": "path \"kv/*\" { capabilities = [\"read\"] }"}),
            )
            .await;
        let (_, token) =
            vault.send("POST", "auth/token/create", json!({"policies": ["p"], "ttl": "1h"})).await;
        let token = token["auth"]["client_token"].as_str().expect("a token").to_owned();
        drop(server);

        let (_server, again) = on_disk(world).await;
        let again = again.with_token(&vault.token);
        assert_eq!(again.refused("GET", "kv/data/app", json!(null)).await, (503, "Vault is sealed".into()));
        let (status, health) = again.send("GET", "sys/health", json!(null)).await;
        assert_eq!((status, health["initialized"].as_bool()), (503, Some(true)));
        again.unseal(&keys).await;
        let secret = again.data("GET", "kv/data/app", json!(null)).await;
        assert_eq!(secret["data"]["password"], "hunter2-hunter2");
        let limited = again.with_token(&token);
        assert_eq!(
            limited.data("GET", "kv/data/app", json!(null)).await["data"]["password"],
            "hunter2-hunter2"
        );
        let denied = "1 error occurred:\n\t* permission denied\n\n";
        assert_eq!(limited.refused("POST", "kv/data/app", json!({"data": {}})).await, (403, denied.into()));
        again.data("POST", "pki/issue/r", json!({"common_name": "a.lab", "ttl": "30m"})).await;
    });
}

#[test]
fn nothing_on_the_disk_can_be_read() {
    simulate(async |world| {
        let (_server, mut vault) = on_disk(world).await;
        vault.initialize().await;
        vault.data("POST", "sys/mounts/kv", json!({"type": "kv"})).await;
        vault.data("POST", "kv/app", json!({"password": "hunter2-hunter2"})).await;
        let disk = world.host("vault").disk;
        let mut directories = vec![std::path::PathBuf::from("/vault/data")];
        let mut files = 0;
        while let Some(directory) = directories.pop() {
            for path in disk.list(&directory).expect("a directory") {
                if disk.metadata(&path).expect("an entry").is_directory {
                    directories.push(path);
                    continue;
                }
                files += 1;
                let bytes = disk.read(&path).expect("a file");
                let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!holds("hunter2") && !holds(&vault.token), "{}", path.display());
            }
        }
        assert!(files > 10, "{files} files");
    });
}

#[test]
fn wrong_shares_do_not_unseal() {
    simulate(async |world| {
        let (server, mut vault) = on_disk(world).await;
        let keys = vault.initialize().await;
        drop(server);
        let (server, vault) = on_disk(world).await;
        vault.send("PUT", "sys/unseal", json!({"key": keys[0]})).await;
        let wrong = format!("{}{}", "ab".repeat(32), &keys[1][64..]);
        let (status, error) = vault.refused("PUT", "sys/unseal", json!({"key": wrong})).await;
        assert_eq!(status, 400);
        assert!(error.ends_with("cipher: message authentication failed"), "{error}");
        assert!(server.is_sealed());
        vault.unseal(&keys).await;
        assert!(!server.is_sealed());
    });
}

#[test]
fn rekeying_and_a_new_root_token_take_a_threshold_of_shares() {
    simulate(async |world| {
        let (_server, mut vault) = on_disk(world).await;
        let keys = vault.initialize().await;
        let (_, started) = vault.send("PUT", "sys/generate-root/attempt", json!({})).await;
        let (nonce, otp) =
            (started["nonce"].clone(), started["otp"].as_str().expect("a password").to_owned());
        vault.send("PUT", "sys/generate-root/update", json!({"key": keys[0], "nonce": nonce})).await;
        let (_, done) =
            vault.send("PUT", "sys/generate-root/update", json!({"key": keys[2], "nonce": nonce})).await;
        assert_eq!(done["complete"], true, "{done}");
        let encoded = done["encoded_root_token"].as_str().expect("a token");
        let token = decode(encoded).iter().zip(otp.bytes()).map(|(a, b)| (a ^ b) as char).collect::<String>();
        assert_eq!(
            vault.with_token(&token).data("GET", "auth/token/lookup-self", json!(null)).await["path"],
            "auth/token/root"
        );

        let (_, started) =
            vault.send("PUT", "sys/rekey/init", json!({"secret_shares": 1, "secret_threshold": 1})).await;
        let nonce = started["nonce"].clone();
        vault.send("PUT", "sys/rekey/update", json!({"key": keys[1], "nonce": nonce})).await;
        let (_, done) = vault.send("PUT", "sys/rekey/update", json!({"key": keys[2], "nonce": nonce})).await;
        let new = done["keys"][0].as_str().expect("a key").to_owned();
        vault.data("PUT", "sys/seal", json!(null)).await;
        let (status, answer) = vault.send("PUT", "sys/unseal", json!({"key": new})).await;
        assert_eq!((status, answer["sealed"].as_bool()), (200, Some(false)), "{answer}");
    });
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).expect("base64")
}

#[test]
fn what_is_in_memory_is_there_again_when_the_server_is_unsealed() {
    simulate(async |world| {
        let (server, vault) = dev(world).await;
        let key = server.unseal_key().expect("a development server has one").to_owned();
        vault.data("POST", "secret/data/kept", json!({"data": {"a": "1"}})).await;
        for round in 1..=2 {
            let path = format!("secret/data/round{round}");
            vault.data("POST", &path, json!({"data": {"round": round}})).await;
            vault.data("DELETE", "secret/metadata/gone", json!(null)).await;
            vault.data("PUT", "sys/seal", json!(null)).await;
            assert!(server.is_sealed());
            vault.data("PUT", "sys/unseal", json!({"key": key})).await;
            assert!(!server.is_sealed());
            assert_eq!(vault.data("GET", "secret/data/kept", json!(null)).await["data"]["a"], "1");
            assert_eq!(vault.data("GET", &path, json!(null)).await["data"]["round"], round);
            let (status, _) = vault.send("GET", "secret/data/gone", json!(null)).await;
            assert_eq!(status, 404, "what was deleted stays so");
            // For the next round.
            vault.data("POST", "secret/data/gone", json!({"data": {}})).await;
        }
    });
}
