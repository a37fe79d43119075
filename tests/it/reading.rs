//! Reads each user exactly once, with the retries and the limits of an apply.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use talkform::apply::{Event, Pace, ReadOptions, ReadReport, read_users};
use talkform::model::{ApiVersion, MemberId, Rate, RemoteUser, StopCause, Unread};
use talkform::remote::{Channel as Client, HttpSettings, Policy};
use tokio::sync::watch;

use crate::project::{Channel, many_users};

const USERS: usize = 60;

struct Read {
    report: ReadReport,
    readings: BTreeMap<String, Result<RemoteUser, Unread>>,
    retries: usize,
}

impl Read {
    fn counts(&self) -> [usize; 4] {
        let ReadReport {
            found,
            missing,
            failed,
            skipped,
            ..
        } = self.report;
        [found, missing, failed, skipped]
    }
}

/// A Channel that knows users 0 to 59; 60 to 64 are asked for, too.
fn applied(api: &str) -> Channel {
    let channel = Channel::start();
    let project = channel.project();
    let file = project.read("talkform.yaml").replacen(
        "channel: {",
        &format!("channel: {{ api: {api},"),
        1,
    );
    project.write("talkform.yaml", &file);
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    channel
}

fn read(channel: &Channel, api: ApiVersion, stop_after: Option<usize>) -> Read {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let secret = || "test".to_owned().into();
    let settings = HttpSettings::new(channel.running().base_url(), secret(), secret());
    let client = Client::new(&settings).expect("a client");
    let ids: Vec<MemberId> = (0..USERS + 5)
        .map(|number| MemberId::new(&format!("u-{number:05}")).expect("an id"))
        .collect();
    let (stop, _) = watch::channel(None);
    let mut readings = BTreeMap::new();
    let mut retries = 0;
    let report = runtime.block_on(async {
        let options = ReadOptions {
            ids: talkform::model::ShownIds::Plain,
            api,
            parallelism: 8,
            pace: Arc::new(Pace::new(Rate {
                per_second: 1_000_000.0,
                burst: 1_000_000,
            })),
            policy: Policy::pausing(Duration::from_millis(1)),
            channel_id: None,
        };
        read_users(
            &ids,
            Arc::new(client),
            &options,
            &stop,
            || Timestamp::UNIX_EPOCH,
            &mut |event| retries += usize::from(matches!(event, Event::Retrying { .. })),
            &mut |id, reading| {
                let before = readings.insert(id.to_string(), reading);
                assert_eq!(before, None, "{id} twice");
                if Some(readings.len()) == stop_after {
                    stop.send_replace(Some(StopCause::Interrupted));
                }
            },
        )
        .await
    });
    assert_eq!(readings.len(), ids.len(), "one for each");
    Read {
        report,
        readings,
        retries,
    }
}

#[test]
fn everybody_is_read_once() {
    for (word, api) in [("v4", ApiVersion::V4), ("v5", ApiVersion::V5)] {
        let channel = applied(word);
        channel
            .running()
            .edit("u-00003", |user| {
                user["profile"]["extra"] = json!({"nested": 1});
                user["tags"] = json!(["VIP"]);
                user["unsubscribed"] = json!(true);
            })
            .expect("edited");
        let read = read(&channel, api, None);
        assert_eq!(read.counts(), [USERS, 5, 0, 0]);
        assert_eq!(read.report.requests, USERS as u64 + 5);
        assert!(read.report.is_whole());
        assert_eq!(read.report.stopped, None);
        assert_eq!(read.readings["u-00064"], Ok(RemoteUser::Missing));
        let Ok(RemoteUser::Present(user)) = &read.readings["u-00003"] else {
            panic!("{:?}", read.readings["u-00003"]);
        };
        assert_eq!(user.profile["plan"], "pro".into());
        assert_eq!(user.profile["seats"], 3.into());
        assert_eq!(user.undeclarable, ["extra".into()].into());
        assert_eq!(user.tags, ["vip".to_owned()].into());
        let shown = (api == ApiVersion::V4).then_some(true);
        assert_eq!(user.unsubscribed, shown);
    }
}

#[test]
fn what_may_pass_is_asked_again_and_what_cannot_is_not() {
    let channel = applied("v4");
    for fault in [
        "500:10%",
        "429:10%",
        "reset-before:10%",
        "broken-json:10%",
        "truncated:10%",
        "empty:10%",
    ] {
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        let before = channel.about_users().len();
        let read = read(&channel, ApiVersion::V4, None);
        assert_eq!(read.counts(), [USERS, 5, 0, 0], "{fault}");
        assert!(read.retries > 0, "{fault}");
        let arrived = channel.about_users().split_off(before);
        assert_eq!(read.report.requests, arrived.len() as u64, "{fault}");
        let refused = arrived.iter().filter(|it| it.status == Some(429)).count();
        // Refusals that arrive together are one event.
        let again = if refused > 0 { refused } else { read.retries };
        assert!(read.retries <= again, "{fault}");
        assert_eq!(arrived.len(), USERS + 5 + again, "{fault}");
    }
    for (fault, message, requests) in [
        ("400@u-00007", "rejected by Channel: 400 sandboxFault", 1),
        ("422@u-00007", "rejected by Channel: 422 sandboxFault", 1),
        ("503@u-00007", "503 from Channel", 6),
        (
            "redirect@u-00007",
            "302: Channel redirects, and redirects are not followed",
            1,
        ),
    ] {
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        let read = read(&channel, ApiVersion::V4, None);
        assert_eq!(read.counts(), [USERS - 1, 5, 1, 0], "{fault}");
        let message = message.to_owned();
        assert_eq!(read.readings["u-00007"], Err(Unread::Failed { message }));
        assert_eq!(read.report.requests, (USERS + 4) as u64 + requests);
        assert_eq!(read.report.stopped, None);
        assert!(!read.report.is_whole());
    }
}

#[test]
fn trouble_for_everybody_stops_the_reading() {
    let channel = applied("v4");
    for (fault, cause, most) in [
        ("401#1+", StopCause::Denied, 8),
        ("403#1+", StopCause::Denied, 8),
        ("501#1+", StopCause::Breaker, 10 + 8),
    ] {
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        let read = read(&channel, ApiVersion::V4, None);
        assert_eq!(read.report.stopped, Some(cause), "{fault}");
        let [found, missing, failed, skipped] = read.counts();
        assert_eq!(found + missing, 0, "{fault}");
        assert!((1..=most).contains(&failed), "{fault}: {failed}");
        assert_eq!(failed + skipped, USERS + 5, "{fault}");
        assert_eq!(read.report.requests, failed as u64, "{fault}");
        let last = &read.readings["u-00064"];
        assert_eq!(*last, Err(Unread::Skipped { cause }), "{fault}");
    }
}

#[test]
fn who_asks_it_to_stop_is_obeyed() {
    let channel = applied("v4");
    let read = read(&channel, ApiVersion::V4, Some(20));
    assert_eq!(read.report.stopped, Some(StopCause::Interrupted));
    let [found, _, failed, skipped] = read.counts();
    assert!((20..20 + 8).contains(&found), "{found}");
    assert_eq!((failed, found + skipped), (0, USERS + 5));
    assert_eq!(read.report.requests, found as u64);
}
