//! User names, AppRoles, entities and groups.

mod support;

use serde_json::json;
use support::{dev, simulate};

#[test]
fn a_user_logs_in_with_a_password_and_gets_the_policies_of_their_group() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        vault.data("POST", "sys/auth/userpass", json!({"type": "userpass"})).await;
        let weak = vault.refused("POST", "auth/userpass/users/bob", json!({})).await;
        assert_eq!(weak, (400, "\"password\" or \"password_hash\" must be supplied".into()));
        vault
            .data(
                "POST",
                "auth/userpass/users/bob",
                json!({"password": "x", "policies": "p", "token_ttl": "1h"}),
            )
            .await;
        let nobody = vault.with_token("");
        let wrong = nobody.refused("POST", "auth/userpass/login/bob", json!({"password": "y"})).await;
        assert_eq!(wrong, (400, "invalid username or password".into()));
        let (_, answer) = nobody.send("POST", "auth/userpass/login/Bob", json!({"password": "x"})).await;
        assert_eq!(answer["auth"]["metadata"], json!({"username": "bob"}));
        let entity = answer["auth"]["entity_id"].clone();
        vault
            .data(
                "POST",
                "identity/group",
                json!({"name": "ops", "policies": ["ops"], "member_entity_ids": [entity]}),
            )
            .await;
        let (_, answer) = nobody.send("POST", "auth/userpass/login/bob", json!({"password": "x"})).await;
        assert_eq!(answer["auth"]["policies"], json!(["default", "ops", "p"]));
        assert_eq!(answer["auth"]["identity_policies"], json!(["ops"]));
        vault
            .data(
                "POST",
                &format!("identity/entity/id/{}", entity.as_str().unwrap_or("")),
                json!({"disabled": true}),
            )
            .await;
        let token = vault.with_token(answer["auth"]["client_token"].as_str().expect("a token"));
        assert_eq!(
            token.refused("GET", "auth/token/lookup-self", json!(null)).await,
            (403, "permission denied".into())
        );
        let login = nobody.refused("POST", "auth/userpass/login/bob", json!({"password": "x"})).await;
        assert_eq!(login, (403, "permission denied".into()));
    });
}

#[test]
fn a_secret_id_is_used_up() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        vault.data("POST", "sys/auth/approle", json!({"type": "approle"})).await;
        vault
            .data(
                "POST",
                "auth/approle/role/r",
                json!({"token_policies": "p", "secret_id_num_uses": 1, "token_ttl": "20m"}),
            )
            .await;
        let role = vault.data("GET", "auth/approle/role/r/role-id", json!(null)).await["role_id"].clone();
        let secret = vault
            .data("POST", "auth/approle/role/r/secret-id", json!({"metadata": "{\"a\":\"b\"}"}))
            .await["secret_id"]
            .clone();
        let nobody = vault.with_token("");
        let body = json!({"role_id": role, "secret_id": secret});
        let (status, answer) = nobody.send("POST", "auth/approle/login", body.clone()).await;
        assert_eq!((status, &answer["auth"]["metadata"]), (200, &json!({"a": "b", "role_name": "r"})));
        let again = nobody.refused("POST", "auth/approle/login", body).await;
        assert_eq!(again, (400, "invalid role or secret ID".into()));
        let missing = nobody.refused("POST", "auth/approle/login", json!({"role_id": role})).await;
        assert_eq!(missing, (400, "missing secret_id".into()));
    });
}

#[test]
fn every_answer_of_the_identity_store_has_the_real_shape() {
    simulate(async |world| {
        let (_server, vault) = dev(world).await;
        let entity =
            vault.data("POST", "identity/entity", json!({"name": "bob", "metadata": {"a": "b"}})).await;
        let (_, auth) = vault.send("GET", "sys/auth", json!(null)).await;
        let accessor = auth["data"]["token/"]["accessor"].clone();
        let alias = json!({"name": "al", "mount_accessor": accessor, "canonical_id": entity["id"]});
        let made = vault.data("POST", "identity/entity-alias", alias).await;
        assert_eq!(made["canonical_id"], entity["id"]);
        let second = json!({"name": "al2", "mount_accessor": accessor, "canonical_id": entity["id"]});
        let refused = vault.refused("POST", "identity/entity-alias", second).await;
        assert_eq!(refused, (400, "Alias already exists for requested entity and mount accessor".into()));
        let found = vault
            .data(
                "POST",
                "identity/lookup/entity",
                json!({"alias_name": "al", "alias_mount_accessor": accessor}),
            )
            .await;
        assert_eq!((&found["name"], &found["metadata"]), (&json!("bob"), &json!({"a": "b"})));
        assert_eq!(vault.send("POST", "identity/lookup/entity", json!({"name": "nobody"})).await.0, 204);
        let bad = vault.refused("POST", "identity/group", json!({"name": "bad", "type": "zzz"})).await;
        assert_eq!(bad, (400, "invalid group type \"zzz\"".into()));
    });
}
