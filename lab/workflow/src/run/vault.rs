//! What is done to Vault (guide 003, steps 1 to 9).

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::context::Context;
use crate::action::short;
use crate::error::Error;
use crate::fleet::Role;
use crate::vault::{VaultApi, parameters, text};

impl Context<'_> {
    pub(crate) async fn init_vault(&self, shares: u8, threshold: u8) -> Result<(), Error> {
        let vault = self.sealed_vault()?;
        let body = json!({ "secret_shares": shares, "secret_threshold": threshold });
        let answer = vault.write("sys/init", &body).await?;
        let root = text(&answer, "sys/init", &["root_token"])?;
        let shares: Vec<String> = answer["keys_base64"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        self.recorder.keep_secret(&root);
        shares.iter().for_each(|share| self.recorder.keep_secret(share));
        let mut memory = self.memory();
        memory.vault = Some(vault.with_token(&root));
        memory.shares = shares;
        memory.threshold = usize::from(threshold);
        Ok(())
    }

    pub(crate) async fn unseal_vault(&self) -> Result<(), Error> {
        let vault = self.sealed_vault()?;
        let shares: Vec<String> = {
            let memory = self.memory();
            memory.shares.iter().take(memory.threshold).cloned().collect()
        };
        for share in shares {
            vault.write("sys/unseal", &json!({ "key": share })).await?;
        }
        Ok(())
    }

    pub(crate) async fn seal_vault(&self) -> Result<(), Error> {
        self.vault()?.write("sys/seal", &json!({})).await.map(drop)
    }

    pub(crate) async fn root_ca(&self, mount: &str, common_name: &str, ttl: Duration) -> Result<(), Error> {
        let vault = self.vault()?;
        mount_pki(&vault, mount, ttl).await?;
        let request = parameters([("common_name", common_name), ("ttl", &short(ttl))]);
        vault.write(&format!("{mount}/root/generate/internal"), &request).await.map(drop)
    }

    pub(crate) async fn intermediate_ca(
        &self,
        mount: &str,
        root: &str,
        common_name: &str,
        ttl: Duration,
    ) -> Result<(), Error> {
        let vault = self.vault()?;
        mount_pki(&vault, mount, ttl).await?;
        sign_intermediate(&vault, mount, root, common_name, ttl).await?;
        self.prober.use_mount(mount);
        Ok(())
    }

    /// A further intermediate in the same mount, which issues from now on.
    pub(crate) async fn rotate_intermediate(
        &self,
        mount: &str,
        root: &str,
        ttl: Duration,
    ) -> Result<(), Error> {
        let vault = self.vault()?;
        let common_name = format!("{} Intermediate Authority", self.plan.topology.region);
        let issuer = sign_intermediate(&vault, mount, root, &common_name, ttl).await?;
        vault.write(&format!("{mount}/config/issuers"), &json!({ "default": issuer })).await.map(drop)
    }

    pub(crate) async fn write_role(
        &self,
        mount: &str,
        name: &str,
        role: &IndexMap<String, String>,
    ) -> Result<(), Error> {
        let body = parameters(role.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.vault()?.write(&format!("{mount}/roles/{name}"), &body).await.map(drop)
    }

    pub(crate) async fn write_policy(&self, name: &str, rules: &str) -> Result<(), Error> {
        self.vault()?.write(&format!("sys/policies/acl/{name}"), &json!({ "policy": rules })).await.map(drop)
    }

    pub(crate) async fn create_token(
        &self,
        name: &str,
        policies: &[String],
        settings: &IndexMap<String, String>,
    ) -> Result<(), Error> {
        let mut body = parameters(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        body["policies"] = json!(policies);
        let path = "auth/token/create";
        let answer = self.vault()?.write(path, &body).await?;
        let token = text(&answer, path, &["auth", "client_token"])?;
        self.recorder.keep_secret(&token);
        self.memory().tokens.insert(name.to_owned(), token);
        Ok(())
    }

    /// Vault as one finds it, with no token.
    fn sealed_vault(&self) -> Result<VaultApi, Error> {
        let address = self.fleet.with_role(Role::Vault).find_map(|node| node.vault);
        let address = address.ok_or_else(|| Error::OutOfOrder("no machine runs Vault".to_owned()))?;
        Ok(VaultApi::new(self.fleet.operator(), format!("http://{address}")))
    }
}

async fn mount_pki(vault: &VaultApi, mount: &str, ttl: Duration) -> Result<(), Error> {
    vault.write(&format!("sys/mounts/{mount}"), &json!({ "type": "pki" })).await?;
    let tune = json!({ "max_lease_ttl": short(ttl) });
    vault.write(&format!("sys/mounts/{mount}/tune"), &tune).await.map(drop)
}

/// Makes a request in one mount, has it signed in another, and gives the certificate back: the new issuer's id.
async fn sign_intermediate(
    vault: &VaultApi,
    mount: &str,
    root: &str,
    common_name: &str,
    ttl: Duration,
) -> Result<String, Error> {
    let ttl = short(ttl);
    let request = parameters([("common_name", common_name), ("ttl", &ttl)]);
    let csr = vault.write_for(&format!("{mount}/intermediate/generate/internal"), &request, "csr").await?;
    let request = parameters([("csr", csr.as_str()), ("format", "pem_bundle"), ("ttl", &ttl)]);
    let certificate =
        vault.write_for(&format!("{root}/root/sign-intermediate"), &request, "certificate").await?;
    let path = format!("{mount}/intermediate/set-signed");
    let answer = vault.write(&path, &json!({ "certificate": certificate })).await?;
    // The mapping says which of the imported issuers has a key here: the new one.
    let mapping = answer["data"]["mapping"].as_object();
    let issuer = mapping.and_then(|mapping| {
        mapping
            .iter()
            .find(|(_, key)| key.as_str().is_some_and(|key| !key.is_empty()))
            .map(|(issuer, _)| issuer.clone())
    });
    issuer.ok_or(Error::Incomplete { path, field: "data.mapping".to_owned() })
}
