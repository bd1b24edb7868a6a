//! Explanations for people.

use lab_verify::catalogue::Rule;
use lab_verify::explain::{Explanation, Message};

/// The explanation of what somebody asked for.
pub(super) fn one(asked: &str, explanation: &Explanation) -> String {
    match explanation {
        Explanation::Rule(rule) => of_rule(rule),
        Explanation::Message(message) => of_message(message),
        Explanation::Nearest(message) => {
            format!("{asked:?} is not known as it stands. The nearest that is:\n\n{}", of_message(message))
        }
    }
}

/// The explanation of a line of a log.
pub(super) fn of_a_log(line: &str, times: usize, explanation: &Explanation) -> String {
    let again = if times > 1 { format!("  ({times} lines)") } else { String::new() };
    format!("> {line}{again}\n\n{}\n", one(line, explanation))
}

fn of_rule(rule: &Rule) -> String {
    let mut text = format!("{} ({}): {}\n\n", rule.code, rule.severity, rule.title);
    text.push_str(&field("why", &rule.why));
    text.push_str(&field("known from", &rule.source));
    text.push_str(&field("fix", &rule.fix));
    if !rule.scenario.is_empty() {
        text.push_str(&field("see it", &rule.scenario));
    }
    text
}

fn of_message(message: &Message) -> String {
    let mut text = format!("{}\n\n", message.text);
    text.push_str(&field("said by", &message.who));
    text.push_str(&field("means", &message.means));
    for (number, cause) in message.causes.iter().enumerate() {
        text.push_str(&format!("\n  {}. {}\n", number + 1, wrap(&cause.what, 5)));
        text.push_str(&format!("     check  {}\n", wrap(&cause.check, 12)));
        text.push_str(&format!("     fix    {}\n", wrap(&cause.fix, 12)));
    }
    if !message.scenario.is_empty() {
        text.push_str(&format!("\n  see it     {}\n", message.scenario));
    }
    text
}

fn field(name: &str, text: &str) -> String {
    format!("  {name:<10} {}\n", wrap(text, 13))
}

/// Lines of at most 80 columns, indented from the second on; text with lines of its own keeps them.
fn wrap(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut lines = Vec::new();
    for given in text.lines() {
        let mut line = String::new();
        for word in given.split_inclusive(' ') {
            if !line.is_empty() && indent + line.chars().count() + word.trim_end().chars().count() > 80 {
                lines.push(line.trim_end().to_owned());
                line = String::new();
            }
            line.push_str(word);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join(&format!("\n{margin}"))
}
