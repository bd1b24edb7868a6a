//! What templates may call.

mod encoding;
mod list;
mod map;
mod markup;
mod math;
mod nomad;
mod scratch;
mod system;
mod text;
mod yaml;

use std::collections::BTreeMap;

use lab_template::{Effect, Functions, Signature, Type, Value};
use lab_world::Host;

use crate::config::{TemplateConfig, VaultConfig};
use crate::query::{self, Data, Query};
use crate::sprig::Sprig;

/// The answers that are known, by the names of their queries.
pub(crate) type Brain = BTreeMap<String, Value>;

/// What is around a template while it is evaluated.
pub(crate) struct Surroundings<'a> {
    pub(crate) host: &'a Host,
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) vault: &'a VaultConfig,
    /// Where variables of Nomad are that say nothing else; empty: where Nomad looks by itself.
    pub(crate) nomad_namespace: &'a str,
    pub(crate) template: &'a TemplateConfig,
}

/// One evaluation of a template: it gathers what the template asks for, and what of that is not known yet.
pub(crate) struct Evaluation<'a> {
    brain: &'a Brain,
    around: Surroundings<'a>,
    used: Vec<(String, Query)>,
    missing: Vec<(String, Query)>,
    /// What the template has put aside.
    scratch: BTreeMap<String, Value>,
}

/// Queries by name, in the order in which the template asks for them.
pub(crate) type Dependencies = Vec<(String, Query)>;

impl<'a> Evaluation<'a> {
    pub(crate) fn new(brain: &'a Brain, around: Surroundings<'a>) -> Self {
        Self { brain, around, used: Vec::new(), missing: Vec::new(), scratch: BTreeMap::new() }
    }

    /// What was asked for, and what of it is missing.
    pub(crate) fn into_dependencies(self) -> (Dependencies, Dependencies) {
        (self.used, self.missing)
    }

    /// The answer to a query, or `unknown` while there is none.
    fn recall(&mut self, query: Query, unknown: Value) -> Value {
        let name = query.name();
        let add = |list: &mut Dependencies| {
            if !list.iter().any(|(known, _)| *known == name) {
                list.push((name.clone(), query.clone()));
            }
        };
        add(&mut self.used);
        match self.brain.get(&name) {
            Some(value) => value.clone(),
            None => {
                add(&mut self.missing);
                unknown
            }
        }
    }

    /// A message without what is secret: the values of the answers that the template has asked for.
    pub(crate) fn redacted(&self, message: &str) -> String {
        let answers = self.used.iter().filter_map(|(name, _)| self.brain.get(name));
        let mut secrets: Vec<String> =
            answers.flat_map(secrets).filter(|secret| !secret.is_empty()).collect();
        // A secret that begins with another one goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let (mut redacted, mut rest) = (String::new(), message);
        while let Some(c) = rest.chars().next() {
            let length = secrets.iter().find(|secret| rest.starts_with(secret.as_str())).map(String::len);
            match length {
                Some(_) => redacted.push_str("[redacted]"),
                None => redacted.push(c),
            }
            rest = &rest[length.unwrap_or(c.len_utf8())..];
        }
        redacted
    }

    fn sprig(&self) -> Sprig {
        Sprig { json: markup::json, now: self.around.host.clock.now(), tells_time: false }
    }

    /// Takes a query for unanswered.
    fn miss(&mut self, query: Query) {
        let name = query.name();
        if !self.missing.iter().any(|(known, _)| *known == name) {
            self.missing.push((name, query));
        }
    }

    fn secret(&mut self, arguments: &[Value]) -> Result<Value, String> {
        let Some((path, rest)) = arguments.split_first() else { return Ok(Value::Nil) };
        let data = pairs(rest)?;
        let query = if rest.is_empty() { Query::read(text(path)) } else { Query::write(text(path), data) }?;
        Ok(self.recall(query, Value::Nil))
    }

    fn certificate(&mut self, arguments: &[Value]) -> Result<Value, String> {
        let Some((path, rest)) = arguments.split_first() else { return Ok(Value::Nil) };
        let query = Query::pki(text(path), &self.around.template.destination, pairs(rest)?)?;
        Ok(self.recall(query, Value::Nil))
    }

    fn names(&mut self, path: &str) -> Result<Value, String> {
        let nothing = Value::texts([""; 0]);
        if path.is_empty() {
            return Ok(nothing);
        }
        Ok(self.recall(Query::list(path)?, nothing))
    }

    fn file(&mut self, path: &str) -> Result<Value, String> {
        if path.is_empty() {
            return Ok(Value::from(""));
        }
        let sandbox = &self.around.template.sandbox;
        if !sandbox.is_empty() && !std::path::Path::new(path).starts_with(sandbox) {
            return Err(format!("'{path}' is outside of sandbox"));
        }
        Ok(self.recall(Query::file(path), Value::from("")))
    }
}

/// Functions of the real program that ask something the lab does not have, or work on its answers.
const ABSENT: [&str; 27] = [
    "byKey",
    "byMeta",
    "caLeaf",
    "caRoots",
    "connect",
    "datacenters",
    "explode",
    "exportedServices",
    "key",
    "keyExists",
    "keyOrDefault",
    "ls",
    "node",
    "nodes",
    "partitions",
    "peerings",
    "plugin",
    "safeLs",
    "safeTree",
    "service",
    "services",
    "sockaddr",
    "spew_dump",
    "spew_printf",
    "spew_sdump",
    "spew_sprintf",
    "tree",
];

/// Functions of Sprig that are not there.
const ABSENT_SPRIG: [&str; 22] = [
    "bcrypt",
    "buildCustomCert",
    "decryptAES",
    "derivePassword",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "htpasswd",
    "mustDateModify",
    "mustToDate",
    "must_date_modify",
    "randInt",
    "semver",
    "semverCompare",
    "shuffle",
    "toDate",
    "urlJoin",
];

fn is_absent(name: &str) -> bool {
    ABSENT.contains(&name) || name.strip_prefix("sprig_").is_some_and(|name| ABSENT_SPRIG.contains(&name))
}

impl Functions for Evaluation<'_> {
    fn signature(&self, name: &str) -> Option<Signature> {
        use Type::{Any, Text};
        Some(match name {
            "secret" | "pkiCert" | "timestamp" => Signature::variadic(&[], Text),
            "secrets" | "file" | "env" | "mustEnv" => Signature::fixed(&[Text]),
            "envOrDefault" => Signature::fixed(&[Text, Text]),
            "writeToFile" => Signature::variadic(&[Text, Text, Text, Text], Text),
            "loop" => Signature::variadic(&[], Any),
            "executeTemplate" => Signature::variadic(&[Text], Any),
            name if is_absent(name) => Signature::variadic(&[], Any),
            name => {
                return text::signature(name)
                    .or_else(|| self.sprig().signature(name))
                    .or_else(|| scratch::signature(name))
                    .or_else(|| map::signature(name))
                    .or_else(|| nomad::signature(name))
                    .or_else(|| encoding::signature(name))
                    .or_else(|| markup::signature(name))
                    .or_else(|| list::signature(name))
                    .or_else(|| math::signature(name));
            }
        })
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        if is_denied(name, &self.around.template.denied_functions) {
            return Err("function is disabled".to_owned());
        }
        let first = arguments.first().map(text).unwrap_or_default();
        match name {
            "secret" => self.secret(arguments),
            "pkiCert" => self.certificate(arguments),
            "secrets" => self.names(first),
            "file" => self.file(first),
            "env" => Ok(Value::from(system::variable(&self.around, first).unwrap_or_default())),
            "mustEnv" => match system::variable(&self.around, first).filter(|value| !value.is_empty()) {
                Some(value) => Ok(Value::from(value)),
                None => Err(format!("required environment variable {first} is empty")),
            },
            "envOrDefault" => {
                let value = system::variable(&self.around, first).filter(|value| !value.is_empty());
                Ok(Value::from(value.unwrap_or_else(|| text(&arguments[1]).to_owned())))
            }
            "timestamp" => system::timestamp(self.around.host.clock.now(), arguments),
            "writeToFile" => system::write_to_file(&self.around.host.disk, arguments),
            "loop" => list::counted(arguments),
            name if is_absent(name) => Err("the lab does not have this function".to_owned()),
            name if name.starts_with("sprig_") => self.sprig().call(name, arguments),
            name if scratch::signature(name).is_some() => scratch::call(&mut self.scratch, name, arguments),
            name if nomad::signature(name).is_some() => self.nomad(name, arguments),
            name if map::signature(name).is_some() => map::call(name, arguments),
            name if text::signature(name).is_some() => text::call(name, arguments),
            name if encoding::signature(name).is_some() => encoding::call(name, arguments),
            name if markup::signature(name).is_some() => markup::call(name, arguments),
            name if list::signature(name).is_some() => list::call(name, arguments),
            name => math::call(name, arguments),
        }
    }

    fn method(&self, receiver: &Value, name: &str) -> Option<Value> {
        query::method(receiver, name)
    }

    fn effect(&self, name: &str) -> Effect {
        match name {
            name if is_denied(name, &self.around.template.denied_functions) => Effect::None,
            "executeTemplate" => Effect::Executes,
            "mergeMap" | "mergeMapWithOverride" => Effect::ChangesFirst,
            name if Sprig::changes_first(name) => Effect::ChangesFirst,
            _ => Effect::None,
        }
    }
}

/// Whether one of the patterns, in which `*` stands for anything, names the function.
fn is_denied(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    })
}

/// The values that an answer holds as secrets.
fn secrets(answer: &Value) -> Vec<String> {
    match answer {
        Value::Object(secret) if secret.type_name == "*dependency.Secret" => {
            let data = secret.fields.iter().find(|(name, _)| *name == "Data");
            match data {
                Some((_, Value::Map(entries))) => entries.values().map(Value::display).collect(),
                _ => Vec::new(),
            }
        }
        other => query::secrets(other),
    }
}

/// The text of an argument that its signature made sure is one.
fn text(value: &Value) -> &str {
    value.as_text().unwrap_or_default()
}

/// `key=value` arguments; empty ones are passed over.
fn pairs(arguments: &[Value]) -> Result<Data, String> {
    let mut data = Data::new();
    for argument in arguments.iter().map(text).filter(|argument| !argument.is_empty()) {
        let Some((key, value)) = argument.split_once('=') else {
            return Err(format!("not k=v pair {}", lab_template::quote(argument)));
        };
        data.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    Ok(data)
}
