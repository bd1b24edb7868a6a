//! Nomad job files: HCL2 with variables, locals, functions and dynamic blocks, to the job as the HTTP API has it.
//!
//! [`parse`] reads a file as `nomad job run` does and `/v1/jobs/parse` does, with the real program's words and places for
//! everything that is wrong; [`format()`] rewrites one as `nomad fmt` does; [`canonicalize`] fills in what a user left
//! out, as the API's client does before it sends a job.
//!
//! ```
//! use lab_job::{Input, Remote, parse};
//!
//! let remote = Remote { uuid: String::new() };
//! let text = "job \"app\" {\n  group \"web\" {\n    cuont = 3\n  }\n}\n";
//! let problems = parse(&Input::new("app.hcl", text, &remote)).expect_err("a typing error");
//! let wanted = "app.hcl:3,5-10: Unsupported argument; An argument named \"cuont\" is not expected here. Did you mean \"count\"?";
//! assert_eq!(problems.to_string(), wanted);
//! ```

mod canonical;
mod decode;
mod diagnostic;
mod eval;
mod format;
mod functions;
mod kind;
mod surroundings;
mod syntax;
mod validation;
mod variable;

use std::rc::Rc;

pub use crate::canonical::canonicalize;
pub use crate::diagnostic::{Diagnostic, Position, Problems, Range};
pub use crate::format::format;
pub use crate::surroundings::{Entry, Remote, Surroundings, Unreadable};

use crate::decode::{Context, Found};
use crate::diagnostic::Report;
use crate::eval::{Scope, Strangers};
use crate::syntax::{Block, Body};

/// A job file and what it is read with.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The file's name for messages: the path for the program, `input.hcl` for the API.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Variables from the command line (`-var name=value`), in order.
    pub variables: &'a [(String, String)],
    /// Variable files (`-var-file`), in order: their names and what they say.
    pub variable_files: &'a [(String, String)],
    /// The environment, of which only `NOMAD_VAR_` names count.
    pub environment: &'a [(String, String)],
    /// Whether variable files may set only variables that the file has (`-hcl2-strict`, on by default).
    pub strict: bool,
    /// The machine.
    pub surroundings: &'a dyn Surroundings,
}

impl<'a> Input<'a> {
    /// A file read without any values for its variables.
    pub fn new(name: &'a str, text: &'a str, surroundings: &'a dyn Surroundings) -> Self {
        Self { name, text, variables: &[], variable_files: &[], environment: &[], strict: true, surroundings }
    }
}

/// Reads a job file. The job has every field that the API's has, null where the file says nothing.
///
/// Errors: everything that is wrong with the file, or as much as can be seen at once.
pub fn parse(input: &Input<'_>) -> Result<serde_json::Value, Problems> {
    let mut report = Report::new(input.name);
    let body = syntax::parse(input.text, &mut report);
    if report.len() > 0 {
        return Err(Problems { list: report.list, syntax: true, of: None });
    }
    let files = variable::read_files(input)?;
    variable::check_top(&body, &mut report);
    if report.len() > 0 {
        return Err(report.problems().unwrap_or_default());
    }
    let names = variable::collect(&body, &files, input, &mut report);
    if report.len() > 0 {
        return Err(report.problems().unwrap_or_default());
    }
    let job = the_job(&body, &mut report);
    let strangers = Strangers::ForTheClient;
    let scope = Scope { names: &names, outer: None, strangers, surroundings: input.surroundings };
    let job = job.map(|block| {
        let found = Found { block: Rc::new(block.clone()), names: Vec::new() };
        decode::job(&found, &mut Context { scope: &scope, report: &mut report })
    });
    match (report.problems(), job) {
        (None, Some(job)) => Ok(job),
        (problems, _) => Err(problems.unwrap_or_default()),
    }
}

/// The one `job` block.
fn the_job<'a>(body: &'a Body, report: &mut Report) -> Option<&'a Block> {
    let mut jobs = body.blocks.iter().filter(|block| block.kind == "job");
    let Some(first) = jobs.next() else {
        report.add_anywhere("Missing job block", "A job block is required");
        return None;
    };
    for other in jobs {
        let place = report.place(first.header());
        let detail =
            format!("Only one block of type \"job\" is allowed. Previous definition was at {place}.");
        report.add(other.header(), "Duplicate job block", detail);
    }
    Some(first)
}
