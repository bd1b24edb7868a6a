//! Finds and reads the scenario that was asked for.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;

use lab_hcl::{Diagnostic, Source, render, suggest};
use lab_workflow::Scenario;

use crate::exit::Failure;

/// A scenario of the program's own by its name, or one in a file.
pub(crate) fn load(wanted: &str) -> Result<Scenario, Failure> {
    let source = find(wanted)?;
    Scenario::read(&source).map_err(|diagnostic| shown(&source, &diagnostic))
}

/// What is wrong in a file, with its place.
pub(crate) fn shown(source: &Source, diagnostic: &Diagnostic) -> Failure {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Failure::Scenario(render(source, diagnostic, color))
}

fn find(wanted: &str) -> Result<Source, Failure> {
    if let Some(embedded) = scenarios::all().iter().find(|scenario| scenario.name == wanted) {
        return Ok(Source::new(embedded.path, embedded.text));
    }
    let path = Path::new(wanted);
    if !path.exists() && !looks_like_a_file(wanted) {
        let names = scenarios::all().iter().map(|scenario| scenario.name);
        let hint = match suggest(wanted, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "`lab run --list` shows the names".to_owned(),
        };
        return Err(Failure::NoScenario(format!(
            "there is no scenario called {wanted:?} and no such file; {hint}"
        )));
    }
    if path.is_dir() {
        let text = format!("{wanted} is a directory; a scenario is a file, such as {wanted}/my-plan.lab.hcl");
        return Err(Failure::NoScenario(text));
    }
    let bytes = fs::read(path).map_err(|error| Failure::NoScenario(format!("{wanted}: {error}")))?;
    match String::from_utf8(bytes) {
        // An editor's byte order mark is no part of a scenario.
        Ok(text) => Ok(Source::new(wanted, text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            Err(Failure::Choice(format!("{wanted}: not a scenario: byte {offset} is not UTF-8 text")))
        }
    }
}

fn looks_like_a_file(wanted: &str) -> bool {
    wanted.contains('/') || wanted.ends_with(".hcl") || wanted.ends_with(".json")
}
