//! What the checks ask of a server: each path once, and what an answer that is none means.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lab_pki::{Certificate, RevocationList, pem};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::finding::{Finding, Level};
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::Failure;

/// A mount that is looked at.
pub(super) struct Mount<'a> {
    pub(super) api: &'a Api,
    /// Where it is, without slashes around it.
    pub(super) path: String,
    /// The moment that it is judged at.
    pub(super) now: OffsetDateTime,
    answers: RefCell<BTreeMap<String, Rc<Fetched>>>,
}

/// What a path answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fetched {
    /// Data.
    Found(Map<String, Value>),
    /// The token may not.
    Denied,
    /// The server does not know the path.
    Unsupported,
    /// There is nothing.
    Missing,
}

impl Fetched {
    /// The data of an answer.
    pub(super) fn data(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Found(data) => Some(data),
            _ => None,
        }
    }

    /// The names of a list; none where it is not there.
    pub(super) fn keys(&self) -> Vec<String> {
        let keys = self.data().and_then(|data| data.get("keys")).and_then(Value::as_array);
        keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A field of the data.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.data()?.get(name)
    }

    /// Whether a field is true.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.field(name) == Some(&Value::Bool(true))
    }

    /// The texts of a field that is a list.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.field(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn text(&self, name: &str) -> &str {
        self.field(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl<'a> Mount<'a> {
    pub(super) fn new(api: &'a Api, path: String) -> Self {
        let now = api.machine_time();
        Self { api, path, now, answers: RefCell::default() }
    }

    /// The path of something in the mount: `/pki/issuers`
    pub(super) fn at(&self, what: &str) -> String {
        format!("/{}/{what}", self.path)
    }

    /// The path where the mount's own settings are.
    pub(super) fn tune_path(&self) -> String {
        format!("/sys/mounts/{}/tune", self.path)
    }

    /// Reads something in the mount.
    ///
    /// Errors: an answer that tells nothing of the mount's health.
    pub(super) fn read(&self, what: &str) -> Result<Rc<Fetched>, Failure> {
        self.fetch("read", &self.at(what))
    }

    /// Lists something in the mount.
    pub(super) fn list(&self, what: &str) -> Result<Rc<Fetched>, Failure> {
        self.fetch("list", &self.at(what))
    }

    /// Reads the mount's settings.
    pub(super) fn tune(&self) -> Result<Rc<Fetched>, Failure> {
        let read = self.fetch("read", &self.tune_path());
        read.map_err(|failure| failure.told("failed to fetch mount tune information"))
    }

    /// Lists the issuers. A mount without any is refused.
    pub(super) fn issuers(&self) -> Result<Rc<Fetched>, Failure> {
        let issuers = self.list("issuers")?;
        if *issuers == Fetched::Missing {
            let told = "this mount lacks any configured issuers, limiting health check usefulness";
            return Err(Failure::Refused(told.to_owned()));
        }
        Ok(issuers)
    }

    /// Reads an issuer's certificate, with the answer that it is in.
    pub(super) fn issuer(&self, issuer: &str) -> Result<(Rc<Fetched>, Option<Certificate>), Failure> {
        self.certificate(&format!("issuer/{issuer}/json"), &format!("issuer {issuer}"))
    }

    /// The same of a certificate that was issued.
    pub(super) fn leaf(&self, serial: &str) -> Result<(Rc<Fetched>, Option<Certificate>), Failure> {
        self.certificate(&format!("cert/{serial}"), &format!("leaf {serial}"))
    }

    /// Reads a certificate at a path; `whose` says whose it is where it is none.
    pub(super) fn certificate(
        &self,
        path: &str,
        whose: &str,
    ) -> Result<(Rc<Fetched>, Option<Certificate>), Failure> {
        let fetched = self.read(path)?;
        let certificate = match fetched.data() {
            Some(_) => Some(parse(fetched.text("certificate")).map_err(|told| {
                Failure::Refused(format!("unable to parse {whose}'s certificate: {told}"))
            })?),
            None => None,
        };
        Ok((fetched, certificate))
    }

    /// Reads an issuer's list of revoked certificates; `name` is `CRL` or `Delta CRL`.
    pub(super) fn revocation_list(
        &self,
        issuer: &str,
        end: &str,
        name: &str,
    ) -> Result<(Rc<Fetched>, Option<RevocationList>), Failure> {
        let fetched = self.read(&format!("issuer/{issuer}/{end}"))?;
        if fetched.data().is_none() {
            return Ok((fetched, None));
        }
        let text = fetched.text("crl");
        let list = match pem::first(text) {
            None => Err("invalid PEM block".to_owned()),
            Some(block) => {
                RevocationList::from_der(&block.content).map_err(|told| format!("invalid CRL: {told}"))
            }
        };
        let list = list
            .map_err(|told| Failure::Refused(format!("unable to parse issuer {issuer}'s {name}: {told}")))?;
        Ok((fetched, Some(list)))
    }

    /// That the token may not: `unable` is what cannot be done without one, `lacks` what this one lacks.
    pub(super) fn denied(&self, endpoint: impl Into<String>, unable: &str, lacks: &str, so: &str) -> Finding {
        let message = match self.api.token() {
            "" => format!("No token available so {unable} for this mount. {so}"),
            _ => format!("This token lacks {lacks} for this mount. {so}"),
        };
        Finding::new(Level::InsufficientPermissions, endpoint, message)
    }

    fn fetch(&self, operation: &str, path: &str) -> Result<Rc<Fetched>, Failure> {
        let asked = format!("{operation} {path}");
        if let Some(fetched) = self.answers.borrow().get(&asked) {
            return Ok(Rc::clone(fetched));
        }
        let query = if operation == "list" { "?list=true" } else { "" };
        let answer = self.api.request("GET", &format!("{}{query}", &path[1..]), None);
        let fetched = match answer.and_then(|answer| answer.secret()) {
            Ok(secret) => {
                secret.map_or(Fetched::Missing, |secret| Fetched::Found(secret.data.unwrap_or_default()))
            }
            Err(failure) => without_answer(failure, operation, path)?,
        };
        let fetched = Rc::new(fetched);
        self.answers.borrow_mut().insert(asked, Rc::clone(&fetched));
        Ok(fetched)
    }
}

/// A certificate in PEM, or why it is none.
pub(in crate::vault_cli::pki) fn parse(text: &str) -> Result<Certificate, String> {
    let block = pem::first(text).ok_or("invalid PEM block")?;
    Certificate::from_der(&block.content).map_err(|told| format!("invalid certificate: {told}"))
}

/// What an answer that is a failure says of a path, where it says something.
fn without_answer(failure: Failure, operation: &str, path: &str) -> Result<Fetched, Failure> {
    let Failure::Refused(text) = &failure else { return Err(failure) };
    let is_missing = text.contains("unable to find") || text.trim().ends_with("Code: 404. Errors:");
    match () {
        () if text.contains("permission denied") => Ok(Fetched::Denied),
        () if text.contains("unsupported path") => Ok(Fetched::Unsupported),
        () if is_missing => Ok(Fetched::Missing),
        () if text.contains("route entry not found") => Err(Failure::Refused(format!(
            "Error making API request: was a bad mount given?\n\nOperation: {operation}\nPath: {path}\n\
             Original Error:\n{text}"
        ))),
        () => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_failures_are_answers() {
        let judge = |text: &str| without_answer(Failure::Refused(text.into()), "list", "/pki/issuers");
        assert_eq!(judge("Code: 403. Errors:\n\n* permission denied"), Ok(Fetched::Denied));
        assert_eq!(judge("Code: 404. Errors:\n\n"), Ok(Fetched::Missing));
        assert_eq!(judge("* 1 error occurred:\n\t* unsupported path\n\n"), Ok(Fetched::Unsupported));
        let Err(Failure::Refused(told)) = judge("* no handler for route. route entry not found.") else {
            panic!("an answer");
        };
        assert!(told.starts_with("Error making API request: was a bad mount given?\n\nOperation: list\n"));
        assert_eq!(judge("dial tcp"), Err(Failure::Refused("dial tcp".into())));
    }
}
