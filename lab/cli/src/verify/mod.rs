//! `lab verify`

mod arguments;
mod live;

use std::io::{self, IsTerminal, Write};

use lab_verify::report::{self, Format};
use lab_verify::{Cluster, Input, Judgement, Severity, catalogue, judge};
use lab_world::Clock;
use time::OffsetDateTime;

pub(crate) use self::arguments::Verify;
use self::arguments::{Deny, Output};
use crate::exit::{Exit, Failure};
use crate::terminal::errln;

pub(crate) fn run(arguments: &Verify) -> Result<Exit, Failure> {
    if arguments.rules {
        return print_rules(arguments.format);
    }
    let at = moment(arguments.at.as_deref())?;
    let mut inputs: Vec<Input> = arguments.paths.iter().cloned().map(Input::Path).collect();
    inputs.extend(arguments.nodes.iter().map(|(name, path)| Input::Node(name.clone(), path.clone())));
    let mut cluster = Cluster::read(&inputs, at);
    if !arguments.previous.is_empty() {
        let before: Vec<Input> = arguments.previous.iter().cloned().map(Input::Path).collect();
        cluster = cluster.with_before(Cluster::read(&before, at));
    }
    if let Some(address) = &arguments.vault {
        cluster = cluster.with_live(live::read(address)?);
    }
    let judgement = judge(&cluster, &arguments.allow);
    print(&cluster, &judgement, arguments.format)?;
    Ok(exit(&cluster, &judgement, arguments.deny))
}

/// What does not parse comes first: nothing can be said of it. Otherwise findings say more than files that could not
/// be read.
fn exit(cluster: &Cluster, judgement: &Judgement, deny: Option<Deny>) -> Exit {
    if cluster.problems.iter().any(lab_verify::Problem::is_syntax) {
        return Exit::Unreadable;
    }
    let least = deny.map_or(Severity::Information, Deny::severity);
    match judgement.worst().filter(|worst| *worst >= least) {
        None if !cluster.problems.is_empty() => Exit::Unexpected,
        worst => Exit::of_severity(worst),
    }
}

fn print(cluster: &Cluster, judgement: &Judgement, format: Output) -> Result<(), Failure> {
    let problems: Vec<String> =
        cluster.problems.iter().map(|problem| report::problem(problem, true)).collect();
    if !problems.is_empty() {
        errln!("{}", problems.join("\n\n"));
    }
    let format = match format {
        Output::Human => Format::Human { color: io::stdout().is_terminal() },
        Output::Json => Format::Json,
        Output::Sarif => Format::Sarif,
        Output::Github => Format::Github,
        Output::Junit => Format::Junit,
    };
    let is_only_problems = cluster.node_names().is_empty() && judgement.findings.is_empty();
    if matches!(format, Format::Human { .. }) && is_only_problems && !cluster.problems.is_empty() {
        return Ok(());
    }
    if !problems.is_empty() {
        errln!();
    }
    anstream::stdout().write_all(report::render(cluster, judgement, format).as_bytes())?;
    Ok(())
}

/// Now, or the moment that was asked for: a day, or a time as RFC 3339 has it.
fn moment(text: Option<&str>) -> Result<OffsetDateTime, Failure> {
    use time::format_description::well_known::Rfc3339;
    let Some(text) = text else { return Ok(Clock::system().now()) };
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| {
        Failure::Usage(format!("--at {text:?} is not a date: write 2026-12-24 or 2026-12-24T18:00:00Z"))
    })
}

fn print_rules(format: Output) -> Result<Exit, Failure> {
    let mut out = anstream::stdout().lock();
    if format == Output::Json {
        let rules: Vec<serde_json::Value> = catalogue::rules()
            .iter()
            .map(|rule| {
                serde_json::json!({
                    "code": rule.code, "severity": rule.severity.name(), "title": rule.title, "why": rule.why,
                    "source": rule.source, "fix": rule.fix, "scenario": rule.scenario,
                })
            })
            .collect();
        writeln!(out, "{:#}", serde_json::Value::Array(rules))?;
        return Ok(Exit::Good);
    }
    for rule in catalogue::rules() {
        writeln!(out, "{:<8} {:<12} {}", rule.code, rule.severity.name(), rule.title)?;
    }
    writeln!(out, "\nlab explain CODE says why each matters and what to do.")?;
    Ok(Exit::Good)
}
