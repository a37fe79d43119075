//! Holds the rate limiter that all requests of one run share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::model::Rate;
use crate::remote::{Answer, Bucket, GateChange, Pass, RateHeaders, Response, Throttled};

/// The rate limiter of one run. Reads and upserts of the same run take from the same bucket.
#[derive(Debug)]
pub struct Pace {
    bucket: Mutex<Bucket>,
    started: Instant,
    /// Wakes the requests that wait at the gate.
    reopened: Notify,
}

impl Pace {
    /// Starts with a full bucket.
    pub fn new(rate: Rate) -> Self {
        Self {
            bucket: Mutex::new(Bucket::new(rate)),
            started: Instant::now(),
            reopened: Notify::new(),
        }
    }

    /// The rate that Channel allows, in requests a second, if its refusals have shown it.
    pub fn measured(&self) -> Option<f64> {
        self.bucket().measured()
    }

    /// Waits until a request may leave.
    pub async fn turn(&self) -> Pass {
        loop {
            tokio::time::sleep(self.reserve()).await;
            match self.pass() {
                Ok(pass) => return pass,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Takes a token. Returns how long to wait before [`Pace::pass`].
    pub(crate) fn reserve(&self) -> Duration {
        self.bucket().reserve(self.now())
    }

    /// Lets a request leave, if the gate is open. Otherwise returns its token and how long to wait before it takes
    /// another one.
    pub(crate) fn pass(&self) -> Result<Pass, Duration> {
        let mut bucket = self.bucket();
        let passed = bucket.pass(self.now());
        if passed.is_err() {
            bucket.give_back();
        }
        passed
    }

    /// Returns a token whose request is not sent.
    pub(crate) fn give_back(&self) {
        self.bucket().give_back();
    }

    /// How many requests could leave now without a wait.
    pub(crate) fn spare(&self) -> usize {
        self.bucket().spare(self.now())
    }

    /// Learns from a response, or from the lack of one. `clock` is compared with the dates in its headers. Returns how
    /// long no request leaves, if this response is the refusal that closes the gate.
    ///
    /// # Errors
    ///
    /// Channel refuses for too long.
    pub fn observe(
        &self,
        pass: Pass,
        response: Option<&Response>,
        clock: Timestamp,
    ) -> Result<Option<Duration>, Throttled> {
        let answer = match response {
            None => Answer::Lost,
            Some(response) if response.status == 429 => Answer::Refused {
                wait: response.rate.closed_for(clock),
            },
            Some(_) => Answer::Taken,
        };
        let headers = response.map_or_else(RateHeaders::default, |response| response.rate);
        let mut bucket = self.bucket();
        match bucket.answered(self.now(), pass, answer, &headers)? {
            GateChange::None => Ok(None),
            GateChange::Wakes => {
                self.reopened.notify_waiters();
                Ok(None)
            }
            GateChange::Closes(wait) => Ok(Some(wait)),
        }
    }

    /// Completes when requests that wait at the gate should try again. Made before [`Pace::pass`], it misses nothing.
    pub(crate) fn reopened(&self) -> Notified<'_> {
        self.reopened.notified()
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}
