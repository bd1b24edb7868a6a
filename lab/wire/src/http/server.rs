//! One connection served.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use lab_world::Clock;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::live::{Outgoing, TakeOver};
use super::{Handler, Peer, Request, Response};
use crate::Io;

/// Limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The longest body of a request, in bytes; a longer one is answered 413.
    pub max_body: usize,
    /// How long the head of a request may take from the connection's (or the last response's) time on; `None`: ever.
    pub header_timeout: Option<Duration>,
    /// How long the body of a request may take; `None`: ever.
    pub body_timeout: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_body: 32 << 20, header_timeout: None, body_timeout: None }
    }
}

/// Serves the requests of one connection until it ends, one after another.
///
/// What is not HTTP is answered as Go does it, `400 Bad Request` as text, and the connection closed. The error is what
/// ended the connection otherwise than in order, for a log.
pub async fn serve_connection(
    io: impl Io + 'static,
    peer: Peer,
    handler: Handler,
    clock: &Clock,
    options: Options,
) -> io::Result<()> {
    let date = DateHeader::default();
    let successor: Successor = Arc::default();
    let service = service_fn(|mut request: http::Request<Incoming>| {
        let (handler, peer, clock) = (Handler::clone(&handler), peer.clone(), clock.clone());
        let (date, successor) = (&date, Arc::clone(&successor));
        async move {
            let upgrade = hyper::upgrade::on(&mut request);
            let mut response = match read(request, &clock, options).await {
                Ok(request) => handler(request, peer).await,
                Err(response) => response,
            };
            if let Some(date) = date.at(clock.now()) {
                response.headers_mut().entry(header::DATE).or_insert(date);
            }
            if let Some(take_over) = response.extensions_mut().remove::<TakeOver>()
                && let Ok(mut successor) = successor.lock()
            {
                *successor = Some((upgrade, take_over));
            }
            Ok::<_, std::convert::Infallible>(Outgoing::of(response))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.auto_date_header(false).title_case_headers(true).timer(TokioTimer::new());
    builder.header_read_timeout(options.header_timeout);
    let connection = builder.serve_connection(TokioIo::new(Go(io)), service).with_upgrades();
    let ended = pin!(connection).await;
    let next = successor.lock().ok().and_then(|mut successor| successor.take());
    if let Some((upgrade, take_over)) = next
        && let Some(successor) = take_over.take()
    {
        let io = upgrade.await.map_err(io::Error::other)?;
        successor(Box::new(TokioIo::new(io))).await;
    }
    ended.map_err(io::Error::other)
}

/// What takes the connection over, once it is free.
type Successor = Arc<Mutex<Option<(OnUpgrade, TakeOver)>>>;

/// The whole request, or what to answer instead.
async fn read(
    request: http::Request<Incoming>,
    clock: &Clock,
    options: Options,
) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    if head.version == http::Version::HTTP_11 && !head.headers.contains_key(header::HOST) {
        return Err(refusal(StatusCode::BAD_REQUEST, "400 Bad Request: missing required Host header"));
    }
    let reading = Limited::new(body, options.max_body).collect();
    let body = match options.body_timeout {
        Some(limit) => clock.timeout(limit, reading).await,
        None => Some(reading.await),
    };
    match body {
        Some(Ok(body)) => Ok(http::Request::from_parts(head, body.to_bytes())),
        Some(Err(error)) if error.is::<LengthLimitError>() => {
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "http: request body too large"))
        }
        Some(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "400 Bad Request")),
        None => Err(refusal(StatusCode::REQUEST_TIMEOUT, "i/o timeout")),
    }
}

fn refusal(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The `Date` of a connection's answers, written once a second.
#[derive(Default)]
struct DateHeader(Mutex<Option<(i64, HeaderValue)>>);

impl DateHeader {
    fn at(&self, now: OffsetDateTime) -> Option<HeaderValue> {
        let mut last = self.0.lock().ok()?;
        let second = now.unix_timestamp();
        if last.as_ref().is_none_or(|(written, _)| *written != second) {
            *last = Some((second, HeaderValue::from_str(&date(now)).ok()?));
        }
        last.as_ref().map(|(_, date)| date.clone())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn date(now: OffsetDateTime) -> String {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    now.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

/// Turns hyper's own empty answers to what is not HTTP into Go's.
struct Go<T>(T);

impl<T> Go<T> {
    /// Go's answer where `bytes` are an answer that hyper made up; ours all have a date.
    fn translate(bytes: &[u8]) -> Option<String> {
        let head = std::str::from_utf8(bytes).ok().filter(|head| head.starts_with("HTTP/1.1 4"))?;
        if head.contains("\r\nDate: ") {
            return None;
        }
        let status = head.get(9..head.find("\r\n")?)?;
        Some(format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n{status}"
        ))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Go<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Go<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let inner = Pin::new(&mut self.get_mut().0);
        let Some(answer) = Self::translate(bytes) else { return inner.poll_write(cx, bytes) };
        // The answer is shorter than a socket's buffer: what is not taken at once is lost with the connection.
        inner.poll_write(cx, answer.as_bytes()).map_ok(|_| bytes.len())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
