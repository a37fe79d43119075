//! Tests two runs at once, and a lock whose owner died.

use std::thread;
use std::time::Duration;

use crate::command::finish;
use crate::project::{Channel, many_users};

#[test]
fn eight_at_once_and_one_wins() {
    let channel = Channel::faulty(&["slow=200ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(16, "pro"));
    let children: Vec<_> = (0..8)
        .map(|_| project.start(&["apply", "--auto-approve"]))
        .collect();
    let ran: Vec<_> = children.into_iter().map(finish).collect();
    let (won, lost): (Vec<_>, Vec<_>) = ran.into_iter().partition(|ran| ran.code == Some(0));
    assert_eq!((won.len(), lost.len()), (1, 7));
    for ran in lost {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the state is locked by"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("talkform apply"), "{}", ran.stderr);
        assert!(ran.stderr.contains("--lock-timeout"), "{}", ran.stderr);
    }
    assert_eq!(channel.about_users().len(), 16);
}

#[test]
fn who_waits_gets_its_turn() {
    let channel = Channel::faulty(&["slow=50ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(16, "pro"));
    let first = project.start(&["apply", "--auto-approve"]);
    while channel.about_users().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    let second = project
        .run(&["apply", "--auto-approve", "--lock-timeout", "60s"])
        .expect(0);
    finish(first).expect(0);
    assert!(second.stdout.contains("No changes."), "{}", second.stdout);
    assert_eq!(channel.about_users().len(), 16);
}

#[test]
fn an_apply_without_changes_waits_for_a_running_one() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(16, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    channel
        .running()
        .set_faults(vec!["slow=300ms".parse().expect("a fault")]);
    let sent = channel.about_users().len();
    project.write("users/a.yaml", &many_users(16, "pro"));
    let first = project.start(&["apply", "--auto-approve"]);
    while channel.about_users().len() == sent {
        thread::sleep(Duration::from_millis(5));
    }
    // As the saved state has it, so that there is nothing to do but for the running apply.
    project.write("users/a.yaml", &many_users(16, "free"));
    let second = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(
        second.stderr.contains("the state is locked by"),
        "{}",
        second.stderr
    );
    finish(first).expect(0);
}

#[test]
fn a_dead_holder_is_no_obstacle() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(2, "pro"));
    project.write(
        "talkform.state.json.lock",
        "{\"id\":\"1\",\"who\":\"ghost\",\"host\":\"h\",\"pid\":1,\"command\":\"talkform apply\",\"since\":\"2026-01-01T00:00:00Z\"}\n",
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    assert!(!project.at("talkform.state.json.lock").exists());
}

#[test]
fn a_plan_needs_no_lock() {
    let channel = Channel::faulty(&["slow=300ms"]);
    let project = channel.project();
    project.write("users/a.yaml", &many_users(4, "pro"));
    let apply = project.start(&["apply", "--auto-approve"]);
    while channel.about_users().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    project.run(&["plan"]).expect(0);
    finish(apply).expect(0);
}
