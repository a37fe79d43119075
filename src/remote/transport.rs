//! Defines how requests reach Channel, and what comes back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::remote::obstacle::Obstacle;
use crate::remote::rate::RateHeaders;
use crate::remote::request::Request;

/// A request under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;

/// Sends requests to Channel. [`Channel`](crate::remote::http::Channel) does so over HTTP; another program may
/// do it in another way.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request and reads its response. The errors say whether the request may have been done.
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a>;
}

/// Why there is no response. The message holds no header, no body and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: nothing was sent.
    #[error("cannot connect to Channel: {0}")]
    Connect(String),
    /// The response took too long. The request may have been done.
    #[error("no response from Channel in time")]
    Timeout,
    /// The connection broke. The request may have been done.
    #[error("the connection to Channel broke: {0}")]
    Broken(String),
    /// No connection until somebody changes something: nothing was sent.
    #[error("{0}")]
    Obstructed(Obstacle),
    /// The request could not be built.
    #[error("cannot send the request: {0}")]
    Request(String),
}

impl TransportError {
    /// Whether the failure may pass.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Timeout | Self::Broken(_) => true,
            Self::Obstructed(_) | Self::Request(_) => false,
        }
    }

    /// Whether the request was not sent at all.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Obstructed(_) | Self::Request(_) => true,
            Self::Timeout | Self::Broken(_) => false,
        }
    }
}

/// A response of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers of the rate limit.
    pub rate: RateHeaders,
    /// The body; empty if it broke off or is longer than a megabyte.
    pub body: Vec<u8>,
    /// Whether the body was read to its end.
    pub is_whole: bool,
}
