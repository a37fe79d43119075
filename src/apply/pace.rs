//! Holds the token bucket that all requests of one run share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::model::Rate;
use crate::remote::{Bucket, RateHeaders};

/// The rate limiter of one run. Reads and upserts of the same run take from the same bucket.
#[derive(Debug)]
pub struct Pace {
    bucket: Mutex<Bucket>,
    started: Instant,
}

impl Pace {
    /// Starts with a full bucket.
    pub fn new(rate: Rate) -> Self {
        Self {
            bucket: Mutex::new(Bucket::new(rate)),
            started: Instant::now(),
        }
    }

    /// Applies the rate headers of a response that arrived before the run began. Channel's bucket may
    /// not be full.
    pub fn learn(&self, headers: &RateHeaders) {
        self.bucket().on_response(self.now(), headers);
    }

    pub(crate) fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> std::time::Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_others_have_used_does_not_count_as_full() {
        let rate = Rate {
            per_second: 1.0,
            burst: 1000,
        };
        let waits = |remaining| {
            let pace = Pace::new(rate);
            pace.learn(&RateHeaders {
                remaining: Some(remaining),
                ..RateHeaders::default()
            });
            let waits = (0..3).filter(|_| !pace.bucket().reserve(pace.now()).is_zero());
            waits.count()
        };
        assert_eq!(waits(0), 3);
        assert_eq!(waits(2), 1);
        assert_eq!(waits(900), 0);
    }
}
