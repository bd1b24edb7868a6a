//! Requests that nobody would send: the server answers each, keeps its words for what is its own fault, and lives on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{DEFAULT_EPOCH, Simulation};
use mock_vault::{Config, Dev, Server};
use proptest::prelude::*;
use serde_json::Value;

/// How long an answer may take on the server's clock.
const PATIENCE: Duration = Duration::from_secs(90);

/// One way to spoil a request; the numbers choose where, and are taken modulo what there is.
#[derive(Clone, Debug)]
enum Spoil {
    Method(&'static str),
    CutBody(usize),
    FlipByte(usize, u8),
    ReplaceValue(usize, Value),
    DropSegment(usize),
    AddSegment(usize, String),
    Query(String),
    Token(String),
    WrapTtl(String),
    ContentType(&'static str),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_requests_are_answered(
        chosen in proptest::collection::vec((any::<usize>(), proptest::collection::vec(spoil(), 1..4)), 1..24),
    ) {
        let problems = Simulation::run(1, DEFAULT_EPOCH, async |world| {
            let host = world.host("vault");
            let dev = Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() });
            let server = Server::start(&host, Config { dev, ..Config::for_host(&host) }).await.expect("the server starts");
            let http = Client::new(&host.net, &host.clock);
            let base = format!("http://{}", server.address());
            let steps = steps();
            let mut problems = Vec::new();
            for (index, spoils) in &chosen {
                let Some(request) = spoilt(&base, &steps[index % steps.len()], spoils) else { continue };
                let shown = format!("{request:?}");
                match host.clock.timeout(PATIENCE, http.send(request)).await {
                    None => problems.push(format!("no answer to {shown}")),
                    Some(Err(error)) => problems.push(format!("{error} after {shown}")),
                    Some(Ok(response)) if !is_proper(&response) => {
                        problems.push(format!("{} {:?} to {shown}", response.status(), response.body()));
                    }
                    Some(Ok(_)) => {}
                }
            }
            let request = http::Request::get(format!("{base}/v1/sys/health")).body(Bytes::new()).expect("a request");
            if let Err(error) = http.send(request).await {
                problems.push(format!("dead: {error}"));
            }
            problems
        });
        prop_assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

/// The recorded steps: method, path, body and token of each.
fn steps() -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance");
    let mut files: Vec<_> =
        fs::read_dir(directory).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
    files.sort();
    let text: String = files.iter().map(|file| fs::read_to_string(file).expect("a fixture")).collect();
    text.lines().map(|line| serde_json::from_str(line).expect("a recording is JSON")).collect()
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~é\u{0}\n]{0,12}".prop_map(Value::String),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!([{"a": [1]}, null, "x"])),
        Just(serde_json::json!("-99999999999h")),
    ];
    prop_oneof![
        proptest::sample::select(vec![
            "GET", "PUT", "POST", "DELETE", "LIST", "PATCH", "HEAD", "OPTIONS", "TRACE", "HELP"
        ])
        .prop_map(Spoil::Method),
        any::<usize>().prop_map(Spoil::CutBody),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Spoil::FlipByte(at, byte)),
        (any::<usize>(), value).prop_map(|(at, value)| Spoil::ReplaceValue(at, value)),
        any::<usize>().prop_map(Spoil::DropSegment),
        (any::<usize>(), "[a-z0-9+*%.-]{0,6}").prop_map(|(at, text)| Spoil::AddSegment(at, text)),
        "(list|help|version|standbyok|a)=[a-z0-9%+]{0,5}".prop_map(Spoil::Query),
        "(root|hvs\\.[A-Za-z0-9]{0,30}|[!-~]{0,20})".prop_map(Spoil::Token),
        "(-?[0-9]{0,12}[smhd]?|[!-~]{0,8})".prop_map(Spoil::WrapTtl),
        proptest::sample::select(vec![
            "application/x-www-form-urlencoded",
            "application/merge-patch+json",
            "text/plain",
            ""
        ])
        .prop_map(Spoil::ContentType),
    ]
}

/// A recorded request after everything was done to it; `None` where no client could send what came out.
fn spoilt(base: &str, step: &Value, spoils: &[Spoil]) -> Option<http::Request<Bytes>> {
    let mut method = step["method"].as_str()?.to_owned();
    let mut path = step["path"].as_str()?.replace("${", "").replace('}', "");
    let mut value = step["body"].clone();
    let (mut token, mut headers) = ("root".to_owned(), Vec::new());
    for spoil in spoils {
        match spoil {
            Spoil::Method(other) => method = (*other).to_owned(),
            Spoil::ReplaceValue(at, new) => replace(&mut value, *at, new),
            Spoil::DropSegment(at) | Spoil::AddSegment(at, _) => {
                let mut segments: Vec<&str> = path.split('/').collect();
                let at = at % segments.len();
                match spoil {
                    Spoil::AddSegment(_, text) => segments.insert(at, text),
                    _ => drop(segments.remove(at)),
                }
                path = segments.join("/");
            }
            Spoil::Query(query) => path = format!("{path}?{query}"),
            Spoil::Token(other) => token.clone_from(other),
            Spoil::WrapTtl(ttl) => headers.push(("X-Vault-Wrap-TTL", ttl.clone())),
            Spoil::ContentType(kind) => headers.push(("Content-Type", (*kind).to_owned())),
            Spoil::CutBody(_) | Spoil::FlipByte(..) => {}
        }
    }
    let mut body = if value.is_null() { Vec::new() } else { value.to_string().into_bytes() };
    for spoil in spoils {
        match spoil {
            Spoil::CutBody(at) if !body.is_empty() => body.truncate(at % body.len()),
            Spoil::FlipByte(at, byte) if !body.is_empty() => {
                let at = at % body.len();
                body[at] ^= byte;
            }
            _ => {}
        }
    }
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let mut request = http::Request::builder().method(method.as_str()).uri(format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.header("X-Vault-Token", token).body(Bytes::from(body)).ok()
}

/// Replaces one of the values in a body.
fn replace(value: &mut Value, at: usize, new: &Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let count = fields.len();
            if let Some((_, value)) = fields.iter_mut().nth(at % count) {
                value.clone_from(new);
            }
        }
        other => other.clone_from(new),
    }
}

/// Whether the real server could have answered so: with a known status, and with an internal error only where its own
/// reader of JSON, or its storage, has one.
fn is_proper(response: &http::Response<Bytes>) -> bool {
    if response.status() != http::StatusCode::INTERNAL_SERVER_ERROR {
        return true;
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = body["errors"][0].as_str().unwrap_or_default();
    INTERNAL.iter().any(|known| text.contains(known)) || RECORDED.contains(&beginning(text))
}

/// How the texts begin that the real server sent with status 500 in the recordings.
static RECORDED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let failed = steps().into_iter().filter(|step| step["expect"]["status"] == 500);
    failed.filter_map(|step| step["expect"]["body"]["errors"][0].as_str().map(beginning)).collect()
});

/// The first words, behind what a list of errors begins with.
fn beginning(text: &str) -> String {
    text.trim_start_matches("1 error occurred:\n\t* ").chars().take(16).collect()
}

/// What the real server says with status 500, as it was recorded or measured.
const INTERNAL: [&str; 6] = [
    "invalid character",
    "malformed JSON",
    "duplicate key",
    "JSON ",
    "unable to find PKI issuer for reference",
    "unable to find PKI key for reference",
];
