//! The pages of the documentation that are made from the catalogue.

use crate::catalogue;
use crate::explain::messages;

/// `docs/rules.md`
pub fn rules() -> String {
    let mut text = String::from(
        "# Rules\n\nWhat `lab verify` checks. `lab verify --rules` lists them, `lab explain CODE` says the same as this page.\n\
         Made from `lab/verify/catalogue/rules`; the severity is the usual one, and cases that are less bad say so.\n",
    );
    for rule in catalogue::rules() {
        text.push_str(&format!(
            "\n## {}\n\n{}: {}.\n\n",
            rule.code,
            capitalise(rule.severity.name()),
            rule.title
        ));
        text.push_str(&format!("{}\n\nKnown from: {}.\n", escape(&rule.why), escape(&rule.source)));
        if !rule.proof.is_empty() {
            text.push_str(&format!("The real program is asked in `{}`.\n", rule.proof));
        }
        text.push('\n');
        text.push_str(&fix(&rule.fix));
        if !rule.scenario.is_empty() {
            text.push_str(&format!("\nSee it: `{}`\n", rule.scenario));
        }
    }
    text
}

/// `docs/messages.md`
pub fn messages_page() -> String {
    let mut text = String::from(
        "# Messages\n\nWhat `lab explain` knows: what Nomad, Vault, consul-template, Go's TLS, curl and openssl say, what it\n\
         means in this stack, and what to do. `*` stands for anything. Made from `lab/verify/catalogue/messages`.\n",
    );
    for message in messages() {
        text.push_str(&format!("\n## {}\n\n", message.name));
        for said in std::iter::once(&message.text).chain(&message.also) {
            text.push_str(&format!("- `{said}`\n"));
        }
        text.push_str(&format!("\nSaid by {}. {}\n", escape(&message.who), escape(&message.means)));
        for (number, cause) in message.causes.iter().enumerate() {
            text.push_str(&format!("\n{}. {}\n", number + 1, escape(&cause.what)));
            text.push_str(&format!(
                "   - check: {}\n   - fix: {}\n",
                escape(&cause.check),
                escape(&cause.fix)
            ));
        }
        if !message.scenario.is_empty() {
            text.push_str(&format!("\nSee it: `{}`\n", message.scenario));
        }
    }
    text
}

fn fix(text: &str) -> String {
    if text.contains('\n') || text.starts_with("command =") {
        format!("```text\n{}\n```\n", text.trim_end())
    } else {
        format!("Fix: {}\n", escape(text))
    }
}

/// What Markdown would take for something else.
fn escape(text: &str) -> String {
    text.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
}

fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
