//! `lab plan`

mod arguments;
mod budget;
mod goal;
mod issuing;
mod scenario;
mod shape;
mod simulate;
mod step;
mod text;

use std::io::Write;

use lab_verify::{Cluster, Input, Judgement, Problem, Severity, judge};
use lab_world::Clock;

use self::arguments::Output;
pub(crate) use self::arguments::PlanArguments;
use self::budget::Budget;
use self::shape::Shape;
use self::simulate::{Simulated, simulate};
use self::step::Step;
use crate::exit::{Exit, Failure};

/// The way of a cluster to a goal.
struct Plan {
    goal: arguments::Goal,
    shape: Shape,
    budget: Budget,
    steps: Vec<Step>,
}

pub(crate) fn run(arguments: &PlanArguments) -> Result<Exit, Failure> {
    let inputs: Vec<Input> = arguments.paths.iter().cloned().map(Input::Path).collect();
    let cluster = (!inputs.is_empty()).then(|| Cluster::read(&inputs, Clock::system().now()));
    let problems = || cluster.iter().flat_map(|cluster| &cluster.problems);
    let is_fatal = |problem: &&Problem| problem.is_syntax() || arguments.paths.contains(&problem.path);
    if let Some(problem) = problems().find(is_fatal) {
        return Err(problem.into());
    }
    let shape = Shape::of(arguments, cluster.as_ref());
    if shape.servers.is_empty() {
        return Err(Failure::Usage(
            "there is no server in it: name the servers' files too, or --servers N".to_owned(),
        ));
    }
    let budget = Budget::of(&shape);
    let steps = goal::steps(arguments.goal, &shape, &budget);
    let plan = Plan { goal: arguments.goal, shape, budget, steps };
    let mut warnings = cluster.as_ref().map(|cluster| warnings(cluster, arguments.goal)).unwrap_or_default();
    warnings.extend(problems().map(|problem| format!("{}: {}", problem.path.display(), problem.message)));
    let simulated = match arguments.simulate {
        true => Some(simulate(&plan)?),
        false => None,
    };
    print(&plan, &warnings, simulated.as_ref(), arguments.format)?;
    Ok(match simulated {
        Some(simulated) if !simulated.holds => Exit::Violated,
        _ => Exit::Good,
    })
}

/// What is wrong with the files as they are, as far as it matters for the way: the mode that a plan itself uses is not.
fn warnings(cluster: &Cluster, goal: arguments::Goal) -> Vec<String> {
    let Judgement { findings, .. } = judge(cluster, &[]);
    let is_of_the_way = |code: &str| goal == arguments::Goal::Mtls && matches!(code, "TLS012" | "TLS009");
    findings
        .into_iter()
        .filter(|finding| finding.severity >= Severity::Warning && !is_of_the_way(&finding.rule.code))
        .map(|finding| {
            let node = finding.node.map(|node| format!("{node}: ")).unwrap_or_default();
            format!("{} {node}{}", finding.rule.code, finding.message)
        })
        .collect()
}

fn print(
    plan: &Plan,
    warnings: &[String],
    simulated: Option<&Simulated>,
    format: Output,
) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let text = match format {
        Output::Checklist => text::checklist(plan, warnings, simulated),
        Output::Markdown => text::markdown(plan, warnings, simulated),
        Output::Json => text::json(plan, warnings, simulated),
        Output::Scenario => {
            // A plan that fails is not printed without its failure; a comment is still a scenario.
            let above: String =
                text::above(warnings, simulated).lines().map(|line| format!("# {line}\n")).collect();
            above + &scenario::text(plan)
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(())
}
