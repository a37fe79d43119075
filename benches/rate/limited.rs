//! Reads users through limiters that the project's rate does not fit, and compares with what they allow.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use talkform::apply::{Pace, ReadOptions, read_users};
use talkform::model::{ApiVersion, MemberId, Rate, ShownIds};
use talkform::remote::{Policy, RateHeaders, Request, Response, Sending, Transport};
use tokio::sync::watch;
use tokio::time::Instant;

/// What the project says: far too much.
const PROJECT: Rate = Rate {
    per_second: 1_000_000.0,
    burst: 1_000_000,
};

/// How long each request and each response takes.
const WAY: Duration = Duration::from_millis(2);

/// A limiter and its responses, in this process.
#[derive(Debug)]
struct Limited {
    started: Instant,
    per_second: f64,
    /// nginx's `limit_req burst=… nodelay`, or the size of Channel's bucket.
    size: f64,
    retry_after: bool,
    /// Whether responses have Channel's headers.
    has_headers: bool,
    /// What another client takes, in requests a second.
    others: f64,
    /// The requests above the rate, and when they were counted.
    excess: Mutex<(f64, Duration)>,
    refused: AtomicU32,
}

impl Limited {
    /// Counts a request. Returns the tokens that are left, or `None` for a refusal.
    fn take(&self) -> Option<u32> {
        let now = self.started.elapsed();
        let mut excess = self.excess.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = *excess;
        let drained = (self.per_second - self.others) * now.saturating_sub(at).as_secs_f64();
        let counted = (before - drained).max(0.0) + 1.0;
        if counted > self.size + 1.0 {
            return None;
        }
        *excess = (counted, now);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let left = (self.size + 1.0 - counted) as u32;
        Some(left)
    }
}

impl Transport for Limited {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move {
            tokio::time::sleep(WAY).await;
            let left = self.take();
            tokio::time::sleep(WAY).await;
            let id = request.user.as_ref().expect("a user");
            let (status, body) = if left.is_some() {
                (200, format!(r#"{{"user":{{"memberId":"{id}"}}}}"#))
            } else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                (429, String::new())
            };
            let limit = self.size.to_string();
            let remaining = left.unwrap_or(0).to_string();
            let rate = RateHeaders::read(|name| match name {
                "retry-after" if self.retry_after && left.is_none() => Some("1"),
                "x-ratelimit-limit" if self.has_headers => Some(&limit),
                "x-ratelimit-remaining" if self.has_headers => Some(&remaining),
                _ => None,
            });
            Ok(Response {
                status,
                rate,
                body: body.into_bytes(),
                is_whole: true,
            })
        })
    }
}

/// Reads for about so many seconds and prints one row.
async fn row(name: &str, seconds: f64, limited: Limited) {
    let allowed = limited.per_second - limited.others;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let users = (allowed * seconds) as u32;
    let ids: Vec<MemberId> = (0..users)
        .map(|number| MemberId::new(&format!("u-{number:06}")).expect("an id"))
        .collect();
    let options = ReadOptions {
        api: ApiVersion::V4,
        parallelism: 8,
        pace: Arc::new(Pace::new(PROJECT)),
        policy: Policy::default(),
        ids: ShownIds::Plain,
        channel_id: None,
    };
    let size = limited.size;
    let limited = Arc::new(limited);
    let transport: Arc<dyn Transport> = Arc::clone(&limited) as _;
    let (stop, _) = watch::channel(None);
    let (on_event, on_user) = (&mut |_| {}, &mut |_: &_, _| {});
    let clock = super::now;
    let report = read_users(&ids, transport, &options, &stop, clock, on_event, on_user).await;
    let refused = limited.refused.load(Ordering::Relaxed);
    let rate = f64::from(users) / report.elapsed.as_secs_f64();
    // The tokens that the bucket holds at the start are no part of the rate.
    let sustained = (f64::from(users) - size) / report.elapsed.as_secs_f64();
    println!(
        "{name:44} {rate:7.1}/s {:6.3} {:6.3} {:6.2} % {:6} {:?}",
        rate / allowed,
        sustained / allowed,
        f64::from(refused) / f64::from(users) * 100.0,
        report.failed,
        options.pace.measured().map(f64::round),
    );
}

/// Prints a table: the rate that was reached, its part of what is allowed with and without the first burst, the
/// refusals, the users that failed, and the rate that the run learned.
pub(crate) async fn table() {
    println!("\nlimiters that the project's rate (1,000,000 a second) does not fit, 8 at once");
    println!(
        "limiter                                         reached   part  no burst  429  failed learned"
    );
    let limiter = |per_second, size, retry_after| Limited {
        started: Instant::now(),
        per_second,
        size,
        retry_after,
        has_headers: false,
        others: 0.0,
        excess: Mutex::default(),
        refused: AtomicU32::new(0),
    };
    for (per_second, seconds) in [(50.0, 120.0), (200.0, 60.0), (1000.0, 60.0)] {
        for size in [20.0, 0.0] {
            for retry_after in [false, true] {
                let name = format!(
                    "{per_second} a second, burst {size}{}",
                    if retry_after { ", Retry-After: 1" } else { "" }
                );
                row(&name, seconds, limiter(per_second, size, retry_after)).await;
            }
        }
    }
    let shared = Limited {
        has_headers: true,
        others: 500.0,
        ..limiter(1000.0, 1000.0, false)
    };
    row("1000 a second with headers, half for others", 60.0, shared).await;
}
