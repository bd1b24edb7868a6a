//! Go's `net/rpc` over msgpack: a header and a body for the call, a header and a body for the answer.

use rmpv::Value;
use tokio::io::AsyncWriteExt;

use super::message::{MessageError, MessageReader, encode};
use crate::Io;

/// A call as a server reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `Service.Method`.
    pub method: String,
    /// The caller's number for it, which the answer repeats.
    pub sequence: u64,
    /// The arguments: a map by field names.
    pub body: Value,
}

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server answered with an error; the connection is good for more.
    #[error("{0}")]
    Remote(String),
    /// The connection is of no more use.
    #[error("{0}")]
    Connection(MessageError),
}

/// One end of a stream that carries calls, one at a time.
#[derive(Debug)]
pub struct Codec<T> {
    io: T,
    reader: MessageReader,
    sequence: u64,
}

impl<T: Io> Codec<T> {
    /// Speaks on `io`, whose first byte was exchanged already.
    pub fn new(io: T) -> Self {
        Self { io, reader: MessageReader::default(), sequence: 0 }
    }

    /// Calls `method` and waits for the answer's body, however long it takes.
    pub async fn call(&mut self, method: &str, body: &Value) -> Result<Value, CallError> {
        self.sequence += 1;
        let header = map([("Seq", self.sequence.into()), ("ServiceMethod", method.into())]);
        self.send(&header, body).await.map_err(CallError::Connection)?;
        let header = self.reader.next(&mut self.io).await.map_err(CallError::Connection)?;
        // Something else than a server of calls may be at the other end, and its bytes may be values too.
        if field(&header, "Seq").is_none() {
            let problem = "cannot decode response header";
            return Err(CallError::Connection(MessageError::Malformed { position: 0, problem }));
        }
        let body = self.reader.next(&mut self.io).await.map_err(inside).map_err(CallError::Connection)?;
        match text(field(&header, "Error")) {
            Some(error) if !error.is_empty() => Err(CallError::Remote(error)),
            _ => Ok(body),
        }
    }

    /// The next call; [`MessageError::Eof`] where the caller has no more.
    pub async fn read_request(&mut self) -> Result<Request, MessageError> {
        let header = self.reader.next(&mut self.io).await?;
        let malformed = MessageError::Malformed { position: 0, problem: "cannot decode request header" };
        let method = text(field(&header, "ServiceMethod")).ok_or_else(|| malformed.clone())?;
        let sequence = field(&header, "Seq").and_then(Value::as_u64).ok_or(malformed)?;
        let body = self.reader.next(&mut self.io).await.map_err(inside)?;
        Ok(Request { method, sequence, body })
    }

    /// Answers `request` with a body or an error's text.
    pub async fn write_response(
        &mut self,
        request: &Request,
        result: &Result<Value, String>,
    ) -> Result<(), MessageError> {
        let empty = Value::Map(Vec::new());
        let (error, body) = match result {
            Ok(body) => ("", body),
            Err(error) => (error.as_str(), &empty),
        };
        let header = map([
            ("Error", error.into()),
            ("Seq", request.sequence.into()),
            ("ServiceMethod", request.method.as_str().into()),
        ]);
        self.send(&header, body).await
    }

    /// The stream itself.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    async fn send(&mut self, header: &Value, body: &Value) -> Result<(), MessageError> {
        let mut bytes = Vec::with_capacity(256);
        encode(header, &mut bytes);
        encode(body, &mut bytes);
        self.io.write_all(&bytes).await.map_err(|error| MessageError::of(&error))?;
        self.io.flush().await.map_err(|error| MessageError::of(&error))
    }
}

/// The value of a map's field, where there is one.
fn field<'value>(map: &'value Value, name: &str) -> Option<&'value Value> {
    let fields = map.as_map()?;
    fields.iter().find(|(key, _)| text(Some(key)).as_deref() == Some(name)).map(|(_, value)| value)
}

/// Go writes strings as msgpack's old raw type or as binary.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => text.as_str().map(str::to_owned),
        Value::Binary(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The end of the stream between a header and its body is not a proper end.
fn inside(error: MessageError) -> MessageError {
    if error == MessageError::Eof { MessageError::UnexpectedEof } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    #[tokio::test]
    async fn calls_and_answers_meet() {
        let (one, other) = duplex(1024);
        let (mut client, mut server) = (Codec::new(one), Codec::new(other));
        let serving = async {
            let request = server.read_request().await.expect("a request");
            assert_eq!((request.method.as_str(), request.sequence), ("Status.Ping", 1));
            server.write_response(&request, &Ok(map([("Pong", true.into())]))).await.expect("room");
            let request = server.read_request().await.expect("a request");
            server.write_response(&request, &Err("Permission denied".into())).await.expect("room");
            assert_eq!(server.read_request().await, Err(MessageError::Eof));
        };
        let calling = async move {
            let answer = client.call("Status.Ping", &map([])).await;
            assert_eq!(answer, Ok(map([("Pong", true.into())])));
            let answer = client.call("Node.Register", &map([("Node", Value::Nil)])).await;
            assert_eq!(answer, Err(CallError::Remote("Permission denied".into())));
        };
        tokio::join!(serving, calling);
    }

    #[tokio::test]
    async fn headers_may_carry_binary_strings_and_nonsense_is_refused() {
        let mut bytes = Vec::new();
        let header = Value::Map(vec![
            (Value::Binary(b"ServiceMethod".to_vec()), Value::Binary(b"Status.Ping".to_vec())),
            (Value::Binary(b"Seq".to_vec()), 9.into()),
        ]);
        encode(&header, &mut bytes);
        encode(&map([]), &mut bytes);
        encode(&"not a header".into(), &mut bytes);
        let (mut one, other) = duplex(1024);
        one.write_all(&bytes).await.expect("room");
        let mut server = Codec::new(other);
        let request = server.read_request().await.expect("a request");
        assert_eq!((request.method.as_str(), request.sequence), ("Status.Ping", 9));
        let error = server.read_request().await.expect_err("no header");
        assert_eq!(error.to_string(), "msgpack decode error [pos 0]: cannot decode request header");
    }

    #[tokio::test]
    async fn a_server_that_goes_away_is_an_end() {
        let (one, other) = duplex(1024);
        drop(other);
        let error = Codec::new(one).call("Status.Ping", &map([])).await.expect_err("nobody");
        assert!(matches!(error, CallError::Connection(_)), "{error:?}");
    }
}
