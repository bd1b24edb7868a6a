//! The certificates that are tried.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_pki::{
    BasicConstraints, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeySource, KeyUsage, Name,
};
use lab_wire::tls::Identity;
use lab_world::Clock;
use serde_json::json;
use time::OffsetDateTime;

use super::kind::Credential;
use crate::error::Error;
use crate::vault::{VaultApi, parameters, text};

/// The roles that the prober makes for itself in Vault: EC keys, since their handshakes cost little.
const ROLE: &str = "lab-probe";
const SERVING_ROLE: &str = "lab-probe-serving";
/// How long its certificates live, and how long before their end they are replaced.
const LIFE: Duration = Duration::from_secs(30 * 86_400);
const MARGIN: Duration = Duration::from_secs(3600);

/// What there is to try, or why not.
#[derive(Default)]
pub(super) struct Credentials {
    identities: BTreeMap<Credential, Identity>,
    /// Why Vault gave none.
    refusals: BTreeMap<Credential, String>,
    until: Option<OffsetDateTime>,
    mount: Option<String>,
}

impl Credentials {
    pub(super) fn get(&self, credential: Credential) -> Option<Identity> {
        self.identities.get(&credential).cloned()
    }

    pub(super) fn refusal(&self, credential: Credential) -> Option<String> {
        self.refusals.get(&credential).cloned()
    }

    pub(super) fn keep(&mut self, credential: Credential, identity: Identity) {
        self.identities.insert(credential, identity);
    }

    pub(super) fn refuse(&mut self, credential: Credential, error: String) {
        self.refusals.insert(credential, error);
    }

    /// The mount whose authority the agents trust; what was issued by an older one is issued anew.
    pub(super) fn use_mount(&mut self, mount: &str) {
        self.mount = Some(mount.to_owned());
        self.until = None;
    }

    /// The mount to issue from, where there is one and what there is ends soon.
    pub(super) fn needs_issuing(&self, now: OffsetDateTime) -> Option<String> {
        let is_fresh = self.until.is_some_and(|until| now + MARGIN < until);
        self.mount.clone().filter(|_| !is_fresh)
    }

    /// The mount that certificates came from, where any did.
    pub(super) fn mount(&self) -> Option<String> {
        self.mount.clone().filter(|_| self.until.is_some())
    }

    pub(super) fn issued(&mut self, identities: BTreeMap<Credential, Identity>) {
        let ends = identities.iter().filter(|(credential, _)| **credential != Credential::Expired);
        self.until =
            ends.filter_map(|(_, identity)| identity.chain.first()).map(|leaf| leaf.not_after()).min();
        self.identities.extend(identities);
    }
}

/// Removes the roles again.
pub(super) async fn remove_roles(vault: &VaultApi, mount: &str) -> Result<(), Error> {
    for role in [ROLE, SERVING_ROLE] {
        vault.delete(&format!("{mount}/roles/{role}")).await?;
    }
    Ok(())
}

/// Has Vault issue one certificate of each kind that it can.
pub(super) async fn issue_all(
    vault: &VaultApi,
    mount: &str,
    region: &str,
) -> Result<BTreeMap<Credential, Identity>, Error> {
    for (role, client_flag) in [(ROLE, true), (SERVING_ROLE, false)] {
        let body = json!({
            "allow_any_name": true, "enforce_hostnames": false, "require_cn": false, "no_store": true,
            "key_type": "ec", "key_bits": 256, "max_ttl": "8760h", "server_flag": true, "client_flag": client_flag,
        });
        vault.write(&format!("{mount}/roles/{role}"), &body).await?;
    }
    let kinds = [
        (Credential::Server, ROLE, format!("server.{region}.nomad"), LIFE),
        (Credential::Client, ROLE, format!("client.{region}.nomad"), LIFE),
        (Credential::Cli, ROLE, format!("cli.{region}.nomad"), LIFE),
        (Credential::ServerOfOtherRegion, ROLE, "server.other.nomad".to_owned(), LIFE),
        (Credential::ClientOfOtherRegion, ROLE, "client.other.nomad".to_owned(), LIFE),
        (Credential::ServingOnly, SERVING_ROLE, format!("server.{region}.nomad"), LIFE),
        (Credential::Expired, ROLE, format!("server.{region}.nomad"), Duration::from_secs(1)),
    ];
    let mut issued = BTreeMap::new();
    for (credential, role, name, life) in kinds {
        let identity = match issue(vault, mount, role, &name, life).await {
            // An authority that ends before a month is over still has a day, mostly.
            Err(_) if life == LIFE => issue(vault, mount, role, &name, Duration::from_secs(86_400)).await?,
            other => other?,
        };
        issued.insert(credential, identity);
    }
    Ok(issued)
}

/// Has Vault issue one certificate.
pub(super) async fn issue(
    vault: &VaultApi,
    mount: &str,
    role: &str,
    name: &str,
    life: Duration,
) -> Result<Identity, Error> {
    let path = format!("{mount}/issue/{role}");
    let ttl = format!("{}s", life.as_secs());
    let answer = vault.write(&path, &parameters([("common_name", name), ("ttl", &ttl)])).await?;
    let field = |name: &str| text(&answer, &path, &["data", name]);
    let chain = format!("{}\n{}\n", field("certificate")?, field("issuing_ca")?);
    Identity::from_pem(&chain, &field("private_key")?).map_err(|error| Error::Pki(error.to_string()))
}

/// A server's certificate from an authority that nobody knows.
pub(super) fn from_other_authority(clock: &Clock, region: &str) -> Result<Identity, lab_pki::Error> {
    let keys = KeySource::generated();
    let (begin, end) = (clock.now() - LIFE, clock.now() + LIFE * 24);
    let key = keys.key(KeyKind::EcP256)?;
    let mut authority = CertificateBuilder::new(Name::common("an authority nobody knows"), begin, end);
    authority.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    authority.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
    let issuer = Issuer { certificate: authority.self_sign(&key)?, key };
    let key = keys.key(KeyKind::EcP256)?;
    let name = format!("server.{region}.nomad");
    let mut leaf = CertificateBuilder::new(Name::common(&name), begin, end);
    leaf.serial = vec![2];
    leaf.dns_names = vec![name];
    leaf.key_usage = KeyUsage::DIGITAL_SIGNATURE;
    leaf.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    let leaf = leaf.sign(key.public_key_der(), &issuer)?;
    Ok(Identity::new(vec![leaf, issuer.certificate], key))
}
