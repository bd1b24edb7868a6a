//! The body of a response, as it comes.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::ClientError;
use super::client::{Client, ended_early, explain};
use super::observe::Beginning;

/// The body of a response, piece by piece.
pub struct Body {
    incoming: Incoming,
    beginning: Beginning,
    /// The connection lives as long as the client that made it.
    _client: Client,
}

impl Body {
    pub(super) fn new(incoming: Incoming, beginning: Beginning, client: Client) -> Self {
        Self { incoming, beginning, _client: client }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            return match self.incoming.frame().await {
                None => Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => Ok(Some(piece)),
                    // Trailers say nothing here.
                    Err(_) => continue,
                },
                Some(Err(error)) if ended_early(&error) => {
                    Err(ClientError::Connection("unexpected EOF".into()))
                }
                Some(Err(error)) => Err(explain(&error, &self.beginning)),
            };
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}
