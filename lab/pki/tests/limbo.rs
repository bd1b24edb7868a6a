//! The verdicts of Go 1.26.8 on the cases of x509-limbo, case by case.
//!
//! The cases are not part of the source: they are read from `shared/conformance/certificates` beside the workspace, and
//! without them the test says that it was skipped.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use lab_pki::{Certificate, Usage, VerifyOptions, verify};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const EXCEPTIONS: &str = include_str!("limbo-exceptions.txt");
const TEXTS: &str = include_str!("limbo-texts.txt");

/// Cases with a verdict, and how many of them must agree at least.
const COMPARED: usize = 170;
const AGREE: usize = 165;

/// When Go judged: the time of the cases that have none.
const RECORDED: &str = "2026-11-22T00:00:00Z";

#[derive(Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    validation_kind: String,
    extended_key_usage: Vec<String>,
    expected_peer_name: Option<PeerName>,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

#[test]
fn words_are_those_of_go() {
    let Some(judged) = JUDGED.as_ref() else { return skip() };
    let texts: BTreeMap<&str, &str> = lines(TEXTS).filter_map(|line| line.split_once('\t')).collect();
    assert_eq!(texts.len(), judged.ours.len());
    for (id, ours) in &judged.ours {
        assert_eq!(ours.as_ref().map_or_else(String::as_str, |()| "ok"), texts[id.as_str()], "{id}");
    }
}

#[test]
fn verdicts_agree_with_go() {
    let Some(judged) = JUDGED.as_ref() else { return skip() };
    let exceptions = exceptions();
    let mut differences = BTreeMap::new();
    let mut compared = 0;
    for (id, ours) in &judged.ours {
        let expected = match judged.go[id].as_str() {
            "SKIPPED" => continue,
            verdict => verdict == "SUCCESS",
        };
        compared += 1;
        if ours.is_ok() != expected {
            differences.insert(id.as_str(), format!("Go: {expected}, here: {ours:?}"));
        }
    }
    let unexpected: Vec<_> = differences.iter().filter(|(id, _)| !exceptions.contains_key(**id)).collect();
    let stale: Vec<_> = exceptions.keys().filter(|id| !differences.contains_key(*id)).collect();
    assert!(unexpected.is_empty(), "other verdicts than Go's: {unexpected:#?}");
    assert!(stale.is_empty(), "these agree now; take them out of the exceptions: {stale:?}");
    assert_eq!(compared, COMPARED);
    assert!(compared - differences.len() >= AGREE);
}

fn judge(case: &Case) -> Result<(), String> {
    let leaf = Certificate::from_pem(&case.peer_certificate).map_err(|error| error.to_string())?;
    let pool = |texts: &[String]| Certificate::authorities_from_pem(&texts.concat());
    let (roots, intermediates) = (pool(&case.trusted_certs), pool(&case.untrusted_intermediates));
    let at = case.validation_time.as_deref().unwrap_or(RECORDED);
    let at = OffsetDateTime::parse(at, &Rfc3339).expect("the time of a case");
    let usage = match case.extended_key_usage.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["clientAuth"] => Usage::Client,
        [] if case.validation_kind == "CLIENT" => Usage::Client,
        _ => Usage::Server,
    };
    let name =
        case.expected_peer_name.as_ref().filter(|name| name.kind != "RFC822").map(|name| name.value.as_str());
    let options = VerifyOptions { roots: &roots, intermediates: &intermediates, at, usage, name };
    verify(&options, &leaf).map(drop).map_err(|error| error.to_string())
}

/// Both verdicts on each case; `None` without the cases.
struct Judged {
    ours: BTreeMap<String, Result<(), String>>,
    go: BTreeMap<String, String>,
}

static JUDGED: LazyLock<Option<Judged>> = LazyLock::new(|| {
    let (cases, go) = read()?;
    let ours = cases.iter().map(|case| (case.id.clone(), judge(case))).collect();
    Some(Judged { ours, go })
});

fn read() -> Option<(Vec<Case>, BTreeMap<String, String>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/certificates");
    let text = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
    let suite: Suite =
        serde_json::from_str(&text("x509-limbo-core-8a2e6f4.json")?).expect("the suite's form");
    let verdicts = serde_json::from_str(&text("go1.26.8-x509-results.json")?).expect("verdicts by case");
    Some((suite.testcases, verdicts))
}

/// Past the capture of the test runner, so that it is seen.
fn skip() {
    let text = "SKIPPED: no certificate cases beside the workspace (shared/conformance/certificates)";
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The cases whose verdict differs, each with the reason: `id: reason`.
fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let read = |line: &'static str| line.split_once(": ").expect("an id and a reason");
    lines(EXCEPTIONS).map(read).collect()
}

/// The lines of a list, without comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}
