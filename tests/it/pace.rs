//! Refusals with 429 cost time and nothing else: no user fails by them, and a run that meets nothing else ends.
//!
//! The time is simulated: a pause passes at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use talkform::apply::{Pace, ReadOptions, ReadReport, read_users};
use talkform::model::{ApiVersion, MemberId, Rate, ShownIds, StopCause};
use talkform::remote::{Policy, RateHeaders, Request, Response, Sending, Transport};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::project::many_users;
use crate::raw_channel::RawChannel;

const USERS: usize = 20;

/// Refuses every request until a time, and answers later ones with the user.
#[derive(Debug)]
struct Refusing {
    until: Instant,
    retry_after: Option<&'static str>,
    requests: AtomicUsize,
}

impl Transport for Refusing {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let is_refused = Instant::now() < self.until;
        let (status, body) = if is_refused {
            (429, String::new())
        } else {
            let id = request.user.as_ref().expect("a user");
            (200, format!(r#"{{"user":{{"memberId":"{id}"}}}}"#))
        };
        let retry_after = self.retry_after.filter(|_| is_refused);
        let rate = RateHeaders::read(|name| retry_after.filter(|_| name == "retry-after"));
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(Response {
                status,
                rate,
                body: body.into_bytes(),
                is_whole: true,
            })
        })
    }
}

/// Reads 20 users from a Channel that refuses for so long. Returns the report, the requests and the passed time.
fn read(refused: Duration, retry_after: Option<&'static str>) -> (ReadReport, usize, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let started = Instant::now();
        let channel = Arc::new(Refusing {
            until: started + refused,
            retry_after,
            requests: AtomicUsize::new(0),
        });
        let ids: Vec<MemberId> = (0..USERS)
            .map(|number| MemberId::new(&format!("u-{number}")).expect("an id"))
            .collect();
        let options = ReadOptions {
            api: ApiVersion::V5,
            parallelism: 8,
            pace: Arc::new(Pace::new(Rate::default())),
            policy: Policy::default(),
            ids: ShownIds::Plain,
            channel_id: None,
        };
        let (stop, _) = watch::channel(None);
        let transport: Arc<dyn Transport> = channel.clone();
        let clock = || Timestamp::UNIX_EPOCH;
        let (on_event, on_user) = (&mut |_| {}, &mut |_: &_, _| {});
        let report = read_users(&ids, transport, &options, &stop, clock, on_event, on_user).await;
        let requests = channel.requests.load(Ordering::Relaxed);
        (report, requests, started.elapsed())
    })
}

#[test]
fn two_minutes_of_refusals_fail_nobody() {
    let (report, requests, passed) = read(Duration::from_secs(120), None);
    assert_eq!(
        (report.found, report.failed, report.stopped),
        (USERS, 0, None)
    );
    // Eight are under way when the first is refused. Then one asks at a time, less and less often.
    assert!(requests < USERS + 8 + 16, "{requests}");
    assert!(passed < Duration::from_secs(200), "{passed:?}");
}

#[test]
fn a_wait_that_channel_asks_for_is_kept() {
    let (report, requests, passed) = read(Duration::from_secs(50), Some("60"));
    assert_eq!((report.found, report.failed), (USERS, 0));
    assert_eq!(requests, USERS + 8);
    assert!(passed >= Duration::from_secs(60), "{passed:?}");
}

#[test]
fn nothing_but_refusals_stops_the_run() {
    for (retry_after, least, most) in [
        (None, 260, 301),
        (Some("7"), 290, 301),
        (Some("301"), 0, 1),
        (Some("99999999999"), 0, 1),
        (Some("18446744073709551615"), 0, 1),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT"), 0, 1),
    ] {
        let (report, _, passed) = read(Duration::from_secs(86_400), retry_after);
        assert_eq!(
            report.stopped,
            Some(StopCause::Throttled),
            "{retry_after:?}"
        );
        assert_eq!((report.found, report.failed), (0, 0), "{retry_after:?}");
        let seconds = passed.as_secs();
        assert!(
            (least..=most).contains(&seconds),
            "{retry_after:?}: {seconds}"
        );
    }
}

/// A refusal that asks for a longer wait than a run takes.
fn refusal() -> Vec<u8> {
    b"HTTP/1.1 429 X\r\nretry-after: 3600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        .to_vec()
}

/// The program says why it stopped. Nobody becomes pending: a refused request was not done.
#[test]
fn a_channel_that_asks_to_wait_too_long_ends_an_apply() {
    let channel = RawChannel::start(|_| refusal());
    let project = channel.project("");
    project.write("users/a.yaml", &many_users(3, "pro"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(4);
    let stopped = "Stopped: Channel answered only 429 for five minutes, or asks for a longer wait. 3 changes were not tried.";
    assert!(ran.stdout.contains(stopped), "{}", ran.all());
    let next = project.run(&["plan"]).expect(0);
    assert!(next.stdout.contains("3 to create"), "{}", next.all());
    assert!(!next.stdout.contains("was being sent"), "{}", next.all());
}

#[test]
fn a_refused_question_for_the_channel_sends_nothing() {
    let channel = RawChannel::introduced(refusal(), |_| refusal());
    let project = channel.project("");
    project.write("users/a.yaml", &many_users(3, "pro"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(
        ran.stderr
            .contains("429 Too Many Requests; nothing was sent"),
        "{}",
        ran.all()
    );
    assert!(channel.log().is_empty());
}
