//! Speaks the part of Channel's Open API that talkform uses: requests, the meaning of responses, retries and
//! the rate limiter. Only [`http`] uses the network; the rest is plain functions.

pub(crate) mod allowance;
pub mod bucket;
pub mod confirm;
pub(crate) mod error_body;
pub mod http;
pub mod judge;
pub mod observe;
pub mod obstacle;
pub mod proxy;
pub mod rate;
pub mod request;
pub mod response_user;
pub mod retry;
pub mod transport;

pub use crate::remote::bucket::{Answer, Bucket, GateChange, LONGEST_REFUSAL, Pass, Throttled};
pub use crate::remote::confirm::{Confirmation, confirm};
pub use crate::remote::http::{Channel, HttpSettings};
pub use crate::remote::judge::{ChannelInfo, Verdict, judge, judge_channel};
pub use crate::remote::observe::observed;
pub use crate::remote::obstacle::Obstacle;
pub use crate::remote::proxy::{ProxyFault, check_proxy};
pub use crate::remote::rate::RateHeaders;
pub use crate::remote::request::{Method, Request};
pub use crate::remote::response_user::ResponseUser;
pub use crate::remote::retry::{Decision, Policy, RetryBudget, decide};
pub use crate::remote::transport::{Response, Sending, Transport, TransportError};

#[cfg(test)]
mod tests;
