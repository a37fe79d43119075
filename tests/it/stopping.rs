//! Runs that end early: interrupted, out of time, or with a closed stdout.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::command::{Ran, finish};
use crate::project::{Channel, Project, many_users};

const USERS: usize = 400;

fn slow() -> (Channel, Project) {
    let channel = Channel::faulty(&["slow=20ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    (channel, project)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
}

fn wait_for(channel: &Channel, requests: usize) {
    while channel.about_users().len() < requests {
        thread::sleep(Duration::from_millis(5));
    }
}

/// The run stopped early, its state is true, and the next one sends the rest and nothing else.
fn goes_on(channel: &Channel, project: &Project, ran: Ran) {
    let ran = ran.expect(4);
    assert!(ran.stdout.contains("Run apply again"), "{}", ran.stdout);
    let before = channel.about_users().len();
    assert!(before < USERS, "{before}");
    assert_eq!(channel.running().member_ids().len(), before);
    assert!(!project.at("talkform.state.json.journal").exists());
    channel.running().set_faults(Vec::new());
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(channel.about_users().len(), USERS, "nobody was sent twice");
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn asked_to_stop() {
    for name in ["INT", "TERM", "HUP"] {
        let (channel, project) = slow();
        let child = project.start(&["apply", "--auto-approve"]);
        wait_for(&channel, 20);
        signal(&child, name);
        goes_on(&channel, &project, finish(child));
    }
}

/// `timeout` signals its child and then the child's group; a closed terminal sends SIGHUP twice, too.
#[test]
fn several_signals_at_once_are_one_stop() {
    for names in [
        &["TERM", "TERM"][..],
        &["HUP", "HUP"],
        &["INT", "TERM"],
        &["INT", "TERM", "HUP", "INT", "TERM", "HUP"],
    ] {
        let (channel, project) = slow();
        let child = project.start(&["apply", "--auto-approve"]);
        wait_for(&channel, 20);
        let all: Vec<String> = names
            .iter()
            .map(|name| format!("kill -{name} {}", child.id()))
            .collect();
        // One shell, so that no program has to start between two signals.
        let status = Command::new("sh")
            .args(["-c", &all.join("; ")])
            .status()
            .expect("sh runs");
        assert!(status.success(), "{names:?}");
        goes_on(&channel, &project, finish(child));
    }
}

#[test]
fn asked_twice_it_ends_at_once_and_the_journal_holds() {
    let channel = Channel::faulty(&["slow=10s#21+"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    let mut child = project.start(&["apply", "--auto-approve"]);
    wait_for(&channel, 20);
    // The sandbox counts a request when it answers. The slow ones are under way for ten seconds.
    thread::sleep(Duration::from_secs(1));
    // A signal soon after the first belongs to the same stop, so the requests that are under way keep the
    // program alive until a later one arrives.
    while child.try_wait().expect("a child").is_none() {
        signal(&child, "INT");
        thread::sleep(Duration::from_millis(20));
    }
    let ran = finish(child);
    assert_eq!(ran.code, Some(4), "{}", ran.all());
    let has_journal = project.at("talkform.state.json.journal").exists();
    assert!(has_journal, "{}", ran.all());
    channel.running().set_faults(Vec::new());
    let ran = project.run(&["apply", "--auto-approve"]).expect(0);
    assert!(
        ran.stderr.contains("replayed from its journal"),
        "{}",
        ran.stderr
    );
    assert_eq!(channel.running().member_ids().len(), USERS);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn out_of_time() {
    let (channel, project) = slow();
    let ran = project.run(&["apply", "--auto-approve", "--max-duration", "200ms"]);
    goes_on(&channel, &project, ran);
}

#[test]
fn nobody_reads_the_plan() {
    let project = Project::new("");
    project.write("users/a.yaml", &many_users(3000, "pro"));
    let mut child = project.start(&["plan", "--full"]);
    drop(child.stdout.take());
    let ran = finish(child);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "", "no panic, no noise");
}

#[test]
fn nobody_reads_the_report() {
    let channel = Channel::faulty(&["slow=5ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(50, "pro"));
    let mut child = project.start(&["apply", "--auto-approve"]);
    wait_for(&channel, 1);
    drop(child.stdout.take());
    let ran = finish(child);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(channel.running().member_ids().len(), 50);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn nobody_listens_at_all() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(50, "pro"));
    let status = project
        .command(&["apply", "--auto-approve", "--log", "trace"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("ran");
    assert_eq!(status.code(), Some(0));
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}
