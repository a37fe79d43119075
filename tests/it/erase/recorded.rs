//! Tests what `erase` does to a state, a journal and checkpoints, and ids that only one of them knows.

use std::thread;
use std::time::Duration;

use crate::command::finish;
use crate::erase::scene::{
    ERASE, OTHERS, applied, declared, no_canary, only_others, requests, run, state,
};
use crate::project::{Channel, Project, many_users};

const KEEP: [&str; 3] = ["erase", "kim", "--keep-on-channel"];

/// The lines of a state's users, which must not change.
fn others(project: &Project) -> Vec<String> {
    let text = project.read("talkform.state.json");
    let lines = text.lines().filter(|line| {
        line.trim_start().starts_with("\"lee\"") || line.trim_start().starts_with("\"kim-2\"")
    });
    lines
        .map(|line| line.trim_end_matches(',').to_owned())
        .collect()
}

#[test]
fn the_records_of_others_stay() {
    for arguments in [&ERASE[..], &KEEP] {
        let channel = Channel::start();
        let project = applied(&channel);
        let before = others(&project);
        assert_eq!(before.len(), 2);
        run(&project, arguments, 0);
        only_others(&project);
        assert_eq!(others(&project), before);
    }
}

#[test]
fn a_rejection_goes() {
    for arguments in [&ERASE[..], &KEEP] {
        let channel = Channel::faulty(&["422@kim#1+"]);
        let project = declared(&channel, 1);
        project.run(&["apply", "--auto-approve"]).expect(3);
        assert!(state(&project)["rejected"].get("kim").is_some());
        channel.running().set_faults(Vec::new());
        let ran = run(&project, arguments, 0);
        assert!(
            ran.stdout.contains("state        removed from"),
            "{}",
            ran.stdout
        );
        only_others(&project);
        assert_eq!(project.read("users/a.yaml"), OTHERS);
    }
}

#[test]
fn a_pending_request_goes() {
    for arguments in [&ERASE[..], &KEEP] {
        let channel = Channel::faulty(&["500@kim"]);
        let project = declared(&channel, 1);
        project
            .run(&["apply", "--auto-approve", "--retry-pause", "1ms"])
            .expect(3);
        assert!(state(&project)["pending"].get("kim").is_some());
        channel.running().set_faults(Vec::new());
        run(&project, arguments, 0);
        only_others(&project);
        no_canary(&project);
    }
}

#[test]
fn a_journal_that_a_killed_apply_left_goes() {
    for arguments in [&ERASE[..], &KEEP] {
        let channel = Channel::faulty(&["slow=20ms"]);
        let project = declared(&channel, 1);
        project.write("users/b.yaml", &many_users(200, "pro"));
        let mut child = project.start(&["apply", "--auto-approve"]);
        let is_sent = || {
            channel
                .about_users()
                .iter()
                .any(|sent| sent.path.ends_with("@kim"))
        };
        while !is_sent() && child.try_wait().expect("a child").is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        finish(child);
        assert!(project.read("talkform.state.json.journal").contains("kim"));
        channel.running().set_faults(Vec::new());
        let ran = run(&project, arguments, 0);
        assert!(
            ran.stderr.contains("when the last run ended"),
            "{}",
            ran.stderr
        );
        let state = state(&project);
        for part in ["users", "pending", "rejected"] {
            assert!(state[part].get("kim").is_none(), "{state}");
        }
        assert!(!project.at("talkform.state.json.journal").exists());
    }
}

#[test]
fn checkpoints_that_name_the_person_go() {
    let channel = Channel::start();
    let project = applied(&channel);
    project.write(".talkform/drift-aa.progress", "{}\n{\"kim\":\"00\"}\n");
    project.write(".talkform/drift-bb.progress", "{}\n{\"kim-2\":\"00\"}\n");
    let ran = run(&project, &ERASE, 0);
    assert!(
        ran.stdout
            .contains("checkpoint   removed .talkform/drift-aa.progress"),
        "{}",
        ran.stdout
    );
    assert!(!project.at(".talkform/drift-aa.progress").exists());
    assert!(project.at(".talkform/drift-bb.progress").exists());
}

/// The checkpoint that a drift itself left.
#[cfg(unix)]
#[test]
fn the_checkpoint_of_an_interrupted_drift_goes() {
    let channel = Channel::start();
    let project = declared(&channel, 1);
    project.write("users/b.yaml", &many_users(200, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let sent = channel.about_users().len();
    channel
        .running()
        .set_faults(vec!["slow=20ms".parse().expect("a fault")]);
    let child = project.start(&["drift"]);
    while channel.about_users().len() < sent + 60 {
        thread::sleep(Duration::from_millis(2));
    }
    let stopped = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(stopped.expect("kill runs").success());
    finish(child);
    let checkpoints = || {
        let entries = std::fs::read_dir(project.at(".talkform"))
            .into_iter()
            .flatten();
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let texts = paths.map(|path| std::fs::read_to_string(path).expect("a file"));
        texts
            .filter(|text| text.contains("\"kim\""))
            .collect::<Vec<_>>()
    };
    assert_eq!(checkpoints().len(), 1, "the drift left no checkpoint");
    channel.running().set_faults(Vec::new());
    run(&project, &ERASE, 0);
    assert!(checkpoints().is_empty());
}

#[test]
fn an_id_that_only_the_state_knows() {
    let channel = Channel::start();
    let project = applied(&channel);
    project.write("users/a.yaml", OTHERS);
    let ran = run(&project, &ERASE, 0);
    for words in [
        "manifests    none declares the user",
        "state        removed from",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert_eq!(requests(&channel, "kim", 3), ["DELETE"]);
    only_others(&project);
    assert_eq!(project.read("users/a.yaml"), OTHERS);
}

/// Channel may have the user all the same, so it is asked to delete the user.
#[test]
fn an_id_that_only_a_manifest_knows() {
    let channel = Channel::start();
    let project = declared(&channel, 1);
    project.write("users/a.yaml", OTHERS);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let sent = channel.about_users().len();
    project.write("users/a.yaml", crate::erase::scene::USERS);
    let ran = run(&project, &ERASE, 0);
    assert!(
        ran.stdout.contains("state        nothing was recorded in"),
        "{}",
        ran.stdout
    );
    assert_eq!(requests(&channel, "kim", sent), ["DELETE"]);
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    only_others(&project);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_id_that_nobody_knows() {
    let channel = Channel::start();
    let project = applied(&channel);
    let state = project.read("talkform.state.json");
    let users = project.read("users/a.yaml");
    let ran = run(&project, &["erase", "nobody", "--keep-on-channel"], 0);
    for words in [
        "manifests    none declares the user",
        "state        nothing was recorded in",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
    assert!(
        ran.stderr
            .contains("warning: no manifest declares this user"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("talkform.state.json"), state);
    let ran = run(&project, &["erase", "nobody", "--allow-deletes", "1"], 0);
    assert!(
        ran.stdout.contains("Channel      deleted from"),
        "{}",
        ran.stdout
    );
    assert_eq!(requests(&channel, "nobody", 3), ["DELETE"]);
    assert_eq!(project.read("users/a.yaml"), users);
    run(&project, &["erase", "no id", "--keep-on-channel"], 64);
}

#[test]
fn a_project_without_a_state() {
    let channel = Channel::start();
    let project = declared(&channel, 1);
    run(&project, &KEEP, 0);
    assert!(!project.at("talkform.state.json").exists());
    assert_eq!(project.read("users/a.yaml"), OTHERS);
    run(&project, &ERASE, 0);
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(channel.running().member_ids(), ["kim-2", "lee"]);
}

#[test]
fn a_run_under_way_keeps_its_lock() {
    let channel = Channel::faulty(&["slow=50ms"]);
    let project = declared(&channel, 1);
    project.write("users/b.yaml", &many_users(200, "pro"));
    let first = project.start(&["apply", "--auto-approve"]);
    while channel.about_users().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    let ran = run(&project, &KEEP, 1);
    assert!(
        ran.stderr.contains("the state is locked by"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("users/a.yaml"), crate::erase::scene::USERS);
    finish(first).expect(0);
    run(&project, &KEEP, 0);
}

/// A state of many users, where the one is cut out.
#[test]
fn one_of_many() {
    let channel = Channel::start();
    let project = channel.project();
    project.edit("talkform.yaml", "forget: 100%", "forget: 100%, delete: 1");
    project.write("users/a.yaml", &many_users(300, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let before = project.read("talkform.state.json");
    let users = project.read("users/a.yaml");
    project
        .run(&["erase", "u-00100", "--allow-deletes", "1"])
        .expect(0);
    let after = project.read("talkform.state.json");
    let is_other = |line: &&str| line.trim_start().starts_with("\"u-") && !line.contains("u-00100");
    let lines = |text: &str| {
        text.lines()
            .filter(is_other)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&after).len(), 299);
    assert_eq!(lines(&after), lines(&before));
    let kept: Vec<&str> = users
        .lines()
        .filter(|line| !line.contains("u-00100"))
        .collect();
    assert_eq!(
        project.read("users/a.yaml").lines().collect::<Vec<_>>(),
        kept
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}
