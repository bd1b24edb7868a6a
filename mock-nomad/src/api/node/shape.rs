//! Between requests to the HTTP API and the arguments of calls, and between their answers.

use lab_wire::rpc::to_value;
use rmpv::Value;
use serde_json::Value as Json;

use super::super::{ApiRequest, json};
use crate::structs::{Body, GoTime};

/// Stands for a body that is the answer itself.
pub(super) const WHOLE: &str = "*";

/// A call about a node: its method, its arguments beside the common ones, and where in the answer the body lies.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) arguments: Vec<(Value, Value)>,
    /// Empty: the answer has no body; [`WHOLE`]: it is the body.
    pub(super) field: &'static str,
}

/// The call that a request stands for; `None`: it is no call, or a streaming one.
pub(super) fn call_of(request: &ApiRequest, node: &str) -> Option<Call> {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| Value::from(body[name].as_str().unwrap_or_default());
    let given = |name: &str| Value::from(request.parameter(name).unwrap_or_default());
    let rest = request.path.strip_prefix("/v1/client/")?;
    let mut parts = rest.splitn(3, '/');
    let parts = (parts.next()?, parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (method, field, arguments) = match parts {
        ("fs", "ls", id) => {
            ("FileSystem.List", "Files", vec![("AllocID", id.into()), ("Path", given("path"))])
        }
        ("fs", "stat", id) => {
            ("FileSystem.Stat", "Info", vec![("AllocID", id.into()), ("Path", given("path"))])
        }
        ("allocation", id, "stats") => {
            ("Allocations.Stats", "Stats", vec![("AllocID", id.into()), ("Task", given("task"))])
        }
        ("allocation", id, "restart") => {
            let all = Value::from(body["AllTasks"] == true);
            let arguments = vec![("AllocID", id.into()), ("TaskName", text("TaskName")), ("AllTasks", all)];
            ("Allocations.Restart", "", arguments)
        }
        ("allocation", id, "signal") => {
            let arguments = vec![("AllocID", id.into()), ("Task", text("Task")), ("Signal", text("Signal"))];
            ("Allocations.Signal", "", arguments)
        }
        ("allocation", id, "gc") => ("Allocations.GarbageCollect", "", vec![("AllocID", id.into())]),
        ("allocation", id, "checks") => ("Allocations.Checks", "Results", vec![("AllocID", id.into())]),
        ("metadata", "", "") if request.method == http::Method::GET => {
            ("NodeMeta.Read", WHOLE, vec![("NodeID", node.into())])
        }
        ("metadata", "", "") => {
            let meta = value_of(&body["Meta"]);
            ("NodeMeta.Apply", WHOLE, vec![("NodeID", node.into()), ("Meta", meta)])
        }
        ("identity", "", "") => ("NodeIdentity.Get", WHOLE, vec![("NodeID", node.into())]),
        ("identity", "renew", "") => ("NodeIdentity.Renew", WHOLE, vec![("NodeID", node.into())]),
        ("stats", "", "") => ("ClientStats.Stats", "HostStats", vec![("NodeID", node.into())]),
        ("gc", "", "") => ("Allocations.GarbageCollectAll", "", vec![("NodeID", node.into())]),
        _ => return None,
    };
    let arguments = arguments.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Some(Call { method, arguments, field })
}

/// The request that a call stands for: its method, its path, its query and its body.
pub(super) fn request_of(method: &str, arguments: &Value) -> Option<ApiRequest> {
    let body = Body(arguments);
    let id = body.string("AllocID");
    let query = |names: &[(&str, &str)]| -> Vec<(String, String)> {
        let given = names.iter().filter_map(|(name, field)| {
            let text = match body.get(field)? {
                Value::Boolean(flag) => flag.to_string(),
                Value::Integer(number) => number.to_string(),
                _ => body.string(field).to_owned(),
            };
            Some(((*name).to_owned(), text))
        });
        given.filter(|(_, text)| !text.is_empty()).collect()
    };
    let pick = |names: &[&str]| -> Json {
        let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), json::json(body.get(name)?))));
        Json::Object(fields.collect())
    };
    let file = [("path", "Path"), ("offset", "Offset"), ("origin", "Origin"), ("plain", "PlainText")];
    let (verb, path, query, sent) = match method {
        "FileSystem.List" => ("GET", format!("fs/ls/{id}"), query(&[("path", "Path")]), Json::Null),
        "FileSystem.Stat" => ("GET", format!("fs/stat/{id}"), query(&[("path", "Path")]), Json::Null),
        "FileSystem.Stream" => {
            let limit = body.integer("Limit");
            match limit > 0 || body.boolean("PlainText") && !body.boolean("Follow") {
                true => {
                    let named = [("path", "Path"), ("offset", "Offset"), ("limit", "Limit")];
                    ("GET", format!("fs/readat/{id}"), query(&named), Json::Null)
                }
                false => {
                    let named = [&file[..], &[("follow", "Follow")]].concat();
                    ("GET", format!("fs/stream/{id}"), query(&named), Json::Null)
                }
            }
        }
        "FileSystem.Logs" => {
            let named = [&file[1..], &[("follow", "Follow"), ("task", "Task"), ("type", "LogType")]].concat();
            ("GET", format!("fs/logs/{id}"), query(&named), Json::Null)
        }
        "Allocations.Stats" => {
            ("GET", format!("allocation/{id}/stats"), query(&[("task", "Task")]), Json::Null)
        }
        "Allocations.Restart" => {
            ("PUT", format!("allocation/{id}/restart"), vec![], pick(&["TaskName", "AllTasks"]))
        }
        "Allocations.Signal" => ("PUT", format!("allocation/{id}/signal"), vec![], pick(&["Task", "Signal"])),
        "Allocations.GarbageCollect" => ("PUT", format!("allocation/{id}/gc"), vec![], Json::Null),
        "ClientStats.Stats" => ("GET", "stats".into(), query(&[("node_id", "NodeID")]), Json::Null),
        "Allocations.GarbageCollectAll" => ("PUT", "gc".into(), query(&[("node_id", "NodeID")]), Json::Null),
        "Allocations.Checks" => ("GET", format!("allocation/{id}/checks"), vec![], Json::Null),
        "NodeMeta.Read" => ("GET", "metadata".into(), query(&[("node_id", "NodeID")]), Json::Null),
        "NodeMeta.Apply" => ("POST", "metadata".into(), vec![], pick(&["NodeID", "Meta"])),
        "NodeIdentity.Get" => ("GET", "identity".into(), query(&[("node_id", "NodeID")]), Json::Null),
        "NodeIdentity.Renew" => ("PUT", "identity/renew".into(), query(&[("node_id", "NodeID")]), Json::Null),
        "Agent.Monitor" => {
            let named = [
                ("log_level", "LogLevel"),
                ("log_json", "LogJSON"),
                ("plain", "PlainText"),
                ("node_id", "NodeID"),
                ("server_id", "ServerID"),
            ];
            ("GET", String::new(), query(&named), Json::Null)
        }
        "Allocations.Exec" => {
            let command = serde_json::to_string(&body.strings("Cmd")).unwrap_or_default();
            let mut query = query(&[("task", "Task"), ("tty", "Tty")]);
            query.push(("command".into(), command));
            ("GET", format!("allocation/{id}/exec"), query, Json::Null)
        }
        _ => return None,
    };
    let token = Some(body.string("AuthToken").to_owned()).filter(|token| !token.is_empty());
    let sent = if sent.is_null() { String::new() } else { sent.to_string() };
    Some(ApiRequest {
        method: verb.parse().ok()?,
        path: match method {
            "Agent.Monitor" => "/v1/agent/monitor".to_owned(),
            _ => format!("/v1/client/{path}"),
        },
        query,
        token,
        body: sent.into(),
        websocket_key: (method == "Allocations.Exec").then(String::new),
    })
}

/// The name of what a call answers with.
pub(super) fn field_of(method: &str) -> &'static str {
    match method {
        "FileSystem.List" => "Files",
        "FileSystem.Stat" => "Info",
        "Allocations.Stats" => "Stats",
        "ClientStats.Stats" => "HostStats",
        "Allocations.Checks" => "Results",
        "NodeMeta.Read" | "NodeMeta.Apply" | "NodeIdentity.Get" | "NodeIdentity.Renew" => WHOLE,
        _ => "",
    }
}

/// An answer's body as msgpack. Times are Go's.
pub(super) fn value_of(body: &Json) -> Value {
    match body {
        Json::Object(fields) => {
            let value = |name: &str, field: &Json| match (name, field) {
                ("ModTime", Json::String(text)) => {
                    GoTime::parse(text).and_then(|time| to_value(&time).ok()).unwrap_or(Value::Nil)
                }
                _ => value_of(field),
            };
            Value::Map(
                fields.iter().map(|(name, field)| (name.as_str().into(), value(name, field))).collect(),
            )
        }
        Json::Array(items) => Value::Array(items.iter().map(value_of).collect()),
        other => to_value(other).unwrap_or(Value::Nil),
    }
}

/// The results of checks as the API shows them: a real client writes fields that say nothing, too.
pub(super) fn checks(mut results: Json) -> Json {
    for result in results.as_object_mut().into_iter().flatten().filter_map(|(_, one)| one.as_object_mut()) {
        result.retain(|name, value| match name.as_str() {
            "StatusCode" => *value != 0,
            "Task" => *value != "",
            _ => true,
        });
    }
    results
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_says_nothing_of_a_check_is_left_out() {
        let of_group = json!({"a": {"ID": "a", "StatusCode": 200, "Task": "", "Output": ""}});
        assert_eq!(checks(of_group), json!({"a": {"ID": "a", "StatusCode": 200, "Output": ""}}));
        let of_task = json!({"b": {"ID": "b", "StatusCode": 0, "Task": "t"}});
        assert_eq!(checks(of_task), json!({"b": {"ID": "b", "Task": "t"}}));
        assert_eq!(checks(Json::Null), Json::Null);
    }
}
