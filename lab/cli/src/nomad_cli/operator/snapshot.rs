//! `nomad operator snapshot`

use std::path::{Path, PathBuf};

use http::Method;
use lab_world::Clock;

use crate::nomad_cli::api::unexpected;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::session::Session;
use crate::stand_in::{Takes, file_error};

pub(in crate::nomad_cli) const SAVE: Command = Command {
    name: "operator snapshot save",
    synopsis: "Saves snapshot of Nomad server state",
    usage: "[options] <file>",
    flags: &[("stale", Takes::Bool, "Let any server answer.")],
    general: General::Client,
    arity: Arity::Counted(0, 1, "This command takes either no arguments or one: <filename>"),
    run: save,
};
pub(in crate::nomad_cli) const RESTORE: Command = Command {
    name: "operator snapshot restore",
    synopsis: "Restore snapshot of Nomad server state",
    usage: "<file>",
    flags: &[],
    general: General::Client,
    arity: Arity::Counted(1, 1, "This command takes one argument: <filename>"),
    run: restore,
};

fn save(session: &Session<'_>) -> Outcome {
    let name = match session.arguments().first() {
        Some(name) => name.clone(),
        None => usual_name(),
    };
    let target = Path::new(&name);
    match target.symlink_metadata() {
        Ok(_) => return misused(format!("Destination file already exists: {name:?}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            let why = file_error("lstat", target, &error);
            return fail(format!("Unexpected failure checking {name:?}: {why}"));
        }
    }
    let partial = PathBuf::from(format!("{name}.tmp"));
    let failed = |error: std::io::Error| {
        Fault::Told(format!("Failed to create file: {}", file_error("open", &partial, &error)))
    };
    std::fs::write(&partial, "").map_err(failed)?;
    let query: &[(&str, &str)] = if session.is_set("stale") { &[("stale", "")] } else { &[] };
    let bytes = session.api()?.bytes("/v1/operator/snapshot", query);
    let bytes = bytes.map_err(Fault::of("Failed to get snapshot file"))?;
    std::fs::write(&partial, &bytes)
        .and_then(|()| std::fs::rename(&partial, target))
        .map_err(|error| Fault::Told(format!("Failed to finalize snapshot file: {error}")))?;
    session.say(format!("State file written to {name}"));
    Ok(0)
}

/// What a snapshot is called where nobody says: by the day and the second.
fn usual_name() -> String {
    let now = Clock::system().now();
    let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
    format!("nomad-state-{year:04}{month:02}{day}-{}.snap", now.unix_timestamp())
}

fn restore(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    let bytes = std::fs::read(name).map_err(|error| {
        Fault::Told(format!("Error opening snapshot file: {:?}", file_error("open", Path::new(name), &error)))
    })?;
    let api = session.api()?;
    let failed = Fault::of("Failed to get restore snapshot");
    let mut request = api.request(Method::PUT, "/v1/operator/snapshot", &[], None).map_err(&failed)?;
    *request.body_mut() = bytes.into();
    let answer = api.client().send(request).map_err(&failed)?;
    match answer.status().as_u16() {
        200 => {
            session.say("Snapshot Restored");
            Ok(0)
        }
        code => Err(failed(unexpected(code, answer.body()))),
    }
}
