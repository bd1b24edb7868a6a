//! Answers that are more than a body: pieces that come as they are made, and connections that become something else.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::BoxIo;

/// A body that is sent piece by piece, for as long as there are pieces and somebody reads them. Put into the extensions
/// of a [`super::Response`] it stands in for its body.
#[derive(Clone)]
pub struct Pieces(Shared<PieceStream>);

/// A connection that is taken over when the response, `101 Switching Protocols`, has gone out. Put into the extensions of
/// a [`super::Response`].
#[derive(Clone)]
pub struct TakeOver(Shared<Successor>);

/// Pieces as they come.
pub type PieceStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;
type Successor = Box<dyn FnOnce(BoxIo) -> BoxFuture<'static, ()> + Send>;

/// What is used once, by whichever clone comes first.
type Shared<T> = Arc<Mutex<Option<T>>>;

impl Pieces {
    /// The pieces of a stream.
    pub fn new(stream: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(stream)))))
    }

    /// The pieces themselves, for whoever asks first.
    pub fn take(&self) -> Option<PieceStream> {
        self.0.lock().ok()?.take()
    }
}

impl TakeOver {
    /// What speaks on the connection from then on.
    pub fn new<F, R>(successor: F) -> Self
    where
        F: FnOnce(BoxIo) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let boxed: Successor = Box::new(move |io| Box::pin(successor(io)));
        Self(Arc::new(Mutex::new(Some(boxed))))
    }

    /// Speaks on a connection that was never one of HTTP; whoever asks first does.
    pub async fn run(&self, io: BoxIo) {
        if let Some(successor) = self.take() {
            successor(io).await;
        }
    }

    pub(super) fn take(&self) -> Option<Successor> {
        self.0.lock().ok()?.take()
    }
}

impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for TakeOver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pieces")
    }
}

impl fmt::Debug for TakeOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeOver")
    }
}

/// The body of a response on its way out.
pub(super) enum Outgoing {
    Whole(Full<Bytes>),
    Pieces(PieceStream),
}

impl Outgoing {
    /// The response as hyper sends it.
    pub(super) fn of(mut response: super::Response) -> http::Response<Self> {
        let pieces = response.extensions_mut().remove::<Pieces>().and_then(|pieces| pieces.take());
        match pieces {
            Some(pieces) => response.map(|_| Self::Pieces(pieces)),
            None => response.map(|body| Self::Whole(Full::new(body))),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Pieces(pieces) => {
                pieces.as_mut().poll_next(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
