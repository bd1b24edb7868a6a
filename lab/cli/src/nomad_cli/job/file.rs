//! Job files, read and parsed on this side.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::command::{Fault, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape;
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
        let is_json = session.is_set("json");
        if is_json && !(session.flags.texts("var").is_empty() && session.flags.texts("var-file").is_empty()) {
            return fail("Invalid job options: cannot use variables with JSON files.");
        }
        let wrong = Fault::of("Error getting job struct");
        let text = contents(path).map_err(&wrong)?;
        if is_json {
            let job = in_namespaces(session, from_json(&text).map_err(&wrong)?);
            return Ok(Self { job, submission: json!({ "Source": text, "Format": "json" }) });
        }
        let job = in_namespaces(session, parse(session, path, &text).map_err(&wrong)?);
        let of_environment = environment(session).into_iter();
        let of_environment = of_environment.filter_map(|(name, value)| {
            let name = name.strip_prefix(VARIABLE_PREFIX)?.to_owned();
            Some((name, value))
        });
        let of_flags = session.flags.texts("var").iter().map(|text| pair(text));
        let variables: Map<String, Json> =
            of_environment.chain(of_flags).map(|(name, value)| (name, value.into())).collect();
        let files = variable_files(session).map_err(&wrong)?;
        let submission = json!({
            "Source": text,
            "Format": "hcl2",
            "VariableFlags": variables,
            "Variables": files.into_iter().map(|(_, text)| text + "\n").collect::<String>(),
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

/// The job in the namespaces of Consul and Vault that the flags name.
fn in_namespaces(session: &Session<'_>, mut job: Json) -> Json {
    for (flag, field) in [("consul-namespace", "ConsulNamespace"), ("vault-namespace", "VaultNamespace")] {
        if !session.text(flag).is_empty() {
            job[field] = session.text(flag).into();
        }
    }
    job
}

fn contents(path: &str) -> Result<String, String> {
    if path == "-" {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("Error reading job file from \"-\": {error}")),
        };
    }
    if path.is_empty() {
        return Err("Error jobfile path has to be specified.".to_owned());
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

/// The job of a file in JSON: below `Job`, or else the whole. Names in capitals and small letters are alike.
fn from_json(text: &str) -> Result<Json, String> {
    let wrong = |told: String| format!("Failed to parse JSON job: {told}");
    let mut whole = match serde_json::Deserializer::from_str(text).into_iter::<Json>().next() {
        None => return Err(wrong("EOF".to_owned())),
        Some(Ok(whole)) => whole,
        Some(Err(error)) => {
            return Err(wrong(go_json::complaint(text.as_bytes()).unwrap_or_else(|| error.to_string())));
        }
    };
    let job = match &mut whole {
        Json::Null => Json::Null,
        Json::Object(fields) => {
            let name = fields.keys().find(|name| name.eq_ignore_ascii_case("Job")).cloned();
            let mut nested = name.and_then(|name| fields.remove(&name)).unwrap_or_default();
            match &nested {
                Json::Null => {}
                Json::Object(_) => shape::types().fit_at(&mut nested, JOB, "Job", "Job").map_err(wrong)?,
                other => {
                    let kind = go_json::kind(other);
                    return Err(wrong(format!(
                        "json: cannot unmarshal {kind} into Go struct field .Job of type {JOB}"
                    )));
                }
            }
            shape::types().fit_at(&mut whole, JOB, "", "Job").map_err(wrong)?;
            if nested.is_null() { whole } else { nested }
        }
        other => {
            let kind = go_json::kind(other);
            let wanted = "struct { NestedJob *api.Job \"json:\\\"Job\\\"\"; api.Job }";
            return Err(wrong(format!("json: cannot unmarshal {kind} into Go value of type {wanted}")));
        }
    };
    Ok(shape::fill(&job, JOB))
}

/// What a job is read into.
const JOB: &str = "api.Job";

/// What the names of variables begin with in the environment.
const VARIABLE_PREFIX: &str = "NOMAD_VAR_";

/// A variable of the command line.
fn pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (name.to_owned(), value.to_owned())
}

/// The variables of the environment, by their whole names.
fn environment(session: &Session<'_>) -> Vec<(String, String)> {
    let names = session.environment.names().into_iter().filter(|name| name.starts_with(VARIABLE_PREFIX));
    names
        .map(|name| (name.to_owned(), session.environment.get(name).unwrap_or_default().to_owned()))
        .collect()
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
    let variables: Vec<(String, String)> = session.flags.texts("var").iter().map(|text| pair(text)).collect();
    let files =
        variable_files(session).map_err(|told| format!("Error parsing job file from {path}:\n{told}"))?;
    let environment = environment(session);
    let name = if path == "-" { "stdin" } else { path.rsplit('/').next().unwrap_or(path) };
    let input = lab_job::Input {
        variables: &variables,
        variable_files: &files,
        environment: &environment,
        strict: session.flags.text("hcl2-strict") != Some("false"),
        ..lab_job::Input::new(name, text, &Here)
    };
    lab_job::parse(&input).map_err(|problems| format!("Error parsing job file from {path}:\n{problems}"))
}

/// This machine, as job files may ask for it.
struct Here;

impl lab_job::Surroundings for Here {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, lab_job::Unreadable> {
        std::fs::read(path).map_err(|error| unreadable(&error))
    }

    fn look_at(&self, path: &str) -> Result<lab_job::Entry, lab_job::Unreadable> {
        let found = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
        Ok(lab_job::Entry { is_file: found.is_file(), is_directory: found.is_dir(), mode: mode(&found) })
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    fn directory(&self) -> String {
        std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn home(&self) -> Option<String> {
        std::env::home_dir().map(|path| path.to_string_lossy().into_owned())
    }

    fn uuid(&self) -> String {
        lab_world::Entropy::system().uuid()
    }
}

fn unreadable(error: &std::io::Error) -> lab_job::Unreadable {
    match error.kind() {
        std::io::ErrorKind::NotFound => lab_job::Unreadable::Missing,
        _ => lab_job::Unreadable::Other,
    }
}

/// What something is and who may do what with it: `drwxr-xr-x`.
fn mode(found: &Metadata) -> String {
    let kind = found.file_type();
    let first = match () {
        () if kind.is_dir() => "d",
        () if kind.is_fifo() => "p",
        () if kind.is_socket() => "S",
        () if kind.is_char_device() => "Dc",
        () if kind.is_block_device() => "D",
        () => "-",
    };
    let bits = found.permissions().mode();
    let rights = (0..9).rev().zip("rwxrwxrwx".chars());
    first.chars().chain(rights.map(|(bit, right)| if bits >> bit & 1 == 1 { right } else { '-' })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_in_json_are_read_in_both_forms() {
        for text in [
            "{\"Job\": {\"ID\": \"a\", \"x\": 1}, \"ID\": \"b\"}",
            "{\"id\": \"a\", \"Job\": null}",
            "{\"ID\": \"a\"} x",
        ] {
            let job = from_json(text).expect(text);
            assert_eq!((job.text("ID"), job.get("x")), ("a", None), "{text}");
        }
        assert_eq!(from_json("null").expect("nothing").at("ID"), &Json::Null);
    }

    #[test]
    fn what_is_no_job_is_refused_in_gos_words() {
        for (text, told) in [
            (" ", "EOF"),
            ("{", "unexpected EOF"),
            (
                "3",
                "json: cannot unmarshal number into Go value of type struct { NestedJob *api.Job \"json:\\\"Job\\\"\"; api.Job }",
            ),
            ("{\"Job\":3}", "json: cannot unmarshal number into Go struct field .Job of type api.Job"),
            (
                "{\"Priority\":\"x\"}",
                "json: cannot unmarshal string into Go struct field .Job.Priority of type int",
            ),
            (
                "{\"job\":{\"priority\":\"x\"}}",
                "json: cannot unmarshal string into Go struct field Job.Job.Priority of type int",
            ),
            (
                "{\"TaskGroups\":[{\"Count\":1.5}]}",
                "json: cannot unmarshal number 1.5 into Go struct field TaskGroup.Job.TaskGroups.Count of type int",
            ),
            (
                "{\"TaskGroups\":{}}",
                "json: cannot unmarshal object into Go struct field .Job.TaskGroups of type []*api.TaskGroup",
            ),
        ] {
            assert_eq!(from_json(text), Err(format!("Failed to parse JSON job: {told}")), "{text}");
        }
    }
}
