//! Learns from Channel's refusals how many requests a second it allows.
//!
//! Channel's bucket is empty when it refuses a request. What it accepts between two refusals is therefore what it
//! refilled in that time: a measurement of the allowed rate, which needs no header. A bucket that was full for a while
//! refilled more than it accepted. Then the last part of that time shows the rate, because the bucket holds no more
//! than its size, and the first refusal shows that size.
//!
//! Until enough requests are accepted for a measurement, each refusal halves the rate, and it grows back within
//! seconds. After a measurement, the rate starts a little below it, reaches it after half a minute and then grows
//! faster and faster. So a wait of a second that Channel asks for costs little, because it comes seldom, and a channel
//! that is free again is used again within two minutes. A fixed step would have to choose between these two.

use std::time::Duration;

/// The accepted requests that a measurement needs. Its error is about one request.
const ENOUGH: f64 = 30.0;

/// The accepted requests that each of the rounds of a measurement needs on average.
const ENOUGH_A_ROUND: f64 = 4.0;

/// How long a halved rate takes to double, in seconds.
const SEARCH: f64 = 4.0;

/// The part of the measured rate that is used first.
const FIRST_PART: f64 = 0.98;

/// How long the rate takes from there to the measured rate, in seconds.
const LEVEL: f64 = 30.0;

/// The part of a measured rate that is left after a refusal too soon for another measurement.
const SHORT_ROUND: f64 = 0.9;

/// How many marks a round keeps.
const MOST_MARKS: usize = 64;

/// The allowed rate as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    /// The project's rate. It is never exceeded.
    most: f64,
    learned: Option<Learned>,
    /// The time from the start to the first refusal.
    first: Option<Span>,
    /// The time since the gate was opened.
    round: Round,
    opened: Duration,
    /// The rounds that were too short for a measurement, in one.
    short: Span,
}

/// What was learned from the last refusal.
#[derive(Clone, Copy, Debug)]
struct Learned {
    per_second: f64,
    at: Duration,
    /// How many accepted requests show it; `None` for a halved rate.
    shown_by: Option<f64>,
}

/// One or more rounds between refusals.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    rounds: f64,
    accepted: f64,
    /// How long the gate was closed before, in seconds.
    closed: f64,
    /// How long it was open, in seconds.
    open: f64,
}

/// The time since a refusal.
#[derive(Clone, Debug, Default)]
struct Round {
    accepted: f64,
    /// How long the gate was closed before, in seconds.
    closed: f64,
    /// How many requests were accepted until some times in the round.
    marks: Vec<Mark>,
    /// The shortest time between two marks, in seconds.
    step: f64,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: f64,
    accepted: f64,
}

impl Round {
    fn new(closed: Duration) -> Self {
        Self {
            closed: closed.as_secs_f64(),
            step: 0.05,
            ..Self::default()
        }
    }

    fn accept(&mut self, at: f64) {
        let last = self.marks.last().map_or(0.0, |mark| mark.at);
        if at >= last + self.step {
            let accepted = self.accepted;
            self.marks.push(Mark { at, accepted });
        }
        if self.marks.len() > MOST_MARKS {
            let mut is_kept = false;
            self.marks.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.step *= 2.0;
        }
        self.accepted += 1.0;
    }

    /// The round when a refusal ends it after this many seconds.
    fn ended(&self, open: f64) -> Span {
        Span {
            rounds: 1.0,
            accepted: self.accepted,
            closed: self.closed,
            open,
        }
    }

    /// The highest rate that a last part of the round shows, with how many accepted requests show it. `open` is how
    /// long the round lasted, in seconds.
    fn of_last_parts(&self, open: f64, burst: f64) -> Option<(f64, f64)> {
        let rates = self.marks.iter().filter_map(|mark| {
            let accepted = self.accepted - mark.accepted - burst;
            let passed = open - mark.at;
            (accepted >= ENOUGH && passed > 0.0).then(|| (accepted / passed, accepted))
        });
        rates.max_by(|one, other| one.0.total_cmp(&other.0))
    }
}

impl Span {
    fn and(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            accepted: self.accepted + other.accepted,
            closed: self.closed + other.closed,
            open: self.open + other.open,
        }
    }

    /// The rate if the bucket was empty at both ends of each round. What it refilled while the gate was closed counts
    /// up to its size, `burst`. Also returns how many accepted requests show it.
    fn rate(self, burst: f64) -> (f64, f64) {
        let refilled = self.accepted / (self.open + self.closed).max(f64::EPSILON);
        let without_burst = self.accepted - self.rounds * burst;
        let overflowed = without_burst / self.open.max(f64::EPSILON);
        if overflowed > refilled {
            (overflowed, without_burst)
        } else {
            (refilled, self.accepted)
        }
    }
}

impl Allowance {
    pub(crate) fn new(per_second: f64) -> Self {
        Self {
            most: per_second,
            learned: None,
            first: None,
            round: Round::new(Duration::ZERO),
            opened: Duration::ZERO,
            short: Span::default(),
        }
    }

    /// The rate to send at, in requests a second.
    pub(crate) fn per_second(&self, now: Duration) -> f64 {
        let Some(learned) = self.learned else {
            return self.most;
        };
        let passed = now.saturating_sub(learned.at).as_secs_f64();
        let part = match learned.shown_by {
            None => 1.0 + passed / SEARCH,
            Some(_) if passed < LEVEL => FIRST_PART + (1.0 - FIRST_PART) * passed / LEVEL,
            Some(_) => {
                let tens = (passed - LEVEL) / 10.0;
                1.0 + 0.02 * tens * tens
            }
        };
        // A measurement by few requests may be a little too low, and only a refusal shows a better one.
        let error = learned.shown_by.map_or(0.0, |shown_by| 2.0 / shown_by);
        (learned.per_second * part * (1.0 + error)).min(self.most)
    }

    /// The measured rate, if there is one.
    pub(crate) fn measured(&self) -> Option<f64> {
        let learned = self.learned.filter(|learned| learned.shown_by.is_some())?;
        Some(learned.per_second)
    }

    /// The size of Channel's bucket as far as refusals show it: what was accepted before the first one, without what
    /// was refilled meanwhile.
    pub(crate) fn burst(&self, now: Duration) -> Option<f64> {
        let first = self.first?;
        let refilled = self.per_second(now) * first.open;
        Some((first.accepted - refilled).max(0.0))
    }

    /// Counts a request that Channel took since the gate was opened.
    pub(crate) fn accept(&mut self, now: Duration) {
        let at = now.saturating_sub(self.opened).as_secs_f64();
        self.round.accept(at);
    }

    /// Learns from a refusal, which ends the round. A round without any accepted request shows nothing.
    pub(crate) fn refuse(&mut self, now: Duration) {
        let round = std::mem::take(&mut self.round);
        let open = now.saturating_sub(self.opened).as_secs_f64();
        let ended = round.ended(open);
        let current = self.per_second(now);
        let Some(burst) = self.burst(now) else {
            // Half of the rate, and no more than was accepted: that is what was refilled, and the bucket.
            let shown = ended.accepted.max(1.0) / open.max(f64::EPSILON);
            self.first = Some(ended);
            return self.learn(now, shown.min(current / 2.0), None);
        };
        if ended.accepted == 0.0 {
            return;
        }
        self.short = self.short.and(ended);
        let (whole, shown_by) = self.short.rate(burst);
        // Each round may have refilled almost one request more than it accepted.
        if shown_by < ENOUGH || shown_by < ENOUGH_A_ROUND * self.short.rounds {
            return match self.learned {
                Some(Learned {
                    shown_by: Some(shown_by),
                    ..
                }) => self.learn(now, current * SHORT_ROUND, Some(shown_by)),
                _ => self.learn(now, current / 2.0, None),
            };
        }
        self.short = Span::default();
        let (last, by) = round.of_last_parts(open, burst).unwrap_or((0.0, 0.0));
        let (per_second, shown_by) = if last > whole {
            (last, by)
        } else {
            (whole, shown_by)
        };
        self.learn(now, per_second.min(current), Some(shown_by));
    }

    fn learn(&mut self, at: Duration, per_second: f64, shown_by: Option<f64>) {
        self.learned = Some(Learned {
            per_second,
            at,
            shown_by,
        });
    }

    /// Begins a round after the gate was closed for this long.
    pub(crate) fn open(&mut self, now: Duration, closed: Duration) {
        self.opened = now;
        self.round = Round::new(closed);
    }
}
