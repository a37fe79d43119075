//! How fast, over everything that one run sends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::model::Rate;
use crate::remote::Bucket;

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

    pub(super) fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> std::time::Duration {
        self.started.elapsed()
    }
}
