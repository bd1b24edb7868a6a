//! The runner, on a fleet that is not Nomad at all.

mod fake;

use std::time::Duration;

use fake::FakeFleet;
use lab_workflow::action::{Job, Rollout, Selector};
use lab_workflow::{
    Action, Event, Fault, FindingState, InvariantSpec, Outcome, Probe, RunOptions, Scenario, Timeline, run,
};
use lab_world::{DEFAULT_EPOCH, Simulation};

fn carry_out(scenario: &Scenario) -> Outcome {
    let options = RunOptions::default();
    let plan = scenario.plan(&options).expect("a plan");
    Simulation::run(0, DEFAULT_EPOCH, async |world| {
        let fleet = FakeFleet::new(world);
        run(&plan, &options, &fleet, &mut |_| {}).await
    })
}

fn scenario() -> Scenario {
    Scenario::new("fake")
        .sized(1, 1)
        .job(Job { name: "app".into(), system: false, count: 1 })
        .invariant(InvariantSpec::NoClientDown)
        .invariant(InvariantSpec::NoPlaintext { after: "close".into() })
        .invariant(InvariantSpec::KeyMatchesCertificate)
}

fn wait(seconds: u64) -> Action {
    Action::Wait { duration: Duration::from_secs(seconds), real: None }
}

fn states(outcome: &Outcome) -> Vec<FindingState> {
    outcome.verdict.findings.iter().map(|finding| finding.state).collect()
}

#[test]
fn a_reload_that_does_nothing_leaves_the_port_open_and_that_is_found() {
    let close = vec![Action::Reload(Rollout::on(Selector::Servers))];
    let outcome = carry_out(&scenario().step("close", close));
    assert_eq!(states(&outcome), [FindingState::Held, FindingState::Violated, FindingState::NotExercised]);
    assert_eq!(outcome.verdict.exit_code(), 100);
    let violation = outcome.verdict.findings[1].violation.clone().expect("it is violated");
    assert_eq!(
        (violation.step.as_str(), violation.evidence.as_str()),
        ("close", "server-1 still answers: plaintext RPC")
    );
    let shown = &outcome.timeline.entries()[violation.by as usize].event;
    assert!(
        matches!(shown, Event::Probe { probe, verdict, .. } if *probe == Probe::PLAINTEXT && verdict.accepted)
    );
    // The connection that was kept since the setup is asked too.
    let held = Probe { held: true, ..Probe::PLAINTEXT };
    assert!(
        outcome.timeline.events().any(|event| matches!(event, Event::Probe { probe, .. } if *probe == held))
    );
}

#[test]
fn a_client_that_is_down_for_a_moment_is_noticed() {
    let fault = Fault::Isolate { node: "client-1".into() };
    let blip = vec![Action::Inject(fault.clone()), wait(3), Action::Heal(fault), wait(30)];
    let outcome = carry_out(&scenario().step("blip", blip));
    let violation = outcome.verdict.findings[0].violation.clone().expect("it is violated");
    assert_eq!(violation.evidence, "client-1 is down");
    let statuses = outcome.timeline.events().filter_map(|event| match event {
        Event::NodeStatus { status, .. } => Some(status.as_str()),
        _ => None,
    });
    assert_eq!(statuses.collect::<Vec<_>>(), ["ready", "down", "ready"]);
}

#[test]
fn an_action_that_fails_ends_the_run_and_proves_nothing() {
    let outcome =
        carry_out(&scenario().step("vault", vec![Action::UnsealVault]).step("close", vec![wait(1)]));
    let failure = outcome.verdict.failure.clone().expect("there is no Vault");
    assert_eq!((failure.step.as_str(), failure.action.as_str()), ("vault", "unseal Vault"));
    assert_eq!(failure.error, "no machine runs Vault");
    assert_eq!(outcome.verdict.exit_code(), 105);
    assert!(states(&outcome).iter().all(|state| *state == FindingState::NotExercised));
}

#[test]
fn an_hour_of_nothing_takes_few_looks_and_the_timeline_reads_back() {
    let outcome = carry_out(&scenario().step("close", vec![wait(3600)]));
    assert!(outcome.timeline.entries().len() < 100, "{}", outcome.timeline.entries().len());
    let mut lines = Vec::new();
    outcome.timeline.write_json_lines(&mut lines).expect("a vector takes everything");
    let text = String::from_utf8(lines).expect("JSON is UTF-8");
    let read = Timeline::from_json_lines(&text).expect("it reads back");
    assert_eq!(read.entries().len(), outcome.timeline.entries().len());
    assert!(text.lines().all(|line| line.starts_with("{\"v\":1,\"seq\":")));
    let again = carry_out(&scenario().step("close", vec![wait(3600)]));
    assert_eq!(again.timeline, outcome.timeline);
}
