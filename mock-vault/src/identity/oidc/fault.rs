//! What clients and browsers are told where OpenID Connect has words of its own for it.

use serde_json::{Value, json};

use crate::logical::{Outcome, Refusal, Response, to_go_json};

/// An error code and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) told: String,
}

impl Fault {
    /// A fault of the request.
    pub(super) fn new(code: &'static str, told: impl Into<String>) -> Self {
        Self { status: 400, code, told: told.into() }
    }

    /// The same with another status.
    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Something that is the server's fault.
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self::new("server_error", refusal.to_string()).status(500)
    }

    pub(super) fn body(&self) -> Value {
        json!({"error": self.code, "error_description": self.told})
    }

    /// What a client is told that shows a token in its header.
    pub(super) fn challenge(&self) -> String {
        format!("Bearer error={:?},error_description={:?}", self.code, self.told)
    }
}

/// JSON without an envelope.
pub(super) fn bare(status: u16, body: &Value, headers: Vec<(&'static str, String)>) -> Outcome {
    let mut response = Response::raw(status, "application/json", to_go_json(body));
    response.headers = headers;
    response.ok()
}
