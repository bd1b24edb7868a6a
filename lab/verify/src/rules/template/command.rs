//! CT205: how Nomad is told of new files.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Rendered;

pub(in crate::rules) fn check(rendered: &Rendered<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut commands: Vec<(usize, String)> = Vec::new();
    for (index, rendering) in rendered.templating.renderings.iter().enumerate() {
        let written = rendered.products.iter().filter(|product| product.rendering == index);
        let read: Vec<&str> = written
            .map(|product| product.destination.as_str())
            .filter(|destination| rendered.is_read_by_an_agent(destination))
            .collect();
        let Some(file) = read.first() else { continue };
        let command = rendering.settings.command.join(" ");
        if command.is_empty() {
            let message =
                format!("nothing tells Nomad that {file} has changed: no `command` in its template");
            let place = rendered.templating.block_place(index, "no command");
            findings.push(rendered.finding("CT205", message).at(Some(place)));
        } else {
            commands.push((index, command));
        }
    }
    findings.extend(commands.iter().filter_map(|(index, command)| restarts(rendered, *index, command)));
    findings.extend(several(rendered, &commands));
    // One that another template of the pair announces need not be announced twice.
    if !commands.is_empty() {
        for finding in &mut findings {
            if finding.message.starts_with("nothing tells") {
                finding.severity = Severity::Information;
            }
        }
    }
    findings
}

fn restarts(rendered: &Rendered<'_>, index: usize, command: &str) -> Option<Finding> {
    if !command.contains("restart") || !command.contains("nomad") {
        return None;
    }
    let message = format!("`{command}` on every rotation: a reload is enough for new certificates");
    let place = rendered.templating.block_place(index, "restarts Nomad");
    Some(rendered.finding("CT205", message).at(Some(place)).severity(Severity::Warning))
}

/// Different commands are not run once a pass, but each.
fn several(rendered: &Rendered<'_>, commands: &[(usize, String)]) -> Option<Finding> {
    let (first, command) = commands.first()?;
    let (other, _) = commands.iter().find(|(_, other)| other != command)?;
    let mut distinct: Vec<&String> = commands.iter().map(|(_, command)| command).collect();
    distinct.sort();
    distinct.dedup();
    let message = format!(
        "{} different commands for the files of one agent: Nomad is told as often on each rotation",
        distinct.len()
    );
    let place = |index: usize, label: &str| Some(rendered.templating.block_place(index, label));
    Some(
        rendered
            .finding("CT205", message)
            .at(place(*first, "one command"))
            .with(place(*other, "another one")),
    )
}
