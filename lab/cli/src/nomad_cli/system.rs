//! `nomad system`

use serde_json::Value as Json;

use super::command::{Arity, Command, Fault, General, Outcome};
use super::session::Session;

pub(super) const GC: Command = Command {
    name: "system gc",
    synopsis: "Run the system garbage collection process",
    usage: "[options]",
    flags: &[],
    general: General::Client,
    arity: Arity::NONE,
    run: gc,
};
pub(super) const RECONCILE: Command = Command {
    name: "system reconcile summaries",
    synopsis: "Reconciles the summaries of all registered jobs",
    usage: "[options]",
    flags: &[],
    general: General::Client,
    arity: Arity::NONE,
    run: reconcile,
};
fn gc(session: &Session<'_>) -> Outcome {
    session
        .api()?
        .put("/v1/system/gc", &[], &Json::Null)
        .map_err(Fault::of("Error running system garbage-collection"))?;
    Ok(0)
}

fn reconcile(session: &Session<'_>) -> Outcome {
    session
        .api()?
        .put("/v1/system/reconcile/summaries", &[], &Json::Null)
        .map_err(Fault::of("Error running system summary reconciliation"))?;
    Ok(0)
}
