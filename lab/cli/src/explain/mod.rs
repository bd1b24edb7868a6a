//! `lab explain`

mod arguments;
mod text;

use std::io::{self, IsTerminal, Read, Write};

use lab_verify::explain::{Explanation, explain, explain_log};
use serde_json::{Value, json};

pub(crate) use self::arguments::Explain;
use self::arguments::Output;
use crate::exit::{Exit, Failure};
use crate::terminal::errln;

/// More than any log that somebody pastes.
const LONGEST: u64 = 64 << 20;

pub(crate) fn run(arguments: &Explain) -> Result<Exit, Failure> {
    let text = arguments.text.join(" ");
    if arguments.text.is_empty() || text == "-" {
        return explain_input(arguments.format);
    }
    let Some(explanation) = explain(&text) else {
        errln!("nothing is known of {text:?}, nor of anything near it");
        return Ok(Exit::NothingSelected);
    };
    let mut out = anstream::stdout().lock();
    match arguments.format {
        Output::Human => out.write_all(text::one(&text, &explanation).as_bytes())?,
        Output::Json => writeln!(out, "{:#}", document(&text, 1, &explanation))?,
    }
    Ok(Exit::Good)
}

/// A log on standard input; a single line of it counts as a text.
fn explain_input(format: Output) -> Result<Exit, Failure> {
    if io::stdin().is_terminal() {
        errln!("paste a log, and end it with Ctrl-D; for one message: lab explain \"the message\"");
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(LONGEST).read_to_end(&mut bytes).map_err(Failure::Input)?;
    let log = String::from_utf8_lossy(&bytes);
    let mut found = explain_log(&log);
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    if let ([only], true) = (lines.as_slice(), found.is_empty()) {
        found.extend(explain(only).map(|explanation| (only.trim().to_owned(), 1, explanation)));
    }
    let mut out = anstream::stdout().lock();
    match format {
        Output::Json => {
            let documents =
                found.iter().map(|(line, times, explanation)| document(line, *times, explanation));
            writeln!(out, "{:#}", Value::Array(documents.collect()))?;
        }
        Output::Human => {
            for (line, times, explanation) in &found {
                out.write_all(text::of_a_log(line, *times, explanation).as_bytes())?;
            }
            writeln!(out, "{} lines, {} different messages known", lines.len(), found.len())?;
        }
    }
    Ok(if found.is_empty() { Exit::NothingSelected } else { Exit::Good })
}

fn document(text: &str, times: usize, explanation: &Explanation) -> Value {
    match explanation {
        Explanation::Rule(rule) => json!({
            "asked": text, "code": rule.code, "severity": rule.severity.name(), "title": rule.title,
            "why": rule.why, "source": rule.source, "fix": rule.fix, "scenario": rule.scenario,
        }),
        Explanation::Message(message) | Explanation::Nearest(message) => {
            let causes = message
                .causes
                .iter()
                .map(|cause| json!({ "what": cause.what, "check": cause.check, "fix": cause.fix }));
            json!({
                "asked": text, "times": times, "name": message.name, "text": message.text,
                "exact": matches!(explanation, Explanation::Message(_)), "who": message.who,
                "means": message.means, "causes": causes.collect::<Vec<_>>(), "scenario": message.scenario,
            })
        }
    }
}
