//! The body of an answer, which can end too early.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// The connection ends here, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("broken off on purpose")]
pub(crate) struct BrokenOff;

/// Some bytes, and then the end, or none.
#[derive(Debug)]
pub(crate) struct Answered {
    bytes: Option<Bytes>,
    cut: bool,
    paused: bool,
}

impl Answered {
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Some(bytes.into()),
            cut: false,
            paused: false,
        }
    }

    /// After its bytes the connection breaks off.
    pub(crate) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }
}

impl Body for Answered {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.cut && !std::mem::replace(&mut self.paused, true) {
            // What was written so far is sent while the connection has to wait.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.cut.then_some(Err(BrokenOff)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.as_ref().is_none_or(Bytes::is_empty) && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            // Of a body that is cut, its header tells the length, which is a lie.
            _ if self.cut => SizeHint::default(),
            Some(bytes) => SizeHint::with_exact(bytes.len() as u64),
            None => SizeHint::with_exact(0),
        }
    }
}
