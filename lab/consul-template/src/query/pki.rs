//! `pkiCert "path" "key=value" ...`

use std::time::Duration;

use lab_pki::{Certificate, pem};
use lab_template::{Object, Value};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Answer, Context, Data, trim};

/// Issues a certificate, unless the template's destination holds one that is still good.
///
/// Its name holds the destination and not the values: two templates never share a certificate, and two calls in one
/// template always do.
#[derive(Clone, Debug)]
pub(crate) struct Pki {
    path: String,
    data: Data,
    destination: String,
    pause: Option<Duration>,
}

/// A certificate with its key and authorities, each a PEM text with a newline at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Certificates {
    certificate: String,
    key: String,
    authority: String,
    chain: Vec<String>,
}

/// What reading a file of certificates came to.
enum Found {
    /// Good for so long.
    Good(Certificates, Duration),
    /// Past its time, or without a certificate.
    NeedsRenewal,
}

impl Pki {
    pub(super) fn new(path: &str, destination: &str, data: Data) -> Result<Self, String> {
        let path = trim(path).map_err(|problem| format!("vault.read: {problem}"))?;
        let path = path.split('?').next().unwrap_or_default().to_owned();
        Ok(Self { path, data, destination: destination.to_owned(), pause: None })
    }

    pub(super) fn name(&self) -> String {
        format!("vault.pki({}->{})", self.path, self.destination)
    }

    pub(super) async fn fetch(&mut self, context: &Context) -> Result<Answer, String> {
        if let Some(pause) = self.pause.take() {
            context.host.clock.sleep(pause).await;
        }
        let on_disk = context.host.disk.read(&self.destination).unwrap_or_default();
        let texts = match on_disk.is_empty() {
            true => self.issue(context).await?,
            false => String::from_utf8_lossy(&on_disk).into_owned(),
        };
        let found = match self.judge(&texts, context)? {
            Found::NeedsRenewal => self.judge(&self.issue(context).await?, context)?,
            good => good,
        };
        match found {
            Found::Good(certificates, pause) => {
                self.pause = Some(pause);
                Ok(Answer::Certificates(Box::new(certificates)))
            }
            Found::NeedsRenewal => Err("needs renewal".to_owned()),
        }
    }

    /// Every text of the answer to an issue request, since what is what shows when they are parsed.
    async fn issue(&self, context: &Context) -> Result<String, String> {
        let name = self.name();
        let answer = context.vault.write(&self.path, &json!(self.data)).await;
        let secret = answer
            .map_err(|error| format!("{name}: {error}"))?
            .ok_or_else(|| format!("no secret exists at {}", self.path))?;
        for warning in &secret.warnings {
            context.journal.warn(format!("{name}: {warning}"));
        }
        let mut texts = String::new();
        for (key, value) in &secret.data {
            let items = match value {
                Json::Array(items) if key == "ca_chain" => items.as_slice(),
                single => std::slice::from_ref(single),
            };
            for text in items.iter().filter_map(Json::as_str) {
                texts.push_str(text);
                texts.push('\n');
            }
        }
        Ok(texts)
    }

    fn judge(&self, texts: &str, context: &Context) -> Result<Found, String> {
        let (certificates, leaf) = sort(texts)?;
        let Some(leaf) = leaf else { return Ok(Found::NeedsRenewal) };
        let threshold = context.config.lease_renewal_threshold;
        match good_for(&leaf, context.host.clock.now(), threshold) {
            Some(pause) => Ok(Found::Good(certificates, pause)),
            None => Ok(Found::NeedsRenewal),
        }
    }
}

impl Certificates {
    /// As a template sees it: `.Cert`, `.Key`, `.CA`, `.CAChain`, and `.Data` for all of it.
    pub(super) fn to_value(&self) -> Value {
        let object = Object {
            type_name: "dependency.PemEncoded",
            fields: vec![
                ("Cert", Value::from(self.certificate.as_str())),
                ("Key", Value::from(self.key.as_str())),
                ("CA", Value::from(self.authority.as_str())),
                ("CAChain", Value::texts(self.chain.iter().map(String::as_str))),
            ],
            methods: Vec::new(),
        };
        let itself = Value::Object(object.clone().into());
        Value::Object(Object { methods: vec![("Data", itself)], ..object }.into())
    }
}

/// Sorts PEM blocks: the last key, the last certificate that is no authority, the first authority, and all of them.
fn sort(texts: &str) -> Result<(Certificates, Option<Certificate>), String> {
    let mut certificates = Certificates::default();
    let mut leaf = None;
    for block in pem::blocks(texts) {
        let text = pem::encode(&block.label, &block.content);
        if block.label.ends_with("PRIVATE KEY") {
            certificates.key = text;
            continue;
        }
        let certificate = Certificate::from_der(&block.content).map_err(|error| error.to_string())?;
        if !certificate.is_ca() {
            certificates.certificate = text;
            leaf = Some(certificate);
            continue;
        }
        if certificates.authority.is_empty() {
            certificates.authority.clone_from(&text);
        }
        if !certificates.chain.contains(&text) {
            certificates.chain.push(text);
        }
    }
    Ok((certificates, leaf))
}

/// How long a certificate need not be replaced: up to a part of its life, counted from its `notBefore`. There is no
/// jitter: certificates issued together are replaced together.
fn good_for(leaf: &Certificate, now: OffsetDateTime, threshold: f64) -> Option<Duration> {
    let (start, end) = (leaf.not_before(), leaf.not_after());
    if end <= now {
        return None;
    }
    let life = Duration::try_from(end - start).ok()?.as_millis() as f64;
    let rotation = start + Duration::from_millis((life * threshold) as u64);
    Duration::try_from(rotation - now).ok().filter(|left| !left.is_zero())
}
