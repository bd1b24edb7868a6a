//! Takes a body apart as `mapstructure` does: strict about types and names, in its words.

use std::time::Duration;

use lab_hcl::{Body, Item, Kind, Value};
use lab_world::parse_duration;

const SIGNALS: [&str; 28] = [
    "SIGABRT", "SIGALRM", "SIGBUS", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT",
    "SIGKILL", "SIGNULL", "SIGPIPE", "SIGPROF", "SIGQUIT", "SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTERM",
    "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGXCPU", "SIGXFSZ",
];

/// Reads a body by name; complaints go to one list for the whole file.
pub(super) struct Decoder<'a, 'e> {
    body: &'a Body,
    /// The names that lead here, such as `vault.retry`.
    path: String,
    used: Vec<bool>,
    errors: &'e mut Vec<String>,
}

impl<'a, 'e> Decoder<'a, 'e> {
    pub(super) fn new(body: &'a Body, path: &str, errors: &'e mut Vec<String>) -> Self {
        Self { body, path: path.to_owned(), used: vec![false; body.items.len()], errors }
    }

    /// A decoder for a body below this one; its complaints go to the same list.
    pub(super) fn within<'b>(&'b mut self, body: &'a Body, path: String) -> Decoder<'a, 'b> {
        Decoder { body, path, used: vec![false; body.items.len()], errors: self.errors }
    }

    pub(super) fn string(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::String(text) => Some(text.clone()),
            _ => self.mismatch(name, "string", value),
        }
    }

    pub(super) fn bool(&mut self, name: &str) -> Option<bool> {
        self.bool_shown(name, name)
    }

    /// As [`Self::bool`], called `shown` in complaints.
    pub(super) fn bool_shown(&mut self, name: &str, shown: &str) -> Option<bool> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::Bool(truth) => Some(*truth),
            _ => self.mismatch(shown, "bool", value),
        }
    }

    pub(super) fn integer(&mut self, name: &str, shown: &str) -> Option<i64> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::Number(number) => number.integer().ok().or_else(|| self.mismatch(shown, "int", value)),
            _ => self.mismatch(shown, "int", value),
        }
    }

    pub(super) fn float(&mut self, name: &str) -> Option<f64> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::Number(number) => number.float().or_else(|| self.mismatch(name, "float64", value)),
            _ => self.mismatch(name, "float64", value),
        }
    }

    /// A duration: a text such as `5m`, or a number of nanoseconds.
    pub(super) fn duration(&mut self, name: &str) -> Option<Duration> {
        self.duration_shown(name, name)
    }

    /// As [`Self::duration`], called `shown` in complaints.
    pub(super) fn duration_shown(&mut self, name: &str, shown: &str) -> Option<Duration> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::String(text) => match parse_duration(text) {
                Ok(duration) => Some(duration),
                Err(error) => self.failed(shown, &error.to_string()),
            },
            Kind::Number(number) => {
                number.integer().ok().map(|nanos| Duration::from_nanos(nanos.unsigned_abs()))
            }
            _ => self.mismatch(shown, "time.Duration", value),
        }
    }

    /// Permissions: octal as a text, or a number.
    pub(super) fn mode(&mut self, name: &str) -> Option<u32> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::String(text) => match u32::from_str_radix(text, 8) {
                Ok(mode) => Some(mode),
                Err(_) => self.failed(name, &format!("strconv.ParseUint: parsing {text:?}: invalid syntax")),
            },
            Kind::Number(number) => number.integer().ok().and_then(|mode| u32::try_from(mode).ok()),
            _ => self.mismatch(name, "fs.FileMode", value),
        }
    }

    /// A list of strings; a string is taken apart at its commas.
    pub(super) fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.value(name)?;
        match &value.kind {
            Kind::String(text) if text.is_empty() => Some(Vec::new()),
            Kind::String(text) => Some(text.split(',').map(str::to_owned).collect()),
            Kind::List(items) => {
                Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
            }
            _ => self.mismatch(name, "[]string", value),
        }
    }

    pub(super) fn signal(&mut self, name: &str) -> Option<String> {
        let text = self.string(name)?;
        if text.is_empty() {
            return Some("SIGNULL".to_owned());
        }
        if SIGNALS.contains(&text.to_uppercase().as_str()) {
            return Some(text.to_uppercase());
        }
        let valid: Vec<String> = SIGNALS.iter().map(|signal| format!("{signal:?}")).collect();
        let valid = valid.join(" ");
        self.failed(name, &format!("invalid signal {text:?} - valid signals are [{valid}]"))
    }

    /// The block called `name`, of which the last counts.
    pub(super) fn block(&mut self, name: &str, decode: impl FnOnce(&mut Decoder<'a, '_>)) -> bool {
        let Some(body) = self.blocks(name).pop() else { return false };
        let path = self.join(name);
        let mut block = self.within(body, path);
        decode(&mut block);
        block.finish();
        true
    }

    /// The bodies of all blocks called `name`. A label counts as a block within.
    pub(super) fn blocks(&mut self, name: &str) -> Vec<&'a Body> {
        let mut found = Vec::new();
        for (item, used) in self.body.items.iter().zip(&mut self.used) {
            let Item::Block(block) = item else { continue };
            if block.kind.eq_ignore_ascii_case(name) {
                *used = true;
                if let Some(label) = block.label() {
                    let path = match name {
                        "template" => format!("template[{}]", found.len()),
                        other => other.to_owned(),
                    };
                    self.errors.push(format!("'{path}' has invalid keys: {label}"));
                }
                found.push(&block.body);
            }
        }
        found
    }

    /// The text of `name = "..."`, leaving blocks of that name alone.
    pub(super) fn plain_text(&mut self, name: &str) -> Option<String> {
        self.value(name).and_then(|value| value.as_str()).map(str::to_owned)
    }

    /// Passes over everything called `name`; whether there was any.
    pub(super) fn skip(&mut self, name: &str) -> bool {
        let mut found = false;
        for (item, used) in self.body.items.iter().zip(&mut self.used) {
            if item.name().eq_ignore_ascii_case(name) {
                *used = true;
                found = true;
            }
        }
        found
    }

    /// Adds a complaint about the value of `name`.
    pub(super) fn failed<T>(&mut self, name: &str, problem: &str) -> Option<T> {
        let place = self.join(name);
        self.errors.push(format!("error decoding '{place}': {problem}"));
        None
    }

    /// Complains about every name that nothing asked for.
    pub(super) fn finish(&mut self) {
        let mut unknown: Vec<&str> = Vec::new();
        for (item, used) in self.body.items.iter().zip(&self.used) {
            if !used && !unknown.contains(&item.name()) {
                unknown.push(item.name());
            }
        }
        if !unknown.is_empty() {
            unknown.sort_unstable();
            self.errors.push(format!("'{}' has invalid keys: {}", self.path, unknown.join(", ")));
        }
    }

    fn value(&mut self, name: &str) -> Option<&'a Value> {
        let mut found = None;
        for (item, used) in self.body.items.iter().zip(&mut self.used) {
            let Item::Attribute(attribute) = item else { continue };
            if attribute.name.eq_ignore_ascii_case(name) {
                *used = true;
                found = Some(&attribute.value);
            }
        }
        found.filter(|value| value.kind != Kind::Null)
    }

    fn mismatch<T>(&mut self, name: &str, wanted: &str, value: &Value) -> Option<T> {
        let (got, shown) = match &value.kind {
            Kind::String(text) => ("string", text.clone()),
            Kind::Number(number) => match (number.integer(), number.float()) {
                (Ok(whole), _) => ("int", whole.to_string()),
                (_, Some(fraction)) => ("float64", fraction.to_string()),
                _ => ("float64", number.text().to_owned()),
            },
            Kind::Bool(truth) => ("bool", truth.to_string()),
            Kind::List(_) => ("[]interface {}", "[...]".to_owned()),
            _ => ("map[string]interface {}", "map[...]".to_owned()),
        };
        let place = self.join(name);
        self.errors.push(format!(
            "'{place}' expected type '{wanted}', got unconvertible type '{got}', value: '{shown}'"
        ));
        None
    }

    fn join(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
