//! Job files read by a real agent (`/v1/jobs/parse`), and what it answered.

use lab_job::{Input, Remote, canonicalize, parse};
use serde_json::Value;

#[test]
fn job_files_are_read_as_the_real_agent_does() {
    let mut wrong = Vec::new();
    for line in include_str!("recorded.jsonl").lines() {
        let recorded: Value = serde_json::from_str(line).expect("a recorded answer");
        let text = recorded["hcl"].as_str().expect("a job file");
        let remote = Remote { uuid: "an id".into() };
        let answer = match parse(&Input::new("input.hcl", text, &remote)) {
            Ok(job) if recorded["canonicalize"] == true => canonicalize(&job),
            Ok(job) => job,
            Err(problems) => Value::String(format!("Failed to parse job: {problems}")),
        };
        let (wanted, came) = (sorted(&recorded["body"]), sorted(&answer));
        if wanted != came {
            wrong.push(format!("{text}\n{}", differences("", &wanted, &came)));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n----\n"));
}

/// Problems of the fields of one block come in no fixed order from the real agent.
fn sorted(answer: &Value) -> Value {
    let Some(text) = answer.as_str() else { return answer.clone() };
    let mut lines: Vec<&str> = text.trim_start_matches("Failed to parse job: ").lines().collect();
    lines.sort_unstable();
    lines.join("\n").into()
}

/// What is wanted and what came, where they differ.
fn differences(path: &str, wanted: &Value, came: &Value) -> String {
    match (wanted, came) {
        (Value::Object(wanted), Value::Object(came)) => {
            let mut names: Vec<&String> = wanted.keys().chain(came.keys()).collect();
            names.sort();
            names.dedup();
            let null = Value::Null;
            let one = |name: &&String| {
                if !came.contains_key(*name) || !wanted.contains_key(*name) {
                    return format!("{path}/{name} is in only one\n");
                }
                let (wanted, came) = (wanted.get(*name).unwrap_or(&null), came.get(*name).unwrap_or(&null));
                differences(&format!("{path}/{name}"), wanted, came)
            };
            names.iter().map(one).collect()
        }
        (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => wanted
            .iter()
            .zip(came)
            .enumerate()
            .map(|(at, (wanted, came))| differences(&format!("{path}/{at}"), wanted, came))
            .collect(),
        (wanted, came) if wanted == came => String::new(),
        (wanted, came) => format!("{path}: wanted {wanted}\n{path}: came   {came}\n"),
    }
}
