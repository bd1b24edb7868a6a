//! A session with Vault through vaultrs. Arguments: the address, the root token.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use vaultrs::api::pki::requests::{GenerateCertificateRequest, GenerateRootRequest, SetRoleRequest};
use vaultrs::api::token::requests::CreateTokenRequest;
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::{kv1, kv2, pki, sys, token};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Secret {
    password: String,
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
