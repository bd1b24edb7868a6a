//! How accounts of members are weighed.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::DEFAULT_EPOCH;

use super::Status;
use super::message::{Accusation, Alive, VERSIONS};
use super::serf::{Intent, encode_tags};
use super::state::State;

fn account(name: &str, incarnation: u32) -> Alive {
    let tags = BTreeMap::from([
        ("role".to_owned(), "nomad".to_owned()),
        ("rpc_addr".to_owned(), "10.0.0.9".to_owned()),
        ("port".to_owned(), "4647".to_owned()),
    ]);
    Alive {
        incarnation,
        node: name.into(),
        addr: vec![10, 0, 0, 9],
        port: 4648,
        meta: encode_tags(&tags),
        vsn: VERSIONS.to_vec(),
    }
}

/// A server called `own` that knows `other`.
fn state() -> State {
    let mut state = State::new("own", DEFAULT_EPOCH);
    state.alive(account("own", 1));
    state.alive(account("other", 7));
    state
}

fn accuse(node: &str, incarnation: u32, from: &str) -> Accusation {
    Accusation { incarnation, node: node.into(), from: from.into() }
}

fn intent(node: &str, time: u64) -> Intent {
    Intent { time, node: node.into(), prune: false }
}

fn status(state: &State, name: &str) -> Option<Status> {
    state.nodes.get(name).map(|node| node.member.status)
}

fn said(state: &State, text: &str) -> bool {
    state.lines.iter().any(|(_, line)| line.contains(text))
}

#[test]
fn one_that_is_suspected_for_long_has_failed() {
    let mut state = state();
    state.suspect(accuse("other", 6, "own"));
    assert_eq!(state.expire(), None, "an older account");
    state.suspect(accuse("other", 7, "own"));
    assert_eq!(state.expire(), Some(DEFAULT_EPOCH + Duration::from_secs(30)));
    assert_eq!(status(&state, "other"), Some(Status::Alive));
    state.now += Duration::from_secs(30);
    assert_eq!(state.expire(), None);
    assert_eq!(status(&state, "other"), Some(Status::Failed));
    assert!(said(
        &state,
        "memberlist: Marking other as failed, suspect timeout reached (0 peer confirmations)"
    ));
    assert!(said(&state, "serf: EventMemberFailed: other 10.0.0.9"));
    assert!(said(&state, "removing server: name=other addr=10.0.0.9:4647 dc="));
}

#[test]
fn one_that_contradicts_lives() {
    let mut state = state();
    state.suspect(accuse("other", 7, "own"));
    state.alive(account("other", 7));
    assert!(state.expire().is_some(), "not a later account");
    state.alive(account("other", 8));
    assert_eq!(state.expire(), None);
    for told in [state.own_account().expect("own").incarnation, 40] {
        state.suspect(accuse("own", told, "other"));
        state.dead(accuse("own", told, "other"));
        assert!(state.own_account().expect("own").incarnation > told);
    }
    assert_eq!(status(&state, "own"), Some(Status::Alive));
}

#[test]
fn one_that_says_that_it_goes_left() {
    let mut state = state();
    assert!(state.leave_intent(&intent("other", 9)));
    assert!(!state.leave_intent(&intent("other", 9)), "heard already");
    assert_eq!(status(&state, "other"), Some(Status::Leaving));
    state.dead(accuse("other", 7, "other"));
    assert_eq!(status(&state, "other"), Some(Status::Left));
    assert!(said(&state, "serf: EventMemberLeave: other 10.0.0.9"));
    state.alive(account("other", 1));
    assert_eq!(status(&state, "other"), Some(Status::Alive), "it came back as a new one");
}

#[test]
fn one_that_failed_can_be_dismissed_and_pruned() {
    let mut state = state();
    state.dead(accuse("other", 7, "third"));
    assert_eq!(status(&state, "other"), Some(Status::Failed));
    state.dismiss("other", false);
    assert_eq!(status(&state, "other"), Some(Status::Left));
    assert!(said(&state, "serf: EventMemberLeave (forced): other 10.0.0.9"));
    state.dismiss("other", true);
    assert_eq!(status(&state, "other"), None);
    state.dismiss("own", true);
    assert_eq!(status(&state, "own"), Some(Status::Alive), "it contradicts");
}

#[test]
fn addresses_of_those_who_live_are_not_taken_over() {
    let mut state = state();
    let moved = Alive { addr: vec![10, 0, 0, 66], ..account("other", 99) };
    state.alive(moved.clone());
    let line =
        "memberlist: Conflicting address for other. Mine: 10.0.0.9:4648 Theirs: 10.0.0.66:4648 Old state: 0";
    assert!(said(&state, line), "{:?}", state.lines);
    state.dead(accuse("other", 7, "third"));
    state.now += Duration::from_secs(61);
    state.alive(moved);
    assert_eq!(status(&state, "other"), Some(Status::Alive), "forgotten by then");
}

#[test]
fn nonsense_changes_nothing() {
    let mut state = state();
    state.alive(Alive { addr: vec![1, 2, 3], ..account("third", 1) });
    state.alive(Alive { vsn: vec![], ..account("third", 1) });
    state.suspect(accuse("third", 1, "x"));
    state.dead(accuse("third", u32::MAX, "x"));
    assert_eq!(status(&state, "third"), None);
    state.suspect(accuse("own", u32::MAX, "x"));
    assert_eq!(state.own_account().map(|own| own.incarnation), Some(u32::MAX));
    for number in 0..2_000 {
        state.leave_intent(&intent(&format!("n{number}"), number));
    }
    assert!(state.intents.len() <= 256);
}

#[test]
fn those_long_gone_are_forgotten() {
    let mut state = state();
    state.dead(accuse("other", 7, "third"));
    state.now += Duration::from_secs(3 * 86_400 - 1);
    state.reap();
    assert_eq!(status(&state, "other"), Some(Status::Failed));
    state.now += Duration::from_secs(1);
    state.reap();
    assert_eq!(status(&state, "other"), None);
    assert!(said(&state, "serf: EventMemberReap: other 10.0.0.9"));
    assert_eq!(status(&state, "own"), Some(Status::Alive));
}
