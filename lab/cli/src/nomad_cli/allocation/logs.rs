//! `nomad alloc logs`

use base64::Engine;
use bytes::Bytes;
use lab_wire::http::Body;
use serde_json::Value as Json;

use super::{chosen, task_of};
use crate::nomad_cli::api::Api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc logs",
    synopsis: "Streams the logs of a task.",
    usage: "[options] <allocation> <task>",
    flags: &[
        ("stdout", Takes::Bool, "What the task wrote to standard output."),
        ("stderr", Takes::Bool, "What it wrote to standard error."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("task", Takes::Text, "The task; or behind the allocation."),
        ("group", Takes::Text, "The group to choose from with -job."),
        ("job", Takes::Bool, "Any running allocation of a job."),
        ("f", Takes::Bool, "Go on with what comes."),
        ("tail", Takes::Bool, "Only the end: 10 lines unless -n or -c says how much."),
        ("n", Takes::Integer, "How many lines of the end."),
        ("c", Takes::Integer, "How many bytes of the end."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

/// How long a line is taken to be when the end of a log is looked for.
const LINE: i64 = 120;

fn run(session: &Session<'_>) -> Outcome {
    let count = session.arguments().len();
    if count == 0 {
        return misused(if session.is_set("job") {
            "A job ID is required"
        } else {
            "An allocation ID is required"
        });
    }
    if count > 2 {
        return misused("This command takes one or two arguments");
    }
    if !session.text("task").is_empty() && count == 2 {
        return misused("Error parsing arguments: when -task is used, only one argument is taken");
    }
    let allocation = chosen(session, session.argument(0))?;
    let named = if count == 2 { session.argument(1) } else { session.text("task") };
    let task = if named.is_empty() {
        task_of(&allocation, named)
            .map_err(|fault| Fault::Told(format!("Failed to validate task: {fault}")))?
    } else {
        named.to_owned()
    };
    let both = session.is_set("stderr") == session.is_set("stdout")
        && (session.is_set("f") || session.is_set("stdout"));
    let kinds: &[&str] = match (both, session.is_set("stderr")) {
        (true, _) => &["stdout", "stderr"],
        (false, true) => &["stderr"],
        (false, false) => &["stdout"],
    };
    let api = session.api()?;
    let near = api.near(allocation.text("NodeID"));
    let mut streams = Vec::new();
    for kind in kinds {
        let log = Log { allocation: &allocation, task: &task, kind };
        let streamed = near.as_ref().and_then(|near| Some((near, log.open(session, near).ok()?)));
        let doing = format!("Failed to read {kind} file: error reading file");
        streams.push(match streamed {
            Some(streamed) => streamed,
            None => (api, log.open(session, api).map_err(Fault::of(&doing))?),
        });
    }
    if session.is_set("f")
        && let [(api, first), (_, second)] = streams.as_mut_slice()
    {
        api.client().block_on(async {
            let (first, second) = tokio::join!(copy(session, first), copy(session, second));
            first.and(second)
        })?;
        return Ok(0);
    }
    for (api, mut body) in streams {
        api.client().block_on(copy(session, &mut body))?;
    }
    Ok(0)
}

/// One log of a task.
struct Log<'a> {
    allocation: &'a Json,
    task: &'a str,
    kind: &'a str,
}

impl Log<'_> {
    fn open(&self, session: &Session<'_>, api: &Api) -> Result<Body, String> {
        let number = |flag: &str| session.text(flag).parse::<i64>().unwrap_or_default();
        let offset = match (wanted_lines(session), number("c")) {
            (Some(lines), _) => lines * LINE,
            (None, bytes) => bytes,
        };
        let offset = offset.to_string();
        let query = [
            ("follow", if session.is_set("f") { "true" } else { "false" }),
            ("namespace", self.allocation.text("Namespace")),
            ("offset", offset.as_str()),
            ("origin", if is_tail(session) { "end" } else { "start" }),
            ("task", self.task),
            ("type", self.kind),
        ];
        api.stream(&format!("/v1/client/fs/logs/{}", self.allocation.text("ID")), &query)
    }
}

fn is_tail(session: &Session<'_>) -> bool {
    let given = |flag: &str| session.text(flag).parse::<i64>().unwrap_or_default() > 0;
    session.is_set("tail") || given("n") || given("c")
}

/// How many lines of the end are wanted, where it is lines.
fn wanted_lines(session: &Session<'_>) -> Option<i64> {
    let number = |flag: &str| session.text(flag).parse::<i64>().unwrap_or_default();
    match (is_tail(session), number("c"), number("n")) {
        (true, 0, 0) => Some(10),
        (true, 0, lines) => Some(lines),
        _ => None,
    }
}

/// Writes what comes; only the last lines of it where those are wanted and nothing is followed.
async fn copy(session: &Session<'_>, body: &mut Body) -> Result<(), Fault> {
    let wanted = wanted_lines(session).filter(|_| !session.is_set("f"));
    let mut frames = Frames::default();
    let mut held = Vec::new();
    while let Some(piece) = body.next().await.map_err(|error| Fault::Told(error.to_string()))? {
        for data in frames.take(&piece)? {
            match wanted {
                Some(_) => held.extend_from_slice(&data),
                None => session.write(&data),
            }
        }
    }
    if let Some(lines) = wanted {
        session.write(last_lines(&held, usize::try_from(lines).unwrap_or_default()));
    }
    Ok(())
}

/// The end of a text: that many lines.
pub(super) fn last_lines(text: &[u8], count: usize) -> &[u8] {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let breaks = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    match count.checked_sub(1).and_then(|skipped| breaks.map(|(at, _)| at).nth(skipped)) {
        Some(at) => &text[at + 1..],
        None if count == 0 => &text[text.len()..],
        None => text,
    }
}

/// The pieces of a file that come as JSON, one object after another.
#[derive(Debug, Default)]
pub(super) struct Frames(Vec<u8>);

impl Frames {
    /// What whole frames hold, after more bytes came.
    pub(super) fn take(&mut self, piece: &Bytes) -> Result<Vec<Vec<u8>>, Fault> {
        self.0.extend_from_slice(piece);
        let mut found = Vec::new();
        let mut stream = serde_json::Deserializer::from_slice(&self.0).into_iter::<Json>();
        let mut read = 0;
        while let Some(frame) = stream.next() {
            match frame {
                Ok(frame) => {
                    read = stream.byte_offset();
                    let data = base64::engine::general_purpose::STANDARD.decode(frame.text("Data"));
                    found.push(data.unwrap_or_default());
                }
                Err(error) if error.is_eof() => break,
                Err(error) => return Err(Fault::Told(format!("Error reading file: {error}"))),
            }
        }
        self.0.drain(..read);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_text_is_so_many_lines() {
        assert_eq!(last_lines(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(last_lines(b"a\nb\nc", 1), b"c");
        assert_eq!(last_lines(b"a\n", 5), b"a\n");
        assert_eq!(last_lines(b"", 5), b"");
    }

    #[test]
    fn frames_may_come_in_pieces() {
        let mut frames = Frames::default();
        let whole = br#"{"Data":"aGk=","File":"x"}{}{"Data":"IQ=="}"#;
        let first = frames.take(&Bytes::from_static(&whole[..10])).expect("a beginning");
        assert!(first.is_empty());
        let rest = frames.take(&Bytes::from_static(&whole[10..])).expect("whole");
        assert_eq!(rest.concat(), b"hi!");
    }
}
