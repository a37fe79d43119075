//! Limits the rate of requests: a token bucket that follows Channel's own, and a gate that a refusal closes. The time
//! is an argument.

use std::time::Duration;

use crate::model::Rate;
use crate::remote::allowance::Allowance;
use crate::remote::rate::RateHeaders;

/// How long Channel may answer nothing but 429 before the run stops. A wait that would end later stops it at once.
pub const LONGEST_REFUSAL: Duration = Duration::from_secs(300);

/// The shortest and the longest first pause after a refusal without `Retry-After`. The pause doubles while the request
/// that asks again is refused.
const FIRST_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A bucket that holds less than this takes no request before its time, so a late request must not make the next one
/// early.
const LEAST_BURST: f64 = 2.0;

/// How long the others wait for the request that asks again, unless they are woken before.
const ASKING_AGAIN: Duration = Duration::from_millis(250);

/// A request's permission to pass the gate. Its response has to be reported with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Pass {
    /// How often the gate had been closed.
    closings: u64,
    asks_again: bool,
}

/// What came back for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 429. Channel asks for this wait; it is zero if Channel names none.
    Refused {
        /// How long no request should be sent.
        wait: Duration,
    },
    /// Any other response.
    Taken,
    /// None.
    Lost,
}

/// What a response does to the requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateChange {
    /// Nothing.
    None,
    /// They should ask for their pass now.
    Wakes,
    /// The gate is closed for this long.
    Closes(Duration),
}

/// Channel has answered nothing but 429 for [`LONGEST_REFUSAL`], or asks for a wait that ends after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled;

/// An estimate of Channel's bucket. It assumes no more tokens than Channel is known to have.
///
/// Times are measured from the start of the run.
#[derive(Clone, Debug)]
pub struct Bucket {
    allowance: Allowance,
    /// The size of the bucket by the project and Channel's headers.
    most: f64,
    capacity: f64,
    /// The tokens that are left after every granted request; below zero while granted requests still wait.
    tokens: f64,
    refilled: Duration,
    /// Granted requests without a response. Channel may not have counted them yet.
    outstanding: f64,
    /// When the next request may leave, if Channel's bucket holds no more than one.
    next: Duration,
    gate: Gate,
}

/// Whether requests may leave. A refusal closes the gate for all of them. When the wait is over, one request asks
/// again; its acceptance opens the gate.
#[derive(Clone, Debug, Default)]
struct Gate {
    closings: u64,
    is_closed: bool,
    is_asking_again: bool,
    closed_at: Duration,
    until: Duration,
    /// The pause after the last refusal of a request that asked again.
    pause: Duration,
    /// The first refusal since any other response.
    refused_since: Option<Duration>,
}

impl Bucket {
    /// A full bucket. A hundredth of it is never used, so that requests that arrive in another order do not find
    /// Channel's bucket empty.
    pub fn new(rate: Rate) -> Self {
        let burst = f64::from(rate.burst.max(1));
        let capacity = (burst - (burst / 100.0).ceil()).max(1.0);
        Self {
            allowance: Allowance::new(rate.per_second),
            most: capacity,
            capacity,
            tokens: capacity,
            refilled: Duration::ZERO,
            outstanding: 0.0,
            next: Duration::ZERO,
            gate: Gate::default(),
        }
    }

    /// The rate that Channel allows, in requests a second, if its refusals have shown it.
    pub fn measured(&self) -> Option<f64> {
        self.allowance.measured()
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.refilled).as_secs_f64();
        let per_second = self.allowance.per_second(now);
        self.tokens = (self.tokens + passed * per_second).min(self.capacity);
        self.refilled = self.refilled.max(now);
    }

    /// Takes a token. Returns how long to wait before the request may ask for its [`Pass`].
    pub fn reserve(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        self.outstanding += 1.0;
        let debt = (-self.tokens).max(0.0) / self.allowance.per_second(now);
        // A very low rate gives a wait that does not fit into a Duration.
        Duration::try_from_secs_f64(debt).unwrap_or(Duration::from_secs(u64::MAX >> 1))
    }

    /// Returns a token whose request is not sent.
    pub fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity);
        self.outstanding = (self.outstanding - 1.0).max(0.0);
    }

    /// Lets a request that has waited for its token pass the gate.
    ///
    /// # Errors
    ///
    /// The gate is closed. The error is how long to wait before the request reserves a token anew. An open gate may
    /// come earlier, with the response to a request that asks again.
    pub fn pass(&mut self, now: Duration) -> Result<Pass, Duration> {
        let gate = &mut self.gate;
        if gate.is_closed {
            if now < gate.until {
                return Err(gate.until.saturating_sub(now));
            }
            if gate.is_asking_again {
                return Err(ASKING_AGAIN);
            }
            gate.is_asking_again = true;
        }
        let pass = Pass {
            closings: gate.closings,
            asks_again: gate.is_closed,
        };
        if self.capacity < LEAST_BURST {
            if now < self.next && !pass.asks_again {
                return Err(self.next.saturating_sub(now));
            }
            let token = 1.0 / self.allowance.per_second(now);
            let token = Duration::try_from_secs_f64(token).unwrap_or(LONGEST_REFUSAL);
            self.next = now.saturating_add(token);
        }
        Ok(pass)
    }

    /// How many requests could be granted now without a wait.
    pub fn spare(&mut self, now: Duration) -> usize {
        self.refill(now);
        if self.gate.is_closed {
            return 0;
        }
        // The conversion saturates: a negative number becomes 0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let spare = self.tokens as usize;
        spare
    }

    /// Updates the estimate from the headers of a response.
    fn learn(&mut self, now: Duration, headers: &RateHeaders) {
        self.refill(now);
        if let Some(limit) = headers.limit {
            self.most = self.most.min(f64::from(limit).max(1.0));
            self.capacity = self.capacity.min(self.most);
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

    /// Reports what came back for a request.
    ///
    /// # Errors
    ///
    /// Channel refuses for too long.
    pub fn answered(
        &mut self,
        now: Duration,
        pass: Pass,
        answer: Answer,
        headers: &RateHeaders,
    ) -> Result<GateChange, Throttled> {
        self.outstanding = (self.outstanding - 1.0).max(0.0);
        self.learn(now, headers);
        // The first refusal of a round closes the gate. The others were sent before it was known.
        let is_current = pass.closings == self.gate.closings;
        match answer {
            Answer::Refused { wait } if is_current => self.close(now, pass, wait),
            Answer::Refused { .. } => Ok(GateChange::None),
            Answer::Lost => {
                self.gate.is_asking_again &= !pass.asks_again;
                Ok(wakes_if(pass.asks_again))
            }
            Answer::Taken => {
                self.gate.refused_since = None;
                let opens = is_current && self.gate.is_closed;
                if opens {
                    self.open(now);
                }
                if is_current {
                    self.allowance.accept(now);
                }
                Ok(wakes_if(opens))
            }
        }
    }

    fn open(&mut self, now: Duration) {
        let gate = &mut self.gate;
        gate.is_closed = false;
        gate.is_asking_again = false;
        gate.pause = Duration::ZERO;
        let closed = now.saturating_sub(gate.closed_at);
        self.allowance.open(now, closed);
        self.tokens = self.tokens.min(0.0);
    }

    fn close(
        &mut self,
        now: Duration,
        pass: Pass,
        wait: Duration,
    ) -> Result<GateChange, Throttled> {
        self.allowance.refuse(now);
        if let Some(burst) = self.allowance.burst(now) {
            // An estimate that grows with each refusal: the rate in it falls.
            self.capacity = self.most.min(burst * 0.9).max(1.0);
        }
        self.tokens = self.tokens.min(0.0);
        let gate = &mut self.gate;
        gate.closings += 1;
        gate.is_asking_again = false;
        if !gate.is_closed {
            gate.is_closed = true;
            gate.closed_at = now;
        }
        gate.pause = if pass.asks_again {
            gate.pause.saturating_mul(2).min(LONGEST_PAUSE)
        } else {
            let (shortest, longest) = FIRST_PAUSE;
            let per_second = self.allowance.per_second(now);
            let token = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(longest);
            token.clamp(shortest, longest)
        };
        gate.until = now.saturating_add(wait.max(gate.pause));
        let since = *gate.refused_since.get_or_insert(now);
        if gate.until.saturating_sub(since) > LONGEST_REFUSAL {
            return Err(Throttled);
        }
        Ok(GateChange::Closes(gate.until.saturating_sub(now)))
    }
}

fn wakes_if(condition: bool) -> GateChange {
    if condition {
        GateChange::Wakes
    } else {
        GateChange::None
    }
}
