//! The functions of templates held against what consul-template 0.41.1 printed or said, with a Nomad that answers as a
//! real one did.

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use lab_consul_template::Runner;
use lab_wire::http::{Options, Peer, handler, serve_connection};
use lab_world::{Simulation, Tasks};
use support::{Systemd, node, simulate};

#[test]
fn functions_do_what_was_recorded() {
    let recorded = [
        include_str!("recorded.txt"),
        include_str!("recorded_functions.txt"),
        include_str!("recorded_yaml.txt"),
    ];
    let cases: Vec<Case> = recorded.iter().flat_map(|text| cases(text)).collect();
    assert!(cases.len() > 120, "only {} recordings were found", cases.len());
    compare(&cases, Duration::from_millis(1));
}

#[test]
fn functions_that_ask_nomad_do_what_was_recorded() {
    let cases = cases(include_str!("recorded_nomad.txt"));
    assert!(cases.len() > 20, "only {} recordings were found", cases.len());
    compare(&cases, Duration::from_millis(50));
}

#[test]
fn a_variable_that_is_not_there_is_waited_for() {
    simulate(async |world| {
        let _nomad = nomad(world).await;
        let (runner, written) =
            run(world, "{{ with nomadVar \"nope\" }}x{{ end }}", Duration::from_secs(10)).await;
        assert_eq!((runner.exited(), written), (None, None));
    });
}

/// A template, and what came of it: an output or an error.
struct Case<'t> {
    template: &'t str,
    kind: &'t str,
    expected: &'t str,
}

fn cases(recorded: &str) -> Vec<Case<'_>> {
    recorded
        .split("=== template\n")
        .skip(1)
        .map(|case| {
            let case = case.strip_suffix('\n').expect("a whole case");
            ["output", "error"]
                .into_iter()
                .find_map(|kind| {
                    let (template, expected) = case.split_once(&format!("\n=== {kind}\n"))?;
                    Some(Case { template, kind, expected })
                })
                .expect("an output or an error")
        })
        .collect()
}

fn compare(cases: &[Case<'_>], time: Duration) {
    let mut wrong = Vec::new();
    for case in cases {
        simulate(async |world| {
            let _nomad = nomad(world).await;
            let (runner, written) = run(world, case.template, time).await;
            let got = match (runner.exited(), case.kind) {
                (None, "output") => written.unwrap_or_default(),
                (Some(exit), "error") => exit
                    .message
                    .trim_start_matches("/t.tpl: ")
                    .trim_start_matches("execute: ")
                    .trim_start_matches("parse: ")
                    .to_owned(),
                other => format!("{other:?}"),
            };
            if got != case.expected {
                wrong.push(format!("{}\n  want {:?}\n  got  {got:?}", case.template, case.expected));
            }
        });
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Runs a template for a while; with the program comes what it wrote.
async fn run(world: &Simulation, template: &str, time: Duration) -> (Runner, Option<String>) {
    let configuration = "nomad { address = \"http://nomad.service.consul:4646\" }\n\
                         template { source = \"/t.tpl\" destination = \"/out\" }";
    let host = node(world, "a", configuration);
    host.disk.write("/t.tpl", template).expect("a disk");
    let runner = Runner::start(&host, "/etc/ct.hcl", BTreeMap::new(), Arc::new(Systemd::default()));
    let runner = runner.expect("a good configuration");
    host.clock.sleep(time).await;
    (runner, host.disk.read_to_string("/out").ok())
}

/// A Nomad on a machine of its own.
async fn nomad(world: &Simulation) -> Tasks {
    let host = world.host("nomad");
    world.register("nomad.service.consul", &["nomad"]);
    let mut listener = host.net.listen(SocketAddr::from(([0, 0, 0, 0], 4646))).await.expect("a free port");
    let (tasks, inner) = (Tasks::new(), Tasks::new());
    tasks.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            let peer = Peer::plain(stream.peer());
            let clock = host.clock.clone();
            let answers = handler(|request: lab_wire::http::Request, _| {
                let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
                let (status, body) = answer(&path);
                let response = Response::builder().status(status).header("X-Nomad-Index", 16);
                async move { response.body(Bytes::from(body)).expect("a good response") }
            });
            inner.spawn(async move {
                let _ = serve_connection(stream, peer, answers, &clock, Options::default()).await;
            });
        }
    });
    tasks
}

/// What a real agent answered.
fn answer(path: &str) -> (u16, &'static str) {
    const METADATA: &str = r#"[{"CreateIndex":11,"CreateTime":1795387451820910251,"ModifyIndex":11,"ModifyTime":1795387451820910251,"Namespace":"default","Path":"app/db"},{"CreateIndex":12,"CreateTime":1795387451896331155,"ModifyIndex":12,"ModifyTime":1795387451896331155,"Namespace":"default","Path":"app/x"}]"#;
    const SERVICE: &str = r#"[{"Address":"127.0.0.1","AllocID":"32fb6ecc-65ae-faaf-3058-fe80a764ff44","CreateIndex":16,"Datacenter":"dc1","ID":"_nomad-task-32fb6ecc-65ae-faaf-3058-fe80a764ff44-group-g-web-http","JobID":"web","ModifyIndex":16,"Namespace":"default","NodeID":"2f83f5ed-331b-bd59-a13f-9a95b6112ae7","Port":24700,"ServiceName":"web","Tags":["b","a"]}]"#;
    let path = path.strip_suffix("stale=&wait=60000ms").unwrap_or_default().trim_end_matches(['&', '?']);
    match path {
        "/v1/var/app/db?namespace=default" => (
            200,
            r#"{"CreateIndex":11,"CreateTime":1795387451820910251,"Items":{"password":"p","user":"u"},"ModifyIndex":11,"ModifyTime":1795387451820910251,"Namespace":"default","Path":"app/db"}"#,
        ),
        "/v1/vars?namespace=default" => (200, METADATA),
        "/v1/vars?namespace=default&prefix=app%2Fd" => (
            200,
            r#"[{"CreateIndex":11,"CreateTime":1795387451820910251,"ModifyIndex":11,"ModifyTime":1795387451820910251,"Namespace":"default","Path":"app/db"}]"#,
        ),
        "/v1/services" => {
            (200, r#"[{"Namespace":"default","Services":[{"ServiceName":"web","Tags":["b","a"]}]}]"#)
        }
        "/v1/service/web" | "/v1/service/web?choose=1%7Ckey" => (200, SERVICE),
        "/v1/service/nope" | "/v1/vars?namespace=default&prefix=zz" => (200, "[]"),
        _ => (404, "variable not found"),
    }
}
