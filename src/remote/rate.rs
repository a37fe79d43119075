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
                    Err(_) => httpdate::parse_http_date(text).ok().map(|date| {
                        match Timestamp::try_from(date) {
                            Ok(date) => RetryAfter::Date(date),
                            // The last day of the year 9999 is beyond what a timestamp holds.
                            Err(_) => RetryAfter::Seconds(u64::MAX),
                        }
                    }),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str) -> Option<Duration> {
        let headers = RateHeaders::read(|name| (name == "retry-after").then_some(retry_after));
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        headers.retry_after.map(|asked| asked.wait(now))
    }

    #[test]
    fn retry_after_of_any_size_is_a_wait_or_counts_as_absent() {
        for (text, seconds) in [
            ("0", 0),
            (" 7 ", 7),
            ("0007", 7),
            ("1000000000000000000", 1_000_000_000_000_000_000),
            ("18446744073709551615", u64::MAX),
            ("Fri, 15 Jan 2027 08:00:05 GMT", 5),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Friday, 15-Jan-27 08:00:05 GMT", 5),
            ("Sat, 01 Jan 2028 00:00:00 GMT", 30_297_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", u64::MAX),
        ] {
            assert_eq!(wait(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "-1",
            "+",
            "1.5",
            "1e3",
            "1, 2",
            "soon",
            "0x10",
            "Fri, 15 Jan 2027",
            "\u{664}",
        ] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}
