//! `sys/seal` and `sys/step-down` on an unsealed server.

use crate::logical::{Call, Endpoint, Operation::*, Outcome, Reply};
use crate::state::State;

/// The endpoints of sealing.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[Endpoint::new("seal", &[], &[(Update, seal)])];

/// The server seals itself when the request is done.
fn seal(state: &mut State, _: &Call<'_>) -> Outcome {
    state.seal = true;
    Ok(Reply::Nothing)
}
