//! `Plan.Submit`: what a scheduler wants is checked against the present state and put into the log.

use lab_wire::rpc::{from_value, to_value};
use rmpv::Value;

use super::{Request, Server};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::PlanResult;
use crate::structs::{Body, map};

/// The request for a plan.
pub(in crate::server) fn encode_plan(
    plan: &PlanResult,
    region: &str,
    evaluation: &str,
    token: &str,
) -> Value {
    map([
        ("Region", region.into()),
        ("EvalID", evaluation.into()),
        ("EvalToken", token.into()),
        ("Plan", to_value(plan).unwrap_or(Value::Nil)),
    ])
}

/// The answer's `RefreshIndex` is not 0 where some of it no longer fits: the scheduler must look again.
pub(super) async fn submit(server: &Server, request: &Request) -> RpcResult {
    server.server_only(request)?;
    if let Route::Elsewhere(answer) = server.forward(request, Access::Write).await {
        return answer;
    }
    let body = Body(&request.body);
    let Some(plan) = body.get("Plan") else { return Err(RpcError::new("cannot submit nil plan")) };
    let plan: PlanResult = from_value(plan.clone()).map_err(|error| RpcError::new(error.to_string()))?;
    let evaluation = body.string("EvalID");
    server.broker.check(evaluation, body.string("EvalToken")).map_err(RpcError::new)?;
    let applied = server.apply_plan(evaluation, plan).await?;
    Ok(map([
        ("AllocIndex", applied.index.into()),
        ("RefreshIndex", applied.refresh.into()),
        ("Index", applied.index.into()),
    ]))
}
