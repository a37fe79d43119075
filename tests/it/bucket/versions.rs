//! Tests that earlier states are kept beside the state, listed, and restored without a user being taken for recorded who
//! was applied otherwise since then.

use std::thread;
use std::time::Duration;

use crate::bucket::fake_s3::{FakeS3, Fault};
use crate::bucket::world::{APPLY, KEY, Place, command, is_settled, run, start, unlock};
use crate::command::finish;
use crate::project::{Channel, Project, many_users};

/// A project that was applied with each of these plans.
fn applied(bucket: &FakeS3, channel: &Channel, plans: &[&str]) -> Project {
    let project = Place::fake(bucket).project(channel);
    for plan in plans {
        project.write("users/a.yaml", &many_users(5, plan));
        run(&project, APPLY).expect(0);
    }
    project
}

/// The serials of the earlier states, in the order in which they are listed.
fn serials(project: &Project) -> Vec<u64> {
    let listed = run(project, &["state", "versions"]).expect(0).stdout;
    let lines = listed.lines().filter(|line| line.contains("replaced"));
    let serials = lines.map(|line| line.split('-').next().expect("a serial").parse());
    serials.collect::<Result<_, _>>().expect("serials")
}

fn serial(project: &Project) -> u64 {
    let state = run(project, &["state", "pull"]).expect(0).stdout;
    let (_, rest) = state.split_once("\"serial\":").expect("a serial");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Restores a state with a word of agreement.
fn restore(project: &Project, version: &str) -> crate::command::Ran {
    run(project, &["state", "restore", version, "--auto-approve"])
}

#[test]
fn the_states_before_the_last_saves_are_kept_and_listed() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(2, "p"));
    let ran = run(&project, &["state", "versions"]).expect(0);
    assert!(ran.stdout.contains("No earlier state"), "{}", ran.stdout);
    run(&project, &["state", "init"]).expect(0);
    for round in 0..14 {
        project.write("users/a.yaml", &many_users(2, &format!("p{round}")));
        run(&project, APPLY).expect(0);
    }
    let last = serial(&project);
    let kept: Vec<u64> = (last - 10..last).rev().collect();
    assert_eq!(serials(&project), kept);
    assert_eq!(bucket.versions().len(), 10);
    let listed = run(&project, &["state", "versions"]).expect(0).stdout;
    assert!(listed.contains(": `talkform apply`"), "{listed}");

    // An apply with nothing to do keeps nothing.
    run(&project, APPLY).expect(0);
    assert_eq!(serials(&project), kept);
}

#[test]
fn google_keeps_them_too() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake_google(&bucket).project(&channel);
    for plan in ["free", "pro"] {
        project.write("users/a.yaml", &many_users(5, plan));
        run(&project, APPLY).expect(0);
    }
    let listed = run(&project, &["state", "versions"]).expect(0).stdout;
    assert!(listed.contains(": `talkform apply`"), "{listed}");
    let kept = serials(&project);
    restore(&project, &kept[0].to_string()).expect(0);
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 5, "pro");
}

/// The manifests go back as well, so the digests of the restored state are those of the manifests, and Channel has
/// something else.
#[test]
fn what_was_applied_since_then_is_planned_again() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, &["free"]);
    let free = serial(&project);
    let mut edited = many_users(5, "free").replacen("free", "pro", 1);
    edited.push_str("  - { memberId: \"new\", profile: { plan: free } }\n");
    project.write("users/a.yaml", &edited);
    run(&project, APPLY).expect(0);
    let last = serial(&project);

    let ran = run(&project, &["state", "restore", &free.to_string()]).expect(1);
    assert!(ran.stderr.contains("--auto-approve"), "{}", ran.stderr);
    assert_eq!(serial(&project), last);

    project.write("users/a.yaml", &many_users(5, "free"));
    let ran = restore(&project, &free.to_string()).expect(0);
    assert!(ran.stdout.contains("2 users differ"), "{}", ran.stdout);
    assert_eq!(serial(&project), last + 1);
    let ran = run(&project, &["plan", "--detailed-exitcode"]).expect(2);
    assert!(ran.stdout.contains("sent whole"), "{}", ran.stdout);
    // Who was created since then is forgotten, as before.
    assert!(ran.stdout.contains("1 to forget"), "{}", ran.stdout);
    run(&project, APPLY).expect(0);
    run(&project, &["plan", "--detailed-exitcode"]).expect(0);
    let first = channel.running().user("u-00000").expect("a user");
    assert_eq!(first["profile"]["plan"], "free");

    // The state before is a version as well.
    assert!(serials(&project).contains(&last));
}

#[test]
fn a_state_that_is_damaged_or_gone_is_replaced() {
    let breaks: [fn(&FakeS3); 3] = [
        |bucket| bucket.put(KEY, &bucket.bytes(KEY)[..500]),
        |bucket| bucket.put(KEY, ""),
        |bucket| bucket.remove(KEY),
    ];
    for damage in breaks {
        let (bucket, channel) = (FakeS3::start(), Channel::start());
        let project = applied(&bucket, &channel, &["free", "pro"]);
        let kept = serials(&project);
        let last = serial(&project);
        damage(&bucket);
        let ran = restore(&project, &kept[0].to_string()).expect(0);
        assert!(ran.stdout.contains("plan --refresh"), "{}", ran.stdout);
        assert!(serial(&project) > last);
        run(&project, &["apply", "--auto-approve", "--refresh"]).expect(0);
        is_settled(&project, &channel, 5, "pro");
    }
}

#[test]
fn the_users_of_a_journal_stay_pending() {
    for is_gone in [false, true] {
        let (bucket, channel) = (FakeS3::start(), Channel::start());
        let project = applied(&bucket, &channel, &["free", "pro"]);
        let kept = serials(&project);
        project.write("users/a.yaml", &many_users(5, "max"));
        channel
            .running()
            .set_faults(vec!["slow=5s".parse().expect("a fault")]);
        let requests = channel.about_users().len();
        let mut child = start(&project, APPLY);
        while channel.about_users().len() < requests + 1 {
            thread::sleep(Duration::from_millis(2));
        }
        child.kill().expect("killed");
        finish(child);
        channel.running().set_faults(Vec::new());
        unlock(&bucket, &project);
        assert!(bucket.keys().iter().any(|key| key.contains(".journal/")));
        if is_gone {
            bucket.remove(KEY);
        }
        restore(&project, &kept[0].to_string()).expect(0);
        assert!(!bucket.keys().iter().any(|key| key.contains(".journal/")));
        let state = run(&project, &["state", "pull"]).expect(0).stdout;
        assert!(state.contains("\"pendingCheck\""), "{state}");
        run(&project, APPLY).expect(0);
        is_settled(&project, &channel, 5, "max");
    }
}

#[test]
fn a_copy_with_another_content_or_key_is_refused() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, &["a", "b", "c"]);
    let before = bucket.bytes(KEY);
    let versions = bucket.versions();
    let kept = serials(&project);
    // Somebody puts one copy in the place of another one.
    let (older, newer) = (&versions[versions.len() - 2], &versions[versions.len() - 1]);
    bucket.put(newer, bucket.bytes(older));
    let ran = restore(&project, &kept[0].to_string()).expect(1);
    assert!(
        ran.stderr.contains("its name says another one"),
        "{}",
        ran.stderr
    );
    // A run that lost a race copies another state under the name of the one that it knew.
    let (name, _) = newer.rsplit_once('-').expect("a name");
    bucket.put(newer, &before);
    bucket.put(&format!("{name}-0000000000000000"), bucket.bytes(older));
    let good = versions.first().expect("a version");
    let (name, _) = good.rsplit_once('-').expect("a name");
    bucket.put(&format!("{name}-0000000000000000"), &before);
    assert_eq!(serials(&project), kept);
    bucket.put(KEY, &before);
    restore(&project, &kept.last().expect("a serial").to_string()).expect(0);
    bucket.put(KEY, &before);
    for (version, what) in [
        ("999", "no earlier state 999 is kept"),
        ("x", "no earlier state x is kept"),
    ] {
        let ran = restore(&project, version).expect(1);
        assert!(ran.stderr.contains(what), "{}", ran.stderr);
    }
    assert!(bucket.bytes(KEY) == before, "the state was replaced");

    let rekey = command(&project, &["state", "rekey"])
        .env("TALKFORM_STATE_KEY_NEW", "another-key-of-sixteen-bytes")
        .spawn();
    finish(rekey.expect("talkform runs")).expect(0);
    let child = command(
        &project,
        &["state", "restore", &kept[1].to_string(), "--auto-approve"],
    )
    .env("TALKFORM_STATE_KEY", "another-key-of-sixteen-bytes")
    .spawn();
    let ran = finish(child.expect("talkform runs")).expect(1);
    assert!(
        ran.stderr.contains("another TALKFORM_STATE_KEY"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_store_that_copies_nothing_holds_a_state_all_the_same() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, &["free"]);
    bucket.decide(|_, asked| {
        if asked.key.contains(".earlier") {
            Fault::Denied
        } else {
            Fault::None
        }
    });
    project.write("users/a.yaml", &many_users(5, "pro"));
    let ran = run(&project, APPLY).expect(0);
    assert!(
        ran.stderr.contains("as an earlier version"),
        "{}",
        ran.stderr
    );
    is_settled(&project, &channel, 5, "pro");
}

/// The store goes away at any request of a restore. The state is then the one before or the restored one, and nothing
/// is taken for recorded that is not on Channel.
#[test]
fn a_restore_that_is_interrupted_loses_nothing() {
    for from in 0..16 {
        let (bucket, channel) = (FakeS3::start(), Channel::start());
        let project = applied(&bucket, &channel, &["free", "pro"]);
        let kept = serials(&project);
        let last = serial(&project);
        bucket.go_away_at(from);
        let ran = restore(&project, &kept[0].to_string());
        bucket.decide(|_, _| Fault::None);
        unlock(&bucket, &project);
        let now = serial(&project);
        assert!(now == last || now == last + 1, "request {from}: {now}");
        assert!(ran.code != Some(0) || now == last + 1, "{}", ran.all());
        run(&project, APPLY).expect(0);
        is_settled(&project, &channel, 5, "pro");
    }
}

#[test]
fn an_erased_person_is_in_no_earlier_state() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, &["free", "pro"]);
    let only = many_users(5, "pro");
    let ran = run(&project, &["erase", "u-00003", "--keep-on-channel"]).expect(0);
    assert!(ran.stdout.contains("earlier state"), "{}", ran.stdout);
    assert_ne!(project.read("users/a.yaml"), only);
    for serial in serials(&project) {
        restore(&project, &serial.to_string()).expect(0);
        let state = run(&project, &["state", "pull"]).expect(0).stdout;
        assert!(!state.contains("u-00003"), "{state}");
    }
}

#[test]
fn a_file_has_its_versions_in_git() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(2, "free"));
    project.run(APPLY).expect(0);
    for arguments in [&["state", "versions"][..], &["state", "restore", "1"]] {
        let ran = project.run(arguments).expect(1);
        assert!(ran.stderr.contains("git log"), "{}", ran.stderr);
    }
}

#[test]
fn earlier_states_of_a_file_are_in_git() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(2, "p"));
    run(&project, APPLY).expect(0);
    for arguments in [
        &["state", "versions"][..],
        &["state", "restore", "1", "--auto-approve"],
    ] {
        let refused = run(&project, arguments).expect(1).stderr;
        assert!(refused.contains("git show REVISION:./FILE"), "{refused}");
    }
    let refused = run(&project, &["state", "versions", "--sandbox"])
        .expect(1)
        .stderr;
    assert!(refused.contains("keep copies"), "{refused}");
}
