//! A worker of this server's scheduler: takes evaluations from the leader's queue, wherever that is, and submits plans.

use std::time::Duration;

use lab_wire::rpc::to_value;
use rmpv::Value;
use tokio::sync::watch;

use super::applier::Applied;
use super::scheduler::{Outcome, give_up, schedule};
use super::workers::WorkerPool;
use super::{Server, endpoints};
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::structs::{Body, Evaluation, map};

/// How long one question for work waits. The real program asks twice a second; a question that is open costs nothing.
const DEQUEUE_WAIT: Duration = Duration::from_secs(60);
/// Errors in the first seconds of a server are expected.
const GRACE: Duration = Duration::from_secs(10);
const BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_secs(3);
/// How long to wait for the state that an evaluation was made in.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Works on evaluations of these kinds, until other workers are wanted.
pub(super) async fn run(
    server: &Server,
    id: &str,
    kinds: &[String],
    mut wanted: watch::Receiver<WorkerPool>,
) {
    let clock = &server.parts.host.clock;
    let started = clock.now();
    let mut failures = 0;
    let telemetry = &server.parts.telemetry;
    loop {
        let asked = telemetry.now();
        let found = tokio::select! {
            biased;
            _ = wanted.changed() => return,
            found = dequeue(server, kinds) => found,
        };
        if matches!(found, Ok(Some(_))) {
            telemetry.since("nomad.worker.dequeue_eval", asked);
        }
        match found {
            Ok(Some((evaluation, token))) => {
                failures = 0;
                work(server, id, &evaluation, &token).await;
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

async fn dequeue(server: &Server, kinds: &[String]) -> Result<Option<(Evaluation, String)>, RpcError> {
    let wait = i64::try_from(DEQUEUE_WAIT.as_nanos()).unwrap_or(i64::MAX);
    let answer = server
        .call_self(
            "Eval.Dequeue",
            map([
                ("Region", server.parts.settings.region.as_str().into()),
                ("Schedulers", kinds.iter().map(|kind| Value::from(kind.as_str())).collect()),
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
    let began = server.parts.telemetry.now();
    let sent = server.call_self(method, body).await;
    server.parts.telemetry.since("nomad.worker.send_ack", began);
    if let Err(error) = sent {
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
    let clock = &server.parts.host.clock;
    let most = attempts_for(&evaluation.kind);
    let (mut wanted, mut attempts) = (evaluation.modify_index, 0);
    let telemetry = &server.parts.telemetry;
    while attempts < most {
        let began = telemetry.now();
        catch_up(server, wanted).await?;
        telemetry.since("nomad.worker.wait_for_index", began);
        let now = clock.now();
        let mut outcome =
            server.store.read(|tables| schedule(tables, evaluation, now, &server.ids, &server.jitter));
        // The plan's allocations name those for later, which must be there even if the plan is refused in part.
        let is_later = |found: &mut Evaluation| found.status != "blocked";
        for later in outcome.followups.extract_if(.., is_later) {
            put(server, "Eval.Create", &later, token).await?;
        }
        let applied = submit(server, &outcome, evaluation, token).await?;
        if applied.refresh == 0 {
            telemetry.since(&format!("nomad.worker.invoke_scheduler.{}", evaluation.kind), now);
            return finish(server, outcome, token).await;
        }
        wanted = applied.refresh;
        attempts = if applied.index > 0 { 0 } else { attempts + 1 };
    }
    finish(server, give_up(evaluation, most, clock.now(), &server.ids), token).await
}

/// How often in a row a plan may be refused whole before the evaluation fails.
fn attempts_for(kind: &str) -> usize {
    if kind == "batch" { 2 } else { 5 }
}

/// Waits until this server's state is at least that of `index`.
async fn catch_up(server: &Server, index: u64) -> Result<(), RpcError> {
    let mut applied = server.store.applied();
    let waiting = applied.wait_for(|applied| *applied >= index);
    match server.parts.host.clock.timeout(CATCH_UP, waiting).await {
        // An error means that this server is being stopped.
        Some(_) => Ok(()),
        None => Err(RpcError::new(format!(
            "timed out after {} waiting for index={index}",
            lab_world::format_duration(CATCH_UP)
        ))),
    }
}

/// Submits the plan, and learns what became of it.
async fn submit(
    server: &Server,
    outcome: &Outcome,
    evaluation: &Evaluation,
    token: &str,
) -> Result<Applied, RpcError> {
    let plan = &outcome.plan;
    if plan.is_empty() {
        return Ok(Applied::default());
    }
    let body = endpoints::encode_plan(plan, &server.parts.settings.region, &evaluation.id, token);
    let began = server.parts.telemetry.now();
    let answer = server.call_self("Plan.Submit", body).await;
    server.parts.telemetry.since("nomad.worker.submit_plan", began);
    let answer = answer?;
    let answer = Body(&answer);
    Ok(Applied { index: answer.index("AllocIndex"), refresh: answer.index("RefreshIndex") })
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
    let began = server.parts.telemetry.now();
    let answer = server.call_self(method, body).await;
    let name = if method == "Eval.Create" { "create_eval" } else { "update_eval" };
    server.parts.telemetry.since(&format!("nomad.worker.{name}"), began);
    answer.map(|_| ())
}
