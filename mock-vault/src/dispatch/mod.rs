//! The way of a request through an unsealed server: token, policies, mount, and what follows from the answer.

mod authenticate;
mod finish;
mod login;
mod route;
mod wrap;

use bytes::Bytes;

use crate::audit::Audited;
use crate::lockout::LockoutConfig;
use crate::logical::{Caller, Environment, Need, Operation, Outcome, Refusal, Reply, Request};
use crate::mounts::Backend;
use crate::state::State;

pub(crate) use self::authenticate::within;
use self::finish::refused;

pub(crate) use self::finish::errors_body;
pub(crate) use self::route::{is_open, takes_bytes};

/// What goes back to the client, or what is needed before anything can.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Status, content type, further headers, body.
    Send { status: u16, content_type: &'static str, headers: Vec<(&'static str, String)>, body: Bytes },
    /// Get this and ask again.
    Await(Need),
}

impl State {
    /// Serves a request. Its effects on the state stay also where the client gets an error.
    pub(crate) fn serve(&mut self, request: &mut Request, environment: &Environment) -> Answer {
        if request.operation.is_write() && request.path.ends_with('/') {
            return refused(&Refusal::invalid("cannot write to a path ending in '/'"), false);
        }
        if let Err(refusal) = self.check_wrapping(request, environment) {
            return refused(&refusal, false);
        }
        let open = is_open(&self.mounts, &request.path);
        let outcome = if open {
            self.serve_open(request, environment)
        } else {
            self.serve_authenticated(request, environment)
        };
        let (mut outcome, caller) = outcome;
        if let Ok(Reply::Respond(response)) = &mut outcome
            && !request.listed.is_empty()
        {
            response.prepend(std::mem::take(&mut request.listed));
        }
        let answer = self.finish(request, environment, outcome, caller.as_ref(), open);
        if !matches!(answer, Answer::Await(_)) {
            self.after(caller, environment);
        }
        answer
    }

    fn serve_open(&mut self, request: &Request, environment: &Environment) -> Served {
        let audited = self.audit_request(request, true, None, None, environment);
        (audited.and_then(|()| self.watched(request, environment)), None)
    }

    /// Serves a request that needs no token; who gives wrong passwords is turned away after a while.
    fn watched(&mut self, request: &Request, environment: &Environment) -> Outcome {
        let Some((accessor, alias, config)) = self.who_tries(request) else {
            return self.route(request, environment, None);
        };
        let now = environment.now;
        if self.lockouts.is_locked(&accessor, &alias, config, now) {
            return Err(Refusal::Plain { status: 403, text: "permission denied".into() });
        }
        let outcome = self.route(request, environment, None);
        match &outcome {
            Err(Refusal::Credentials(_)) if !config.disabled => {
                self.lockouts.count(&accessor, &alias, config, now);
            }
            Ok(_) => self.lockouts.forget(&accessor, &alias),
            Err(_) => {}
        }
        outcome
    }

    /// The mount's accessor and the alias of a login whose failures are counted.
    fn who_tries(&self, request: &Request) -> Option<(String, String, LockoutConfig)> {
        let mount = self.mounts.route(&request.path)?;
        let Backend::Engine(engine) = &mount.backend else { return None };
        let alias =
            engine.login_alias(request.path.strip_prefix(mount.entry.path.as_str())?, &request.data)?;
        Some((mount.entry.accessor.clone(), alias, mount.entry.config.lockout.unwrap_or_default()))
    }

    fn serve_authenticated(&mut self, request: &mut Request, environment: &Environment) -> Served {
        let mut caller = match self.authenticate(request, environment) {
            Ok(caller) => caller,
            Err(refusal) => {
                let audited = self.audit_request(request, false, None, Some(&refusal), environment);
                return (Err(audited.err().unwrap_or(refusal)), None);
            }
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
        if !request.is_resumed() {
            self.count_use(caller);
        }
        if let Err(refusal) = verdict {
            self.audit_request(request, false, Some(caller), Some(&refusal), environment)?;
            return Err(refusal);
        }
        self.audit_request(request, false, Some(caller), None, environment)?;
        self.route(request, environment, Some(caller))
    }

    /// Writes the request down, once; `open`: it needs no token; `refusal`: why it goes no further.
    fn audit_request(
        &self,
        request: &Request,
        open: bool,
        caller: Option<&Caller>,
        refusal: Option<&Refusal>,
        environment: &Environment,
    ) -> Result<(), Refusal> {
        if request.is_resumed() || !self.audit.are_enabled() {
            return Ok(());
        }
        let mount = self.view_of(&request.path);
        let headers = &self.settings.audited_headers;
        self.audit.request(&Audited { request, caller, mount: &mount, open, headers, environment }, refusal)
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
