//! Problems of a file with the lines that they are in, as HCL's own writer shows them.

use lab_job::{Diagnostic, Problems, Range};

/// How wide explanations are.
const WIDTH: usize = 80;

/// Every problem, with the lines of the text that it is in.
pub(super) fn problems(problems: &Problems, text: &str) -> String {
    problems.list().iter().map(|problem| one(problem, text)).collect()
}

/// A file that is no text.
pub(super) fn not_text(name: &str) -> String {
    format!(
        "Error: Invalid character encoding\n\n  on {name} line 1:\n\nAll input files must be UTF-8 encoded. Ensure that \
         UTF-8 encoding is selected in\nyour editor.\n\n"
    )
}

fn one(problem: &Diagnostic, text: &str) -> String {
    let mut told = format!("Error: {}\n\n", problem.summary);
    if let Some((file, range)) = &problem.place {
        told.push_str(&format!("  on {file} line {}:\n", range.start.line));
        told.push_str(&excerpt(*range, text));
        told.push('\n');
    }
    if !problem.detail.is_empty() {
        told.push_str(&format!("{}\n\n", wrap(&problem.detail)));
    }
    told
}

/// The lines that a range touches, with their numbers.
fn excerpt(range: Range, text: &str) -> String {
    let (first, last) = (range.start.byte, range.end.byte.max(range.start.byte + 1));
    let mut lines = String::new();
    let mut start = 0;
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches('\n').trim_end_matches('\r');
        let end = start + line.len();
        let holds = |from: usize, to: usize, at: usize| from <= at && at < to;
        let touches = holds(start, end, first)
            || holds(start, end, last)
            || holds(first, last, start)
            || holds(first, last, end);
        if touches && !line.is_empty() {
            lines.push_str(&format!("{:4}: {line}\n", number + 1));
        }
        start += whole.len();
    }
    lines
}

/// Breaks a text at blanks.
fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}
