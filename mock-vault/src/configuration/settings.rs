//! The settings that stand alone in a file: how they are written, and how `sys/config/state/sanitized` shows them.

use serde_json::{Map, Value, json};

use super::values::Fields;
use crate::decode;

/// How a setting is written and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Texts,
    Whole,
    /// Only `true` or `false`.
    Truth,
    /// Anything that can be taken for a truth.
    Flag,
    Seconds,
    /// A duration that is shown in nanoseconds.
    Nanoseconds,
    /// A number that is written in octal.
    Octal,
}

/// A name and the one that is shown, which may be another.
struct Setting(&'static str, Form);

/// The settings that are looked at before anything else, in the order in which mistakes are told.
const FIRST: [Setting; 14] = [
    Setting("experiments", Form::Texts),
    Setting("cache_size", Form::Whole),
    Setting("cluster_cipher_suites", Form::Text),
    Setting("plugin_directory", Form::Text),
    Setting("plugin_tmpdir", Form::Text),
    Setting("plugin_file_uid", Form::Whole),
    Setting("api_addr", Form::Text),
    Setting("cluster_addr", Form::Text),
    Setting("detect_deadlocks", Form::Text),
    Setting("imprecise_lease_role_tracking", Form::Truth),
    Setting("license_path", Form::Text),
    Setting("enable_post_unseal_trace", Form::Truth),
    Setting("post_unseal_trace_directory", Form::Text),
    Setting("reporting_scan_directory", Form::Text),
];

/// Those that agents have too; they are looked at next.
const SHARED: [Setting; 11] = [
    Setting("log_file", Form::Text),
    Setting("log_format", Form::Text),
    Setting("log_level", Form::Text),
    Setting("log_rotate_bytes", Form::Whole),
    Setting("log_rotate_duration", Form::Text),
    Setting("log_rotate_max_files", Form::Whole),
    Setting("pid_file", Form::Text),
    Setting("cluster_name", Form::Text),
    Setting("administrative_namespace_path", Form::Text),
    Setting("default_max_request_duration", Form::Nanoseconds),
    Setting("disable_mlock", Form::Flag),
];

/// Those that are looked at when the blocks of agents have been.
const LAST: [Setting; 17] = [
    Setting("max_lease_ttl", Form::Seconds),
    Setting("default_lease_ttl", Form::Seconds),
    Setting("remove_irrevocable_lease_after", Form::Seconds),
    Setting("ui", Form::Flag),
    Setting("disable_cache", Form::Flag),
    Setting("disable_printable_check", Form::Flag),
    Setting("raw_storage_endpoint", Form::Flag),
    Setting("introspection_endpoint", Form::Flag),
    Setting("disable_clustering", Form::Flag),
    Setting("plugin_file_permissions", Form::Octal),
    Setting("disable_sentinel_trace", Form::Flag),
    Setting("disable_performance_standby", Form::Flag),
    Setting("allow_audit_log_prefixing", Form::Flag),
    Setting("disable_sealwrap", Form::Flag),
    Setting("disable_indexing", Form::Flag),
    Setting("enable_response_header_hostname", Form::Flag),
    Setting("enable_response_header_raft_node_id", Form::Flag),
];

/// Settings that are not shown.
const HIDDEN: [&str; 2] = ["license_path", "reporting_scan_directory"];

/// Settings that are only shown where they are set.
const OPTIONAL: [&str; 4] = ["log_file", "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files"];

/// What was set, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(Map<String, Value>);

impl Settings {
    /// Takes the settings that mistakes are told of first. Errors: the first mistake.
    pub(super) fn take_first(&mut self, fields: &Fields<'_>) -> Result<(), String> {
        self.take(fields, &FIRST)
    }

    /// Takes those that agents have too. Errors: the first mistake.
    pub(super) fn take_shared(&mut self, fields: &Fields<'_>) -> Result<(), String> {
        self.take(fields, &SHARED)
    }

    /// Takes the others. Errors: the first mistake.
    pub(super) fn take_last(&mut self, fields: &Fields<'_>) -> Result<(), String> {
        self.take(fields, &LAST)?;
        let level = fields.text("log_requests_level").trim().to_lowercase();
        self.0.insert("log_requests_level".to_owned(), level.into());
        let mut strange = self.list("experiments");
        strange.retain(|name| !EXPERIMENTS.contains(&name.as_str()));
        if !strange.is_empty() {
            return Err(format!(
                "error validating experiment(s) from config: valid experiment(s) are {}, but received the following invalid \
                 experiment(s): {}",
                EXPERIMENTS.join(", "),
                strange.join(", ")
            ));
        }
        Ok(())
    }

    fn take(&mut self, fields: &Fields<'_>, settings: &[Setting]) -> Result<(), String> {
        for Setting(name, form) in settings {
            if let Some(value) = form.read(fields, name)? {
                self.0.insert((*name).to_owned(), value);
            }
        }
        Ok(())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let items = self.0.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Lays those of a later file over these: flags stay set, and nothing is replaced by what says nothing.
    pub(super) fn merge(&mut self, later: Self) {
        for (name, value) in later.0 {
            let says_nothing =
                matches!(&value, Value::Bool(false)) || value == json!(0) || value == json!("");
            if !says_nothing {
                self.0.insert(name, value);
            }
        }
    }

    /// All settings as they are shown.
    pub(super) fn shown(&self) -> Map<String, Value> {
        let all = FIRST.iter().chain(&SHARED).chain(&LAST);
        let known = all.filter(|Setting(name, _)| !HIDDEN.contains(name) && !OPTIONAL.contains(name));
        let mut shown: Map<String, Value> =
            known.map(|Setting(name, form)| ((*name).to_owned(), form.preset())).collect();
        shown.insert("log_requests_level".into(), "".into());
        let set = self.0.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
        shown.extend(set.map(|(name, value)| (name.clone(), value.clone())));
        let ui = shown.remove("ui").unwrap_or_default();
        shown.insert("enable_ui".into(), ui);
        shown
    }
}

/// The experiments that there are.
const EXPERIMENTS: [&str; 3] = ["events.alpha1", "core.audit.events.alpha1", "secrets.import.alpha1"];

impl Form {
    fn preset(self) -> Value {
        match self {
            Self::Text => json!(""),
            Self::Texts => Value::Null,
            Self::Truth | Self::Flag => json!(false),
            Self::Whole | Self::Seconds | Self::Nanoseconds | Self::Octal => json!(0),
        }
    }

    fn read(self, fields: &Fields<'_>, name: &str) -> Result<Option<Value>, String> {
        let (text, body) = (fields.source.text.as_str(), fields.body);
        if matches!(self, Self::Flag | Self::Seconds | Self::Nanoseconds | Self::Octal)
            && fields.value(name).is_none()
        {
            return Ok(None);
        }
        Ok(match self {
            Self::Text => decode::plain_text(text, body, name, name)?.map(Value::from),
            Self::Whole => decode::whole_number(text, body, name)?.map(Value::from),
            Self::Truth => decode::truth(text, body, name)?.map(Value::from),
            Self::Texts => fields.value(name).map(decode::value_to_json),
            Self::Flag => Some(fields.flag(name)?.into()),
            Self::Seconds => Some(fields.duration(name)?.into()),
            Self::Nanoseconds => Some((fields.duration(name)?.saturating_mul(1_000_000_000)).into()),
            Self::Octal => {
                let text = fields.text(name);
                let number = i64::from_str_radix(&text, 8)
                    .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?;
                Some(number.into())
            }
        })
    }
}
