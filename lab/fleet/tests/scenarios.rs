//! The scenarios that come with the lab, carried out on simulated machines: each holds, and each break shows what it
//! says.

use lab_hcl::{Source, render};
use lab_workflow::{ChangeKind, Event, FindingState, Outcome, RunOptions, Scenario};

fn scenario(name: &str) -> Scenario {
    let embedded = scenarios::find(name).expect("it comes with the lab");
    let source = Source::new(embedded.path, embedded.text);
    match Scenario::read(&source) {
        Ok(scenario) => scenario,
        Err(problem) => panic!("{}", render(&source, &problem, false)),
    }
}

fn carry_out(name: &str, change: Option<&str>, sizes: Option<(usize, usize)>) -> Outcome {
    let options = RunOptions {
        change: change.map(str::to_owned),
        servers: sizes.map(|(servers, _)| servers),
        clients: sizes.map(|(_, clients)| clients),
        ..RunOptions::default()
    };
    lab_fleet::simulate(&scenario(name), &options, &mut |_| {}).expect("it is a choice that there is")
}

#[track_caller]
fn assert_holds(outcome: &Outcome) {
    assert!(outcome.verdict.holds(), "{:#?}", outcome.verdict);
    let vacuous = outcome.verdict.findings.iter().find(|finding| finding.state == FindingState::NotExercised);
    assert_eq!(vacuous, None, "everything had the chance to fail");
}

/// Every break of a scenario exits 100 and violates what it names; every variation holds.
fn assert_changes(name: &str, sizes: Option<(usize, usize)>) {
    for change in scenario(name).breaks {
        let outcome = carry_out(name, Some(&change.name), sizes);
        match &change.kind {
            ChangeKind::Variation => assert_holds(&outcome),
            ChangeKind::Mistake { .. } => {
                let verdict = &outcome.verdict;
                assert_eq!(verdict.exit_code(), 100, "{}: {verdict:#?}", change.name);
                assert_eq!(verdict.unshown(), Vec::<&str>::new(), "{}: {verdict:#?}", change.name);
            }
        }
    }
}

#[test]
fn the_migration_holds_and_its_breaks_show() {
    let outcome = carry_out("rpc-upgrade-mode", None, None);
    assert_holds(&outcome);
    assert_changes("rpc-upgrade-mode", None);
}

#[test]
fn the_guide_leaves_the_port_open_and_the_agent_says_otherwise() {
    let outcome = carry_out("rpc-upgrade-mode", Some("as-the-guide-says"), None);
    let open = outcome.verdict.violated().find(|finding| finding.invariant == "no_plaintext");
    let evidence = &open.and_then(|finding| finding.violation.as_ref()).expect("the port is open").evidence;
    assert_eq!(
        evidence,
        "server-1 still answers: plaintext RPC, while its agent says rpc_upgrade_mode = false"
    );
}

#[test]
fn other_numbers_of_machines_show_the_same() {
    for sizes in [(1, 3), (5, 1)] {
        assert_holds(&carry_out("rpc-upgrade-mode", None, Some(sizes)));
    }
    assert_changes("rpc-upgrade-mode", Some((1, 1)));
}

#[test]
fn a_week_of_daily_certificates_holds_and_its_breaks_show() {
    assert_holds(&carry_out("daily-certificates", None, None));
    assert_changes("daily-certificates", None);
}

#[test]
fn wrong_certificates_are_refused_and_the_breaks_let_them_in() {
    assert_holds(&carry_out("role-and-region", None, None));
    assert_changes("role-and-region", None);
}

#[test]
fn the_same_seed_gives_the_same_timeline() {
    let one = carry_out("rpc-upgrade-mode", None, None);
    let two = carry_out("rpc-upgrade-mode", None, None);
    for (one, two) in one.timeline.entries().iter().zip(two.timeline.entries()) {
        assert_eq!(one, two);
    }
    assert_eq!(one.timeline.entries().len(), two.timeline.entries().len());
    let span = one.timeline.entries().last().map(|last| last.at - one.timeline.entries()[0].at);
    assert!(span.is_some_and(|span| span > time::Duration::hours(1)), "more than an hour of cluster time: {span:?}");
    let handshakes = one.timeline.events().filter(|event| matches!(event, Event::Handshake { .. })).count();
    assert_eq!(handshakes, 2 * (6 + 9), "every server and client to every other server, before and after");
}
