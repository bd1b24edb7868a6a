//! Streaming calls (logs, exec, file systems): none is served here, and the caller is told as of an unknown one.

use lab_wire::Io;
use lab_wire::rpc::{MessageReader, encode};
use rmpv::Value;
use tokio::io::AsyncWriteExt;

/// Reads the header of a streaming call and answers that there is no such method.
pub(super) async fn refuse(mut io: impl Io) {
    let Ok(header) = MessageReader::default().next(&mut io).await else { return };
    let method = match &header["Method"] {
        Value::String(text) => text.as_str().unwrap_or_default().to_owned(),
        Value::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    let error = format!("Unknown rpc method: {method:?}");
    let mut answer = Vec::new();
    encode(&Value::Map(vec![("Error".into(), error.into())]), &mut answer);
    // The caller may be gone already.
    let _ = io.write_all(&answer).await;
    let _ = io.shutdown().await;
}
