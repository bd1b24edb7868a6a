//! Carries a plan out on a fleet.

pub(crate) mod agents;
mod context;
mod jobs;
mod options;
mod perform;
mod recorder;
mod rollout;
mod setup;
pub(crate) mod templates;
mod vault;
mod wait;

use std::sync::Mutex;

use self::context::{Context, milliseconds};
use crate::error::Error;
use crate::fleet::Fleet;
use crate::nomad::NomadApi;
use crate::observe::Observer;
use crate::probe::Prober;
use crate::scenario::{Plan, PlannedStep, Step};
use crate::timeline::{Entry, Event, FindingState, Phase};
use crate::verdict::{FailedAssertion, Failure, Outcome, Verdict};

pub use self::options::{ProbeMode, RunOptions};
pub(crate) use self::recorder::Recorder;
pub(crate) use self::wait::Pace;

/// Carries out `plan` on `fleet`, whose machines are new, and watches what happens.
///
/// `on_entry` sees each entry of the timeline as it comes. The run goes on past violated invariants and failed
/// assertions, since what follows tells more; it ends early only where an action fails.
pub async fn run(
    plan: &Plan,
    options: &RunOptions,
    fleet: &dyn Fleet,
    on_entry: &mut (dyn FnMut(&Entry) + Send),
) -> Outcome {
    let clock = &fleet.operator().clock;
    let begun = clock.now();
    let on_entry = Mutex::new(on_entry);
    let follow = |entry: &Entry| (on_entry.lock().expect("no panic while following"))(entry);
    let recorder = Recorder::new(plan, clock, &follow);
    recorder.record(started(plan, options, fleet));
    let (failure, failed_assertions) = {
        let pace = Pace::new(clock, fleet.nodes().len());
        let token = fleet.existing().and_then(|existing| existing.nomad_token);
        let nomad = NomadApi::new(fleet.operator()).with_token(token);
        let observer = Observer::new(fleet, &recorder, &nomad, &pace);
        let context = Context {
            fleet,
            plan,
            recorder: &recorder,
            nomad: &nomad,
            observer: &observer,
            prober: Prober::new(fleet, &recorder, &nomad),
            pace: &pace,
            entropy: fleet.operator().entropy.branch("operator"),
            memory: Mutex::default(),
        };
        let result = tokio::select! {
            biased;
            result = Box::pin(context.carry_out(options)) => result,
            never = Box::pin(observer.watch()) => match never {},
        };
        context.leave().await;
        result
    };
    let mut verdict = Verdict {
        findings: recorder.findings(),
        failed_assertions,
        failure,
        expected: plan.expected.clone(),
    };
    if verdict.failure.is_some() {
        // A run that ended early proves nothing held.
        verdict.findings.iter_mut().filter(|finding| finding.state == FindingState::Held).for_each(
            |finding| {
                finding.state = FindingState::NotExercised;
            },
        );
    }
    for finding in &verdict.findings {
        let (invariant, state) = (finding.invariant.clone(), finding.state);
        recorder.record(Event::Finding { invariant, state, checks: finding.checks });
    }
    let took_ms = milliseconds(clock.now() - begun);
    recorder.record(Event::RunFinished { exit_code: verdict.exit_code(), took_ms });
    Outcome { timeline: recorder.into_timeline(), verdict }
}

fn started(plan: &Plan, options: &RunOptions, fleet: &dyn Fleet) -> Event {
    Event::RunStarted {
        scenario: plan.scenario.clone(),
        change: plan.change.clone(),
        seed: options.seed,
        servers: plan.topology.servers,
        clients: plan.topology.clients,
        region: plan.topology.region.clone(),
        is_virtual: fleet.operator().clock.is_simulated(),
        nodes: fleet.nodes().iter().map(|node| node.name.clone()).collect(),
        steps: plan.steps.iter().map(|planned| planned.step.name.clone()).collect(),
        invariants: plan.invariants.iter().map(|invariant| invariant.name().to_owned()).collect(),
    }
}

impl Context<'_> {
    async fn carry_out(&self, options: &RunOptions) -> (Option<Failure>, Vec<FailedAssertion>) {
        let mut failed = Vec::new();
        if let Err(error) = self.begin().await {
            let action =
                if self.fleet.existing().is_some() { "look at the cluster" } else { "bring the cluster up" };
            return (Some(self.failure("setup", action, &error)), failed);
        }
        self.prober.matrix(Phase::Before).await;
        self.probe_touched(options.probe, false).await;
        for (number, PlannedStep { step, is_skipped, is_done }) in self.plan.steps.iter().enumerate() {
            if *is_done {
                self.recorder.record(Event::StepDoneBefore { done: step.name.clone() });
                if let Err(error) = self.recall(step).await {
                    return (Some(self.failure(&step.name, "recall what it did", &error)), failed);
                }
                continue;
            }
            if *is_skipped {
                self.recorder.record(Event::StepSkipped { skipped: step.name.clone() });
                self.probe_touched(options.probe, self.is_watershed(step)).await;
                continue;
            }
            if let Err(failure) = self.carry_out_step(number + 1, step).await {
                return (Some(failure), failed);
            }
            self.probe_touched(options.probe, self.is_watershed(step)).await;
            failed.extend(self.assert(step));
        }
        self.recorder.begin_step("end");
        self.observer.poll().await;
        self.prober.matrix(Phase::After).await;
        (None, failed)
    }

    async fn carry_out_step(&self, number: usize, step: &Step) -> Result<(), Failure> {
        self.recorder.begin_step(&step.name);
        self.observer.begin_step();
        self.recorder.record(Event::StepStarted { number, summary: step.summary.clone() });
        let begun = self.clock().now();
        for action in &step.actions {
            if let Err(error) = Box::pin(self.perform(action)).await {
                return Err(self.failure(&step.name, &action.describe(), &error));
            }
        }
        self.observer.poll().await;
        let took_ms = milliseconds(self.clock().now() - begun);
        self.recorder.record(Event::StepFinished { took_ms });
        Ok(())
    }

    /// Whether some invariant holds from this step on, so that every answer counts anew.
    fn is_watershed(&self, step: &Step) -> bool {
        self.plan.invariants.iter().any(|invariant| invariant.after() == Some(&step.name))
    }

    async fn probe_touched(&self, mode: ProbeMode, is_watershed: bool) {
        let touched = self.recorder.take_touched();
        let all = is_watershed || mode == ProbeMode::Full;
        let nodes: Vec<_> =
            self.fleet.nodes().iter().filter(|node| all || touched.contains(&node.name)).collect();
        if let Ok(vault) = self.vault() {
            self.prober.refresh_credentials(&vault).await;
        }
        Box::pin(self.prober.probe(&nodes)).await;
    }

    fn assert(&self, step: &Step) -> Vec<FailedAssertion> {
        let mut failed = Vec::new();
        for assertion in &step.assertions {
            let condition = assertion.condition.to_string();
            let result = self.recorder.know(|knowledge| knowledge.evaluate(&assertion.condition));
            let message = match &result {
                Ok(()) => String::new(),
                Err(found) => format!("{} ({found})", assertion.error_message),
            };
            let held = result.is_ok();
            self.recorder.record(Event::Assertion {
                condition: condition.clone(),
                held,
                message: message.clone(),
            });
            if !held {
                failed.push(FailedAssertion { step: step.name.clone(), condition, message });
            }
        }
        failed
    }

    fn failure(&self, step: &str, action: &str, error: &Error) -> Failure {
        let failure = Failure { step: step.to_owned(), action: action.to_owned(), error: error.to_string() };
        self.recorder.record(Event::Failed { action: failure.action.clone(), error: failure.error.clone() });
        failure
    }
}
