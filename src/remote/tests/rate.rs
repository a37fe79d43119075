//! Tests the token bucket.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
//! A simulated Channel has a bucket of its own, and its responses are late and out of order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use crate::model::Rate;
use crate::remote::rate::{Bucket, RateHeaders};

/// Channel's bucket, in microseconds.
struct Honest {
    size: f64,
    per_second: f64,
    tokens: f64,
    at: u64,
}

impl Honest {
    fn refill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at) as f64 / 1e6;
        self.tokens = (self.tokens + passed * self.per_second).min(self.size);
        self.at = self.at.max(now);
    }

    /// The response's `remaining`, or `None` for a 429.
    fn take(&mut self, now: u64) -> Option<u32> {
        self.refill(now);
        if self.tokens < 1.0 {
            return None;
        }
        self.tokens -= 1.0;
        Some(self.tokens as u32)
    }
}

/// Sends so many requests with so many workers; returns the refusals and the time in seconds.
/// `others` is what somebody else takes of the budget, in requests a second.
fn run(rate: Rate, requests: u32, workers: u32, latency: &[u64], others: f64) -> (u32, f64) {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Step {
        Arrives { back: u64 },
        Answered { remaining: Option<u32> },
        Other,
    }
    let mut honest = Honest {
        size: f64::from(rate.burst),
        per_second: rate.per_second,
        tokens: f64::from(rate.burst),
        at: 0,
    };
    let mut ours = Bucket::new(rate);
    let mut steps = BinaryHeap::new();
    let mut delays = latency.iter().cycle().copied();
    let mut granted = 0;
    let mut refused = 0;
    let mut last = 0;
    let mut answered = 0;
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let mut start = |now: u64, ours: &mut Bucket, steps: &mut BinaryHeap<_>, granted: &mut u32| {
        if *granted < requests {
            *granted += 1;
            let wait = micros(ours.reserve(Duration::from_micros(now)));
            let there = delays.next().unwrap_or(0);
            let back = delays.next().unwrap_or(0);
            steps.push(Reverse((now + wait + there, Step::Arrives { back })));
        }
    };
    for _ in 0..workers {
        start(0, &mut ours, &mut steps, &mut granted);
    }
    if others > 0.0 {
        steps.push(Reverse((0, Step::Other)));
    }
    while let Some(Reverse((now, step))) = steps.pop() {
        match step {
            Step::Arrives { back } if !ours.closed_for(Duration::from_micros(now)).is_zero() => {
                let closed = micros(ours.closed_for(Duration::from_micros(now)));
                steps.push(Reverse((now + closed + 1, Step::Arrives { back })));
            }
            Step::Arrives { back } => {
                let remaining = honest.take(now);
                refused += u32::from(remaining.is_none());
                steps.push(Reverse((now + back, Step::Answered { remaining })));
            }
            Step::Answered { remaining } => {
                let headers = RateHeaders {
                    limit: Some(rate.burst),
                    remaining: Some(remaining.unwrap_or(0)),
                    ..RateHeaders::default()
                };
                let time = Duration::from_micros(now);
                ours.on_response(time, &headers);
                if remaining.is_none() {
                    ours.close(time, Duration::ZERO);
                }
                answered += 1;
                last = now;
                start(now, &mut ours, &mut steps, &mut granted);
            }
            Step::Other => {
                honest.take(now);
                if answered < requests {
                    let pause = (1e6 / others) as u64;
                    steps.push(Reverse((now + pause, Step::Other)));
                }
            }
        }
    }
    (refused, last as f64 / 1e6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Alone on the channel: never refused, and within three parts in a hundred of the ideal and
    /// what the way there and back takes.
    #[test]
    fn alone_it_is_never_refused_and_wastes_nothing(
        burst in 50_u32..1500,
        per_second in 20.0_f64..1500.0,
        workers in 8_u32..64,
        latency in prop::collection::vec(100_u64..20_000, 2..12),
        more in 500_u32..3000,
    ) {
        let rate = Rate { per_second, burst };
        let requests = burst + more;
        let (refused, taken) = run(rate, requests, workers, &latency, 0.0);
        prop_assert_eq!(refused, 0);
        let ideal = f64::from(more) / per_second;
        // So many workers can have no more than so many requests on the way.
        let way = *latency.iter().max().expect("one") as f64 * 2.0 / 1e6;
        let workers_bound = f64::from(requests) * way / f64::from(workers);
        let bound = ideal.max(workers_bound) * 1.03 + 2.0 * way + (f64::from(workers) + 2.0 + f64::from(burst) / 100.0) / per_second;
        prop_assert!(taken <= bound, "{taken} s, ideal {ideal} s, bound {bound} s");
    }

    /// With somebody else on the same budget, up to six tenths of it: one request in twenty is refused
    /// at the most.
    #[test]
    fn others_are_noticed(
        burst in 200_u32..1500,
        per_second in 50.0_f64..1500.0,
        latency in prop::collection::vec(100_u64..20_000, 2..12),
        share in 0.05_f64..0.6,
    ) {
        let rate = Rate { per_second, burst };
        let requests = burst + 2000;
        let (refused, _) = run(rate, requests, 16, &latency, per_second * share);
        prop_assert!(refused <= requests / 20, "{refused} of {requests}");
    }

    /// Whatever the headers say, a wait ends and the pace is never above the project's.
    #[test]
    fn nonsense_does_no_harm(
        answers in prop::collection::vec((prop::option::of(any::<u32>()), prop::option::of(1..u32::MAX), any::<bool>()), 1..200),
    ) {
        let rate = Rate { per_second: 10.0, burst: 20 };
        let mut bucket = Bucket::new(rate);
        let mut now = Duration::ZERO;
        let mut granted = 0_u32;
        for (remaining, limit, will_be_throttled) in answers {
            let wait = bucket.reserve(now);
            prop_assert!(wait <= Duration::from_secs(60), "{wait:?}");
            now += wait;
            granted += 1;
            prop_assert!(f64::from(granted) <= 20.0 + 10.0 * now.as_secs_f64() + 1e-6);
            let headers = RateHeaders { limit, remaining, will_be_throttled, ..RateHeaders::default() };
            bucket.on_response(now, &headers);
        }
    }
}
