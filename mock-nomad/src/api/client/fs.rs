//! `/v1/client/fs`: the files of an allocation, and the output of its tasks.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, stream};
use lab_wire::http::Pieces;
use lab_world::Clock;
use serde_json::json;

use super::super::{Api, ApiError, ApiRequest, Raw, Reply, parse_bool};
use crate::client::{Client, FileError, Files};

/// How long a piece of a stream is at most, how often a file is looked at for more, and after how many looks without any
/// the reader hears that there is still somebody.
const PIECE: usize = 64 << 10;
const LOOK: Duration = Duration::from_millis(200);
const SILENT_LOOKS: u32 = 5;

pub(super) async fn handle(api: &Api, request: &ApiRequest, call: &str, id: &str) -> Result<Reply, ApiError> {
    if !matches!(call, "ls" | "stat" | "cat" | "readat" | "stream" | "logs") {
        return Err(ApiError::not_found("Invalid method"));
    }
    if id.is_empty() {
        return Err(ApiError::new(400, "must provide a valid alloc id"));
    }
    let path = request.parameter("path").unwrap_or_default();
    if call == "logs" {
        check_log(request)?;
    }
    let client = super::client_of(api, id)?;
    let unknown = || ApiError::not_found(format!("Unknown allocation {id:?}"));
    let files = client.files(id).ok_or_else(unknown)?;
    match call {
        "ls" => Ok(Reply::plain(files.list(path)?)),
        "stat" if path.is_empty() => Err(ApiError::new(400, "must provide a file name")),
        "stat" => Ok(Reply::plain(files.stat(path)?)),
        "cat" => Ok(content(files.read(path, 0, usize::MAX))),
        "readat" => {
            let offset = request.parameter("offset").unwrap_or_default();
            let part = parse("offset", offset).and_then(|offset| Ok((offset, number(request, "limit")?)));
            Ok(content(part.map_err(|error| FileError::Refused(error.message)).and_then(
                |(offset, limit)| {
                    let length = limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
                    files.read(path, offset, usize::try_from(length).unwrap_or(usize::MAX))
                },
            )))
        }
        "stream" => {
            let follow = request.parameter("follow") != Some("false");
            // A number that is none is the agent's own error here.
            number(request, "offset").map_err(|error| ApiError { code: 500, ..error })?;
            watch(client, Arc::new(files), path.to_owned(), request, follow, None)
        }
        _ => logs(client, Arc::new(files), id, request),
    }
}

fn check_log(request: &ApiRequest) -> Result<(), ApiError> {
    if request.parameter("task").unwrap_or_default().is_empty() {
        return Err(ApiError::new(400, "must provide task name"));
    }
    match request.parameter("type") {
        Some("stdout" | "stderr") => Ok(()),
        _ => Err(ApiError::new(400, "must provide log type (stdout/stderr)")),
    }
}

fn logs(client: &Arc<Client>, files: Arc<Files>, id: &str, request: &ApiRequest) -> Result<Reply, ApiError> {
    let task = request.parameter("task").unwrap_or_default();
    if !files.has_task(task) {
        return Err(ApiError::new(400, format!("unknown task name {task:?}")));
    }
    if !client.has_started(id, task) {
        return Err(ApiError::not_found(format!("task {task:?} not started yet. No logs available")));
    }
    let follow = match request.parameter("follow") {
        None | Some("") => false,
        Some(given) => parse_bool(given).map_err(|error| {
            ApiError::new(400, format!("failed to parse follow field to boolean: {error}"))
        })?,
    };
    let name = Files::log_name(task, request.parameter("type").unwrap_or("stdout"));
    watch(client, files, name, request, follow, Some((id.to_owned(), task.to_owned())))
}

/// A file as it is and, where wanted, as it grows; of a task's output only until the task is over.
fn watch(
    client: &Arc<Client>,
    files: Arc<Files>,
    name: String,
    request: &ApiRequest,
    follow: bool,
    of: Option<(String, String)>,
) -> Result<Reply, ApiError> {
    if name.is_empty() {
        return Err(ApiError::new(400, "must provide a file name"));
    }
    let offset = number(request, "offset")?.unwrap_or_default();
    // A task that has said nothing has a log all the same.
    let size = match files.size(&name) {
        Err(FileError::Missing(_)) if of.is_some() => 0,
        size => size?,
    };
    let offset = match request.parameter("origin").unwrap_or("start") {
        "start" | "" => offset,
        "end" => size.saturating_sub(offset),
        _ => return Err(ApiError::new(400, "origin must be start or end")),
    };
    let plain = request.parameter("plain") == Some("true");
    let reader = Reader {
        clock: client.clock().clone(),
        client: Arc::downgrade(client),
        files,
        name,
        of,
        offset,
        follow,
        plain,
        silent: 0,
    };
    let content_type = match (plain, reader.of.is_some()) {
        (true, _) => "text/plain",
        (false, true) => "application/json",
        (false, false) => "text/plain; charset=utf-8",
    };
    Ok(Reply { raw: Some(Raw::Pieces(content_type, Pieces::new(reader.pieces()))), ..Reply::default() })
}

/// Reads a file on and on.
struct Reader {
    clock: Clock,
    client: std::sync::Weak<Client>,
    files: Arc<Files>,
    name: String,
    /// The allocation and the task whose output it is.
    of: Option<(String, String)>,
    offset: u64,
    follow: bool,
    plain: bool,
    silent: u32,
}

impl Reader {
    fn pieces(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(self, |mut reader| async move {
            let piece = reader.next().await?;
            Some((piece, reader))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            // Looked at before the file: what a task says last is read after it has ended.
            let goes_on = self.follow && self.may_grow();
            let bytes = self.files.read(&self.name, self.offset, PIECE).map(|(bytes, _)| bytes);
            match bytes {
                Ok(bytes) if !bytes.is_empty() => {
                    self.silent = 0;
                    self.offset += bytes.len() as u64;
                    return Some(self.frame(bytes));
                }
                _ if !goes_on => return None,
                _ => {}
            }
            self.clock.sleep(LOOK).await;
            self.silent += 1;
            if self.silent >= SILENT_LOOKS && !self.plain {
                self.silent = 0;
                return Some(Bytes::from_static(b"{}"));
            }
        }
    }

    fn may_grow(&self) -> bool {
        let Some(client) = self.client.upgrade() else { return false };
        self.of.as_ref().is_none_or(|(id, task)| !client.is_over(id, task))
    }

    fn frame(&self, bytes: Vec<u8>) -> Bytes {
        if self.plain {
            return bytes.into();
        }
        let data = STANDARD.encode(bytes);
        json!({"Data": data, "File": self.name, "Offset": self.offset}).to_string().into()
    }
}

/// A file, or with the same status why there is none: the real program has sent its headers before it looks.
fn content(read: Result<(Vec<u8>, String), FileError>) -> Reply {
    let (bytes, content_type) =
        read.unwrap_or_else(|error| (error.to_string().into(), "text/plain; charset=utf-8".to_owned()));
    Reply { raw: Some(Raw::Bytes(content_type, bytes.into())), ..Reply::default() }
}

fn number(request: &ApiRequest, name: &str) -> Result<Option<u64>, ApiError> {
    let given = request.parameter(name).filter(|text| !text.is_empty());
    given.map(|text| parse(name, text)).transpose()
}

fn parse(name: &str, text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(
            400,
            format!("error parsing {name}: strconv.ParseInt: parsing {text:?}: invalid syntax"),
        )
    })
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Missing(text) => Self::not_found(text),
            FileError::Refused(text) => Self::new(400, text),
        }
    }
}
