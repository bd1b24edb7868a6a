//! A streaming call: its method, whether it is taken, its arguments, and then frames until one end has no more.

use lab_wire::BoxIo;
use lab_wire::rpc::{MessageReader, encode};
use rmpv::Value;
use tokio::io::AsyncWriteExt;

use super::super::ApiError;
use crate::structs::{Body, map};

/// A streaming call after its arguments.
pub(super) struct Frames {
    io: BoxIo,
    reader: MessageReader,
}

impl Frames {
    /// Calls `method` on a new stream.
    pub(super) async fn begin(io: BoxIo, method: &str, arguments: &Value) -> Result<Self, ApiError> {
        let mut frames = Self { io, reader: MessageReader::default() };
        frames.write(&map([("Method", method.into())])).await?;
        match Body(&frames.read().await.ok_or_else(|| ApiError::new(500, "EOF"))?).string("Error") {
            "" => {}
            error => return Err(ApiError::new(500, error)),
        }
        frames.write(arguments).await?;
        Ok(frames)
    }

    /// Goes on with a call whose method was taken already.
    pub(super) fn taken(io: BoxIo) -> Self {
        Self { io, reader: MessageReader::default() }
    }

    /// The next value; `None`: there is no more.
    pub(super) async fn read(&mut self) -> Option<Value> {
        self.reader.next(&mut self.io).await.ok()
    }

    pub(super) async fn write(&mut self, value: &Value) -> Result<(), ApiError> {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        let broken = |error: std::io::Error| ApiError::new(500, lab_wire::tls::go_text(&error));
        self.io.write_all(&bytes).await.map_err(broken)?;
        self.io.flush().await.map_err(broken)
    }

    /// What the next frame carries, or the error in it; `None`: there is no more.
    pub(super) async fn next(&mut self) -> Option<Result<Vec<u8>, ApiError>> {
        let frame = self.read().await?;
        let frame = Body(&frame);
        if let Some(error) = frame.get("Error").filter(|error| !error.is_nil()) {
            let error = Body(error);
            let code = u16::try_from(error.integer("Code")).ok().filter(|code| *code >= 100);
            return Some(Err(ApiError::new(code.unwrap_or(500), error.string("Message"))));
        }
        let payload = match frame.get("Event").filter(|event| !event.is_nil()) {
            Some(event) => Body(event).get("Data").cloned(),
            None => frame.get("Payload").cloned(),
        };
        Some(Ok(payload.map(bytes_of).unwrap_or_default()))
    }

    /// Sends bytes in a frame.
    pub(super) async fn send(&mut self, payload: &[u8]) -> Result<(), ApiError> {
        self.write(&payload_frame(payload)).await
    }

    /// Sends an error, which is the last frame.
    pub(super) async fn fail(&mut self, error: &ApiError) {
        let code = Value::from(error.code);
        let frame = map([("Error", map([("Message", error.message.as_str().into()), ("Code", code)]))]);
        // Who called may be gone already, here and below.
        let _ = self.write(&frame).await;
        self.end().await;
    }

    pub(super) async fn end(&mut self) {
        let _ = self.io.shutdown().await;
    }

    /// The two directions apart.
    pub(super) fn split(self) -> (Reading, Writing) {
        let (read, write) = tokio::io::split(self.io);
        (Reading { io: read, reader: self.reader }, Writing(write))
    }
}

/// What comes in.
pub(super) struct Reading {
    io: tokio::io::ReadHalf<BoxIo>,
    reader: MessageReader,
}

impl Reading {
    pub(super) async fn read(&mut self) -> Option<Value> {
        self.reader.next(&mut self.io).await.ok()
    }
}

/// What goes out.
pub(super) struct Writing(tokio::io::WriteHalf<BoxIo>);

impl Writing {
    /// Whether it went out.
    pub(super) async fn write(&mut self, value: &Value) -> bool {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        self.0.write_all(&bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    pub(super) async fn end(&mut self) {
        let _ = self.0.shutdown().await;
    }
}

/// A frame of bytes.
pub(super) fn payload_frame(payload: &[u8]) -> Value {
    map([("Error", Value::Nil), ("Payload", Value::Binary(payload.to_vec()))])
}

/// Bytes, which Go writes as text where it uses msgpack's old raw type.
pub(super) fn bytes_of(value: Value) -> Vec<u8> {
    match value {
        Value::Binary(bytes) => bytes,
        Value::String(text) => text.into_bytes(),
        _ => Vec::new(),
    }
}
