//! Tests the token bucket and its gate against limiters of other kinds, in simulated time.
//!
//! Requests and responses take a while, so they arrive late and out of order.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use crate::model::Rate;
use crate::remote::bucket::{Answer, Bucket, GateChange, LONGEST_REFUSAL, Pass, Throttled};
use crate::remote::rate::RateHeaders;

/// A limiter. Times are in seconds.
struct Limiter {
    per_second: f64,
    size: f64,
    tokens: f64,
    at: f64,
    /// Whether its responses have Channel's headers.
    has_headers: bool,
    /// The `Retry-After` of its refusals.
    retry_after: Option<u64>,
}

impl Limiter {
    fn channel(rate: Rate) -> Self {
        Self {
            per_second: rate.per_second,
            size: f64::from(rate.burst),
            tokens: f64::from(rate.burst),
            at: 0.0,
            has_headers: true,
            retry_after: None,
        }
    }

    /// nginx's `limit_req` with `nodelay`: a bucket without headers.
    fn plain(per_second: f64, size: f64, retry_after: Option<u64>) -> Self {
        Self {
            per_second,
            size,
            tokens: size,
            at: 0.0,
            has_headers: false,
            retry_after,
        }
    }

    fn take(&mut self, now: f64) -> bool {
        let passed = (now - self.at).max(0.0);
        self.tokens = (self.tokens + passed * self.per_second).min(self.size);
        self.at = self.at.max(now);
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }

    fn headers(&self) -> RateHeaders {
        if !self.has_headers {
            return RateHeaders::default();
        }
        RateHeaders {
            limit: Some(self.size as u32),
            remaining: Some(self.tokens as u32),
            ..RateHeaders::default()
        }
    }
}

/// What a simulated run did.
#[derive(Debug)]
struct Ran {
    sent: u32,
    refused: u32,
    seconds: f64,
    /// The users that were accepted in each second.
    accepted: Vec<u32>,
    bucket: Bucket,
}

impl Ran {
    fn refused_part(&self) -> f64 {
        f64::from(self.refused) / f64::from(self.sent)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A worker reserves a token.
    Reserves,
    /// A worker asks for its pass.
    Asks,
    Arrives(u64),
    Answered(u64, bool, Option<u32>, bool),
    Other,
}

/// Sends so many users' requests with so many workers. `latency` has the ways there and back, in microseconds.
/// `others` is what somebody else takes in the time before `others_until`, in requests a second.
struct Run<'a> {
    project: Rate,
    limiter: Limiter,
    users: u32,
    workers: u32,
    latency: &'a [u64],
    others: f64,
    others_until: f64,
}

impl Run<'_> {
    fn run(mut self) -> Ran {
        let mut ours = Bucket::new(self.project);
        let mut steps: BinaryHeap<Reverse<(u64, u64, Step)>> = BinaryHeap::new();
        let mut count = 0_u64;
        let mut push = |steps: &mut BinaryHeap<_>, at: u64, step| {
            count += 1;
            steps.push(Reverse((at, count, step)));
        };
        let mut delays = self.latency.iter().cycle().copied();
        let mut passes: Vec<Pass> = Vec::new();
        let (mut started, mut done, mut sent, mut refused, mut last) = (0, 0, 0, 0, 0);
        let mut accepted = Vec::new();
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX) + 1;
        for _ in 0..self.workers.min(self.users) {
            started += 1;
            push(&mut steps, 0, Step::Reserves);
        }
        if self.others > 0.0 {
            push(&mut steps, 0, Step::Other);
        }
        while let Some(Reverse((now, _, step))) = steps.pop() {
            if done == self.users {
                break;
            }
            let time = Duration::from_micros(now);
            match step {
                Step::Reserves => {
                    let wait = ours.reserve(time);
                    push(&mut steps, now + micros(wait), Step::Asks);
                }
                Step::Asks => match ours.pass(time) {
                    Ok(pass) => {
                        passes.push(pass);
                        let number = passes.len() as u64 - 1;
                        let there = delays.next().unwrap_or(0);
                        push(&mut steps, now + there, Step::Arrives(number));
                    }
                    Err(wait) => {
                        ours.give_back();
                        // The program is woken when the gate opens; here everybody waits the whole time.
                        push(&mut steps, now + micros(wait), Step::Reserves);
                    }
                },
                Step::Arrives(number) => {
                    sent += 1;
                    let taken = self.limiter.take(now as f64 / 1e6);
                    let headers = self.limiter.headers();
                    let back = delays.next().unwrap_or(0);
                    let answered =
                        Step::Answered(number, taken, headers.remaining, headers.limit.is_some());
                    push(&mut steps, now + back, answered);
                }
                Step::Answered(number, taken, remaining, has_limit) => {
                    let headers = RateHeaders {
                        limit: has_limit.then_some(self.limiter.size as u32),
                        remaining,
                        ..RateHeaders::default()
                    };
                    let answer = if taken {
                        Answer::Taken
                    } else {
                        let seconds = self.limiter.retry_after.unwrap_or(0);
                        let wait = Duration::from_secs(seconds);
                        Answer::Refused { wait }
                    };
                    let pass = passes[usize::try_from(number).expect("small")];
                    ours.answered(time, pass, answer, &headers)
                        .expect("not refused for long");
                    if taken {
                        done += 1;
                        last = now;
                        let second = usize::try_from(now / 1_000_000).expect("small");
                        accepted.resize(accepted.len().max(second + 1), 0);
                        accepted[second] += 1;
                        if started < self.users {
                            started += 1;
                            push(&mut steps, now, Step::Reserves);
                        }
                    } else {
                        refused += 1;
                        push(&mut steps, now, Step::Reserves);
                    }
                }
                Step::Other => {
                    self.limiter.take(now as f64 / 1e6);
                    let pause = (1e6 / self.others) as u64;
                    if (now as f64) < self.others_until * 1e6 {
                        push(&mut steps, now + pause, Step::Other);
                    }
                }
            }
        }
        Ran {
            sent,
            refused,
            seconds: last as f64 / 1e6,
            accepted,
            bucket: ours,
        }
    }
}

const PROJECT: Rate = Rate {
    per_second: 1000.0,
    burst: 1000,
};

/// The difference of the longest and the shortest way of [`sixteen_workers`], in seconds.
const JITTER: f64 = 0.0041;

fn sixteen_workers(limiter: Limiter, users: u32) -> Run<'static> {
    Run {
        project: PROJECT,
        limiter,
        users,
        workers: 16,
        latency: &[2000, 1500, 3000, 900, 5000],
        others: 0.0,
        others_until: 0.0,
    }
}

/// A project that asks for far too much: nine tenths of what is allowed are used, the first seconds included, and three
/// requests in a hundred are refused at the most. A bucket of few requests is used less well: a request that takes
/// longer than the one before needs that time as a distance.
#[test]
fn a_limiter_without_headers_is_used_well() {
    for per_second in [50.0, 200.0, 900.0] {
        for size in [1.0, 5.0, 20.0, 200.0] {
            for retry_after in [None, Some(1)] {
                let users = (per_second * 120.0) as u32;
                let limiter = Limiter::plain(per_second, size, retry_after);
                let ran = sixteen_workers(limiter, users).run();
                let part = f64::from(users) / ran.seconds / per_second;
                let what =
                    format!("{per_second}/s, bucket {size}, Retry-After {retry_after:?}: {part}");
                let least = if size >= 20.0 {
                    0.9
                } else {
                    0.7 / (1.0 + per_second * JITTER)
                };
                assert!(part >= least, "{what}");
                assert!(ran.refused_part() <= 0.03, "{what}: {}", ran.refused_part());
                if size >= 20.0 {
                    let measured = ran.bucket.measured().expect("a measurement");
                    assert!(
                        (0.75..=1.02).contains(&(measured / per_second)),
                        "{what}: measured {measured}"
                    );
                }
            }
        }
    }
}

/// Somebody else takes half: 85 of 100 requests that are left are used. When they stop, the whole is used again.
#[test]
fn a_shared_bucket_is_used_well() {
    let limiter = Limiter::channel(PROJECT);
    let shared = Run {
        others: 500.0,
        others_until: 100.0,
        ..sixteen_workers(limiter, 200_000)
    };
    let ran = shared.run();
    let while_shared: u32 = ran.accepted[10..100].iter().sum();
    let part = f64::from(while_shared) / 90.0 / 500.0;
    assert!(part >= 0.85, "{part} of what is left");
    assert!(ran.refused_part() <= 0.03, "{}", ran.refused_part());
    let alone: u32 = ran.accepted[220..230].iter().sum();
    let part = f64::from(alone) / 10.0 / 1000.0;
    assert!(part >= 0.95, "{part} of the whole, two minutes later");
}

#[test]
fn while_the_gate_is_closed_one_request_asks_again() {
    let none = RateHeaders::default();
    let at = Duration::from_millis;
    let mut bucket = Bucket::new(PROJECT);
    let passes: Vec<Pass> = (0..3)
        .map(|_| {
            assert!(bucket.reserve(at(0)).is_zero());
            bucket.pass(at(0)).expect("open")
        })
        .collect();
    let refused = Answer::Refused {
        wait: Duration::from_secs(2),
    };
    let closed = bucket.answered(at(10), passes[0], refused, &none);
    assert_eq!(closed, Ok(GateChange::Closes(Duration::from_secs(2))));
    // A refusal and a success that were under way change nothing.
    let late = bucket.answered(at(20), passes[1], refused, &none);
    assert_eq!(late, Ok(GateChange::None));
    let late = bucket.answered(at(20), passes[2], Answer::Taken, &none);
    assert_eq!(late, Ok(GateChange::None));
    assert_eq!(bucket.pass(at(20)), Err(Duration::from_millis(1990)));
    assert_eq!(bucket.spare(at(20)), 0);
    let asks = bucket.pass(at(2010)).expect("one");
    assert!(bucket.pass(at(2010)).is_err());
    // Without a response to it, another one asks.
    let lost = bucket.answered(at(2020), asks, Answer::Lost, &none);
    assert_eq!(lost, Ok(GateChange::Wakes));
    let asks = bucket.pass(at(2020)).expect("another one");
    assert!(bucket.pass(at(2020)).is_err());
    let opened = bucket.answered(at(2030), asks, Answer::Taken, &none);
    assert_eq!(opened, Ok(GateChange::Wakes));
    assert!(bucket.pass(at(2030)).is_ok());
}

#[test]
fn a_bucket_that_others_have_used_does_not_count_as_full() {
    let rate = Rate {
        per_second: 1.0,
        burst: 1000,
    };
    let waits = |remaining| {
        let now = Duration::ZERO;
        let mut bucket = Bucket::new(rate);
        assert!(bucket.reserve(now).is_zero());
        let pass = bucket.pass(now).expect("an open gate");
        let headers = RateHeaders {
            remaining: Some(remaining),
            ..RateHeaders::default()
        };
        let answered = bucket.answered(now, pass, Answer::Taken, &headers);
        assert_eq!(answered, Ok(GateChange::None));
        (0..3).filter(|_| !bucket.reserve(now).is_zero()).count()
    };
    assert_eq!(waits(0), 3);
    assert_eq!(waits(2), 1);
    assert_eq!(waits(900), 0);
}

/// Counts the requests that ask again until the bucket gives up, and the seconds.
fn refused_for_ever(wait: Duration) -> (u32, u64) {
    let mut bucket = Bucket::new(PROJECT);
    let mut now = Duration::ZERO;
    for asked in 1.. {
        now += bucket.reserve(now);
        let pass = match bucket.pass(now) {
            Ok(pass) => pass,
            Err(closed) => {
                now += closed;
                bucket.pass(now).expect("its turn")
            }
        };
        let refused = Answer::Refused { wait };
        if bucket.answered(now, pass, refused, &RateHeaders::default()) == Err(Throttled) {
            return (asked, now.as_secs());
        }
    }
    unreachable!()
}

#[test]
fn nothing_but_refusals_ends_after_five_minutes() {
    let (asked, seconds) = refused_for_ever(Duration::ZERO);
    assert!((10..30).contains(&asked), "{asked}");
    assert!((265..=300).contains(&seconds), "{seconds}");
    assert_eq!(refused_for_ever(Duration::from_secs(100)), (4, 300));
    assert_eq!(refused_for_ever(LONGEST_REFUSAL), (2, 300));
    assert_eq!(refused_for_ever(Duration::from_secs(301)), (1, 0));
    assert_eq!(refused_for_ever(Duration::from_secs(u64::MAX)), (1, 0));
}

#[test]
fn a_rate_of_the_command_line_holds_from_the_first_second() {
    let twenty = PROJECT.evenly(20.0);
    let run = Run {
        project: twenty,
        ..sixteen_workers(Limiter::channel(PROJECT), 400)
    };
    let ran = run.run();
    assert!(
        ran.accepted.iter().all(|count| *count <= 21),
        "{:?}",
        ran.accepted
    );
    assert!(ran.seconds < 20.5, "{}", ran.seconds);
    assert_eq!(PROJECT.evenly(1e9).burst, PROJECT.burst);
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
        let users = burst + more;
        let run = Run { project: rate, limiter: Limiter::channel(rate), users, workers, latency: &latency, others: 0.0, others_until: 0.0 };
        let ran = run.run();
        prop_assert_eq!(ran.refused, 0);
        prop_assert_eq!(ran.bucket.measured(), None);
        let ideal = f64::from(more) / per_second;
        // So many workers can have no more than so many requests on the way.
        let way = *latency.iter().max().expect("one") as f64 * 2.0 / 1e6;
        let workers_bound = f64::from(users) * way / f64::from(workers);
        let bound = ideal.max(workers_bound) * 1.03 + 2.0 * way + (f64::from(workers) + 2.0 + f64::from(burst) / 100.0) / per_second;
        prop_assert!(ran.seconds <= bound, "{} s, ideal {ideal} s, bound {bound} s", ran.seconds);
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
        let users = burst + 2000;
        let run = Run { project: rate, limiter: Limiter::channel(rate), users, workers: 16, latency: &latency, others: per_second * share, others_until: f64::MAX };
        let ran = run.run();
        prop_assert!(ran.refused <= users / 20, "{} of {users}", ran.refused);
    }

    /// Whatever a limiter is: the run ends, and it never sends faster than the project says.
    #[test]
    fn any_limiter_lets_a_run_end(
        allowed in 5.0_f64..2000.0,
        size in 1.0_f64..500.0,
        retry_after in prop::option::of(0_u64..3),
        latency in prop::collection::vec(100_u64..50_000, 2..12),
        workers in 1_u32..64,
    ) {
        let project = Rate { per_second: 300.0, burst: 50 };
        let limiter = Limiter::plain(allowed, size, retry_after);
        let run = Run { project, limiter, users: 1500, workers, latency: &latency, others: 0.0, others_until: 0.0 };
        let ran = run.run();
        prop_assert!(ran.accepted.iter().all(|count| *count <= 355), "{:?}", ran.accepted);
        prop_assert!(ran.refused <= 1500 / 4, "{}", ran.refused);
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
            let pass = bucket.pass(now).expect("an open gate");
            let answered = bucket.answered(now, pass, Answer::Taken, &headers);
            prop_assert_eq!(answered, Ok(GateChange::None));
        }
    }
}
