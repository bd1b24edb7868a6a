//! Endpoints and the routing among those of one backend.

use std::fmt::Write;

use crate::logical::call::Call;
use crate::logical::fields::{Field, Fields, capture, unknown};
use crate::logical::pattern::{Captures, matches};
use crate::logical::refusal::Refusal;
use crate::logical::request::{Data, Operation};
use crate::logical::response::{Outcome, Reply, Response};

/// Serves one operation of an endpoint of the backend `T`.
pub(crate) type Handler<T> = fn(&mut T, &Call<'_>) -> Outcome;

/// A path of a backend with its parameters and operations.
pub(crate) struct Endpoint<T: 'static> {
    /// See [`crate::logical::pattern`].
    pub(crate) pattern: &'static str,
    /// The parameters, in groups that endpoints share.
    pub(crate) fields: &'static [&'static [Field]],
    /// Whether parameters that are not among the fields are data, and no reason for a warning.
    pub(crate) open: bool,
    /// Whether what the path names exists: makes a write `create` or `update`.
    pub(crate) exists: Option<fn(&T, &Call<'_>) -> bool>,
    pub(crate) operations: &'static [(Operation, Handler<T>)],
}

impl<T> Endpoint<T> {
    /// An endpoint whose writes are always updates.
    pub(crate) const fn new(
        pattern: &'static str,
        fields: &'static [&'static [Field]],
        operations: &'static [(Operation, Handler<T>)],
    ) -> Self {
        Self { pattern, fields, open: false, exists: None, operations }
    }

    /// The same endpoint with an existence check.
    pub(crate) const fn exists(self, check: fn(&T, &Call<'_>) -> bool) -> Self {
        Self { exists: Some(check), ..self }
    }

    /// The same endpoint, taking any parameters.
    pub(crate) const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// A write of `update` also serves `create`.
    fn handler(&self, operation: Operation) -> Option<Handler<T>> {
        let find = |wanted| {
            self.operations.iter().find(|(served, _)| *served == wanted).map(|(_, handler)| *handler)
        };
        find(operation)
            .or_else(|| (operation == Operation::Create).then(|| find(Operation::Update)).flatten())
    }
}

/// Serves a call with the first endpoint that its path matches.
///
/// Errors: `unsupported path`, `unsupported operation`, `Field validation failed: ...`, and the handler's own.
pub(crate) fn invoke<T>(table: &[&[Endpoint<T>]], target: &mut T, call: &mut Call<'_>) -> Outcome {
    let Some((endpoint, captures)) = find(table, call.path) else { return Err(Refusal::UnsupportedPath) };
    if call.request.operation == Operation::Help {
        return Ok(Reply::Respond(Box::new(help(endpoint))));
    }
    let Some(handler) = endpoint.handler(call.request.operation) else {
        return Err(Refusal::UnsupportedOperation);
    };
    let ignored = if endpoint.open { Vec::new() } else { unknown(endpoint.fields, &call.request.data) };
    let (raw, replaced) = merge(&call.request.data, &captures);
    call.fields = Fields::read(endpoint.fields, raw)
        .map_err(|text| Refusal::Invalid(format!("Field validation failed: {text}")))?;
    let mut reply = handler(target, call)?;
    if let Reply::Respond(response) = &mut reply {
        let mut warn = |head: &str, names: &[String]| {
            if !names.is_empty() {
                response.warnings.push(format!("{head}: [{}]", names.join(" ")));
            }
        };
        warn("Endpoint ignored these unrecognized parameters", &ignored);
        warn(
            "Endpoint replaced the value of these parameters with the values captured from the endpoint's path",
            &replaced,
        );
    }
    Ok(reply)
}

/// Whether what the call's path names exists; `None` where the path has no existence check.
///
/// Errors: `error converting input for field ...`.
pub(crate) fn exists<T>(
    table: &[&[Endpoint<T>]],
    target: &T,
    call: &mut Call<'_>,
) -> Result<Option<bool>, Refusal> {
    let Some((endpoint, captures)) = find(table, call.path) else { return Ok(None) };
    let Some(check) = endpoint.exists else { return Ok(None) };
    let (raw, _) = merge(&call.request.data, &captures);
    call.fields = Fields::read(endpoint.fields, raw).map_err(Refusal::Invalid)?;
    Ok(Some(check(target, call)))
}

fn find<'t, 'p, T>(table: &'t [&[Endpoint<T>]], path: &'p str) -> Option<(&'t Endpoint<T>, Captures<'p>)> {
    table.iter().copied().flatten().find_map(|endpoint| Some((endpoint, matches(endpoint.pattern, path)?)))
}

fn merge(data: &Data, captures: &Captures<'_>) -> (Data, Vec<String>) {
    let mut raw = data.clone();
    let mut replaced = Vec::new();
    for (name, value) in captures {
        if capture(&mut raw, name, value) {
            replaced.push((*name).to_owned());
        }
    }
    (raw, replaced)
}

/// What `?help=1` answers.
fn help<T>(endpoint: &Endpoint<T>) -> Response {
    let mut text = format!(
        "Request:        {}\nMatching Route: ^{}$\n\n## PARAMETERS\n",
        endpoint.pattern, endpoint.pattern
    );
    for field in endpoint.fields.iter().copied().flatten() {
        // Writing to a string does not fail.
        let _ = write!(text, "\n    {}\n", field.name());
    }
    let body = serde_json::json!({"help": text, "see_also": null, "openapi": null});
    Response::raw(200, "application/json", serde_json::to_vec(&body).unwrap_or_default())
}
