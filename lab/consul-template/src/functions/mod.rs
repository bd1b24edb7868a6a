//! What templates may call.

mod encoding;
mod list;
mod markup;
mod math;
mod system;
mod text;

use std::collections::BTreeMap;

use lab_template::{Functions, Signature, Type, Value};
use lab_world::Host;

use crate::config::{TemplateConfig, VaultConfig};
use crate::query::{Data, Query};

/// The answers that are known, by the names of their queries.
pub(crate) type Brain = BTreeMap<String, Value>;

/// What is around a template while it is evaluated.
pub(crate) struct Surroundings<'a> {
    pub(crate) host: &'a Host,
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) vault: &'a VaultConfig,
    pub(crate) template: &'a TemplateConfig,
}

/// One evaluation of a template: it gathers what the template asks for, and what of that is not known yet.
pub(crate) struct Evaluation<'a> {
    brain: &'a Brain,
    around: Surroundings<'a>,
    used: Vec<(String, Query)>,
    missing: Vec<(String, Query)>,
}

/// Queries by name, in the order in which the template asks for them.
pub(crate) type Dependencies = Vec<(String, Query)>;

impl<'a> Evaluation<'a> {
    pub(crate) fn new(brain: &'a Brain, around: Surroundings<'a>) -> Self {
        Self { brain, around, used: Vec::new(), missing: Vec::new() }
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

/// Functions of the real program that ask something the lab does not have.
const ABSENT: [&str; 46] = [
    "byKey",
    "byMeta",
    "byPort",
    "byTag",
    "caLeaf",
    "caRoots",
    "connect",
    "datacenters",
    "executeTemplate",
    "explode",
    "explodeMap",
    "exportedServices",
    "key",
    "keyExists",
    "keyOrDefault",
    "ls",
    "md5sum",
    "mergeMap",
    "mergeMapWithOverride",
    "node",
    "nodes",
    "nomadService",
    "nomadServices",
    "nomadVar",
    "nomadVarExists",
    "nomadVarList",
    "nomadVarListSafe",
    "parseYAML",
    "partitions",
    "peerings",
    "plugin",
    "regexMatch",
    "regexReplaceAll",
    "safeLs",
    "safeTree",
    "scratch",
    "service",
    "services",
    "sockaddr",
    "spew_dump",
    "spew_printf",
    "spew_sdump",
    "spew_sprintf",
    "toUnescapedJSONPretty",
    "tree",
    "sprig",
];

impl Functions for Evaluation<'_> {
    fn signature(&self, name: &str) -> Option<Signature> {
        use Type::{Any, Text};
        Some(match name {
            "secret" | "pkiCert" | "timestamp" => Signature::variadic(&[], Text),
            "secrets" | "file" | "env" | "mustEnv" => Signature::fixed(&[Text]),
            "envOrDefault" => Signature::fixed(&[Text, Text]),
            "writeToFile" => Signature::variadic(&[Text, Text, Text, Text], Text),
            "loop" => Signature::variadic(&[], Any),
            name if ABSENT.contains(&name) || name.starts_with("sprig_") => Signature::variadic(&[], Any),
            name => {
                return text::signature(name)
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
            name if ABSENT.contains(&name) || name.starts_with("sprig_") => {
                Err("the lab does not have this function".to_owned())
            }
            name if text::signature(name).is_some() => text::call(name, arguments),
            name if encoding::signature(name).is_some() => encoding::call(name, arguments),
            name if markup::signature(name).is_some() => markup::call(name, arguments),
            name if list::signature(name).is_some() => list::call(name, arguments),
            name => math::call(name, arguments),
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
