//! What only the agent of another node can answer is asked there, over whatever way leads to it.

use bytes::Bytes;
use futures::stream;
use http::Method;
use lab_wire::BoxIo;
use lab_wire::http::{Pieces, TakeOver, percent_escape};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::{Api, ApiError, ApiRequest, Raw, Reply};

/// How long the head of an answer may be.
const MAX_HEAD: usize = 64 << 10;
const PIECE: usize = 32 << 10;

/// Puts the request to the agent of a node and gives its answer back as it comes.
pub(in super::super) async fn ask(api: &Api, request: &ApiRequest, node: &str) -> Result<Reply, ApiError> {
    let broken = |error: std::io::Error| ApiError::new(500, lab_wire::tls::go_text(&error));
    let mut io = match api.view.dial_node(node).await {
        Ok(io) => io,
        // A real one knows no such way.
        Err(text) if text.starts_with("Unknown rpc method") => {
            return super::super::node::ask(api, request, node).await;
        }
        Err(text) => return Err(ApiError::new(500, text)),
    };
    io.write_all(&written(request)).await.map_err(broken)?;
    io.flush().await.map_err(broken)?;
    let (head, rest) = head(&mut io).await.ok_or_else(|| ApiError::new(500, "unexpected EOF"))?;
    if head.status == 101 {
        let accept = head.header("sec-websocket-accept").to_owned();
        let take_over = TakeOver::new(move |caller| relay(caller, io, rest));
        return Ok(Reply { raw: Some(Raw::TakeOver(accept, take_over)), ..Reply::default() });
    }
    if head.status >= 300 {
        return Err(ApiError::new(head.status, String::from_utf8_lossy(&whole(io, rest).await).into_owned()));
    }
    let is_whole = !head.header("content-length").is_empty();
    let kind = head.header("content-type").to_owned();
    let raw = match is_whole {
        true if kind.is_empty() => None,
        true => Some(Raw::Bytes(kind, whole(io, rest).await.into())),
        false => {
            let kind = match kind.as_str() {
                "application/json" => "application/json",
                "text/plain" => "text/plain",
                _ => "text/plain; charset=utf-8",
            };
            Some(Raw::Pieces(kind, pieces(io, rest)))
        }
    };
    Ok(Reply { raw, ..Reply::default() })
}

/// The request as bytes. In HTTP/1.0 the end of an answer is the end of the connection.
fn written(request: &ApiRequest) -> Vec<u8> {
    let query: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let version = if request.websocket_key.is_some() { "1.1" } else { "1.0" };
    let mut head = format!(
        "{} {}?{} HTTP/{version}\r\nHost: node\r\n",
        request.method,
        escape_path(&request.path),
        query.join("&")
    );
    if let Some(token) = &request.token {
        head.push_str(&format!("X-Nomad-Token: {token}\r\n"));
    }
    if let Some(key) = &request.websocket_key {
        head.push_str(&format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        ));
    }
    if request.method != Method::GET {
        head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if request.method != Method::GET {
        bytes.extend_from_slice(&request.body);
    }
    bytes
}

fn escape_path(path: &str) -> String {
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

fn escape(text: &str) -> String {
    percent_escape(text, |byte| b"-._~".contains(&byte))
}

struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// The head of an answer, and what came of its body with it.
async fn head(io: &mut BoxIo) -> Option<(Head, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > MAX_HEAD || io.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let rest = bytes.split_off(end + 4);
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some((Head { status, headers }, rest))
}

async fn whole(mut io: BoxIo, mut bytes: Vec<u8>) -> Vec<u8> {
    // What was cut off is passed on as far as it came.
    let _ = io.read_to_end(&mut bytes).await;
    bytes
}

fn pieces(io: BoxIo, rest: Vec<u8>) -> Pieces {
    let first = stream::iter((!rest.is_empty()).then(|| Bytes::from(rest)));
    let more = stream::unfold(io, |mut io| async move {
        let mut buffer = vec![0; PIECE];
        let length = io.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        buffer.truncate(length);
        Some((Bytes::from(buffer), io))
    });
    Pieces::new(futures::StreamExt::chain(first, more))
}

async fn relay(mut caller: BoxIo, mut node: BoxIo, rest: Vec<u8>) {
    if caller.write_all(&rest).await.is_ok() {
        // Either end may go at any time.
        let _ = tokio::io::copy_bidirectional(&mut caller, &mut node).await;
    }
}
