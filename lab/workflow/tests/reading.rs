//! Scenario files: what is read, and what is said of those that cannot be.

use std::time::Duration;

use lab_hcl::{Source, render};
use lab_workflow::action::{Order, Rollout, Selector, TlsSettings};
use lab_workflow::{Action, ChangeKind, InvariantSpec, RunOptions, Scenario};

fn read(text: &str) -> Result<Scenario, String> {
    let source = Source::new("my.lab.hcl", text);
    Scenario::read(&source).map_err(|problem| render(&source, &problem, false))
}

/// A scenario with one step whose body this is.
fn step(body: &str) -> String {
    format!("scenario \"s\" {{\n  step \"a\" {{\n{body}\n  }}\n}}\n")
}

#[track_caller]
fn assert_problem(text: &str, parts: &[&str]) {
    let problem = read(text).expect_err("it must not be read");
    for part in parts {
        assert!(problem.contains(part), "{part:?} is not in:\n{problem}");
    }
}

#[test]
fn a_tls_block_is_pasted_as_it_is_and_its_reload_follows_it() {
    let scenario = read(&step(
        "tls {\n on = servers\n http = true\n ca_file = \"/ca.pem\"\n rpc_upgrade_mode = false\n}\n reload { pause = \"3s\" }",
    ));
    let settings = TlsSettings {
        http: Some(true),
        ca_file: Some("/ca.pem".into()),
        rpc_upgrade_mode: Some(false),
        ..TlsSettings::default()
    };
    let rollout =
        Rollout { on: Selector::Servers, order: Order::LeaderLast, batch: 1, pause: Duration::from_secs(3) };
    let actions = scenario.map(|scenario| scenario.steps[0].actions.clone());
    assert_eq!(actions, Ok(vec![Action::Tls { on: Selector::Servers, settings }, Action::Reload(rollout)]));
}

#[test]
fn unknown_things_are_pointed_at_with_what_was_meant() {
    assert_problem(
        &step("tls {\n rcp = true\n}"),
        &["unknown attribute `rcp`", "my.lab.hcl:4:2", "^^^", "did you mean `rpc`?"],
    );
    assert_problem(&step("reboot {}"), &["unknown block `reboot`", "my.lab.hcl:3:1"]);
    assert_problem(&step("relaod {}"), &["unknown block `relaod`", "did you mean `reload`?"]);
    assert_problem(
        &step("reload { on = sevrers }"),
        &["there is no node called \"sevrers\"", "my.lab.hcl:3:15", "did you mean `servers`?"],
    );
    assert_problem(&step("reload { order = \"leader-lst\" }"), &["did you mean `leader-last`?"]);
    assert_problem(
        &step("wait { duration = \"5 minutes\" }"),
        &["`duration` must be a duration", "my.lab.hcl:3:19"],
    );
    assert_problem(&step("wait { duration = \"-5s\" }"), &["`duration` must be a duration"]);
    assert_problem(
        &step("assert {\n condition = plaintext_rcp == refused\n error_message = \"x\"\n}"),
        &["there is no fact called \"plaintext_rcp\"", "did you mean `plaintext_rpc`?"],
    );
    assert_problem(
        &step("assert {\n condition = leader == refused\n error_message = \"x\"\n}"),
        &["leader is never \"refused\"", "it is present, absent"],
    );
    assert_problem(&step("role \"r\" {\n allow_subdomain = true\n}"), &["did you mean `allow_subdomains`?"]);
}

#[test]
fn breaks_name_steps_and_invariants_that_there_are() {
    let with = |rest: &str| {
        format!(
            "scenario \"s\" {{\n  invariant \"no_plaintext\" {{ after = \"close\" }}\n  step \"close\" {{\n  probe {{}}\n  }}\n{rest}\n}}"
        )
    };
    let good = read(&with("break \"b\" {\n skip = [\"close\"]\n violates = [\"no_plaintext\"]\n}"));
    let scenario = good.expect("it can be read");
    assert_eq!(scenario.invariants, [InvariantSpec::NoPlaintext { after: "close".into() }]);
    assert_eq!(scenario.breaks[0].kind, ChangeKind::Mistake { violates: vec!["no_plaintext".into()] });
    let plan =
        scenario.plan(&RunOptions { change: Some("b".into()), ..RunOptions::default() }).expect("a plan");
    assert!(plan.steps[0].is_skipped);

    let unknown = scenario.plan(&RunOptions { change: Some("bb".into()), ..RunOptions::default() });
    let text = unknown.expect_err("there is no such break").to_string();
    assert_eq!(text, "scenario \"s\" has no break called \"bb\"; did you mean \"b\"?");

    assert_problem(
        &with("break \"b\" {\n skip = [\"closed\"]\n violates = [\"no_plaintext\"]\n}"),
        &["there is no step called \"closed\"", "did you mean `close`?"],
    );
    assert_problem(
        &with("break \"b\" {\n skip = [\"close\"]\n violates = [\"no_plaintxt\"]\n}"),
        &["there is no invariant called \"no_plaintxt\"", "did you mean `no_plaintext`?"],
    );
    assert_problem(
        &with("break \"b\" {\n skip = [\"close\"]\n}"),
        &["names the invariants that it violates"],
    );
    assert_problem(&with("variation \"v\" {\n summary = \"x\"\n}"), &["\"v\" changes nothing"]);
    assert_problem(&with("invariant \"quorums\" {}"), &["did you mean `quorum`?"]);
    assert_problem(&with("step \"close\" {\n probe {}\n }"), &["step \"close\" is there twice"]);
}

#[test]
fn files_that_hold_no_scenario_are_refused() {
    assert_problem("", &["there is no `scenario` block"]);
    assert_problem("scenario \"s\" {", &["my.lab.hcl:1:"]);
    assert_problem("scenario \"s\" {}", &["a scenario needs at least one `step`"]);
    assert_problem("scenario {\n}", &["a `scenario` block needs a name"]);
    assert_problem("format_version = 2\nscenario \"s\" {}", &["format_version 2 is not known here"]);
    assert_problem("scenaro \"s\" {}", &["did you mean `scenario`?"]);
    assert_problem("scenario \"s\" {\n cluster { servers = 0 }\n}", &["`servers` must be from 1 to 7"]);
}

#[test]
fn machines_must_be_there_with_the_chosen_numbers() {
    let scenario = read(&step("reload { on = [\"server-3\"] }")).expect("it can be read");
    assert!(scenario.plan(&RunOptions::default()).is_ok());
    let small = scenario.plan(&RunOptions { servers: Some(1), ..RunOptions::default() });
    assert_eq!(
        small.expect_err("there is one server").to_string(),
        "step \"a\" names the node \"server-3\", which is not there with 1 servers and 3 clients"
    );
    assert!(scenario.plan(&RunOptions { servers: Some(0), ..RunOptions::default() }).is_err());
}

#[test]
fn json_says_the_same_as_hcl() {
    let hcl = read(
        "scenario \"s\" {\n summary = \"x\"\n cluster { servers = 1 }\n invariant \"quorum\" {}\n\
         step \"a\" {\n tls {\n on = servers\n rpc = true\n}\n reload {}\n wait { duration = \"1m\" }\n }\n}",
    );
    let json = r#"{ "scenario": { "s": { "summary": "x", "cluster": { "servers": 1 }, "invariant": { "quorum": {} },
        "step": { "a": { "actions": [
            { "tls": { "on": "servers", "rpc": true } }, { "reload": {} }, { "wait": { "duration": "1m" } } ] } } } } }"#;
    let source = Source::new("my.lab.json", json);
    let read = Scenario::read(&source).map_err(|problem| render(&source, &problem, false));
    assert_eq!(read, hcl);
}
