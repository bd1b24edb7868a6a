//! The scheduler of this server: takes evaluations from the leader's queue, wherever that is, and submits plans.

use std::sync::Arc;
use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::scheduler::{Outcome, schedule};
use super::{Server, endpoints};
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::Topic;
use crate::structs::{Body, Evaluation, map};

/// How long one question for work waits. The real program asks twice a second; a question that is open costs nothing.
const DEQUEUE_WAIT: Duration = Duration::from_secs(60);
/// Errors in the first seconds of a server are expected.
const GRACE: Duration = Duration::from_secs(10);
const BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_secs(3);
/// How often an evaluation is looked at again when its plan no longer fits.
const ATTEMPTS: usize = 5;
/// How long to wait for the state that an evaluation was made in.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Starts the worker.
pub(super) fn begin(server: &Arc<Server>) {
    server.tasks().spawn(run(Arc::clone(server)));
}

async fn run(server: Arc<Server>) {
    let clock = &server.parts.host.clock;
    let id = server.ids.branch("worker").uuid();
    let started = clock.now();
    let mut failures = 0;
    loop {
        match dequeue(&server).await {
            Ok(Some((evaluation, token))) => {
                failures = 0;
                work(&server, &id, &evaluation, &token).await;
            }
            Ok(None) => {
                failures = 0;
                // A leader that has no queue yet answers at once.
                clock.sleep(BACKOFF).await;
            }
            Err(error) => {
                if clock.now() - started > GRACE {
                    let text =
                        format!("failed to dequeue evaluation: worker_id={id} {}", pair("error", error));
                    server.parts.host.log.error("worker", text);
                }
                let backoff = BACKOFF * 4_u32.pow(failures.min(6));
                clock.sleep(backoff.min(MAX_BACKOFF)).await;
                failures += 1;
            }
        }
    }
}

async fn dequeue(server: &Server) -> Result<Option<(Evaluation, String)>, RpcError> {
    let types = ["service", "batch", "system", "sysbatch"].map(Value::from);
    let wait = i64::try_from(DEQUEUE_WAIT.as_nanos()).unwrap_or(i64::MAX);
    let answer = server
        .call_self(
            "Eval.Dequeue",
            map([
                ("Region", server.parts.settings.region.as_str().into()),
                ("Schedulers", Value::Array(types.to_vec())),
                ("SchedulerVersion", 1.into()),
                ("Timeout", wait.into()),
            ]),
        )
        .await?;
    let answer = Body(&answer);
    let evaluation: Option<Evaluation> = answer.object("Eval")?;
    Ok(evaluation.map(|evaluation| (evaluation, answer.string("Token").to_owned())))
}

async fn work(server: &Server, id: &str, evaluation: &Evaluation, token: &str) {
    let done = process(server, evaluation, token).await;
    let method = if done.is_ok() { "Eval.Ack" } else { "Eval.Nack" };
    if let Err(error) = &done {
        let text = format!("error invoking scheduler: worker_id={id} {}", pair("error", error));
        server.parts.host.log.error("worker", text);
    }
    let body = map([
        ("Region", server.parts.settings.region.as_str().into()),
        ("EvalID", evaluation.id.as_str().into()),
        ("Token", token.into()),
    ]);
    if let Err(error) = server.call_self(method, body).await {
        let text = format!(
            "failed to acknowledge evaluation: worker_id={id} eval_id={} {}",
            evaluation.id,
            pair("error", error)
        );
        server.parts.host.log.error("worker", text);
    }
}

/// Decides, submits, and decides again where the state had moved on meanwhile.
async fn process(server: &Server, evaluation: &Evaluation, token: &str) -> Result<(), RpcError> {
    let mut wanted = evaluation.modify_index;
    for _ in 0..ATTEMPTS {
        catch_up(server, wanted).await?;
        let now = server.parts.host.clock.now();
        let outcome =
            server.store.read(|tables| schedule(tables, evaluation, now, &server.ids, &server.jitter));
        if let Some(refresh) = submit(server, &outcome, evaluation, token).await? {
            wanted = refresh;
            continue;
        }
        return finish(server, outcome, token).await;
    }
    let failed = Evaluation {
        status: "failed".to_owned(),
        status_description: format!("maximum attempts reached ({ATTEMPTS})"),
        modify_time: server.now_nanos(),
        ..evaluation.clone()
    };
    finish(server, Outcome { finished: failed, ..Outcome::default() }, token).await
}

/// Waits until this server's state is at least that of `index`.
async fn catch_up(server: &Server, index: u64) -> Result<(), RpcError> {
    let mut changed = server.store.subscribe(Topic::Evaluations);
    let waiting = async {
        while server.store.read(|tables| tables.index) < index {
            changed.borrow_and_update();
            if changed.changed().await.is_err() {
                return;
            }
        }
    };
    match server.parts.host.clock.timeout(CATCH_UP, waiting).await {
        Some(()) => Ok(()),
        None => Err(RpcError::new(format!(
            "timed out after {} waiting for index={index}",
            lab_world::format_duration(CATCH_UP)
        ))),
    }
}

/// Submits the plan. An index where some of it did not fit the state any more.
async fn submit(
    server: &Server,
    outcome: &Outcome,
    evaluation: &Evaluation,
    token: &str,
) -> Result<Option<u64>, RpcError> {
    let plan = &outcome.plan;
    if plan.place.is_empty() && plan.stop.is_empty() && plan.update.is_empty() {
        return Ok(None);
    }
    // Evaluations that the plan's allocations name must be there before it.
    let body = endpoints::encode_plan(plan, &server.parts.settings.region, &evaluation.id, token);
    let answer = server.call_self("Plan.Submit", body).await?;
    Ok(Some(Body(&answer).index("RefreshIndex")).filter(|index| *index > 0))
}

async fn finish(server: &Server, outcome: Outcome, token: &str) -> Result<(), RpcError> {
    for evaluation in outcome.followups {
        put(server, "Eval.Create", &evaluation, token).await?;
    }
    put(server, "Eval.Update", &outcome.finished, token).await
}

async fn put(server: &Server, method: &str, evaluation: &Evaluation, token: &str) -> Result<(), RpcError> {
    let evaluation = to_value(evaluation).map_err(|error| RpcError::new(error.to_string()))?;
    let body = map([
        ("Region", server.parts.settings.region.as_str().into()),
        ("Evals", Value::Array(vec![evaluation])),
        ("EvalToken", token.into()),
    ]);
    server.call_self(method, body).await.map(|_| ())
}
