//! Limits the rate of requests: a token bucket that follows Channel's own. The time is an argument.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::Rate;

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

/// An estimate of Channel's bucket. It assumes no more tokens than Channel is known to have.
///
/// Times are measured from the start of the run.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_second: f64,
    capacity: f64,
    /// The tokens that are left after every granted request; below zero while granted requests still wait.
    tokens: f64,
    refilled: Duration,
    /// No request is sent before this time.
    closed_until: Duration,
    /// Until this time, tokens are already left to other senders, and further 429 responses leave no more.
    made_room_until: Duration,
    /// Granted requests without a response. Channel may not have counted them yet.
    outstanding: f64,
}

impl Bucket {
    /// A full bucket. A hundredth of it is never used, so that requests that arrive in another order do not find
    /// Channel's bucket empty.
    pub fn new(rate: Rate) -> Self {
        let burst = f64::from(rate.burst.max(1));
        let capacity = (burst - (burst / 100.0).ceil()).max(1.0);
        Self {
            per_second: rate.per_second,
            capacity,
            tokens: capacity,
            refilled: Duration::ZERO,
            closed_until: Duration::ZERO,
            made_room_until: Duration::ZERO,
            outstanding: 0.0,
        }
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.capacity);
        self.refilled = self.refilled.max(now);
    }

    /// Grants one request. Returns how long to wait before it is sent.
    pub fn reserve(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        self.outstanding += 1.0;
        let debt = (-self.tokens).max(0.0) / self.per_second;
        // A very low rate gives a wait that does not fit into a Duration.
        let wait = Duration::try_from_secs_f64(debt).unwrap_or(Duration::from_secs(u64::MAX >> 1));
        wait.max(self.closed_until.saturating_sub(now))
    }

    /// How many requests could be granted now without a wait.
    pub fn spare(&mut self, now: Duration) -> usize {
        self.refill(now);
        if self.closed_until > now {
            return 0;
        }
        // The conversion saturates: a negative number becomes 0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let spare = self.tokens as usize;
        spare
    }

    /// How long a request that has waited for its token must wait because the bucket is closed.
    pub fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Updates the estimate after the response to a granted request, or after its failure.
    pub fn on_response(&mut self, now: Duration, headers: &RateHeaders) {
        self.refill(now);
        self.outstanding = (self.outstanding - 1.0).max(0.0);
        if let Some(limit) = headers.limit {
            self.capacity = self.capacity.min(f64::from(limit).max(1.0));
        }
        let left = if headers.will_be_throttled {
            Some(0)
        } else {
            headers.remaining
        };
        if let Some(left) = left {
            // Channel may or may not have counted the outstanding requests in `left`. Assuming that it has
            // not delays a few requests once; assuming that it has would cause 429 responses.
            let seen = f64::from(left) - self.outstanding;
            self.tokens = self.tokens.min(seen);
        }
    }

    /// Closes the bucket for all requests, after Channel responded that its own is empty.
    ///
    /// This happens only if another program uses the same rate limit. Its requests cannot be seen, so up to a
    /// second's worth of tokens is left to it, once for all 429 responses that arrive together.
    pub fn close(&mut self, now: Duration, wait: Duration) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        if now >= self.made_room_until {
            let room = (self.capacity / 4.0).min(self.per_second).max(1.0);
            self.tokens -= room;
            let while_it_lasts = Duration::try_from_secs_f64(room / self.per_second);
            self.made_room_until = now.saturating_add(while_it_lasts.unwrap_or(Duration::MAX));
            // Also for requests that were granted before and still wait.
            self.closed_until = self.closed_until.max(self.made_room_until);
        }
        self.closed_until = self.closed_until.max(now.saturating_add(wait));
    }
}
