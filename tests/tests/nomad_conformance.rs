//! What the real Nomad answered, step by step, held against the lab's.
//!
//! `fixtures/conformance` holds requests and the answers that Nomad 1.11.3 gave to them. Here the same requests go to a
//! development agent in a simulated world, and the answers are compared after ids, tokens and times are made alike.

mod conformance;
mod identity_provider;

use std::path::PathBuf;

use lab_world::{Host, Simulation};
use mock_nomad::{Agent, Options};

/// Holds a recording against a development agent with this configuration.
fn check(name: &str, configuration: &str) {
    conformance::check(name, async |world: &Simulation| {
        let host = world.host("vm");
        let agent = start(&host, configuration).await;
        (agent, "127.0.0.1:4646".to_owned(), host)
    });
}

async fn start(host: &Host, configuration: &str) -> Agent {
    let path = PathBuf::from("/etc/nomad.d/nomad.hcl");
    host.disk.write(&path, configuration).expect("written");
    Agent::start(host, &[path], Options { dev: true, ..Options::default() }).await.expect("the agent starts")
}

#[test]
fn nodes_jobs_and_the_agent_are_shown() {
    check("nomad-plain", "");
}

#[test]
fn jobs_are_run_rolled_out_moved_and_ended() {
    check("nomad-jobs", "");
}

#[test]
fn tokens_and_policies_are_obeyed() {
    check("nomad-acl", "acl {\n  enabled = true\n}\n");
}

#[test]
fn every_capability_allows_what_it_allows() {
    check("nomad-capabilities", "acl {\n  enabled = true\n}\n");
}

#[test]
fn leadership_and_members_are_changed() {
    check("nomad-raft", "");
}

#[test]
fn metadata_of_a_node_are_changed_while_it_runs() {
    check("nomad-metadata", "");
}

#[test]
fn versions_are_named_and_compared_and_scaling_is_remembered() {
    check("nomad-versions", "");
}

#[test]
fn namespaces_keep_jobs_apart() {
    check("nomad-namespaces", "");
}

#[test]
fn variables_are_kept_compared_and_locked() {
    check("nomad-variables", "");
}

#[test]
fn what_fails_is_tried_again() {
    check("nomad-failures", "");
}

#[test]
fn checks_decide_how_an_allocation_is_and_restart_it() {
    check("nomad-checks", "");
}

#[test]
fn wrong_methods_bodies_and_parameters_are_refused() {
    check("nomad-methods", "");
}

#[test]
fn fields_of_the_wrong_kind_are_refused() {
    check("nomad-kinds", "");
}

#[test]
fn plans_say_what_differs_and_purges_leave_nothing() {
    check("nomad-plans", "");
}

#[test]
fn every_endpoint_knows_who_asks() {
    check("nomad-callers", "acl {\n  enabled = true\n}\n");
}

#[test]
fn who_has_a_token_of_somebody_elses_logs_in() {
    conformance::check("nomad-logins", async |world: &Simulation| {
        let host = world.host("vm");
        let provider = identity_provider::start(&host, "nomad-logins-provider").await;
        let agent = start(&host, "acl {\n  enabled = true\n}\n").await;
        ((agent, provider), "127.0.0.1:4646".to_owned(), host)
    });
}

#[test]
fn an_agent_shows_everything_that_its_files_say() {
    let configuration = include_str!("../fixtures/conformance/nomad-self.hcl");
    check("nomad-self", configuration);
}
