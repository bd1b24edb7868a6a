//! From a handler's outcome to what the client gets.

use bytes::Bytes;

use crate::audit::Audited;
use crate::dispatch::Answer;
use crate::identity;
use crate::logical::{
    Caller, Environment, Need, Operation, Outcome, Refusal, Reply, Request, Response, envelope, to_go_json,
};
use crate::state::State;
use crate::sys;

const JSON: &str = "application/json";

/// `{"errors":[...]}` and a newline.
pub(crate) fn errors_body(text: Option<&str>) -> Bytes {
    let errors: Vec<&str> = text.into_iter().collect();
    let mut body = to_go_json(&std::collections::BTreeMap::from([("errors", errors)]));
    body.push(b'\n');
    body.into()
}

impl State {
    pub(super) fn finish(
        &mut self,
        request: &Request,
        environment: &Environment,
        outcome: Outcome,
        caller: Option<&Caller>,
        open: bool,
    ) -> Answer {
        let outcome = match outcome {
            Ok(Reply::Await(need)) => return Answer::Await(need),
            Err(Refusal::NeedsKey(kind)) => return Answer::Await(Need::Key(kind)),
            Ok(Reply::Respond(response)) => {
                self.grant(request, environment, response, caller, open).map(Some)
            }
            Ok(Reply::Nothing) => Ok(None),
            Err(refusal) => Err(refusal),
        };
        if self.audit.are_enabled() {
            let mount = self.view_of(&request.path);
            let headers = &self.settings.audited_headers;
            let audited = Audited { request, caller, mount: &mount, open, headers, environment };
            if let Err(refusal) = self.audit.response(&audited, &outcome) {
                return refused(&refusal, !open);
            }
        }
        match outcome {
            Ok(None) => nothing(request.operation),
            Ok(Some(response)) => self.present(request, environment, response, open),
            Err(refusal) => {
                identity::denial(&request.path, &refusal).unwrap_or_else(|| refused(&refusal, !open))
            }
        }
    }

    /// Tokens and leases for what the answer grants.
    fn grant(
        &mut self,
        request: &Request,
        environment: &Environment,
        mut response: Box<Response>,
        caller: Option<&Caller>,
        open: bool,
    ) -> Result<Box<Response>, Refusal> {
        let Some(view) = self.locate(&request.path) else { return Ok(response) };
        if open && let Some(auth) = response.auth.take() {
            let (auth, warnings) = self.finish_login(request, environment, &view, auth)?;
            response.auth = Some(auth);
            response.warnings.extend(warnings);
        }
        self.finish_secret(request, environment, &view, caller, &mut response)?;
        Ok(response)
    }

    fn present(
        &mut self,
        request: &Request,
        environment: &Environment,
        response: Box<Response>,
        open: bool,
    ) -> Answer {
        let wrapping = request.wrap_ttl.filter(|_| response.wrap_info.is_none() && response.raw.is_none());
        if wrapping.is_none() && request.operation == Operation::List && lists_nothing(&response) {
            return refused(&Refusal::Silent(404), !open);
        }
        let mount_type = match (open, self.mounts.route(&request.path)) {
            (false, Some(mount)) => mount.entry.kind.clone(),
            _ => String::new(),
        };
        if let Some(ttl) = wrapping {
            if request.operation == Operation::List && lists_nothing(&response) {
                return refused(&Refusal::Plain { status: 404, text: "unsupported path".into() }, !open);
            }
            let accessor = response.auth.as_ref().map(|auth| auth.accessor.clone()).unwrap_or_default();
            let body = envelope(&request.id, &mount_type, &response);
            let wrapped = self.wrap(&body, &request.path, ttl, accessor, environment);
            return send(200, JSON, envelope("", "", &wrapped), true, response.headers);
        }
        if let Some(raw) = response.raw {
            let status = if raw.body.is_empty() && raw.status == 200 { 204 } else { raw.status };
            return Answer::Send {
                status,
                content_type: raw.content_type,
                headers: response.headers,
                body: raw.body,
            };
        }
        if let Some(status) = response.status {
            let id = if response.anonymous { "" } else { request.id.as_str() };
            let body = envelope(id, "", &response);
            return send(status, JSON, body, false, response.headers);
        }
        if response.wrap_info.is_some() {
            return send(200, JSON, envelope("", "", &response), true, response.headers);
        }
        let body = envelope(&request.id, &mount_type, &response);
        let body = match &response.data {
            Some(data) if sys::copies_to_top(&request.path) => with_copies(data, &body),
            _ => body,
        };
        send(200, JSON, body, true, response.headers)
    }
}

/// An envelope whose data stands at the top level too, as clients of old expect it.
fn with_copies(data: &crate::logical::Data, body: &[u8]) -> Vec<u8> {
    let mut copied = vec![b'{'];
    for (key, value) in data {
        copied.extend(to_go_json(key));
        copied.push(b':');
        copied.extend(to_go_json(value));
        copied.push(b',');
    }
    copied.extend(&body[1..]);
    copied
}

fn send(
    status: u16,
    content_type: &'static str,
    mut body: Vec<u8>,
    newline: bool,
    headers: Vec<(&'static str, String)>,
) -> Answer {
    if newline {
        body.push(b'\n');
    }
    Answer::Send { status, content_type, headers, body: body.into() }
}

fn nothing(operation: Operation) -> Answer {
    match operation {
        Operation::Read | Operation::List => refused(&Refusal::Silent(404), true),
        _ => Answer::Send { status: 204, content_type: JSON, headers: Vec::new(), body: Bytes::new() },
    }
}

pub(super) fn refused(refusal: &Refusal, authenticated: bool) -> Answer {
    let (status, text) = refusal.answer(authenticated);
    Answer::Send { status, content_type: JSON, headers: Vec::new(), body: errors_body(text.as_deref()) }
}

/// A list without keys is not found, unless it says something else.
fn lists_nothing(response: &Response) -> bool {
    response.raw.is_none()
        && response.warnings.is_empty()
        && response.data.as_ref().is_none_or(|data| match data.get("keys") {
            None => data.is_empty(),
            Some(keys) => keys.as_array().is_some_and(Vec::is_empty),
        })
}
