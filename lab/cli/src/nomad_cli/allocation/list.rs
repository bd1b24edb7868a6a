//! Lists of allocations.

use serde_json::Value as Json;
use time::OffsetDateTime;

use crate::nomad_cli::json::Look;
use crate::nomad_cli::wording::{age, limit, table};

/// A list from stubs, which know the name of their node; short identifiers and ages unless they are shown whole.
pub(in crate::nomad_cli) fn stubs(allocations: &[Json], length: usize, now: OffsetDateTime) -> String {
    let is_verbose = length > 8;
    lines(allocations, is_verbose, length, now, true)
}

/// A list from whole allocations.
pub(in crate::nomad_cli) fn whole(
    allocations: &[Json],
    is_verbose: bool,
    length: usize,
    now: OffsetDateTime,
) -> String {
    lines(allocations, is_verbose, length, now, false)
}

/// A list of what an evaluation has placed: never more than the usual columns.
pub(in crate::nomad_cli) fn placed(allocations: &[Json], length: usize, now: OffsetDateTime) -> String {
    lines(allocations, false, length, now, false)
}

fn lines(allocations: &[Json], is_verbose: bool, length: usize, now: OffsetDateTime, name: bool) -> String {
    if allocations.is_empty() {
        return "No allocations placed".to_owned();
    }
    let mut sorted: Vec<&Json> = allocations.iter().collect();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    let heading = match (is_verbose, name) {
        (false, _) => "ID|Node ID|Task Group|Version|Desired|Status|Created|Modified",
        (true, true) => "ID|Eval ID|Node ID|Node Name|Task Group|Version|Desired|Status|Created|Modified",
        (true, false) => "ID|Eval ID|Node ID|Task Group|Version|Desired|Status|Created|Modified",
    };
    let mut lines = vec![heading.to_owned()];
    for one in sorted {
        let id = |field: &str| limit(one.text(field), length).to_owned();
        let mut cells = vec![id("ID")];
        if is_verbose {
            cells.push(id("EvalID"));
        }
        cells.push(id("NodeID"));
        if is_verbose && name {
            cells.push(one.text("NodeName").to_owned());
        }
        cells.push(one.text("TaskGroup").to_owned());
        cells.push(version(one).to_string());
        cells.push(one.text("DesiredStatus").to_owned());
        cells.push(one.text("ClientStatus").to_owned());
        cells.push(age(one.number("CreateTime"), is_verbose, now));
        cells.push(age(one.number("ModifyTime"), is_verbose, now));
        lines.push(cells.join("|"));
    }
    table(&lines)
}

fn version(allocation: &Json) -> i64 {
    match allocation.at("JobVersion") {
        Json::Null => allocation.at("Job").number("Version"),
        version => version.as_i64().unwrap_or_default(),
    }
}
