//! `sys/internal/ui`: what clients ask before they know what they may do.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::logical::{
    Call, Caller, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response, respond,
};
use crate::mounts::MountEntry;
use crate::policy::Acl;
use crate::state::State;

/// The endpoints for clients.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("internal/ui/mounts", &[], &[(Read, mounts)]),
    Endpoint::new("internal/ui/mounts/{path+}", &[&[Field::text("path")]], &[(Read, mount)]),
    Endpoint::new("internal/ui/authenticated-messages", &[], &[(Read, |_, _| respond(json!({})))]),
    Endpoint::new("internal/ui/unauthenticated-messages", &[], &[(Read, |_, _| respond(json!({})))]),
    Endpoint::new("internal/ui/resultant-acl", &[], &[(Read, resultant_acl)]),
    Endpoint::new("internal/ui/namespaces", &[], &[(Read, namespaces)]),
    Endpoint::new(
        "internal/specs/openapi",
        &[&[Field::text("context")]],
        &[(Read, openapi), (Update, openapi)],
    ),
];

/// Who asks, on a path that needs no token: nobody, or what they may do.
enum Asker {
    Nobody,
    Root,
    Limited(Arc<Acl>),
}

impl Asker {
    fn of(state: &mut State, call: &Call<'_>) -> Self {
        let token = call.request.token.as_deref().unwrap_or("");
        let Some((token_id, token)) = state.tokens.find(token, call.now()) else { return Self::Nobody };
        if token.is_root() {
            return Self::Root;
        }
        let subject = state.identity.subject(&token.entity_id);
        let caller = Caller { token, token_id, subject, root: false, sudo: false };
        Self::Limited(state.acl_of(&caller, call.environment))
    }

    fn sees(&self, entry: &MountEntry) -> bool {
        match self {
            Self::Nobody => false,
            Self::Root => true,
            Self::Limited(acl) => acl.reaches(&entry.path),
        }
    }
}

fn mounts(state: &mut State, call: &Call<'_>) -> Outcome {
    let asker = Asker::of(state, call);
    if matches!(asker, Asker::Nobody) {
        refuse_bad_token(call)?;
    }
    let (mut secret, mut auth) = (Data::new(), Data::new());
    for entry in state.mounts.values().map(|mount| &mount.entry) {
        let shown = entry.config.listing_visibility.as_deref() == Some("unauth");
        let info = if asker.sees(entry) {
            entry.info(true)
        } else if shown {
            Data::from_iter([
                ("type".to_owned(), json!(entry.kind)),
                ("description".to_owned(), json!(entry.description)),
                ("options".to_owned(), json!(entry.options)),
            ])
        } else {
            continue;
        };
        let table = if entry.is_auth() { &mut auth } else { &mut secret };
        table.insert(entry.shown_path().to_owned(), Value::Object(info));
    }
    respond(json!({"secret": secret, "auth": auth}))
}

/// Whoever sends a token sends a good one.
fn refuse_bad_token(call: &Call<'_>) -> Result<(), Refusal> {
    if call.request.token.is_some() { Err(Refusal::InvalidToken) } else { Ok(()) }
}

fn mount(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = format!("{}/", call.fields.text("path").trim_end_matches('/'));
    let asker = Asker::of(state, call);
    if matches!(asker, Asker::Nobody) {
        refuse_bad_token(call)?;
        return Err(Refusal::Plain { status: 403, text: "permission denied".into() });
    }
    let entry = state.mounts.route(&path).map(|mount| &mount.entry).filter(|entry| asker.sees(entry));
    let Some(entry) = entry else {
        let text = format!(
            "preflight capability check returned 403, please ensure client's policies grant access to path {path:?}"
        );
        return Err(Refusal::Plain { status: 403, text });
    };
    let mut info = entry.info(true);
    info.insert("path".into(), entry.path.as_str().into());
    respond(Value::Object(info))
}

/// Whoever has a token sees the one namespace there is.
fn namespaces(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.request.token.is_none() {
        return Err(Refusal::Failed("client token empty".into()));
    }
    match Asker::of(state, call) {
        Asker::Nobody => Err(Refusal::InvalidToken),
        Asker::Root | Asker::Limited(_) => respond(json!({"keys": [""]})),
    }
}

fn resultant_acl(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    if caller.root {
        return respond(json!({"root": true, "chroot_namespace": ""}));
    }
    let acl = state.acl_of(caller, call.environment);
    let (exact, glob) = acl.resultant();
    respond(json!({"root": false, "chroot_namespace": "", "exact_paths": exact, "glob_paths": glob}))
}

fn openapi(_: &mut State, _: &Call<'_>) -> Outcome {
    let body = json!({
        "openapi": "3.0.2",
        "info": {"title": "HashiCorp Vault API", "description": "HTTP API that gives you full access to Vault. All API routes are prefixed with `/v1/`."},
        "paths": {}, "components": {"schemas": {}},
    });
    Response::raw(200, "application/json", body.to_string()).ok()
}
