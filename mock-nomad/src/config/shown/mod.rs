//! The configuration as `agent/self` shows it: everything that files may say, whether it means something here or not.

use lab_hcl::{Body, Item, Kind, Value as Hcl};
use serde_json::{Map, Value, json};

use super::fields::Fields;

/// `parameter place kind`, a line each.
const PARAMETERS: &str = include_str!("parameters.txt");
/// What the real agent shows where no file says otherwise, of what is not settled when an agent starts, and what
/// `-dev` changes in it.
const DEFAULTS: &str = include_str!("defaults.json");
const DEVELOPMENT: &str = include_str!("development.json");

/// What stands for secrets.
const REDACTED: &str = "<redacted>";

/// A configuration as it is shown, or a part of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shown(Map<String, Value>);

impl Shown {
    /// What holds where no file says otherwise.
    pub(super) fn defaults() -> Self {
        Self(object(DEFAULTS))
    }

    /// What `-dev` changes.
    pub(super) fn development() -> Self {
        Self(object(DEVELOPMENT))
    }

    /// What a file says.
    pub(super) fn of_file(body: &Body) -> Self {
        let mut shown = Self::default();
        for line in PARAMETERS.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            if let (Some(parameter), Some(place), Some(kind)) = (words.next(), words.next(), words.next()) {
                let path: Vec<&str> = parameter.split('.').collect();
                for (suffix, value) in read(body, &path, kind) {
                    put(&mut shown.0, &format!("{place}{suffix}"), value);
                }
            }
        }
        shown.read_lists(body);
        shown.read_optional(body);
        shown
    }

    /// Puts what a later file says over this.
    pub(super) fn merge(&mut self, more: Self) {
        lay(&mut self.0, more.0);
    }

    /// Whether anything is said at a place, `Server/StartJoin`.
    pub(crate) fn names(&self, place: &str) -> bool {
        let mut path = place.split('/');
        let first = path.next().and_then(|name| self.0.get(name));
        let found = path.fold(first, |found, name| found?.get(name));
        found.is_some_and(|value| ![json!(null), json!(""), json!([]), json!(0)].contains(value))
    }

    /// The whole with what is `settled` over it, which an agent knows only when it has started.
    pub(crate) fn with(&self, settled: impl IntoIterator<Item = Value>) -> Value {
        let mut whole = self.0.clone();
        for part in settled {
            if let Value::Object(part) = part {
                lay(&mut whole, part);
            }
        }
        for (one, many) in [("Consul", "Consuls"), ("Vault", "Vaults")] {
            if let Some(block) = whole.remove(one) {
                whole.insert(many.to_owned(), json!([block]));
            }
        }
        Value::Object(whole)
    }

    /// Blocks that may be repeated under different names.
    fn read_lists(&mut self, body: &Body) {
        let plugins = body.blocks().filter(|block| block.kind == "plugin").map(|block| {
            let config = Fields::new("plugin", &block.body).blocks("config").into_iter().next();
            let name = block.labels.first().map(|label| label.text.as_str());
            json!({"Name": name, "Args": null, "Config": config.map(plain_body)})
        });
        let plugins: Vec<Value> = plugins.collect();
        if !plugins.is_empty() {
            self.0.insert("Plugins".to_owned(), json!(plugins));
        }
        let volumes = blocks(body, &["client"]).into_iter().flat_map(|client| {
            client.blocks().filter(|block| block.kind == "host_volume").map(|block| {
                let fields = Fields::new("host_volume", &block.body);
                json!({
                    "ID": "", "Name": block.labels.first().map(|label| label.text.as_str()),
                    "Path": fields.text("path").unwrap_or_default(),
                    "ReadOnly": fields.flag("read_only").unwrap_or_default(),
                })
            })
        });
        let volumes: Vec<Value> = volumes.collect();
        if !volumes.is_empty() {
            put(&mut self.0, "Client/HostVolumes", json!(volumes));
        }
    }

    /// Blocks that are `null` until they are written, or that have other defaults then.
    fn read_optional(&mut self, body: &Body) {
        let whole = [
            (vec!["ui"], "UI", json!({"Enabled": false})),
            (
                vec!["server", "search"],
                "Server/Search",
                json!({"FuzzyEnabled": false, "LimitQuery": 0, "LimitResults": 0, "MinTermLength": 0}),
            ),
            (
                vec!["server", "default_scheduler_config"],
                "Server/DefaultSchedulerConfig",
                json!({
                    "CreateIndex": 0, "MemoryOversubscriptionEnabled": false, "ModifyIndex": 0,
                    "PauseEvalBroker": false, "RejectJobRegistration": false, "SchedulerAlgorithm": "",
                    "PreemptionConfig": {
                        "BatchSchedulerEnabled": false, "ServiceSchedulerEnabled": false,
                        "SysBatchSchedulerEnabled": false, "SystemSchedulerEnabled": false,
                    },
                }),
            ),
            (
                vec!["client", "drain_on_shutdown"],
                "Client/Drain",
                json!({"Deadline": null, "Force": null, "IgnoreSystemJobs": null}),
            ),
        ];
        for (path, place, defaults) in whole {
            if !blocks(body, &path).is_empty() {
                let mut completed = Map::new();
                put(&mut completed, place, defaults);
                lay(&mut completed, std::mem::take(&mut self.0));
                self.0 = completed;
            }
        }
        for identity in blocks(body, &["vault", "default_identity"]) {
            let fields = Fields::new("default_identity", identity);
            let ttl = fields.duration("ttl").ok().flatten().map(nanos);
            put(
                &mut self.0,
                "Vault/DefaultIdentity",
                json!({
                    "Audience": fields.texts("aud").unwrap_or_default(),
                    "Env": fields.flag("env").ok().filter(|env| *env), "ExtraClaims": null,
                    "File": fields.flag("file").ok().filter(|file| *file),
                    "Filepath": fields.text("filepath").unwrap_or_default(), "TTL": ttl,
                }),
            );
        }
    }
}

/// The values of a parameter, with what is added to its place: none where the file does not name it. What cannot be
/// read has been complained of before.
fn read(body: &Body, path: &[&str], kind: &str) -> Vec<(&'static str, Value)> {
    let Some((name, parents)) = path.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    for body in blocks(body, parents) {
        if !body.items.iter().any(|item| item.name() == *name) {
            continue;
        }
        let mut fields = Fields::new("", body);
        let text = |fields: &mut Fields<'_>| fields.text(name).ok().filter(|text| !text.is_empty());
        let value = match kind {
            "text" => text(&mut fields).map(Value::from),
            "secret" => text(&mut fields).map(|_| REDACTED.into()),
            "flag" => fields.flag(name).ok().filter(|flag| *flag).map(Value::from),
            "switch" => fields.flag(name).ok().map(Value::from),
            "number" => fields.integer(name).ok().flatten().map(Value::from),
            "fraction" => fields.float(name).ok().flatten().map(Value::from),
            "texts" => fields.texts(name).ok().map(Value::from),
            "map" => fields.map(name).ok().map(|map| json!(map)),
            "both" => {
                found.extend(text(&mut fields).map(|text| ("HCL", text.into())));
                fields.duration(name).ok().flatten().map(|duration| nanos(duration).into())
            }
            _ => fields.duration(name).ok().flatten().map(|duration| nanos(duration).into()),
        };
        found.extend(value.map(|value| ("", value)));
    }
    found
}

/// The blocks at a path of names, however they are written.
fn blocks<'a>(body: &'a Body, path: &[&str]) -> Vec<&'a Body> {
    path.iter().fold(vec![body], |bodies, name| {
        bodies.into_iter().flat_map(|body| Fields::new("", body).blocks(name)).collect()
    })
}

fn plain_body(body: &Body) -> Value {
    let value = |item: &Item| match item {
        Item::Attribute(attribute) => plain(&attribute.value),
        Item::Block(block) => json!([plain_body(&block.body)]),
    };
    Value::Object(body.items.iter().map(|item| (item.name().to_owned(), value(item))).collect())
}

fn plain(value: &Hcl) -> Value {
    match &value.kind {
        Kind::String(text) => text.as_str().into(),
        Kind::Bool(truth) => (*truth).into(),
        Kind::Number(number) => serde_json::from_str(number.text()).unwrap_or_else(|_| number.text().into()),
        Kind::List(items) => items.iter().map(plain).collect(),
        Kind::Object(body) => plain_body(body),
        _ => Value::Null,
    }
}

/// Puts a value at a place, `Client/Reserved/CPU`.
fn put(into: &mut Map<String, Value>, place: &str, value: Value) {
    let whole = place.rsplit('/').fold(value, |value, name| json!({ name: value }));
    if let Value::Object(whole) = whole {
        lay(into, whole);
    }
}

/// Lays one object over another; objects within them likewise, everything else replaces.
fn lay(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Object(under)), Value::Object(over)) => lay(under, over),
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of the table is one that the real agent shows; blocks that are `null` at first are left out.
    #[test]
    fn every_parameter_has_a_place_of_the_real_agents() {
        let whole = Value::Object(object(DEFAULTS));
        let lines = PARAMETERS.lines().filter(|line| !line.starts_with('#'));
        let optional = ["Server/DefaultSchedulerConfig/", "Client/Drain/"];
        for line in lines.filter(|line| !optional.iter().any(|place| line.contains(place))) {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.len(), 3, "{line}");
            assert!(whole.pointer(&format!("/{}", words[1])).is_some(), "{line}");
        }
    }

    #[test]
    fn what_files_say_is_shown_and_secrets_are_not() {
        let file = |text: &str| Shown::of_file(&lab_hcl::hcl1::parse_bytes(text.as_bytes()).expect("HCL"));
        let mut shown = Shown::defaults();
        shown.merge(file(
            "consul {\n token = \"s3cret\"\n verify_ssl = false\n}\nclient {\n gc_interval = \"2m\"\n host_volume \"v\" {\n path = \"/srv\"\n }\n}\n",
        ));
        shown.merge(file("plugin \"docker\" {\n config {\n allow = [\"a\"]\n }\n}\nrpc {\n keep_alive_interval = \"5s\"\n}\n"));
        let whole = shown.with([json!({"Client": {"Enabled": true}})]);
        for (place, value) in [
            ("/Consuls/0/Token", json!("<redacted>")),
            ("/Consuls/0/VerifySSL", json!(false)),
            ("/Consuls/0/Addr", json!("localhost:8500")),
            ("/Client/GCInterval", json!(120_000_000_000_u64)),
            ("/Client/HostVolumes", json!([{"ID": "", "Name": "v", "Path": "/srv", "ReadOnly": false}])),
            ("/Client/Enabled", json!(true)),
            ("/Client/Drain", json!(null)),
            ("/Plugins", json!([{"Name": "docker", "Args": null, "Config": {"allow": ["a"]}}])),
            ("/RPC/KeepAliveInterval", json!(5_000_000_000_u64)),
            ("/RPC/KeepAliveIntervalHCL", json!("5s")),
        ] {
            assert_eq!(whole.pointer(place), Some(&value), "{place}");
        }
    }
}
