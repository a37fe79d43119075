//! Channel's open API, as far as talkform needs it: what is sent, what an answer means, when to send
//! again and how fast. Only [`http`] touches the network; everything else is plain functions.

pub mod http;
pub mod observe;
pub mod rate;
pub mod request;
pub mod response;
pub mod retry;

pub use http::{Answer, Channel, HttpSettings, TransportError};
pub use observe::{is_missing, judge_reading, observed};
pub use rate::{Bucket, RateHeaders};
pub use request::{Method, Request};
pub use response::{AnsweredUser, Verdict, judge, unconfirmed};
pub use retry::{Decision, Policy, RetryBudget, decide};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod rate_tests;
