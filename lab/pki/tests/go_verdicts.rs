//! What Go 1.26.8 says of chains with random faults, in its words: one chain for each of its texts.
//!
//! `tests/go` makes them; with `LAB_GO_VERDICTS` the test reads another file of them:
//!
//! ```sh
//! (cd lab/pki/tests/go && go run . 100000 2 >/tmp/verdicts.jsonl)
//! LAB_GO_VERDICTS=/tmp/verdicts.jsonl cargo test -p lab-pki --test go_verdicts
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_pki::{Certificate, Usage, VerifyOptions, verify};
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::datetime;

const VERDICTS: &str = include_str!("data/go-verdicts.jsonl");

/// When Go judged.
const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

/// What differs, and why: P-224 is read and not looked at.
const KNOWN: &str = "P224";

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    intermediates: Vec<String>,
    leaf: String,
    usage: String,
    name: String,
    text: String,
}

#[test]
fn faults_are_told_in_gos_words() {
    let text = match std::env::var("LAB_GO_VERDICTS") {
        Ok(path) => std::fs::read_to_string(path).expect("a file of verdicts"),
        Err(_) => VERDICTS.to_owned(),
    };
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert!(cases.len() > 100);
    let differ: Vec<String> = cases
        .iter()
        .filter(|case| !case.text.contains(KNOWN))
        .map(|case| (&case.text, judge(case)))
        .filter(|(go, ours)| *go != ours)
        .map(|(go, ours)| format!("Go: {go}\nhere: {ours}"))
        .collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
}

fn judge(case: &Case) -> String {
    let leaf = match read(&case.leaf) {
        Ok(leaf) => leaf,
        Err(error) => return error.to_string(),
    };
    // Those that do not parse are left out, as from a file of several.
    let pool =
        |list: &[String]| -> Vec<Certificate> { list.iter().filter_map(|one| read(one).ok()).collect() };
    let options = VerifyOptions {
        roots: &pool(&case.roots),
        intermediates: &pool(&case.intermediates),
        at: NOW,
        usage: if case.usage == "client" { Usage::Client } else { Usage::Server },
        name: Some(case.name.as_str()).filter(|name| !name.is_empty()),
    };
    verify(&options, &leaf).map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

fn read(text: &str) -> Result<Certificate, lab_pki::Error> {
    Certificate::from_der(&STANDARD.decode(text).expect("Base64"))
}
