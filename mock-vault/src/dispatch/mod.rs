//! The way of a request through an unsealed server: token, policies, mount, and what follows from the answer.

mod authenticate;
mod finish;
mod login;
mod route;
mod wrap;

use bytes::Bytes;

use crate::logical::{Caller, Environment, Fetch, Operation, Outcome, Refusal, Request};
use crate::state::State;

pub(crate) use self::authenticate::within;
pub(crate) use self::finish::errors_body;
pub(crate) use self::route::is_open;

/// What goes back to the client, or what is needed before anything can.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Status, content type, further headers, body.
    Send { status: u16, content_type: &'static str, headers: Vec<(&'static str, String)>, body: Bytes },
    /// Fetch this and ask again.
    Await(Fetch),
}

impl State {
    /// Serves a request. Its effects on the state stay also where the client gets an error.
    pub(crate) fn serve(&mut self, mut request: Request, environment: &Environment) -> Answer {
        let open = is_open(&self.mounts, &request.path);
        let outcome = if open {
            self.serve_open(&request, environment)
        } else {
            self.serve_authenticated(&mut request, environment)
        };
        let (outcome, caller) = outcome;
        let answer = self.finish(&request, environment, outcome, caller.as_ref(), open);
        self.after(caller, environment);
        answer
    }

    fn serve_open(&mut self, request: &Request, environment: &Environment) -> Served {
        let audited = self.audit.request(request, None, environment);
        (audited.and_then(|()| self.route(request, environment, None)), None)
    }

    fn serve_authenticated(&mut self, request: &mut Request, environment: &Environment) -> Served {
        let mut caller = match self.authenticate(request, environment) {
            Ok(caller) => caller,
            Err(refusal) => return (Err(refusal), None),
        };
        let outcome = self.authorized(request, environment, &mut caller);
        (outcome, Some(caller))
    }

    fn authorized(
        &mut self,
        request: &mut Request,
        environment: &Environment,
        caller: &mut Caller,
    ) -> Outcome {
        if request.operation == Operation::Update {
            request.operation = self.create_or_update(request, environment, caller)?;
        }
        let verdict = self.authorize(request, environment, caller);
        self.count_use(caller);
        if let Err(refusal) = verdict {
            self.audit.request(request, Some(caller), environment)?;
            return Err(refusal);
        }
        if request.operation.is_write() && request.path.ends_with('/') {
            return Err(Refusal::invalid("cannot write to a path ending in '/'"));
        }
        self.audit.request(request, Some(caller), environment)?;
        self.route(request, environment, Some(caller))
    }

    /// A token that has been used up goes when its last request is served.
    fn after(&mut self, caller: Option<Caller>, environment: &Environment) {
        if let Some(caller) = caller
            && caller.token.num_uses < 0
        {
            self.revoke_token(&caller.token_id, environment);
        }
    }
}

/// The caller comes along, since a token may have to be revoked after its last request.
type Served = (Outcome, Option<Caller>);
