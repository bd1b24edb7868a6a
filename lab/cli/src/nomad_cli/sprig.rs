//! The functions of `-t`: Sprig's, with JSON whose fields stand in the order in which they are declared.

use lab_consul_template::Sprig;
use lab_template::{Effect, Functions, Signature, Value};
use time::OffsetDateTime;

use super::shape::declared;

/// The functions of `-t`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FormatFunctions(Sprig);

impl FormatFunctions {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self(Sprig { json: |value, indent| declared(value, indent, 0), now, tells_time: true })
    }
}

impl Functions for FormatFunctions {
    fn signature(&self, name: &str) -> Option<Signature> {
        self.0.signature(name)
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        self.0.call(name, arguments)
    }

    fn effect(&self, name: &str) -> Effect {
        if Sprig::changes_first(name) { Effect::ChangesFirst } else { Effect::None }
    }
}
