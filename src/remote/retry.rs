//! Decides when a request is sent again. The time and the random number are arguments.

use std::time::Duration;

use jiff::Timestamp;

use crate::remote::judge::Verdict;
use crate::remote::rate::RetryAfter;

/// How often and after which pauses a request is retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many attempts one request has, the first included.
    pub most_attempts: u32,
    /// The longest pause after the first failure. Each further failure doubles it.
    pub first_pause: Duration,
    /// The longest pause that Channel did not ask for.
    pub longest_pause: Duration,
    /// The longest pause that Channel may ask for. If it asks for more, the user fails and the next run tries
    /// again.
    pub longest_retry_after: Duration,
}

impl Policy {
    /// The default policy with another first pause.
    pub fn pausing(first_pause: Duration) -> Self {
        Self {
            first_pause,
            longest_pause: first_pause.saturating_mul(60),
            ..Self::default()
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            most_attempts: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

/// What happens after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request is sent again.
    Retry {
        /// After this pause.
        after: Duration,
    },
    /// The request is not sent again.
    GiveUp,
}

/// Decides whether and when to send again after a failure. The rate limiter decides about a request that Channel
/// refuses with 429; here it is not sent again.
///
/// `attempt` counts from 1. `jitter` is an evenly distributed number in 0..1: a pause is between half and the
/// whole of its bound, so that requests that failed together are not retried together.
pub fn decide<T>(
    policy: &Policy,
    attempt: u32,
    verdict: &Verdict<T>,
    now: Timestamp,
    jitter: f64,
) -> Decision {
    let asked = match verdict {
        Verdict::Transient { retry_after, .. } => retry_after.map(|asked| asked.wait(now)),
        Verdict::RateLimited
        | Verdict::Accepted(_)
        | Verdict::Missing
        | Verdict::Rejected { .. }
        | Verdict::Denied { .. }
        | Verdict::Blocked { .. }
        | Verdict::Obstructed(_)
        | Verdict::Broken { .. } => return Decision::GiveUp,
    };
    if attempt >= policy.most_attempts {
        return Decision::GiveUp;
    }
    let doubled = policy
        .first_pause
        .saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
    let own = doubled
        .min(policy.longest_pause)
        .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    match asked {
        Some(asked) if asked > policy.longest_retry_after => Decision::GiveUp,
        Some(asked) => Decision::Retry {
            after: asked.max(own),
        },
        None => Decision::Retry { after: own },
    }
}

impl<T> Verdict<T> {
    /// Adds to a failure that Channel asks for a longer wait than the policy allows, if it does.
    #[must_use]
    pub fn explained(self, policy: &Policy, now: Timestamp) -> Self {
        match self {
            Self::Transient {
                why,
                retry_after: Some(asked),
            } if asked.wait(now) > policy.longest_retry_after => Self::Transient {
                why: format!(
                    "{why}, which asks for a wait of more than {} s",
                    policy.longest_retry_after.as_secs()
                ),
                retry_after: Some(asked),
            },
            other => other,
        }
    }
}

/// How many retries a whole run may send, so that a Channel that fails for every user does not get every
/// request six times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    left: usize,
}

impl RetryBudget {
    /// As many retries as there are requests, and at least a hundred.
    pub fn for_requests(requests: usize) -> Self {
        Self {
            left: requests.max(100),
        }
    }

    /// Takes one retry; `false` if none is left.
    pub fn take(&mut self) -> bool {
        let any = self.left > 0;
        self.left = self.left.saturating_sub(1);
        any
    }
}

impl RetryAfter {
    /// How long to wait from now.
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            // A date in the past means no wait.
            Self::Date(date) => Duration::try_from(date.duration_since(now)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(verdict: &Verdict, attempt: u32, jitter: f64) -> Option<Duration> {
        let now = Timestamp::UNIX_EPOCH;
        match decide(&Policy::default(), attempt, verdict, now, jitter) {
            Decision::Retry { after } => Some(after),
            Decision::GiveUp => None,
        }
    }

    fn transient(retry_after: Option<RetryAfter>) -> Verdict {
        Verdict::Transient {
            why: "503".into(),
            retry_after,
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_end() {
        let milliseconds: Vec<u128> = (1..6)
            .filter_map(|attempt| after(&transient(None), attempt, 1.0))
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(milliseconds, [500, 1000, 2000, 4000, 8000]);
        assert_eq!(after(&transient(None), 6, 1.0), None);
        assert_eq!(
            after(&transient(None), 1, 0.0),
            Some(Duration::from_millis(250))
        );
        let patient = Policy {
            most_attempts: u32::MAX,
            ..Policy::default()
        };
        let late = decide(&patient, 1000, &transient(None), Timestamp::UNIX_EPOCH, 1.0);
        assert_eq!(
            late,
            Decision::Retry {
                after: Duration::from_secs(30)
            }
        );
    }

    #[test]
    fn channel_may_ask_for_more_within_reason() {
        let asked = |seconds| transient(Some(RetryAfter::Seconds(seconds)));
        assert_eq!(after(&asked(7), 1, 1.0), Some(Duration::from_secs(7)));
        assert_eq!(after(&asked(0), 1, 1.0), Some(Duration::from_millis(500)));
        assert_eq!(after(&asked(301), 1, 1.0), None);
        let date = Timestamp::UNIX_EPOCH + Duration::from_secs(9);
        let dated = transient(Some(RetryAfter::Date(date)));
        assert_eq!(after(&dated, 1, 1.0), Some(Duration::from_secs(9)));
        let said = |verdict: Verdict| {
            let explained = verdict.explained(&Policy::default(), Timestamp::UNIX_EPOCH);
            explained.to_string()
        };
        assert_eq!(said(asked(300)), "503");
        assert_eq!(
            said(asked(u64::MAX)),
            "503, which asks for a wait of more than 300 s"
        );
    }

    #[test]
    fn what_cannot_pass_is_not_repeated() {
        let rejected = Verdict::Rejected {
            status: 422,
            code: None,
            message: None,
        };
        for verdict in [
            rejected,
            Verdict::Denied { status: 401 },
            Verdict::Blocked { status: 403 },
            Verdict::Broken { why: "301".into() },
            Verdict::RateLimited,
            Verdict::Missing,
            Verdict::Accepted(None),
        ] {
            assert_eq!(after(&verdict, 1, 1.0), None, "{verdict:?}");
        }
    }

    #[test]
    fn a_run_repeats_only_so_often() {
        let mut budget = RetryBudget::for_requests(3);
        assert_eq!((0..200).filter(|_| budget.take()).count(), 100);
    }
}
