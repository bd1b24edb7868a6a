//! The events worth a line of their own under a step.

use lab_workflow::{Change, Event, Program};

/// Whether the event is bad news, and its line; nothing for what other parts of the report show.
///
/// The routine of a run is told only to those who want everything explained.
pub(super) fn describe(event: &Event, is_explaining: bool) -> Option<(bool, String)> {
    let routine = |text: String| is_explaining.then_some((false, text));
    match event {
        Event::Action { text, .. } => routine(text.clone()),
        Event::ProgramChanged { node, program, change: Change::Exited { code, text } } => {
            Some((true, format!("{program} on {node} ended with status {code}: {text}")))
        }
        Event::Waited { condition, met: false, .. } => {
            Some((true, format!("waited in vain for: {condition}")))
        }
        Event::LeaderChanged { leader: Some(leader) } => routine(format!("{leader} leads")),
        Event::LeaderChanged { leader: None } => routine("no server leads".to_owned()),
        Event::NodeStatus { node, status, was } => match (status.as_str(), was) {
            ("down" | "disconnected", _) => Some((true, format!("client {node} is {status}"))),
            ("ready", Some(was)) if was == "down" || was == "disconnected" => {
                Some((false, format!("client {node} is ready again")))
            }
            (status, _) => routine(format!("client {node} is {status}")),
        },
        Event::Allocation { name, node, desired, status, was, .. } => match (status.as_str(), was) {
            ("lost" | "failed", _) => Some((true, format!("allocation {name} on {node} is {status}"))),
            (status, Some(_)) => {
                routine(format!("allocation {name} on {node} is {status} (wanted: {desired})"))
            }
            (status, None) => routine(format!("allocation {name} is placed on {node} and {status}")),
        },
        Event::FaultInjected { text } => Some((false, format!("fault: {text}"))),
        Event::FaultHealed { text } => Some((false, format!("healed: {text}"))),
        Event::Assertion { held: false, message, condition } => {
            Some((true, format!("{message} ({condition})")))
        }
        Event::Assertion { held: true, condition, .. } => routine(format!("holds: {condition}")),
        Event::Violation { invariant, evidence, .. } => {
            Some((true, format!("violates {invariant}: {evidence}")))
        }
        Event::Failed { action, error } => Some((true, format!("failed: {action}: {error}"))),
        Event::Log { program: Program::ConsulTemplate, message, .. } if !is_explaining => {
            refusal(message).map(|text| (false, text))
        }
        Event::Log { node, program, level, message } => {
            routine(format!("{program} on {node}: [{level}] {message}"))
        }
        Event::Note { text } => Some((false, text.clone())),
        _ => None,
    }
}

/// What Vault refuses a template, for which nothing is rendered then; the same on every machine.
fn refusal(message: &str) -> Option<String> {
    let said = message.contains("Error making API request").then(|| message.lines().last())??;
    let said = said.split(" (retry attempt").next()?.trim_start_matches("* ");
    Some(format!("consul-template is refused by Vault: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vault_refuses_a_template_is_told_without_the_request() {
        let log = |program, message: &str| Event::Log {
            node: "server-1".into(),
            program,
            level: "WARN".into(),
            message: message.into(),
        };
        let message = "(view) vault.write(pki/issue/x): Error making API request.\n\nURL: PUT http://v/v1/pki/issue/x\nCode: 400. \
                       Errors:\n\n* the common_name field is required (retry attempt 1 after \"250ms\")";
        let told = describe(&log(Program::ConsulTemplate, message), false);
        let wanted = "consul-template is refused by Vault: the common_name field is required";
        assert_eq!(told, Some((false, wanted.to_owned())));
        assert_eq!(describe(&log(Program::Nomad, message), false), None);
        assert_eq!(describe(&log(Program::ConsulTemplate, "(runner) something else"), false), None);
        let everything = describe(&log(Program::ConsulTemplate, message), true);
        assert!(everything.is_some_and(|(_, text)| text.contains("URL: PUT")));
    }
}
