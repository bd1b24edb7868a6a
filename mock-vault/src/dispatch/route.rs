//! From a request to the handler of its path.

use std::sync::Arc;

use crate::logical::{
    Call, Caller, Environment, Fields, MountView, Operation, Outcome, Refusal, Request, exists, invoke,
};
use crate::mounts::{Backend, Mounts, special};
use crate::state::State;
use crate::{cubbyhole, identity, sys, token};

/// Whether a path needs no token.
pub(crate) fn is_open(mounts: &Mounts, path: &str) -> bool {
    let Some(mount) = mounts.route(path) else { return false };
    let rest = path.strip_prefix(mount.entry.path.as_str()).unwrap_or("");
    match &mount.backend {
        Backend::System => special(sys::UNAUTHENTICATED, rest),
        Backend::Identity => special(identity::UNAUTHENTICATED, rest),
        Backend::Engine(engine) => special(engine.unauthenticated(), rest),
        Backend::Token | Backend::Cubbyhole => false,
    }
}

/// Whether what is written to a path is bytes.
pub(crate) fn takes_bytes(mounts: &Mounts, path: &str) -> bool {
    let Some(mount) = mounts.route(path) else { return false };
    let rest = path.strip_prefix(mount.entry.path.as_str()).unwrap_or("");
    matches!(&mount.backend, Backend::Engine(engine) if special(engine.binary(), rest))
}

/// Whether a path needs `sudo` beside the capability.
pub(super) fn needs_sudo(mounts: &Mounts, path: &str) -> bool {
    let Some(mount) = mounts.route(path) else { return false };
    let rest = path.strip_prefix(mount.entry.path.as_str()).unwrap_or("");
    match &mount.backend {
        Backend::System => special(sys::SUDO, rest),
        Backend::Token => special(token::SUDO, rest),
        Backend::Engine(engine) => special(engine.sudo(), rest),
        Backend::Identity | Backend::Cubbyhole => false,
    }
}

impl State {
    /// Serves a request that may be served.
    pub(super) fn route(
        &mut self,
        request: &Request,
        environment: &Environment,
        caller: Option<&Caller>,
    ) -> Outcome {
        let Some(view) = self.locate(&request.path) else {
            return Err(Refusal::Plain {
                status: 404,
                text: format!("no handler for route {:?}. route entry not found.", request.path),
            });
        };
        let path = request.path.strip_prefix(view.path.as_str()).unwrap_or("");
        let mut call = Call { request, path, environment, mount: &view, caller, fields: Fields::default() };
        let Some(mount) = self.mounts.at_mut(&view.path) else { return Err(Refusal::UnsupportedPath) };
        match &mut mount.backend {
            Backend::System => invoke(sys::ENDPOINTS, self, &mut call),
            Backend::Token => invoke(&[token::ENDPOINTS], self, &mut call),
            Backend::Identity => invoke(identity::ENDPOINTS, self, &mut call),
            Backend::Cubbyhole => invoke(&[cubbyhole::ENDPOINTS], self, &mut call),
            Backend::Engine(engine) => engine.handle(&mut call),
        }
    }

    /// Whether a write makes something new.
    pub(super) fn create_or_update(
        &self,
        request: &Request,
        environment: &Environment,
        caller: &Caller,
    ) -> Result<Operation, Refusal> {
        let Some(view) = self.locate(&request.path) else { return Ok(Operation::Update) };
        let Some(mount) = self.mounts.at(&view.path) else { return Ok(Operation::Update) };
        let path = request.path.strip_prefix(view.path.as_str()).unwrap_or("");
        let mut call = Call {
            request,
            path,
            environment,
            mount: &view,
            caller: Some(caller),
            fields: Fields::default(),
        };
        let found = match &mount.backend {
            Backend::System => None,
            Backend::Identity => exists(identity::ENDPOINTS, self, &mut call)?,
            Backend::Token => exists(&[token::ENDPOINTS], self, &mut call)?,
            Backend::Cubbyhole => exists(&[cubbyhole::ENDPOINTS], self, &mut call)?,
            Backend::Engine(engine) => engine.exists(&mut call)?,
        };
        Ok(if found == Some(false) { Operation::Create } else { Operation::Update })
    }

    pub(super) fn locate(&self, path: &str) -> Option<Arc<MountView>> {
        self.mounts.route(path).map(|mount| Arc::clone(&mount.view))
    }
}
