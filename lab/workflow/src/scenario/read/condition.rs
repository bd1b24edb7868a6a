//! Conditions: `plaintext_rpc == refused && clients_ready == all`, quoted or not.

use lab_hcl::{Diagnostic, Span, Value};

use super::selector::word;
use super::unknown;
use crate::scenario::{Comparison, Condition, Fact};

pub(super) fn read_condition(value: &Value) -> Result<Condition, Diagnostic> {
    let Some(text) = word(value) else {
        let problem = "`condition` must be a comparison, such as plaintext_rpc == refused";
        return Err(Diagnostic::new(problem, value.span).with_label(format!("this is {}", value.describe())));
    };
    let comparisons =
        text.split("&&").map(|part| read_comparison(part, value.span)).collect::<Result<_, _>>()?;
    Ok(Condition { comparisons })
}

fn read_comparison(text: &str, span: Span) -> Result<Comparison, Diagnostic> {
    let (is_equal, parts) = match text.split_once("==") {
        Some(parts) => (true, Some(parts)),
        None => (false, text.split_once("!=")),
    };
    let Some((fact, wanted)) = parts else {
        let problem = format!("{:?} is not a comparison", text.trim());
        return Err(
            Diagnostic::new(problem, span).with_help("compare with == or !=, and join comparisons with &&")
        );
    };
    let fact = fact.trim();
    let known: Vec<&str> = Fact::WORDS.iter().map(|(word, _)| *word).collect();
    let fact = Fact::WORDS.iter().find(|(word, _)| *word == fact).map(|(_, fact)| *fact);
    let fact = fact
        .ok_or_else(|| unknown("fact", text.split(['=', '!']).next().unwrap_or("").trim(), span, &known))?;
    let wanted = wanted.trim().trim_matches('"');
    let is_number = wanted.parse::<usize>().is_ok();
    let takes_numbers =
        matches!(fact, Fact::ClientsReady | Fact::AllocationsRunning | Fact::AllocationsPending);
    if !(fact.values().contains(&wanted) || is_number && takes_numbers) {
        let number = if takes_numbers { ["a number"].as_slice() } else { &[] };
        let values: Vec<&str> = fact.values().iter().chain(number).copied().collect();
        let problem = format!("{} is never {wanted:?}", fact.as_str());
        return Err(Diagnostic::new(problem, span).with_help(format!("it is {}", values.join(", "))));
    }
    Ok(Comparison { fact, is_equal, value: wanted.to_owned() })
}
