//! A session with Vault through vaultrs. Arguments: the address, the root token, and the files of a P-256 key: private,
//! public.

use std::collections::HashMap;

use rustify_derive::Endpoint;
use serde::{Deserialize, Serialize};
use vaultrs::api::auth::oidc::requests::{SetConfigurationRequest, SetRoleRequest as SetJwtRoleRequest};
use vaultrs::api::pki::requests::{GenerateCertificateRequest, GenerateRootRequest, SetRoleRequest};
use vaultrs::api::token::requests::CreateTokenRequest;
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::{api, auth, kv1, kv2, pki, sys, token};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Secret {
    password: String,
}

/// `sys/leases/lookup`, which vaultrs has no call for.
#[derive(Debug, Serialize, Endpoint)]
#[endpoint(path = "/sys/leases/lookup", method = "PUT", response = "Lease")]
struct LookUpLease {
    lease_id: String,
}

/// `sys/leases/renew`
#[derive(Debug, Serialize, Endpoint)]
#[endpoint(path = "/sys/leases/renew", method = "PUT")]
struct RenewLease {
    lease_id: String,
}

/// `sys/leases/revoke`
#[derive(Debug, Serialize, Endpoint)]
#[endpoint(path = "/sys/leases/revoke", method = "PUT")]
struct RevokeLease {
    lease_id: String,
    sync: bool,
}

/// A certificate with a lease
#[derive(Debug, Serialize, Endpoint)]
#[endpoint(path = "/pkir/issue/leased", method = "POST", response = "Leased")]
struct IssueLeased {
    common_name: String,
}

#[derive(Debug, Deserialize)]
struct Leased {
    lease_id: String,
}

#[derive(Debug, Deserialize)]
struct Lease {
    id: String,
    ttl: u64,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (address, root) = (arguments.next().ok_or("an address")?, arguments.next().ok_or("a token")?);
    let client = connect(&address, &root)?;
    keys_and_values(&client).await?;
    policies_and_tokens(&client, &address).await?;
    certificates(&client).await?;
    leases(&client).await?;
    let mut file = || std::fs::read(arguments.next().ok_or("the file of a key")?).map_err(Into::into);
    let (private, public): (Result<_, Box<dyn std::error::Error>>, _) = (file(), file());
    workloads(&client, &private?, &String::from_utf8(public?)?).await?;
    println!("vaultrs: every check passed");
    Ok(())
}

fn connect(address: &str, token: &str) -> Result<VaultClient, Box<dyn std::error::Error>> {
    Ok(VaultClient::new(VaultClientSettingsBuilder::default().address(address).token(token).build()?)?)
}

async fn keys_and_values(client: &VaultClient) -> Outcome {
    let secret = Secret { password: "one".to_owned() };
    kv2::set(client, "secret", "vaultrs/db", &secret).await?;
    assert_eq!(kv2::read::<Secret>(client, "secret", "vaultrs/db").await?, secret);
    assert_eq!(kv2::list(client, "secret", "vaultrs").await?, ["db"]);
    kv2::delete_metadata(client, "secret", "vaultrs/db").await?;
    let gone = kv2::read::<Secret>(client, "secret", "vaultrs/db").await;
    assert!(matches!(gone, Err(ClientError::APIError { code: 404, .. })), "{gone:?}");
    sys::mount::enable(client, "kvr", "kv", None).await?;
    kv1::set(client, "kvr", "a", &HashMap::from([("k", "v")])).await?;
    let read: HashMap<String, String> = kv1::get(client, "kvr", "a").await?;
    assert_eq!(read.get("k").map(String::as_str), Some("v"));
    Ok(())
}

async fn policies_and_tokens(client: &VaultClient, address: &str) -> Outcome {
    sys::policy::set(client, "vaultrs", "path \"kvr/*\" {\n  capabilities = [\"read\"]\n}\n").await?;
    let mut request = CreateTokenRequest::builder();
    let made = token::new(client, Some(request.policies(vec!["vaultrs".to_owned()]).ttl("1h"))).await?;
    let limited = connect(address, &made.client_token)?;
    let _: HashMap<String, String> = kv1::get(&limited, "kvr", "a").await?;
    let denied = kv1::set(&limited, "kvr", "b", &HashMap::from([("k", "v")])).await;
    assert!(matches!(denied, Err(ClientError::APIError { code: 403, .. })), "{denied:?}");
    assert!(token::lookup_self(&limited).await?.policies.contains(&"vaultrs".to_owned()));
    assert_eq!(token::renew_self(&limited, None).await?.lease_duration, 3600);
    token::revoke(client, &made.client_token).await?;
    assert!(token::lookup_self(&limited).await.is_err());
    Ok(())
}

async fn certificates(client: &VaultClient) -> Outcome {
    sys::mount::enable(client, "pkir", "pki", None).await?;
    let mut root = GenerateRootRequest::builder();
    let root = root.common_name("global.nomad").ttl("700h").key_type("ec").key_bits(256u64);
    pki::cert::ca::generate(client, "pkir", "internal", Some(root)).await?;
    let mut role = SetRoleRequest::builder();
    let role = role
        .allowed_domains(vec!["global.nomad".to_owned()])
        .allow_subdomains(true)
        .key_type("ec")
        .key_bits(256u64);
    pki::role::set(client, "pkir", "cluster", Some(role)).await?;
    let mut request = GenerateCertificateRequest::builder();
    let request = request.common_name("server.global.nomad").ttl("1h");
    let issued = pki::cert::generate(client, "pkir", "cluster", Some(request)).await?;
    assert!(issued.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(pki::cert::list(client, "pkir").await?.contains(&issued.serial_number));
    pki::cert::revoke(client, "pkir", &issued.serial_number).await?;
    Ok(())
}

async fn leases(client: &VaultClient) -> Outcome {
    let mut role = SetRoleRequest::builder();
    let role = role.allow_any_name(true).key_type("ec").key_bits(256u64).generate_lease(true).max_ttl(7200u64);
    pki::role::set(client, "pkir", "leased", Some(role)).await?;
    let leased = IssueLeased { common_name: "app.global.nomad".to_owned() };
    let issued = api::exec_with_no_result(client, leased).await?.lease_id;
    let lease = api::exec_with_result(client, LookUpLease { lease_id: issued.clone() }).await?;
    assert_eq!(lease.id, issued);
    assert!(lease.ttl > 0);
    let fixed = api::exec_with_empty(client, RenewLease { lease_id: issued.clone() }).await;
    assert!(matches!(fixed, Err(ClientError::APIError { code: 400, .. })), "{fixed:?}");
    api::exec_with_empty(client, RevokeLease { lease_id: issued.clone(), sync: true }).await?;
    let gone = api::exec_with_result(client, LookUpLease { lease_id: issued }).await;
    assert!(matches!(gone, Err(ClientError::APIError { code: 400, .. })), "{gone:?}");
    Ok(())
}

async fn workloads(client: &VaultClient, private: &[u8], public: &str) -> Outcome {
    sys::auth::enable(client, "jwtr", "jwt", None).await?;
    let mut config = SetConfigurationRequest::builder();
    let keys = config.jwt_validation_pubkeys(vec![public.to_owned()]);
    auth::oidc::config::set(client, "jwtr", Some(keys)).await?;
    let mut role = SetJwtRoleRequest::builder();
    let role = role
        .role_type("jwt")
        .bound_audiences(vec!["vault.io".to_owned()])
        .token_policies(vec!["vaultrs".to_owned()])
        .token_ttl("30m");
    auth::oidc::role::set(client, "jwtr", "workloads", "sub", Vec::new(), Some(role)).await?;
    let key = jsonwebtoken::EncodingKey::from_ec_pem(private)?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let token = |audience: &str| {
        let claims = serde_json::json!({"sub": "app", "aud": audience, "iat": now, "exp": now + 600});
        jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256), &claims, &key)
    };
    let role = Some("workloads".to_owned());
    let login = auth::oidc::login(client, "jwtr", &token("vault.io")?, role.clone()).await?;
    assert!(login.policies.contains(&"vaultrs".to_owned()));
    assert_eq!(login.lease_duration, 1800);
    let stranger = auth::oidc::login(client, "jwtr", &token("elsewhere")?, role).await;
    assert!(matches!(stranger, Err(ClientError::APIError { code: 400, .. })), "{stranger:?}");
    Ok(())
}
