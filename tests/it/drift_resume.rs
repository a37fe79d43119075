//! Checks that an interrupted drift continues and does not read users again that it found as applied.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::command::finish;
use crate::drift::users::{applied, count_of_reads, drift, id};
use crate::project::{Channel, Project};

const USERS: usize = 200;

/// All users applied, ten of them drifted, and a Channel that is slow.
fn slow() -> (Channel, Project) {
    let (channel, project) = applied("v4", USERS);
    for number in (0..USERS).step_by(20) {
        let edit = |user: &mut serde_json::Value| user["profile"]["plan"] = json!("free");
        channel.running().edit(&id(number), edit).expect("edited");
    }
    faults(&channel, &["slow=20ms"]);
    (channel, project)
}

fn faults(channel: &Channel, texts: &[&str]) {
    let parsed = texts.iter().map(|text| text.parse().expect("a fault"));
    channel.running().set_faults(parsed.collect());
}

fn progress(project: &Project) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(project.at(".talkform")) else {
        return Vec::new();
    };
    files.map(|file| file.expect("a file").path()).collect()
}

/// Starts a drift, waits for so many questions, and sends a signal.
fn interrupted(channel: &Channel, project: &Project, signal: &str) -> Option<i32> {
    let before = count_of_reads(channel);
    let child = project.start(&["drift"]);
    while count_of_reads(channel) < before + 60 {
        thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    finish(child).code
}

/// The next run asks for the others and for the ten, finds all that there is, and tidies up.
#[track_caller]
fn goes_on(channel: &Channel, project: &Project, seen: usize) {
    faults(channel, &[]);
    let before = count_of_reads(channel);
    let answer = drift(project, &[]);
    assert_eq!(count_of_reads(channel) - before, USERS - seen);
    assert_eq!(answer["drift"].as_array().expect("users").len(), 10);
    assert_eq!(answer["counts"]["asApplied"], USERS - 10);
    assert_eq!(answer["counts"]["earlier"], seen);
    assert_eq!(progress(project), Vec::<PathBuf>::new());
    let before = count_of_reads(channel);
    drift(project, &[]);
    assert_eq!(
        count_of_reads(channel) - before,
        USERS,
        "from the beginning again"
    );
}

fn seen(project: &Project) -> (PathBuf, usize) {
    let files = progress(project);
    assert_eq!(files.len(), 1, "{files:?}");
    let text = fs::read_to_string(&files[0]).expect("a file");
    (files[0].clone(), text.lines().count() - 1)
}

#[test]
fn asked_to_stop_or_killed() {
    for (signal, code) in [("INT", Some(4)), ("TERM", Some(4)), ("KILL", None)] {
        let (channel, project) = slow();
        assert_eq!(interrupted(&channel, &project, signal), code);
        let (path, seen) = seen(&project);
        assert!((40..USERS - 10).contains(&seen), "{seen}");
        let text = fs::read_to_string(&path).expect("a file");
        for value in ["pro", "free", "vip", "+8210", "naver"] {
            assert!(!text.contains(value), "{value} in {text}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        goes_on(&channel, &project, seen);
    }
}

#[test]
fn out_of_time() {
    let (channel, project) = slow();
    let ran = project.run(&["drift", "--max-duration", "200ms"]).expect(4);
    assert!(
        ran.stdout.contains("--max-duration is over"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("continues from here"), "{}", ran.stdout);
    let (_, seen) = seen(&project);
    goes_on(&channel, &project, seen);
}

#[test]
fn what_cannot_be_read_is_told_and_every_user_is_read_again() {
    let (channel, project) = slow();
    interrupted(&channel, &project, "KILL");
    let (path, _) = seen(&project);
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    faults(&channel, &[]);
    let before = count_of_reads(&channel);
    let ran = project.run(&["drift", "--format", "json"]);
    assert_eq!(count_of_reads(&channel) - before, USERS);
    let name = path.file_name().expect("a name").to_string_lossy();
    assert!(
        ran.stderr.contains("warning: cannot read"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&*name), "{}", ran.stderr);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(found["counts"]["asApplied"], USERS - 10);
    assert_eq!(found["counts"]["earlier"], 0);
}

#[test]
fn a_torn_line_is_dropped_and_another_scope_begins_anew() {
    let (channel, project) = slow();
    interrupted(&channel, &project, "KILL");
    let (path, count) = seen(&project);
    let text = fs::read_to_string(&path).expect("a file");
    fs::write(&path, &text[..text.len() - 9]).expect("written");

    faults(&channel, &[]);
    for other in [
        &["--select", "u-*"][..],
        &["--sample", "200"],
        &["--restart"],
    ] {
        let kept = fs::read(&path).expect("a file");
        let before = count_of_reads(&channel);
        drift(&project, other);
        assert_eq!(count_of_reads(&channel) - before, USERS, "{other:?}");
        fs::write(&path, kept).expect("put back");
    }
    goes_on(&channel, &project, count - 1);
}

#[test]
fn who_was_applied_since_is_read_again_and_a_day_is_too_long() {
    let (channel, project) = slow();
    interrupted(&channel, &project, "INT");
    let (path, count) = seen(&project);
    faults(&channel, &[]);
    let kept = fs::read_to_string(&path).expect("a file");
    project.edit("users/a.yaml", "seats: 1 }", "seats: 1001 }");
    project.run(&["apply", "--auto-approve"]).expect(0);
    let before = count_of_reads(&channel);
    drift(&project, &[]);
    assert_eq!(count_of_reads(&channel) - before, USERS - (count - 1));

    // Whoever alters the time alters the line, and everybody is read.
    let (head, rest) = kept.split_once('\n').expect("a head");
    let old = head.replacen("\"since\":\"20", "\"since\":\"19", 1);
    assert_ne!(old, head);
    fs::write(&path, format!("{old}\n{rest}")).expect("written");
    let before = count_of_reads(&channel);
    drift(&project, &[]);
    assert_eq!(count_of_reads(&channel) - before, USERS);
}
