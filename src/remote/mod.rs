//! Channel's open API, as far as talkform needs it: what is sent, what an answer means, when to send
//! again and how fast. Only [`http`] touches the network; everything else is plain functions.

pub mod http;
pub mod observe;
pub mod rate;
pub mod request;
pub mod response;
pub mod retry;

pub use crate::remote::http::{Answer, Channel, HttpSettings, TransportError};
pub use crate::remote::observe::{is_missing, judge_reading, observed};
pub use crate::remote::rate::{Bucket, RateHeaders};
pub use crate::remote::request::{Method, Request};
pub use crate::remote::response::{AnsweredUser, Verdict, judge, unconfirmed};
pub use crate::remote::retry::{Decision, Policy, RetryBudget, decide};

#[cfg(test)]
mod tests;
