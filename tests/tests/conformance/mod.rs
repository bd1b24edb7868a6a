//! Runs recorded steps against a server in a simulated world.

mod certificate;
mod compare;
mod normal;
mod step;

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{Host, Simulation};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use self::step::{Answer, Step, Variables};

/// When the recordings were made: certificates and tokens in them are valid then.
const RECORDED: OffsetDateTime = datetime!(2026-11-22 03:30 UTC);

/// How long a step waits before it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Sends the steps of `fixtures/conformance/NAME.jsonl` to the server that `start` sets up, and fails with everything
/// that differs. `start` gives what keeps the server alive, its address, and the machine that asks.
pub(crate) fn check<S>(name: &str, start: impl AsyncFnOnce(&Simulation) -> (S, String, Host)) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance").join(format!("{name}.jsonl"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let steps: Vec<Step> = text.lines().filter(|line| !line.is_empty()).map(Step::read).collect();
    assert!(!steps.is_empty(), "{name} has no steps");
    let differing = Simulation::run(0, RECORDED, async |world| {
        let (server, address, client) = start(world).await;
        let differing = run(&client, &address, &steps).await;
        drop(server);
        differing
    });
    assert!(
        differing.is_empty(),
        "{} of {} steps differ from the real server:\n{}",
        differing.len(),
        steps.len(),
        differing.join("\n")
    );
}

async fn run(client: &Host, address: &str, steps: &[Step]) -> Vec<String> {
    let http = Client::new(&client.net, &client.clock);
    let mut variables = Variables::new(lab_world::format_rfc3339(client.clock.now()));
    let mut differing = Vec::new();
    for step in steps {
        client.clock.sleep(step.pause()).await;
        let mut answer = send(&http, &format!("http://{address}"), step, &variables).await;
        for _ in 1..step.tries() {
            if step.is_satisfied(&answer) {
                break;
            }
            client.clock.sleep(PAUSE).await;
            answer = send(&http, &format!("http://{address}"), step, &variables).await;
        }
        variables.capture(step, &answer);
        variables.capture_query(step, &answer);
        let problems = compare::problems(step, &answer);
        if !problems.is_empty() {
            differing.push(format!(
                "{} ({} {})\n    {}",
                step.name,
                step.method,
                step.path,
                problems.join("\n    ")
            ));
        }
    }
    differing
}

async fn send(http: &Client, server: &str, step: &Step, variables: &Variables) -> Answer {
    let request = match step.request(server, variables) {
        Ok(request) => request,
        Err(error) => panic!("{}: no request: {error}", step.name),
    };
    let response = http.send(request).await.unwrap_or_else(|error| panic!("{}: {error}", step.name));
    let (head, body) = response.into_parts();
    let header = |name: &str| Some(head.headers.get(name)?.to_str().ok()?.to_owned());
    Answer { status: head.status.as_u16(), headers: compare::HEADERS.map(header), body: read(&body) }
}

/// The body as JSON, as text where it is none, as null where there is none.
fn read(body: &Bytes) -> Value {
    let text = String::from_utf8_lossy(body);
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}
