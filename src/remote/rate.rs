//! Reads the rate limit headers of a response.

use std::time::Duration;

use jiff::Timestamp;

/// When Channel asks to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// This many seconds after the response.
    Seconds(u64),
    /// At this time.
    Date(Timestamp),
}

/// The rate limit headers of a response. A value that is no sensible number counts as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateHeaders {
    /// `x-ratelimit-limit`: the size of Channel's bucket.
    pub limit: Option<u32>,
    /// `x-ratelimit-remaining`: the tokens that are left.
    pub remaining: Option<u32>,
    /// `x-ratelimit-will-be-throttled`: the next request will be refused.
    pub will_be_throttled: bool,
    /// `x-ratelimit-reset`, in seconds since 1970. It is not documented whether the bucket is full at that time
    /// or has its first token.
    pub reset: Option<Timestamp>,
    /// `Retry-After`
    pub retry_after: Option<RetryAfter>,
}

/// The longest wait for a reset. A reset that is further away is probably the time at which the bucket is full,
/// and no request has to wait for that.
const LONGEST_RESET: Duration = Duration::from_secs(5);

impl RateHeaders {
    /// Reads the headers. `header` finds a value by its lower-case name.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name: &str| header(name).and_then(|text| text.trim().parse().ok());
        Self {
            limit: number("x-ratelimit-limit").filter(|limit| *limit > 0),
            remaining: number("x-ratelimit-remaining"),
            will_be_throttled: header("x-ratelimit-will-be-throttled")
                .is_some_and(|text| text.trim().eq_ignore_ascii_case("true")),
            reset: header("x-ratelimit-reset")
                .and_then(|text| text.trim().parse().ok())
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            retry_after: header("retry-after").and_then(|text| {
                let text = text.trim();
                match text.parse() {
                    Ok(seconds) => Some(RetryAfter::Seconds(seconds)),
                    Err(_) => httpdate::parse_http_date(text)
                        .ok()
                        .and_then(|date| Timestamp::try_from(date).ok())
                        .map(RetryAfter::Date),
                }
            }),
        }
    }

    /// How long no request should be sent after a 429 with these headers.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        match (self.retry_after, self.reset) {
            (Some(asked), _) => asked.wait(now),
            (None, Some(reset)) => Some(RetryAfter::Date(reset).wait(now))
                .filter(|wait| *wait <= LONGEST_RESET)
                .unwrap_or_default(),
            (None, None) => Duration::ZERO,
        }
    }
}
