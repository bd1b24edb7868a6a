//! What an audit line does not show.

use ring::hmac;
use serde_json::Value;

use crate::audit::{AuditDevice, hash};
use crate::logical::Data;

/// How a device hides what is secret.
pub(super) struct Hider<'a> {
    pub(super) key: &'a hmac::Key,
    pub(super) device: &'a AuditDevice,
}

impl Hider<'_> {
    /// A secret as its HMAC.
    pub(super) fn secret(&self, text: &str) -> Value {
        if self.device.raw() { text.into() } else { hash(self.key, text).into() }
    }

    /// An accessor, which a device may be told to show.
    pub(super) fn accessor(&self, text: &str) -> Value {
        if self.device.hash_accessors() { self.secret(text) } else { text.into() }
    }

    /// Every text of the data as its HMAC, but for the parameters that the mount says are no secrets. The numbers of a
    /// request are hidden too, which are texts to the real server.
    pub(super) fn data(&self, data: &Data, plain: &[String], numbers: bool) -> Value {
        let shown = |(name, value): (&String, &Value)| {
            let value = if plain.contains(name) { value.clone() } else { self.value(value, numbers) };
            (name.clone(), value)
        };
        Value::Object(data.iter().map(shown).collect())
    }

    fn value(&self, value: &Value, numbers: bool) -> Value {
        if self.device.raw() {
            return value.clone();
        }
        match value {
            Value::String(text) => self.secret(text),
            Value::Number(number) if numbers => self.secret(&number.to_string()),
            Value::Array(items) => items.iter().map(|item| self.value(item, numbers)).collect(),
            Value::Object(object) => self.data(object, &[], numbers),
            other => other.clone(),
        }
    }
}
