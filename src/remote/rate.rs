//! The rate limiter: a token bucket that follows Channel's own. The time is an argument.

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
    /// `x-ratelimit-reset`, in seconds since 1970. Whether the bucket is full then or merely open again
    /// is not documented.
    pub reset: Option<Timestamp>,
    /// `Retry-After`
    pub retry_after: Option<RetryAfter>,
}

/// A reset that is further away is taken for the time at which the bucket is full. No request has to wait for
/// that.
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

    /// How long nobody should send after a refusal with these headers.
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

/// Our picture of Channel's bucket, never fuller than the real one as far as we can know.
///
/// Times are measured from the start of the run.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_second: f64,
    capacity: f64,
    /// What is left after everything that was granted; below zero while grants lie in the future.
    tokens: f64,
    refilled: Duration,
    /// Nobody sends before this.
    closed_until: Duration,
    /// Until when refusals are those that room was made for already.
    made_room_until: Duration,
    /// Granted and not answered: Channel may not have counted them yet.
    outstanding: f64,
}

impl Bucket {
    /// A full one. A hundredth of it stays untouched, so that requests which overtake each other on
    /// the way do not find Channel's bucket empty.
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

    /// Grants one request and says how long to wait before it is sent.
    pub fn reserve(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        self.outstanding += 1.0;
        let debt = (-self.tokens).max(0.0) / self.per_second;
        // A rate close to nothing makes a wait close to for ever, which is no Duration.
        let wait = Duration::try_from_secs_f64(debt).unwrap_or(Duration::from_secs(u64::MAX >> 1));
        wait.max(self.closed_until.saturating_sub(now))
    }

    /// How many requests could be granted now without a wait.
    pub fn spare(&mut self, now: Duration) -> usize {
        self.refill(now);
        if self.closed_until > now {
            return 0;
        }
        // A float becomes an integer by saturation: below zero is 0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let spare = self.tokens as usize;
        spare
    }

    /// How long everybody still has to wait, for who has waited already.
    pub fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Takes note that a granted request was answered, or will never be.
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
            // What is outstanding may or may not be counted in `left`; thinking it is not costs a few
            // requests once, thinking it is costs refusals.
            let seen = f64::from(left) - self.outstanding;
            self.tokens = self.tokens.min(seen);
        }
    }

    /// Closes the bucket for everybody: Channel said that it is empty.
    ///
    /// Alone on the channel this does not happen, so somebody else takes from the same budget. What
    /// they take cannot be seen, only made room for: up to a second's worth is left to them, once for
    /// all refusals that come together.
    pub fn close(&mut self, now: Duration, wait: Duration) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        if now >= self.made_room_until {
            let room = (self.capacity / 4.0).min(self.per_second).max(1.0);
            self.tokens -= room;
            let while_it_lasts = Duration::try_from_secs_f64(room / self.per_second);
            self.made_room_until = now.saturating_add(while_it_lasts.unwrap_or(Duration::MAX));
            // For those, too, who were granted something already and wait for their turn.
            self.closed_until = self.closed_until.max(self.made_room_until);
        }
        self.closed_until = self.closed_until.max(now.saturating_add(wait));
    }
}
