//! Faults of simulated machines and of the network between them.

use std::time::Duration;

use lab_workflow::action::Job;
use lab_workflow::{Action, Event, Fault, InvariantSpec, Outcome, RunOptions, Scenario};

fn carry_out(actions: Vec<Action>) -> Outcome {
    let scenario = Scenario::new("faults")
        .job(Job { name: "app".into(), system: false, count: 3 })
        .invariant(InvariantSpec::Quorum { longest_election: Duration::from_secs(20) })
        .invariant(InvariantSpec::NoClientDown)
        .invariant(InvariantSpec::NoAllocationLost)
        .step("faults", actions);
    lab_fleet::simulate(&scenario, &RunOptions::default(), &mut |_| {}).expect("no choice to get wrong")
}

fn wait(seconds: u64) -> Action {
    Action::Wait { duration: Duration::from_secs(seconds), real: None }
}

fn statuses(outcome: &Outcome, of: &str) -> Vec<String> {
    let of_node = outcome.timeline.events().filter_map(|event| match event {
        Event::NodeStatus { node, status, .. } if node == of => Some(status.clone()),
        _ => None,
    });
    of_node.collect()
}

#[test]
fn a_client_without_power_is_down_and_comes_back() {
    let fault = Fault::PowerOff { node: "client-2".into() };
    let outcome = carry_out(vec![Action::Inject(fault.clone()), wait(60), Action::Heal(fault), wait(60)]);
    let violated: Vec<&str> = outcome.verdict.violated().map(|finding| finding.invariant.as_str()).collect();
    assert_eq!(violated, ["no_client_down", "no_allocation_lost"]);
    let statuses = statuses(&outcome, "client-2");
    assert!(statuses.contains(&"down".to_owned()), "{statuses:?}");
    assert_eq!(statuses.last().map(String::as_str), Some("ready"), "{statuses:?}");
}

/// A client that was connected to that server hangs until its session's keepalive gives up, so it may be down meanwhile.
#[test]
fn an_isolated_server_does_not_cost_the_quorum() {
    let fault = Fault::Isolate { node: "server-2".into() };
    let outcome = carry_out(vec![Action::Inject(fault.clone()), wait(60), Action::Heal(fault), wait(60)]);
    assert!(
        outcome.verdict.violated().all(|finding| finding.invariant != "quorum"),
        "{:#?}",
        outcome.verdict
    );
    for client in ["client-1", "client-2", "client-3"] {
        assert_eq!(statuses(&outcome, client).last().map(String::as_str), Some("ready"), "{client}");
    }
}

#[test]
fn a_torn_key_is_noticed() {
    let fault = Fault::TornWrite {
        node: "client-1".into(),
        path: "/opt/nomad/agent-certs/agent.key".into(),
        bytes: 40,
    };
    let embedded = scenarios::find("daily-certificates").expect("it comes with the lab");
    let source = lab_hcl::Source::new(embedded.path, embedded.text);
    let mut scenario = Scenario::read(&source).expect("it can be read");
    scenario.steps.truncate(2);
    scenario.steps[1].actions.insert(0, Action::Inject(fault));
    let outcome =
        lab_fleet::simulate(&scenario, &RunOptions::default(), &mut |_| {}).expect("no choice to get wrong");
    let torn = outcome.verdict.violated().find_map(|finding| finding.violation.as_ref());
    let evidence = &torn.expect("the key is torn").evidence;
    assert!(
        evidence.starts_with("/opt/nomad/agent-certs/agent.crt on client-1 cannot be read: "),
        "{evidence}"
    );
}
