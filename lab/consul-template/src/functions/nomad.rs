//! Functions that ask Nomad.

use lab_template::{Signature, Type, Value};

use super::{Evaluation, text};
use crate::query::Query;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Text};
    Some(match name {
        "nomadVar" | "nomadVarExists" => Signature::fixed(&[Text]),
        "nomadVarList" | "nomadVarListSafe" | "nomadServices" => Signature::variadic(&[], Text),
        "nomadService" => Signature::variadic(&[], Any),
        _ => return None,
    })
}

impl Evaluation<'_> {
    pub(super) fn nomad(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let namespace = self.around.nomad_namespace;
        let first = arguments.first().map(text).unwrap_or_default();
        let nothing = || Value::list([]);
        match name {
            "nomadVar" if first.is_empty() => Ok(Value::Nil),
            "nomadVar" => Ok(self.recall(Query::nomad_variable(first, namespace, false)?, Value::map([]))),
            "nomadVarExists" if first.is_empty() => Ok(Value::Bool(false)),
            "nomadVarExists" => {
                Ok(self.recall(Query::nomad_variable(first, namespace, true)?, Value::Bool(false)))
            }
            "nomadServices" => {
                let region: String = arguments.iter().map(text).collect();
                Ok(self.recall(Query::nomad_services(&region)?, nothing()))
            }
            "nomadService" => {
                let query = service(arguments)?;
                Ok(self.recall(query, nothing()))
            }
            _ if arguments.len() > 1 => {
                let given = Value::texts(arguments.iter().map(text)).display();
                Err(format!(
                    "nomadVarList takes either a single \"prefix\" parameter or none for all available variables; \
                     got: {given}"
                ))
            }
            name => {
                let query = Query::nomad_variables(first, namespace)?;
                let found = self.recall(query.clone(), nothing());
                // The safe one waits until there are some.
                if name == "nomadVarListSafe" && !found.truth() {
                    self.miss(query);
                }
                Ok(found)
            }
        }
    }
}

/// `nomadService NAME` and `nomadService COUNT KEY NAME`
fn service(arguments: &[Value]) -> Result<Query, String> {
    let text = |value: &Value, what: &str| match value {
        Value::Text(text) => Ok(text.to_string()),
        _ => Err(format!("expected string for <{what}> argument")),
    };
    match arguments {
        [name] => Query::nomad_service(&text(name, "service")?, String::new()),
        [count, key, name] => {
            let Value::Integer(count) = count else {
                return Err("expected integer for <count> argument".to_owned());
            };
            let key = text(key, "key")?;
            Query::nomad_service(&text(name, "service")?, format!("{count}|{key}"))
        }
        _ => Err("expected arguments <service> or <count> <key> <service>".to_owned()),
    }
}
