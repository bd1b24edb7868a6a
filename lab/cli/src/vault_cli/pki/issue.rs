//! `pki issue`: an intermediate authority in one mount, issued by another one.

use serde_json::{Map, Value, json};

use super::client;
use super::issuer::Issuer;
use super::unfinished::{Request, Signed, Unfinished};
use crate::vault_cli::api::Api;
use crate::vault_cli::data;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::secret::Secret;
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;

pub(in crate::vault_cli) fn issue(session: &Session<'_>) -> Outcome {
    let [parent, mount, pairs @ ..] = session.arguments() else { return Err(too_few()) };
    if pairs.is_empty() {
        return Err(too_few());
    }
    let data = data::parse(session, pairs)
        .map_err(|problem| Failure::Usage(format!("Failed to parse K=V data: {problem}")))?;
    issue_with(session, &sanitize(parent), &sanitize(mount), data)
}

fn too_few() -> Failure {
    let told =
        "Not enough arguments expected parent issuer and child-mount location and some key_value argument";
    Failure::Usage(told.to_owned())
}

/// Issues an authority with this data, of its request and of its certificate.
pub(super) fn issue_with(
    session: &Session<'_>,
    parent: &str,
    mount: &str,
    data: Map<String, Value>,
) -> Outcome {
    let api = client(session)?;
    if !parent.contains("/issuer/") {
        return Err(Failure::Usage(format!(
            "Parent Issuer {parent} is Not a PKI Issuer Path of the format /mount/issuer/issuer-ref"
        )));
    }
    Issuer::read(&api, parent)
        .map_err(|failure| failure.told(&format!("Unable to access parent issuer {parent}")).into_usage())?;
    let name = session.text("issuer_name").to_owned();
    let state =
        Unfinished { mount: mount.to_owned(), parent: parent.to_owned(), name, ..Unfinished::default() };
    let issuing = Issuing { session, api: &api, mount, parent, state };
    issuing.run(data)
}

/// An authority on its way.
struct Issuing<'a> {
    session: &'a Session<'a>,
    api: &'a Api,
    mount: &'a str,
    parent: &'a str,
    /// What there is of it.
    state: Unfinished,
}

impl Issuing<'_> {
    fn run(mut self, mut data: Map<String, Value>) -> Outcome {
        let request = self.request(&data)?;
        data.insert("csr".to_owned(), request.pem.clone().into());
        self.state.request = Some(request);
        let signed = self
            .write(&format!("{}/sign-intermediate", self.parent), data.into())
            .map_err(|failure| self.failed("Error Signing Intermiate On ", failure))?;
        let chain: Vec<String> = texts(&signed, "ca_chain");
        let bundle: String = chain.iter().map(|certificate| format!("{certificate}\n")).collect();
        self.state.signed = Some(Signed { serial: text(&signed, "serial_number"), chain: bundle.clone() });
        let certificate = text(&signed, "certificate");
        let id = self.import_issued(&certificate)?;
        self.import_parent(&certificate, &text(&signed, "issuing_ca"))?;
        // Two are there already.
        if chain.len() > 2 {
            let path = format!("{}/issuers/import/cert", self.mount);
            let told = format!("Error Importing CaChain into {}: ", self.mount);
            self.write(&path, json!({"pem_bundle": bundle}))
                .map_err(|failure| self.failed(&told, failure))?;
        }
        self.show(&id);
        Ok(0)
    }

    /// Has the mount make a signing request.
    fn request(&self, data: &Map<String, Value>) -> Result<Request, Failure> {
        let (mount, kind) = (self.mount, self.session.flags.text("type").unwrap_or("internal"));
        let made = self.write(&format!("{mount}/intermediate/generate/{kind}"), Value::Object(data.clone()));
        let made = made.map_err(|failure| {
            let said = |words: &str| matches!(&failure, Failure::Refused(text) if text.contains(words));
            let told = match () {
                () if said("no handler for route") => {
                    format!("Given Intermediate Mount {mount} Does Not Exist")
                }
                // Misspelled there, too.
                () if said("unsupported path") => {
                    format!("Given Intermeidate Mount {mount} Is Not a PKI Mount")
                }
                () => format!("Failled to Generate Intermediate CSR on {mount}"),
            };
            failure.told(&told).into_usage()
        })?;
        let text = |name: &str| made.datum(name).and_then(Value::as_str).map(str::to_owned);
        let missing = |what: &str| {
            let answer = made.tree().json();
            Failure::Usage(format!("Failed to Generate {what} on {mount}, got response: {answer}"))
        };
        let pem = text("csr").ok_or_else(|| missing("Intermediate CSR"))?;
        let key_id = match kind {
            "internal" => Some(text("key_id").ok_or_else(|| missing("Key"))?),
            _ => None,
        };
        Ok(Request { pem, key_id })
    }

    /// Imports the new issuer and names it.
    fn import_issued(&mut self, certificate: &str) -> Result<String, Failure> {
        let id = self.import(certificate).map_err(|failure| self.import_failed(certificate, failure))?;
        let name = self.state.name.clone();
        let named = self.name(&id, &name);
        self.state.imported = Some(id.clone());
        named.map_err(|failure| self.failed("Error Naming Newly Imported Issuer: ", failure))?;
        Ok(id)
    }

    /// Imports the issuer's issuer, and names it as it is named where it is; that it cannot be named is no failure.
    fn import_parent(&self, certificate: &str, parent: &str) -> Result<(), Failure> {
        let id = self.import(parent).map_err(|failure| self.import_failed(certificate, failure))?;
        let name = self.parent.rsplit('/').next().unwrap_or_default();
        if let Err(Failure::Refused(told)) = self.name(&id, name) {
            let serial = self.state.signed.as_ref().map_or("", |signed| &signed.serial);
            self.session.warn(&format!(
                "Unable to Set Name on Parent Cert from {name} Imported Into {} with serial {serial}, err: {told}",
                self.mount
            ));
        }
        Ok(())
    }

    /// Imports a certificate; answers the issuer's id.
    fn import(&self, certificate: &str) -> Result<String, Failure> {
        let path = format!("{}/issuers/import/cert", self.mount);
        let imported = self.write(&path, json!({"pem_bundle": certificate}))?;
        let mapping = imported.datum("mapping").and_then(Value::as_object);
        let mut ids = mapping.into_iter().flat_map(Map::keys);
        match (ids.next(), ids.next()) {
            (Some(_), Some(_)) => Err(Failure::Refused(format!(
                "multiple issuers returned, while expected one, got {}",
                imported.tree().json()
            ))),
            (id, _) => Ok(id.cloned().unwrap_or_default()),
        }
    }

    fn name(&self, id: &str, name: &str) -> Result<(), Failure> {
        if matches!(name, "" | "default") {
            return Ok(());
        }
        let path = format!("{}/issuer/{id}", self.mount);
        let named = self.api.request("PATCH", &path, Some(&json!({"issuer_name": name})));
        let told = |failure: Failure| failure.told(&format!("error naming issuer {id} to {name}"));
        named.and_then(|answer| answer.check()).map_err(told)
    }

    /// Prints the new issuer.
    fn show(&self, id: &str) {
        let path = format!("{}/issuer/{id}", self.mount);
        let read = self.api.request("GET", &path, None).and_then(|answer| answer.secret_if_any());
        let told = match read {
            Ok(Some(secret)) => match self.session.show_secret(&secret) {
                Ok(_) => return,
                Err(Failure::Usage(told)) => return self.session.warn(&told),
                Err(_) => return,
            },
            Err(Failure::Refused(told)) => told,
            _ => "<nil>".to_owned(),
        };
        self.session.warn(&format!("Error Reading Fully Imported Certificate from {path} : {told}"));
    }

    fn write(&self, path: &str, body: Value) -> Result<Secret, Failure> {
        let answer = self.api.request("PUT", path, Some(&body))?;
        Ok(answer.secret()?.unwrap_or_default())
    }

    fn import_failed(&self, certificate: &str, failure: Failure) -> Failure {
        self.failed(
            &format!("Error Importing Into {} Newly Created Issuer {certificate}: ", self.mount),
            failure,
        )
    }

    /// A failure behind the words of what is left half done.
    fn failed(&self, before: &str, failure: Failure) -> Failure {
        match failure {
            Failure::Refused(told) | Failure::Usage(told) => {
                Failure::Usage(format!("{}\n{before}{told}", self.state.message()))
            }
            other => other,
        }
    }
}

fn text(secret: &Secret, name: &str) -> String {
    secret.datum(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(secret: &Secret, name: &str) -> Vec<String> {
    secret.datum(name).and_then(|value| super::texts(value).ok()).unwrap_or_default()
}
