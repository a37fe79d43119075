//! Checks that planning opens no socket and needs no credentials.

use crate::command::command;
use crate::kill_everywhere::has_strace;
use crate::project::{Channel, Project, TALKFORM};

/// Runs a command without credentials, and fails if it opens a socket or ends otherwise than with 0.
fn without_a_socket(project: &Project, arguments: &[&str]) -> String {
    let trace = project.at("trace");
    let mut traced = command("strace", project.path());
    traced
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=network",
            "-e",
            "signal=none",
            "-o",
        ])
        .arg(&trace)
        .arg(TALKFORM)
        .args(arguments);
    let output = traced.output().expect("strace runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let calls: Vec<String> = std::fs::read_to_string(&trace)
        .expect("a trace")
        .lines()
        .filter(|line| !line.contains("+++ exited"))
        .map(ToOwned::to_owned)
        .collect();
    assert!(calls.is_empty(), "{arguments:?}: {calls:#?}");
    String::from_utf8(output.stdout).expect("stdout is UTF-8")
}

#[test]
fn validate_and_plan_open_no_socket() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let project = Project::example("shop");
    for arguments in [&["validate"][..], &["plan"], &["plan", "--sandbox"]] {
        assert!(!without_a_socket(&project, arguments).is_empty());
    }
}

/// What is planned of Channel itself takes no look at it: users who are deleted or get another id, and
/// another API version.
#[test]
fn a_plan_of_moves_deletions_and_another_api_version_opens_no_socket() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let channel = Channel::start();
    let project = channel.project();
    let list = |rest: &str| format!("apiVersion: talkform/v1\nkind: UserList\n{rest}\n");
    let user = |id: &str, plan: &str| format!("{{ memberId: {id}, profile: {{ plan: {plan} }} }}");
    let before = ["gone", "old", "first"].map(|id| user(id, id)).join(", ");
    project.write("users/a.yaml", &list(&format!("users: [{before}]")));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let asked = channel.running().log().len();

    let text = project
        .read("talkform.yaml")
        .replace("channel: { ", "channel: { api: v5, ");
    project.write(
        "talkform.yaml",
        &format!("{text}removed: {{ users: delete }}\n"),
    );
    let after = [user("new", "new"), user("second", "first")].join(", ");
    let moved = "moved: [{ from: old, to: new }]";
    project.write("users/a.yaml", &list(&format!("{moved}\nusers: [{after}]")));
    for format in ["text", "markdown", "json"] {
        // In Markdown, ids are code.
        let plan = without_a_socket(&project, &["plan", "--format", format]).replace('`', "");
        let words = match format {
            "json" => [
                "\"move\": 1",
                "\"delete\": 2",
                "\"deletions\": 3",
                "\"to\": \"v5\"",
                "\"likelyMoves\": [",
            ],
            _ => [
                "API v4 -> v5, 1 to create, 1 to move, 2 to delete. 0 unchanged.",
                "3 users will be deleted on Channel.",
                "old moves to new",
                "the state will record v5",
                "new with identical attributes",
            ],
        };
        for words in words {
            assert!(plan.contains(words), "{format}: {words}\n{plan}");
        }
    }
    let out = ["plan", "--out", "plan.json", "--select", "old"];
    assert!(without_a_socket(&project, &out).contains("1 to move"));
    without_a_socket(&project, &["validate"]);
    without_a_socket(&project, &["show", "plan.json"]);
    assert_eq!(channel.running().log().len(), asked);
}
