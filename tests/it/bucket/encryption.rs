//! Tests that what is in a bucket is encrypted with the key of the state, and that nothing else is taken for a state.

use std::thread;
use std::time::Duration;

use crate::bucket::fake_s3::{FakeS3, Fault};
use crate::bucket::world::{
    APPLY, KEY, Place, STATE, STATE_KEY, command, is_settled, run, start, unlock,
};
use crate::command::{Ran, finish};
use crate::project::{Channel, Project, many_users};

const OTHER_KEY: &str = "another-key-of-at-least-sixteen-bytes";

/// Runs a command with another key of the state, or with none.
fn run_with(project: &Project, key: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = command(project, arguments);
    match key {
        Some(key) => command.env("TALKFORM_STATE_KEY", key),
        None => command.env_remove("TALKFORM_STATE_KEY"),
    };
    finish(command.spawn().expect("talkform runs"))
}

/// Changes the key of the state.
fn rekey(project: &Project, from: Option<&str>, to: Option<&str>) -> Ran {
    let without: &[&str] = if to.is_none() {
        &["--without-key"]
    } else {
        &[]
    };
    let mut command = command(project, &[&["state", "rekey"], without].concat());
    match from {
        Some(key) => command.env("TALKFORM_STATE_KEY", key),
        None => command.env_remove("TALKFORM_STATE_KEY"),
    };
    if let Some(key) = to {
        command.env("TALKFORM_STATE_KEY_NEW", key);
    }
    finish(command.spawn().expect("talkform runs"))
}

fn applied(bucket: &FakeS3, channel: &Channel, users: usize) -> Project {
    let project = Place::fake(bucket).project(channel);
    project.write("users/a.yaml", &many_users(users, "free"));
    run(&project, APPLY).expect(0);
    project
}

/// Every object except the lock is encrypted, also while users are sent.
#[track_caller]
fn nothing_is_readable(bucket: &FakeS3) {
    for key in bucket.all_keys() {
        let bytes = bucket.bytes(&key);
        let text = String::from_utf8_lossy(&bytes);
        // Three letters turn up in encrypted bytes by chance.
        assert!(!text.contains("u-00"), "{key}: {text}");
        let is_encrypted = bytes.starts_with(b"{\"talkformEncrypted\":1,");
        assert!(
            is_encrypted || key == format!("{KEY}.lock"),
            "{key}: {text}"
        );
    }
}

/// Starts an apply of an edit, and ends it once parts of the journal are there.
fn kill_an_apply(project: &Project, channel: &Channel) {
    channel
        .running()
        .set_faults(vec!["slow=200ms".parse().expect("a fault")]);
    let before = channel.about_users().len();
    let mut child = start(project, APPLY);
    while channel.about_users().len() < before + 40 {
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    finish(child);
    channel.running().set_faults(Vec::new());
}

#[test]
fn state_journal_and_conflict_copies_are_encrypted() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, 300);
    nothing_is_readable(&bucket);
    project.write("users/a.yaml", &many_users(300, "pro"));
    kill_an_apply(&project, &channel);
    assert!(bucket.keys().iter().any(|key| key.contains(".journal/")));
    nothing_is_readable(&bucket);
    unlock(&bucket, &project);
    bucket.overtake(bucket.bytes(KEY));
    bucket.decide(|_, asked| {
        if asked.method == "PUT" && asked.key == KEY {
            Fault::Overtaken
        } else {
            Fault::None
        }
    });
    run(&project, APPLY).expect(4);
    bucket.decide(|_, _| Fault::None);
    assert!(bucket.keys().iter().any(|key| key.contains(".conflict-")));
    nothing_is_readable(&bucket);
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 300, "pro");
}

/// The copy of a state that cannot be saved is on the disk of the run, where others may read it.
#[test]
fn the_copy_of_a_failed_save_is_encrypted() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, 5);
    project.write("users/a.yaml", &many_users(5, "pro"));
    bucket.decide(|_, asked| {
        if asked.method == "PUT" && asked.key == KEY {
            Fault::Denied
        } else {
            Fault::None
        }
    });
    let temporary = tempfile::tempdir().expect("a folder");
    let mut apply = command(&project, APPLY);
    apply.env("TMPDIR", temporary.path());
    let ran = finish(apply.spawn().expect("talkform runs")).expect(4);
    bucket.decide(|_, _| Fault::None);
    let copies = std::fs::read_dir(temporary.path()).expect("a folder");
    let copies: Vec<_> = copies.map(|file| file.expect("a file").path()).collect();
    let [copy] = &*copies else {
        panic!("{copies:?}: {}", ran.all());
    };
    let bytes = std::fs::read(copy).expect("a file");
    assert!(
        bytes.starts_with(b"{\"talkformEncrypted\":1,"),
        "{}",
        ran.all()
    );
    let copy = copy.to_str().expect("UTF-8");
    run(&project, &["--state", copy, "plan", "--detailed-exitcode"]).expect(0);
    // The next run needs no copy: the journal is in the bucket.
    unlock(&bucket, &project);
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 5, "pro");
}

#[test]
fn another_key_a_cut_a_changed_and_a_moved_object_are_refused() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, 300);
    let good = bucket.bytes(KEY);
    let clear = run(&project, &["state", "pull"]).expect(0).stdout;
    project.write("users/a.yaml", &many_users(300, "pro"));
    kill_an_apply(&project, &channel);
    unlock(&bucket, &project);
    let mut parts = bucket.keys();
    parts.retain(|key| key.contains(".journal/"));
    let part = bucket.bytes(&parts[0]);
    let sent = channel.about_users().len();

    let mut changed = good.clone();
    *changed.last_mut().expect("a byte") ^= 1;
    let states: [(&[u8], &str); 6] = [
        (&good[..good.len() - 100], "was cut or changed"),
        (&good[..100], "was cut or changed"),
        (&changed, "was cut or changed"),
        (&part, "it holds a journal, and not a state"),
        (clear.as_bytes(), "it is not encrypted"),
        (b"", "it is not encrypted"),
    ];
    let refused = |what: &str| {
        for arguments in [&["plan"], APPLY, &["state", "pull"], &["state", "list"]] {
            let ran = run(&project, arguments).expect(1);
            assert!(ran.stderr.contains(what), "{}", ran.stderr);
        }
        assert_eq!(channel.about_users().len(), sent);
    };
    for (state, what) in states {
        bucket.put(KEY, state);
        refused(what);
        assert!(bucket.bytes(KEY) == state, "the state was overwritten");
    }
    bucket.put(KEY, &good);
    for (key, what) in [
        (Some(OTHER_KEY), "with another TALKFORM_STATE_KEY"),
        (None, "TALKFORM_STATE_KEY is not set"),
    ] {
        for arguments in [&["plan"], APPLY] {
            let ran = run_with(&project, key, arguments).expect(1);
            assert!(ran.stderr.contains(what), "{}", ran.stderr);
        }
    }
    let journal = [
        (&good, "it holds a state, and not a journal"),
        (&b"{\"journal\":2,".to_vec(), "it is not encrypted"),
    ];
    for (content, what) in journal {
        bucket.put(&parts[0], content);
        refused(what);
        let ran = run(&project, &["plan"]).expect(1);
        assert!(ran.stderr.contains("apply --refresh"), "{}", ran.stderr);
    }
    bucket.put(&parts[0], &part);
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 300, "pro");
}

#[test]
fn an_encrypted_copy_is_planned_from_and_pushed_and_never_saved_in_clear() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, 5);
    std::fs::write(project.at("copy.json"), bucket.bytes(KEY)).expect("written");
    let copy = bucket.bytes(KEY);
    project.write("users/a.yaml", &many_users(5, "pro"));
    let offline = ["--state", "copy.json", "plan", "--detailed-exitcode"];
    let ran = run(&project, &offline).expect(2);
    assert!(ran.stdout.contains("5 to update"), "{}", ran.all());
    for (key, what) in [
        (Some(OTHER_KEY), "another TALKFORM_STATE_KEY"),
        (None, "is not set"),
    ] {
        let ran = run_with(&project, key, &offline).expect(1);
        assert!(ran.stderr.contains(what), "{}", ran.stderr);
        let ran = run_with(&project, key, &["state", "push", "copy.json"]).expect(1);
        assert!(ran.stderr.contains("TALKFORM_STATE_KEY"), "{}", ran.stderr);
    }
    let ran = run(
        &project,
        &["--state", "copy.json", "apply", "--auto-approve"],
    )
    .expect(1);
    assert!(ran.stderr.contains("can only be read"), "{}", ran.stderr);
    let stays = std::fs::read(project.at("copy.json")).expect("read");
    assert!(stays == copy, "the copy was overwritten");

    run(&project, APPLY).expect(0);
    run(&project, &["state", "push", "copy.json"]).expect(1);
    run(&project, &["state", "push", "--force", "copy.json"]).expect(0);
    let ran = run(&project, &["plan", "--detailed-exitcode"]).expect(2);
    assert!(ran.stdout.contains("5 to update"), "{}", ran.all());
}

#[test]
fn a_rekey_changes_the_key_of_the_object() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = applied(&bucket, &channel, 300);
    project.write("users/a.yaml", &many_users(300, "pro"));
    kill_an_apply(&project, &channel);
    unlock(&bucket, &project);
    // What the killed run sent is known before the key changes, and the rest is not as recorded.
    rekey(&project, Some(STATE_KEY), Some(OTHER_KEY)).expect(1);
    assert!(!bucket.keys().iter().any(|key| key.contains(".journal/")));
    run(&project, APPLY).expect(0);
    rekey(&project, Some(OTHER_KEY), Some(STATE_KEY)).expect(1);
    rekey(&project, Some(STATE_KEY), Some(OTHER_KEY)).expect(0);
    let ran = run(&project, &["plan"]).expect(1);
    assert!(
        ran.stderr.contains("another TALKFORM_STATE_KEY"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("state rekey"), "{}", ran.stderr);
    run_with(&project, Some(OTHER_KEY), &["plan", "--detailed-exitcode"]).expect(0);
    nothing_is_readable(&bucket);

    let file = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{file}stateKey: none\n"));
    rekey(&project, Some(OTHER_KEY), None).expect(0);
    run_with(&project, None, &["plan", "--detailed-exitcode"]).expect(0);
    assert!(bucket.text(KEY).starts_with("{\"version\":3,"));
    rekey(&project, None, Some(STATE_KEY)).expect(0);
    // The earlier states stay as they were.
    assert!(bucket.bytes(KEY).starts_with(b"{\"talkformEncrypted\":1,"));
    is_settled(&project, &channel, 300, "pro");
}

/// The store goes away at any request of a rekey. The state is then whole under one of the keys.
#[test]
fn a_rekey_that_is_interrupted_leaves_one_key() {
    for from in 0..12 {
        let (bucket, channel) = (FakeS3::start(), Channel::start());
        let project = applied(&bucket, &channel, 3);
        bucket.go_away_at(from);
        rekey(&project, Some(STATE_KEY), Some(OTHER_KEY));
        bucket.decide(|_, _| Fault::None);
        unlock(&bucket, &project);
        let plans = [STATE_KEY, OTHER_KEY]
            .map(|key| run_with(&project, Some(key), &["plan", "--detailed-exitcode"]).code);
        assert!(
            plans == [Some(0), Some(1)] || plans == [Some(1), Some(0)],
            "request {from}: {plans:?}"
        );
    }
}

#[test]
fn a_state_in_clear_is_brought_in_by_a_person() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.edit("talkform.yaml", STATE, "talkform.state.json");
    project.write("users/a.yaml", &many_users(5, "free"));
    run(&project, APPLY).expect(0);
    project.edit(
        "talkform.yaml",
        "state: talkform.state.json",
        &format!("state: {STATE}"),
    );
    // Somebody copies the file with a tool of the cloud.
    bucket.put(KEY, project.read("talkform.state.json"));
    let ran = run(&project, &["plan"]).expect(1);
    assert!(ran.stderr.contains("it is not encrypted"), "{}", ran.stderr);
    assert!(ran.stderr.contains("state push"), "{}", ran.stderr);
    bucket.remove(KEY);
    run(&project, &["state", "push", "talkform.state.json"]).expect(0);
    nothing_is_readable(&bucket);
    is_settled(&project, &channel, 5, "free");
}
