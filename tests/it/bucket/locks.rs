//! Tests the lock of a state in a bucket: who is refused, who takes over, and who releases.

use std::thread;
use std::time::Duration;

use crate::bucket::fake_s3::{FakeS3, Fault};
use crate::bucket::world::{APPLY, KEY, Place, is_settled, lock_id, run, start};
use crate::command::finish;
use crate::project::{Channel, many_users};

#[test]
fn a_killed_run_keeps_the_lock_until_it_is_released_or_expires() {
    let (bucket, channel) = (FakeS3::start(), Channel::faulty(&["slow=20ms"]));
    let place = Place::fake(&bucket);
    let project = place.project(&channel);
    project.write("users/a.yaml", &many_users(400, "pro"));
    let mut child = start(&project, APPLY);
    // More than the intents of one part, so a second part has results.
    while channel.about_users().len() < 340 {
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    finish(child);
    let sent = channel.running().member_ids().len();

    // The next run is one of another machine.
    let elsewhere = place.project(&channel);
    elsewhere.write("users/a.yaml", &many_users(400, "pro"));
    let ran = run(&elsewhere, APPLY).expect(1);
    let id = lock_id(&bucket).expect("a held lock");
    assert!(
        ran.stderr.contains("the state is locked by"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&format!("lock {id}")), "{}", ran.stderr);
    run(&elsewhere, &["state", "unlock", "other"]).expect(1);
    let ran = run(&elsewhere, &["state", "unlock", &id]).expect(0);
    assert!(ran.stdout.contains(&id), "{}", ran.stdout);

    let before = channel.about_users().len();
    let ran = run(&elsewhere, &["plan"]).expect(0);
    assert!(
        ran.stderr.contains("being sent when the last run ended"),
        "{}",
        ran.all()
    );
    run(&elsewhere, APPLY).expect(0);
    is_settled(&elsewhere, &channel, 400, "pro");
    let again = channel.about_users().len() - before;
    // Results that are in a part are not sent again. A part is written when 32 of the first 256 intents are left.
    assert!(again <= 400 - 150, "{again} requests after {sent} users");
}

#[test]
fn an_expired_lock_is_taken_over_with_a_warning() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(3, "free"));
    let lock = |expires: &str| {
        format!(
            r#"{{"owner":{{"id":"0ld","who":"ana","host":"there","pid":7,"command":"talkform apply","since":"2026-01-01T00:00:00Z"}},"expires":"{expires}","nonce":3}}"#
        )
    };
    bucket.put(&format!("{KEY}.lock"), lock("2999-01-01T00:00:00Z"));
    let ran = run(&project, APPLY).expect(1);
    assert!(ran.stderr.contains("ana on there"), "{}", ran.stderr);
    bucket.put(&format!("{KEY}.lock"), lock("2026-01-01T00:02:00Z"));
    let ran = run(&project, APPLY).expect(0);
    assert!(ran.stderr.contains("ana on there"), "{}", ran.stderr);
    assert!(ran.stderr.contains("has expired"), "{}", ran.stderr);
    is_settled(&project, &channel, 3, "free");
}

#[test]
fn a_lock_is_released_if_the_store_cannot_be_tried() {
    for place in [1, 2] {
        let (bucket, channel) = (FakeS3::start(), Channel::start());
        let project = Place::fake(&bucket).project(&channel);
        project.write("users/a.yaml", &many_users(2, "free"));
        // The lock is written, and the questions whether the store keeps to conditions fail.
        bucket.decide(move |number, _| {
            if number == place {
                Fault::Denied
            } else {
                Fault::None
            }
        });
        let ran = run(&project, APPLY).expect(1);
        assert!(ran.stderr.contains(".lock"), "{}", ran.stderr);
        assert_eq!(lock_id(&bucket), None);
        bucket.decide(|_, _| Fault::None);
        run(&project, APPLY).expect(0);
        is_settled(&project, &channel, 2, "free");
    }
}
