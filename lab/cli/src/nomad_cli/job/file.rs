//! Job files, read and parsed on this side.

use std::io::Read;
use std::path::Path;

use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::command::Fault;
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::file_error;

/// A job file and the job in it.
pub(super) struct JobFile {
    /// The job as the API has it.
    pub(super) job: Json,
    /// What the server keeps of how it was submitted.
    pub(super) submission: Json,
}

impl JobFile {
    /// Reads the job file at a path, `-` for standard input, with the variables that the flags give.
    pub(super) fn read(session: &Session<'_>, path: &str) -> Result<Self, Fault> {
        let wrong = Fault::of("Error getting job struct");
        let text = contents(path).map_err(&wrong)?;
        let job = if session.is_set("json") {
            from_json(&text).map_err(&wrong)?
        } else {
            parse(session, path, &text).map_err(&wrong)?
        };
        let mut variables = Map::new();
        for pair in session.flags.texts("var") {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            variables.insert(name.to_owned(), value.into());
        }
        let submission = json!({
            "Source": text,
            "Format": if session.is_set("json") { "json" } else { "hcl2" },
            "VariableFlags": variables,
            "Variables": variable_files(session).map_err(&wrong)?.into_iter().map(|(_, text)| text).collect::<String>(),
        });
        Ok(Self { job, submission })
    }

    /// Where the job is sent: its own namespace and region, unless the flags and the environment say others.
    pub(super) fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = Vec::new();
        for (parameter, field) in [("namespace", "Namespace"), ("region", "Region")] {
            if !self.job.text(field).is_empty() {
                query.push((parameter, self.job.text(field)));
            }
        }
        query
    }
}

fn contents(path: &str) -> Result<String, String> {
    if path == "-" {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("Error reading job file from \"-\": {error}")),
        };
    }
    if path.contains("://") {
        return Err(format!(
            "Error getting jobfile from {path:?}: the lab's nomad reads job files from this machine only"
        ));
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    std::fs::read_to_string(path).map_err(|error| {
        let told = match error.kind() {
            std::io::ErrorKind::IsADirectory => "source path must be a file".to_owned(),
            _ => format!("source path error: {}", file_error("stat", &whole, &error)),
        };
        format!("Error getting jobfile from {path:?}: {told}")
    })
}

fn from_json(text: &str) -> Result<Json, String> {
    let whole: Json = serde_json::from_str(text).map_err(|error| {
        let told = go_json::complaint(text.as_bytes()).unwrap_or_else(|| error.to_string());
        format!("Failed to parse JSON job: {told}")
    })?;
    match whole.get("Job") {
        Some(job) if !job.is_null() => Ok(job.clone()),
        _ => Ok(whole),
    }
}

/// The variable files that the flags name, with what they say.
fn variable_files(session: &Session<'_>) -> Result<Vec<(String, String)>, String> {
    let read = |path: &String| {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let told = file_error("open", Path::new(path), &error);
            format!("unable to parse var file: <nil>: Failed to read file; failed to read {path:?}: {told}")
        })?;
        Ok((path.clone(), text))
    };
    session.flags.texts("var-file").iter().map(read).collect()
}

fn parse(session: &Session<'_>, path: &str, text: &str) -> Result<Json, String> {
    let pair = |pair: &String| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    let variables: Vec<(String, String)> = session.flags.texts("var").iter().map(pair).collect();
    let files =
        variable_files(session).map_err(|told| format!("Error parsing job file from {path}:\n{told}"))?;
    let environment: Vec<(String, String)> = session
        .environment
        .names()
        .into_iter()
        .filter(|name| name.starts_with("NOMAD_VAR_"))
        .map(|name| (name.to_owned(), session.environment.get(name).unwrap_or_default().to_owned()))
        .collect();
    let input = lab_job::Input {
        variables: &variables,
        variable_files: &files,
        environment: &environment,
        strict: session.flags.text("hcl2-strict") != Some("false"),
        ..lab_job::Input::new(if path == "-" { "stdin" } else { path }, text, &Here)
    };
    lab_job::parse(&input).map_err(|problems| format!("Error parsing job file from {path}:\n{problems}"))
}

/// This machine, as job files may ask for it.
struct Here;

impl lab_job::Surroundings for Here {
    fn read_file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| file_error("open", Path::new(path), &error))
    }

    fn uuid(&self) -> String {
        lab_world::Entropy::system().uuid()
    }
}
