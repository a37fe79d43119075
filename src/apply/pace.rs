//! How fast, over everything that one run sends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::model::Rate;
use crate::remote::{Bucket, RateHeaders};

/// The budget of a run. A run that reads users and then sends some takes both from the same one.
#[derive(Debug)]
pub struct Pace {
    bucket: Mutex<Bucket>,
    started: Instant,
}

impl Pace {
    /// A full one, from now on.
    pub fn new(rate: Rate) -> Self {
        Self {
            bucket: Mutex::new(Bucket::new(rate)),
            started: Instant::now(),
        }
    }

    /// Takes in what an answer said before the run began: the budget may not be full.
    pub fn learn(&self, headers: &RateHeaders) {
        self.bucket().settle(self.now(), headers);
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
    fn a_budget_that_others_have_spent_is_not_taken_for_full() {
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
