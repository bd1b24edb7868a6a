//! Lists of jobs.

use serde_json::Value as Json;

use crate::nomad_cli::json::Look;
use crate::nomad_cli::wording::{nano_text, table};

/// The jobs of a list; with their namespaces where those of all are shown.
pub(in crate::nomad_cli) fn lines(jobs: &[Json], of_all: bool) -> String {
    let heading = if of_all {
        "ID|Namespace|Type|Priority|Status|Submit Date"
    } else {
        "ID|Type|Priority|Status|Submit Date"
    };
    let mut lines = vec![heading.to_owned()];
    for job in jobs {
        let namespace = if of_all { format!("{}|", job.text("Namespace")) } else { String::new() };
        lines.push(format!(
            "{}|{namespace}{}|{}|{}|{}",
            job.text("ID"),
            kind(job),
            job.number("Priority"),
            status(job.text("Status"), job.truth("Stop")),
            nano_text(job.number("SubmitTime"))
        ));
    }
    table(&lines)
}

fn kind(job: &Json) -> String {
    let mut kind = job.text("Type").to_owned();
    if job.truth("Periodic") {
        kind.push_str("/periodic");
    }
    if job.truth("ParameterizedJob") {
        kind.push_str("/parameterized");
    }
    kind
}

/// A job's status, and whether it was stopped.
pub(in crate::nomad_cli) fn status(status: &str, is_stopped: bool) -> String {
    if is_stopped { format!("{status} (stopped)") } else { status.to_owned() }
}
