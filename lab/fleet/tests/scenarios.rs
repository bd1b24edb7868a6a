//! The scenarios that come with the lab, carried out on simulated machines: each holds, and each break shows what it
//! says.

use std::time::Duration;

use lab_hcl::{Source, render};
use lab_workflow::{Action, ChangeKind, Event, FindingState, Outcome, RunOptions, Scenario};

fn scenario(name: &str) -> Scenario {
    let embedded = scenarios::find(name).expect("it comes with the lab");
    let source = Source::new(embedded.path, embedded.text);
    match Scenario::read(&source) {
        Ok(scenario) => scenario,
        Err(problem) => panic!("{}", render(&source, &problem, false)),
    }
}

/// The scenario with its longest waits cut short: what shows after some time shows after that, and an idle cluster
/// costs a test build much time.
fn hurried(name: &str, longest: Duration) -> Scenario {
    let mut scenario = scenario(name);
    for action in scenario.steps.iter_mut().flat_map(|step| &mut step.actions) {
        if let Action::Wait { duration, .. } = action {
            *duration = (*duration).min(longest);
        }
    }
    scenario
}

fn carry_out(scenario: &Scenario, change: Option<&str>, sizes: Option<(usize, usize)>) -> Outcome {
    let options = RunOptions {
        change: change.map(str::to_owned),
        servers: sizes.map(|(servers, _)| servers),
        clients: sizes.map(|(_, clients)| clients),
        ..RunOptions::default()
    };
    lab_fleet::simulate(scenario, &options, &mut |_| {}).expect("it is a choice that there is")
}

#[track_caller]
fn assert_holds(outcome: &Outcome) {
    assert!(outcome.verdict.holds(), "{:#?}", outcome.verdict);
    let vacuous = outcome.verdict.findings.iter().find(|finding| finding.state == FindingState::NotExercised);
    assert_eq!(vacuous, None, "everything had the chance to fail");
}

/// Every break of a scenario exits 100 and violates what it names; every variation holds.
fn assert_changes(scenario: &Scenario, sizes: Option<(usize, usize)>) {
    for change in &scenario.breaks {
        let outcome = carry_out(scenario, Some(&change.name), sizes);
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

/// After an election nothing is declared down for five minutes; ten show it all.
const TEN_MINUTES: Duration = Duration::from_secs(600);

#[test]
fn every_break_of_the_migration_shows() {
    assert_changes(&hurried("rpc-upgrade-mode", TEN_MINUTES), None);
}

/// A role that wants common names issues nothing for the guide's templates of the command line; the cluster is watched
/// with an agent's certificate then.
#[test]
fn a_cluster_without_certificates_for_the_command_line_is_watched() {
    let embedded = scenarios::find("rpc-upgrade-mode").expect("it comes with the lab");
    let text = embedded.text.replace("require_cn       = false", "require_cn       = true");
    assert_ne!(text, embedded.text);
    let mut scenario = Scenario::read(&Source::new(embedded.path, &text)).expect("it parses");
    let last = scenario.steps.iter().position(|step| step.name == "close").expect("a step of it");
    scenario.steps.truncate(last + 1);
    scenario.breaks.clear();
    let outcome = carry_out(&scenario, None, Some((3, 1)));
    assert!(outcome.verdict.holds(), "{:#?}", outcome.verdict);
    let leaders = outcome.timeline.events().filter(|event| matches!(event, Event::LeaderChanged { .. }));
    assert!(leaders.count() > 1, "the change of leaders in the last step is seen");
}

#[test]
fn the_guide_leaves_the_port_open_and_the_agent_says_otherwise() {
    let outcome = carry_out(&hurried("rpc-upgrade-mode", TEN_MINUTES), Some("as-the-guide-says"), None);
    let open = outcome.verdict.violated().find(|finding| finding.invariant == "no_plaintext");
    let evidence = &open.and_then(|finding| finding.violation.as_ref()).expect("the port is open").evidence;
    assert_eq!(
        evidence,
        "server-1 still answers: plaintext RPC, while its agent says rpc_upgrade_mode = false"
    );
}

#[test]
fn other_numbers_of_machines_show_the_same() {
    let scenario = hurried("rpc-upgrade-mode", TEN_MINUTES);
    for sizes in [(1, 3), (5, 1)] {
        assert_holds(&carry_out(&scenario, None, Some(sizes)));
    }
    assert_changes(&scenario, Some((1, 1)));
}

#[test]
fn a_day_of_certificates_holds_and_mismatched_ones_show() {
    // One renewal on every node, after 85 to 95 percent of a day.
    let day = hurried("daily-certificates", Duration::from_secs(23 * 3600));
    let outcome = carry_out(&day, None, Some((1, 2)));
    assert_holds(&outcome);
    let renewed =
        outcome.timeline.events().filter(|event| matches!(event, Event::CertificateFiles { .. })).count();
    assert_eq!(renewed, 2 * 3, "each of three agents has had two certificates");
    let moment = hurried("daily-certificates", Duration::from_secs(60));
    let outcome = carry_out(&moment, Some("pkicert-in-two-templates"), Some((1, 2)));
    assert_eq!(outcome.verdict.unshown(), Vec::<&str>::new(), "{:#?}", outcome.verdict);
}

#[test]
fn a_sealed_vault_shows_when_the_certificates_expire() {
    let scenario = hurried("daily-certificates", Duration::from_secs(25 * 3600));
    let outcome = carry_out(&scenario, Some("vault-sealed"), Some((1, 1)));
    assert_eq!(outcome.verdict.unshown(), Vec::<&str>::new(), "{:#?}", outcome.verdict);
}

#[test]
#[ignore = "a week with its breaks takes minutes in a test build"]
fn a_week_of_daily_certificates_holds_and_its_breaks_show() {
    let scenario = scenario("daily-certificates");
    assert_holds(&carry_out(&scenario, None, None));
    assert_changes(&scenario, None);
}

#[test]
fn wrong_certificates_are_refused_and_the_breaks_let_them_in() {
    let scenario = scenario("role-and-region");
    assert_holds(&carry_out(&scenario, None, None));
    assert_changes(&scenario, None);
}

#[test]
fn the_migration_holds_and_the_same_seed_gives_the_same_timeline() {
    let scenario = scenario("rpc-upgrade-mode");
    let one = carry_out(&scenario, None, None);
    assert_holds(&one);
    let two = carry_out(&scenario, None, None);
    for (one, two) in one.timeline.entries().iter().zip(two.timeline.entries()) {
        assert_eq!(one, two);
    }
    assert_eq!(one.timeline.entries().len(), two.timeline.entries().len());
    let span = one.timeline.entries().last().map(|last| last.at - one.timeline.entries()[0].at);
    assert!(
        span.is_some_and(|span| span > time::Duration::hours(1)),
        "more than an hour of cluster time: {span:?}"
    );
    let handshakes = one.timeline.events().filter(|event| matches!(event, Event::Handshake { .. })).count();
    assert_eq!(handshakes, 2 * (6 + 9), "every server and client to every other server, before and after");
}
