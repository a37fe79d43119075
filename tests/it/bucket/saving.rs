//! Plans and applies with a state in a bucket, and tests what is read and written there.

use std::thread;
use std::time::Duration;

use crate::bucket::fake_s3::{Asked, FakeS3, Fault};
use crate::bucket::world::{APPLY, KEY, Place, STATE, command, is_settled, lock_id, run, start};
use crate::command::finish;
use crate::destination::proxy;
use crate::project::{Channel, Project, many_users};

fn keys_of(log: &[Asked], method: &str) -> Vec<String> {
    let asked = log.iter().filter(|asked| asked.method == method);
    asked.map(|asked| asked.key.clone()).collect()
}

#[test]
fn an_apply_saves_once_and_a_plan_reads_once() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(40, "free"));
    let ran = run(&project, &["state", "init"]).expect(0);
    assert_eq!(
        ran.stdout,
        format!("Created {STATE}, a state without users.\n")
    );
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 40, "free");
    assert_eq!(
        bucket.keys(),
        [KEY.to_owned(), format!("{KEY}.lock")],
        "no part of a journal is left"
    );
    let state = run(&project, &["state", "pull"]).expect(0).stdout;
    assert!(!state.contains("free"), "{state}");
    assert!(
        bucket
            .text(&format!("{KEY}.lock"))
            .contains("\"owner\":null")
    );

    bucket.decide(|_, _| Fault::None);
    run(&project, &["plan", "--detailed-exitcode"]).expect(0);
    let log = bucket.log();
    // One listing of the journal, and one read of the state.
    assert_eq!(keys_of(&log, "GET"), [String::new(), KEY.to_owned()]);
    assert_eq!(log.len(), 2, "{log:?}");

    bucket.decide(|_, _| Fault::None);
    run(&project, APPLY).expect(0);
    assert!(
        !keys_of(&bucket.log(), "PUT").contains(&KEY.to_owned()),
        "a run with nothing to do does not write the state"
    );
}

/// The connection breaks more often than the library for the clouds goes on by itself.
#[test]
fn a_state_arrives_over_a_bad_line() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(400, "free"));
    run(&project, APPLY).expect(0);
    bucket.decide(|number, asked| {
        if asked.key == KEY && number < 9 {
            Fault::HalfAnswer
        } else {
            Fault::None
        }
    });
    is_settled(&project, &channel, 400, "free");
    assert_eq!(bucket.log().len(), 10);
}

/// The connection breaks while the state arrives, and another run saves before the rest is asked for.
#[test]
fn a_state_that_is_replaced_while_it_arrives_is_read_anew() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(40, "free"));
    run(&project, APPLY).expect(0);
    let old = bucket.bytes(KEY);
    project.write("users/a.yaml", &many_users(40, "pro"));
    run(&project, APPLY).expect(0);
    let new = bucket.bytes(KEY);
    bucket.put(KEY, old);
    bucket.overtake(new);
    bucket.decide(|number, asked| match (number, asked.key.as_str()) {
        (1, KEY) => Fault::HalfAnswer,
        (2, KEY) => Fault::Overtaken,
        _ => Fault::None,
    });
    is_settled(&project, &channel, 40, "pro");
    let reads = keys_of(&bucket.log(), "GET");
    // The old one, its rest for the library and for talkform, and the new one.
    assert_eq!(reads, ["", KEY, KEY, KEY, KEY]);
}

/// Some stores keep the folder when its last object is removed, and a console makes one for a person.
#[test]
fn a_folder_without_parts_is_no_journal() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    bucket.put(&format!("{KEY}.journal/"), "");
    project.write("users/a.yaml", &many_users(3, "free"));
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 3, "free");
}

#[test]
fn a_state_that_another_run_saved_is_left_alone() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(60, "free"));
    run(&project, APPLY).expect(0);
    channel
        .running()
        .set_faults(vec!["slow=250ms".parse().expect("a fault")]);
    project.write("users/a.yaml", &many_users(60, "pro"));
    let requests = channel.about_users().len();
    let child = start(&project, APPLY);
    while channel.about_users().len() < requests + 5 {
        thread::sleep(Duration::from_millis(5));
    }
    // A person releases the lock although its owner is alive, and another run saves.
    let id = lock_id(&bucket).expect("a held lock");
    run(&project, &["state", "unlock", &id]).expect(0);
    let other = project.path().display().to_string();
    let forget = ["-C", &other, "state", "forget", "u-00059"];
    run(&project, &forget).expect(0);
    let theirs = bucket.bytes(KEY);
    let ran = finish(child).expect(4);
    assert!(
        ran.stderr.contains("was changed by another program"),
        "{}",
        ran.stderr
    );
    assert!(bucket.bytes(KEY) == theirs, "the state was overwritten");
    let copies: Vec<String> = bucket
        .keys()
        .into_iter()
        .filter(|key| key.contains(".conflict-"))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert!(ran.stderr.contains(&copies[0]), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("the users that this run sent are pending there")
    );
    channel.running().set_faults(Vec::new());
    let ran = run(&project, &["plan"]).expect(0);
    assert!(
        ran.stdout.contains("59 users will be sent whole"),
        "{}",
        ran.all()
    );
    run(&project, APPLY).expect(0);
    is_settled(&project, &channel, 60, "pro");
}

#[test]
fn a_state_in_a_bucket_needs_a_key_or_a_word() {
    let (bucket, channel) = (FakeS3::start(), Channel::start());
    let project = Place::fake(&bucket).project(&channel);
    project.write("users/a.yaml", &many_users(2, "free"));
    for arguments in [APPLY, &["plan"], &["state", "init"]] {
        let child = command(&project, arguments)
            .env_remove("TALKFORM_STATE_KEY")
            .spawn();
        let ran = finish(child.expect("talkform runs")).expect(1);
        assert!(
            ran.stderr.contains("TALKFORM_STATE_KEY is not set"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("`stateKey: none`"), "{}", ran.stderr);
    }
    assert_eq!(bucket.log(), []);
    let file = project.read("talkform.yaml");
    project.write("talkform.yaml", &format!("{file}stateKey: none\n"));
    let child = command(&project, APPLY)
        .env_remove("TALKFORM_STATE_KEY")
        .spawn();
    finish(child.expect("talkform runs")).expect(0);
}

#[test]
fn a_store_that_ignores_conditions_is_refused() {
    let init: &[&str] = &["state", "init"];
    let stores: [fn(&FakeS3) -> Place; 2] = [Place::fake, Place::fake_google];
    let runs = stores.map(|store| [init, APPLY].map(|arguments| (store, arguments)));
    for (place, fault) in [(1, "`If-None-Match: *`"), (2, "`If-Match`")] {
        for (store, arguments) in runs.into_iter().flatten() {
            let (bucket, channel) = (FakeS3::start(), Channel::start());
            let project = store(&bucket).project(&channel);
            project.write("users/a.yaml", &many_users(2, "free"));
            // The lock is written once, and then the store is asked twice to overwrite it.
            bucket.decide(move |number, _| {
                if number >= place {
                    Fault::IgnoreConditions
                } else {
                    Fault::None
                }
            });
            let ran = run(&project, arguments).expect(1);
            assert!(ran.stderr.contains("cannot hold a state"), "{}", ran.stderr);
            assert!(ran.stderr.contains(fault), "{}", ran.stderr);
            assert_eq!(bucket.keys(), Vec::<String>::new());
            assert!(channel.about_users().is_empty());
        }
    }
}

/// A pull request can change the project file, and a request to the store carries a token of the cloud.
#[test]
fn credentials_of_the_cloud_go_to_another_host_only_by_an_agreement_from_outside() {
    let (proxy, heard) = proxy();
    let project = Project::new(&format!(
        "state: {STATE}\nstateStore: {{ endpoint: \"https://store.example\" }}\n"
    ));
    project.write("users/a.yaml", &many_users(2, "free"));
    let ask = |arguments: &[&str], agreed: &str| {
        let child = command(&project, arguments)
            .env("HTTPS_PROXY", &proxy)
            .env("TALKFORM_ALLOW_HOST", agreed)
            .spawn();
        finish(child.expect("talkform runs")).expect(1).stderr
    };
    for arguments in [APPLY, &["plan"], &["state", "init"], &["state", "pull"]] {
        for agreed in ["", "example", "https://store.example"] {
            let text = ask(arguments, agreed);
            assert!(
                text.contains("stateStore.endpoint names store.example"),
                "{text}"
            );
            assert!(text.contains("TALKFORM_ALLOW_HOST=store.example"), "{text}");
        }
    }
    assert_eq!(*heard.lock().expect("a log"), Vec::<String>::new());
    ask(&["plan"], "store.example");
    let asked = heard.lock().expect("a log").first().cloned();
    assert_eq!(asked.as_deref(), Some("CONNECT store.example:443 HTTP/1.1"));
}
