//! `nomad fmt`

mod told;

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use super::command::{Arity, Command, General, Outcome, misused};
use super::session::Session;
use crate::stand_in::{Takes, file_error};

pub(super) const COMMAND: Command = Command {
    name: "fmt",
    synopsis: "Rewrites Nomad config and job files to canonical format",
    usage: "[flags] paths ...",
    flags: &[
        ("check", Takes::Bool, "Write nothing, and exit with 1 where something would be."),
        ("list", Takes::Bool, "Name the files that change; so it is unless '-list=false'."),
        ("recursive", Takes::Bool, "Look into directories below those given, too."),
        ("write", Takes::Bool, "Write the files; so it is unless '-write=false'."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run,
};

/// What the text from standard input is called.
const INPUT: &str = "<stdin>";

/// One call: what is done with files, and what came of it.
struct Formatting<'a> {
    session: &'a Session<'a>,
    writes: bool,
    lists: bool,
    shows: bool,
    /// What cannot be read as HCL, as people are told.
    unreadable: String,
    errors: Vec<String>,
    is_changed: bool,
}

fn run(session: &Session<'_>) -> Outcome {
    let arguments = session.arguments();
    let reads_input = arguments.first().is_some_and(|first| first == "-");
    let is_on = |flag: &str| session.flags.text(flag) != Some("false");
    let writes = is_on("write") && !reads_input && !session.is_set("check");
    let lists = is_on("list") && !reads_input;
    let shows = reads_input || !lists && !writes;
    let mut work = Formatting {
        session,
        writes,
        lists,
        shows,
        unreadable: String::new(),
        errors: Vec::new(),
        is_changed: false,
    };
    if reads_input {
        let mut bytes = Vec::new();
        match std::io::stdin().read_to_end(&mut bytes) {
            Ok(_) => work.text(INPUT, &bytes),
            Err(error) => work.errors.push(format!("Failed to read file {INPUT}: {error}")),
        }
    } else if arguments.is_empty() {
        work.path(".");
    } else {
        arguments.iter().for_each(|path| work.path(path));
    }
    work.outcome()
}

impl Formatting<'_> {
    fn path(&mut self, name: &str) {
        let path = Path::new(name);
        match path.metadata() {
            Err(_) => self.errors.push(format!("No file or directory at {name}")),
            Ok(found) if found.is_dir() => self.directory(path),
            Ok(_) if is_nomads(path) => self.file(path, name),
            Ok(_) => {
                self.errors.push("Only .nomad and .hcl files can be processed using nomad fmt".to_owned());
            }
        }
    }

    fn directory(&mut self, path: &Path) {
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let Ok(mut entries) = entries else {
            self.errors.push(format!("Failed to list directory {}", path.display()));
            return;
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            // As the entry stands there: links to directories are not followed.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // Go's names of files do not begin with the directory it is in.
            let inner = if path == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
            if is_directory && self.session.is_set("recursive") {
                self.directory(&inner);
            } else if !is_directory && is_nomads(&inner) {
                self.file(&inner, &path.display().to_string());
            }
        }
    }

    /// A file; `shown` is what it is called where it cannot be opened.
    fn file(&mut self, path: &Path, shown: &str) {
        match std::fs::read(path) {
            Ok(bytes) => self.text(&path.display().to_string(), &bytes),
            Err(error) => {
                let why = file_error("open", path, &error);
                self.errors.push(format!("Failed to open file {shown}: {why}"));
            }
        }
    }

    fn text(&mut self, name: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let formatted = match lab_job::format(name, &text) {
            Ok(formatted) if matches!(text, std::borrow::Cow::Borrowed(_)) => formatted,
            Ok(_) => return self.unreadable.push_str(&told::not_text(name)),
            Err(problems) => return self.unreadable.push_str(&told::problems(&problems, &text)),
        };
        if formatted != text {
            self.is_changed = true;
            if self.lists {
                self.session.say(name);
            }
            if self.writes
                && let Err(error) = std::fs::write(name, &formatted)
            {
                let why = file_error("open", Path::new(name), &error);
                return self.errors.push(format!("Failed to write file {name}: {why}"));
            }
        }
        if self.shows {
            self.session.write(formatted.as_bytes());
        }
    }

    fn outcome(self) -> Outcome {
        // Whoever reads it has seen enough when it cannot be written.
        let _ = std::io::stderr().write_all(self.unreadable.as_bytes());
        match self.errors.as_slice() {
            [] if !self.unreadable.is_empty() => Ok(1),
            [] => Ok(u8::from(self.session.is_set("check") && self.is_changed)),
            [error] => misused(format!("1 error occurred:\n\t* {error}\n\n")),
            errors => {
                let lines: Vec<String> = errors.iter().map(|error| format!("\t* {error}")).collect();
                misused(format!("{} errors occurred:\n{}\n\n", errors.len(), lines.join("\n")))
            }
        }
    }
}

fn is_nomads(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "nomad" || extension == "hcl")
}
