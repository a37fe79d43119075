//! Defines the body of a response, which can break off before its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// A fault ends the connection here.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken off by a fault")]
pub(crate) struct BrokenOff;

/// The bytes of a body. After them the body ends, or breaks off if it is cut.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    bytes: Option<Bytes>,
    cut: bool,
    paused: bool,
}

impl ResponseBody {
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Some(bytes.into()),
            cut: false,
            paused: false,
        }
    }

    /// Breaks the connection off after the bytes.
    pub(crate) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }
}

impl Body for ResponseBody {
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
            // The pause lets the connection send what is written so far.
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
            // The header of a cut body has a length of its own, longer than the bytes.
            _ if self.cut => SizeHint::default(),
            Some(bytes) => SizeHint::with_exact(bytes.len() as u64),
            None => SizeHint::with_exact(0),
        }
    }
}
