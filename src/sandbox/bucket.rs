//! Limits the rate of requests that the sandbox accepts, as Channel does: a token bucket.

use std::time::Instant;

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    refilled: Instant,
}

impl Bucket {
    pub(crate) fn new(size: u32, per_second: f64) -> Self {
        Self {
            size: f64::from(size),
            per_second,
            tokens: f64::from(size),
            refilled: Instant::now(),
        }
    }

    /// Takes one token; `false` if there is none.
    pub(crate) fn take(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.size);
        self.refilled = now;
        let any = self.tokens >= 1.0;
        if any {
            self.tokens -= 1.0;
        }
        any
    }

    /// The number of whole tokens that are left.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and the size, which is a u32"
    )]
    pub(crate) fn left(&self) -> u32 {
        self.tokens as u32
    }

    /// The seconds until there is one token again.
    pub(crate) fn seconds_to_next(&self) -> f64 {
        ((1.0 - self.tokens) / self.per_second).max(0.0)
    }

    /// The seconds until it is full.
    pub(crate) fn seconds_to_full(&self) -> f64 {
        ((self.size - self.tokens) / self.per_second).max(0.0)
    }
}
