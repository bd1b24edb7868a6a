//! One recorded step, and the values that steps hand to those after them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

/// One recorded step.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    fields: Value,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As [`super::compare::HEADERS`] names them.
    pub(crate) headers: [Option<String>; 5],
    pub(crate) body: Value,
}

impl Step {
    /// Reads a line of a recording.
    pub(crate) fn read(line: &str) -> Self {
        let fields: Value = serde_json::from_str(line).expect("a recording is JSON");
        let text = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        Self { name: text("name"), method: text("method"), path: text("path"), fields }
    }

    /// The expected status, headers or body.
    pub(crate) fn expected(&self, part: &str) -> &Value {
        &self.fields["expect"][part]
    }

    /// The texts in a field that is a list of them.
    pub(crate) fn list(&self, field: &str) -> Vec<String> {
        let items = self.fields[field].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// How long to wait before the step.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_secs_f64(self.fields["sleep"].as_f64().unwrap_or_default())
    }

    /// How often the step is tried.
    pub(crate) fn tries(&self) -> u64 {
        self.fields["tries"].as_u64().unwrap_or(1)
    }

    /// Whether an answer is what the step waits for.
    pub(crate) fn is_satisfied(&self, answer: &Answer) -> bool {
        let until = &self.fields["until"];
        let status = if until.is_null() { self.expected("status") } else { &until["status"] };
        let pointer = until["pointer"].as_str();
        (status.is_null() || status.as_u64() == Some(answer.status.into()))
            && pointer.is_none_or(|pointer| answer.body.pointer(pointer) == Some(&until["equals"]))
    }

    /// Whether the body matters.
    pub(crate) fn compares_body(&self) -> bool {
        self.fields["body_compare"] != Value::Bool(false)
    }

    /// The request that the step stands for.
    pub(crate) fn request(
        &self,
        server: &str,
        variables: &Variables,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("{server}{}", variables.text(&self.path)));
        let body = match (&self.fields["raw"], &self.fields["body"]) {
            (Value::String(raw), _) => Some(variables.text(raw)),
            (_, Value::Null) => None,
            (_, body) => Some(variables.value(body).to_string()),
        };
        if let Some(pair) = self.fields["basic"].as_str() {
            let encoded = STANDARD.encode(variables.text(pair));
            request = request.header("Authorization", format!("Basic {encoded}"));
        }
        let headers = self.fields["headers"].as_object();
        for (name, value) in headers.into_iter().flatten() {
            request = request.header(name, variables.text(value.as_str().unwrap_or_default()));
        }
        let has_type = headers
            .is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")));
        if body.is_some() && !has_type {
            request = request.header("Content-Type", "application/json");
        }
        if let Some(token) =
            self.fields["token"].as_str().map(|token| variables.text(token)).filter(|token| !token.is_empty())
        {
            let name = if self.fields["kind"] == "nomad" { "X-Nomad-Token" } else { "X-Vault-Token" };
            request = request.header(name, token);
        }
        request.body(Bytes::from(body.unwrap_or_default()))
    }
}

/// Values by name: those that every recording may use, and those that its steps captured.
pub(crate) struct Variables(BTreeMap<String, Value>);

impl Variables {
    /// The root token, and the present.
    pub(crate) fn new(now: String) -> Self {
        Self(BTreeMap::from([("root".to_owned(), "root".into()), ("now".to_owned(), now.into())]))
    }

    /// Takes from an answer what the step captures.
    pub(crate) fn capture(&mut self, step: &Step, answer: &Answer) {
        for (name, pointer) in step.fields["capture"].as_object().into_iter().flatten() {
            if let Some(value) = pointer.as_str().and_then(|pointer| answer.body.pointer(pointer)) {
                self.0.insert(name.clone(), value.clone());
            }
        }
    }

    /// Takes from a URL in an answer the parameters that the step captures: `"capture_query": {"state": ["/URL", "state"]}`.
    pub(crate) fn capture_query(&mut self, step: &Step, answer: &Answer) {
        for (name, place) in step.fields["capture_query"].as_object().into_iter().flatten() {
            let url =
                place[0].as_str().and_then(|pointer| answer.body.pointer(pointer)).and_then(Value::as_str);
            let query = url.and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
            let wanted = place[1].as_str().unwrap_or_default();
            let value = query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
            if let Some(value) = value {
                self.0.insert(name.clone(), value.into());
            }
        }
    }

    /// A text with every `${name}` replaced.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut replaced = text.to_owned();
        for (name, value) in &self.0 {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            replaced = replaced.replace(&format!("${{{name}}}"), &value);
        }
        replaced
    }

    /// A value with every `${name}` replaced; a text that is nothing else becomes the value itself.
    pub(crate) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
                match whole.and_then(|name| self.0.get(name)) {
                    Some(value) => value.clone(),
                    None => self.text(text).into(),
                }
            }
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let replaced = fields.iter().map(|(name, value)| (self.text(name), self.value(value)));
                Value::Object(replaced.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}
