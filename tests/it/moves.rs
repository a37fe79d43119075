//! Tests `moved`: a changed id is one change, sent whole under the new id and recorded in one step.

use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::{finish, git};
use crate::project::{Channel, Project};

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";
const BEFORE: &str = "users:
  - { memberId: u-1, profile: { plan: pro, seats: 3 }, tags: [vip], unsubscribeEmail: true }
  - { memberId: u-9, profile: { plan: free } }
";
const AFTER: &str = "moved: [{ from: u-1, to: n-1 }]
users:
  - { memberId: n-1, profile: { plan: pro, seats: 4 }, tags: [vip], unsubscribeEmail: true }
  - { memberId: u-9, profile: { plan: free } }
";
const APPLY: [&str; 4] = ["apply", "--auto-approve", "--retry-pause", "1ms"];
const DELETING: [&str; 6] = [
    "apply",
    "--auto-approve",
    "--retry-pause",
    "1ms",
    "--allow-deletes",
    "1",
];

/// Applied before, and declared under the new id.
fn renamed(channel: &Channel, delete: bool) -> Project {
    let project = channel.project();
    if delete {
        let text = project.read("talkform.yaml");
        let text = text.replace("forget: 100%", "forget: 0, create: 0, delete: 1");
        let text = text.replace("create: 100000, ", "");
        project.write("users/a.yaml", &format!("{HEAD}{BEFORE}"));
        project.run(&APPLY).expect(0);
        project.write(
            "talkform.yaml",
            &format!("{text}removed: {{ users: delete }}\n"),
        );
    } else {
        project.write("users/a.yaml", &format!("{HEAD}{BEFORE}"));
        project.run(&APPLY).expect(0);
        // A move is no create and no forget.
        let text = project.read("talkform.yaml");
        let text = text.replace("create: 100000", "create: 0");
        project.write("talkform.yaml", &text.replace("forget: 100%", "forget: 0"));
    }
    project.write("users/a.yaml", &format!("{HEAD}{AFTER}"));
    project
}

/// The requests about those who move, after the two upserts that came before.
fn sent(channel: &Channel) -> Vec<String> {
    let log = channel.about_users().into_iter().skip(2);
    log.map(|logged| {
        format!(
            "{} {}",
            logged.method,
            &logged.path["/open/v4/users/".len()..]
        )
    })
    .collect()
}

fn recorded(project: &Project) -> Vec<String> {
    let state: Value = serde_json::from_str(&project.read("talkform.state.json")).expect("json");
    let users = state["users"].as_object().expect("users");
    users.keys().cloned().collect()
}

#[track_caller]
fn is_done(channel: &Channel, project: &Project, delete: bool) {
    assert_eq!(recorded(project), ["n-1", "u-9"]);
    let ids = channel.running().member_ids();
    if delete {
        assert_eq!(ids, ["n-1", "u-9"]);
    } else {
        assert_eq!(ids, ["n-1", "u-1", "u-9"]);
    }
    let user = channel.running().user("n-1").expect("a user");
    assert_eq!(user["profile"], json!({ "plan": "pro", "seats": 4 }));
    assert_eq!(user["tags"], json!(["vip"]));
    assert_eq!(user["unsubscribeEmail"], true);
    // The entry may stay in git.
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_move_sends_the_user_whole_and_leaves_the_old_one() {
    let channel = Channel::start();
    let project = renamed(&channel, false);
    let plan = project
        .run(&["plan", "--detailed-exitcode"])
        .expect(2)
        .stdout;
    for words in [
        "> move",
        "# u-1 moves to n-1",
        "# u-1 stays on Channel unchanged and is not linked to n-1",
        "> u-1 -> n-1",
        "~ profile.seats   (as applied) -> 4",
        "# 3 unchanged fields hidden",
        "Plan: 1 to move. 1 unchanged.",
    ] {
        assert!(plan.contains(words), "{words}\n{plan}");
    }
    assert!(
        !plan.contains("create") && !plan.contains("forget"),
        "{plan}"
    );
    let ran = project.run(&APPLY).expect(0);
    assert!(
        ran.stdout
            .contains("Users: 1 moved. 1 unchanged. 1 request, 0 retried"),
        "{}",
        ran.stdout
    );
    assert_eq!(sent(&channel), ["PUT @n-1"]);
    let body = channel.about_users().pop().and_then(|logged| logged.body);
    let whole = json!({
        "profile": { "plan": "pro", "seats": 4 }, "tags": ["vip"], "unsubscribeEmail": true,
    });
    assert_eq!(body, Some(whole));
    is_done(&channel, &project, false);
}

#[test]
fn where_users_are_deleted_the_old_id_is_too_and_counts() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(
        plan.contains("# u-1 is deleted on Channel, for good, after Channel accepts n-1"),
        "{plan}"
    );
    assert!(
        plan.contains("1 user will be deleted on Channel."),
        "{plan}"
    );
    let json = project.run(&["plan", "--format", "json"]).expect(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["deletions"], 1);
    assert_eq!(json["requests"], 2);
    assert_eq!(json["counts"]["move"], 1);
    assert_eq!(json["counts"]["delete"], 0);
    let change = &json["changes"][0];
    assert_eq!(
        (&change["id"], &change["action"]),
        (&json!("n-1"), &json!("move"))
    );
    assert_eq!(
        (&change["from"], &change["deletes"]),
        (&json!("u-1"), &json!(true))
    );

    let ran = project.run(&APPLY).expect(1);
    assert!(ran.stderr.contains("--allow-deletes 1"), "{}", ran.stderr);
    project.edit("talkform.yaml", "delete: 1", "delete: 0");
    let ran = project.run(&DELETING).expect(1);
    assert!(ran.stdout.contains("<- too many"), "{}", ran.stdout);
    assert!(sent(&channel).is_empty());
    project.edit("talkform.yaml", "delete: 0", "delete: 1");
    let ran = project.run(&DELETING).expect(0);
    assert!(
        ran.stdout
            .contains("1 moved. 1 unchanged. 2 requests, 0 retried"),
        "{}",
        ran.stdout
    );
    assert_eq!(sent(&channel), ["PUT @n-1", "DELETE @u-1"]);
    is_done(&channel, &project, true);
}

#[test]
fn lost_answers_are_asked_for_again() {
    for lost in ["reset-after#3", "reset-after#4", "500#3", "429#4"] {
        let channel = Channel::start();
        let project = renamed(&channel, true);
        channel
            .running()
            .set_faults(vec![lost.parse().expect("a fault")]);
        let ran = project.run(&DELETING).expect(0);
        assert!(
            ran.stdout.contains("3 requests, 1 retried"),
            "{lost} {}",
            ran.stdout
        );
        is_done(&channel, &project, true);
    }
}

#[test]
fn nobody_is_deleted_whose_new_id_was_refused() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    channel
        .running()
        .set_faults(vec!["422@n-1".parse().expect("a fault")]);
    let ran = project.run(&DELETING).expect(3);
    assert!(ran.stdout.contains("n-1: 422"), "{}", ran.stdout);
    assert_eq!(sent(&channel), ["PUT @n-1"]);
    assert_eq!(recorded(&project), ["u-1", "u-9"]);
    assert_eq!(channel.running().member_ids(), ["u-1", "u-9"]);
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(plan.contains("# u-1 moves to n-1"), "{plan}");
    assert!(plan.contains("rejected last time: 422"), "{plan}");

    channel.running().set_faults(Vec::new());
    project.run(&DELETING).expect(0);
    is_done(&channel, &project, true);
    let state: Value = serde_json::from_str(&project.read("talkform.state.json")).expect("json");
    assert_eq!(state["rejected"], json!({}));
}

#[test]
fn a_refused_deletion_leaves_the_move_to_be_made() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    channel
        .running()
        .set_faults(vec!["409@u-1".parse().expect("a fault")]);
    let ran = project.run(&DELETING).expect(3);
    let refused = "the old id: 409 sandboxFault";
    assert!(
        ran.stdout.contains(&format!("n-1: {refused}")),
        "{}",
        ran.stdout
    );
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(
        plan.contains(&format!("rejected last time: {refused}")),
        "{plan}"
    );
    assert_eq!(
        recorded(&project),
        ["u-1", "u-9"],
        "all or nothing is recorded"
    );
    assert_eq!(channel.running().member_ids(), ["n-1", "u-1", "u-9"]);

    // What was cut off does not outlive a later edit.
    project.edit("users/a.yaml", "seats: 4 }, tags", "seats: 4, }, tags");
    channel.running().set_faults(Vec::new());
    project.run(&DELETING).expect(0);
    assert_eq!(
        sent(&channel),
        ["PUT @n-1", "DELETE @u-1", "PUT @n-1", "DELETE @u-1"]
    );
    is_done(&channel, &project, true);
}

#[test]
fn a_kill_between_the_two_requests_repeats_both() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    channel
        .running()
        .set_faults(vec!["slow=60s@u-1".parse().expect("a fault")]);
    let mut child = project.start(&DELETING);
    while sent(&channel).is_empty() {
        assert!(
            child.try_wait().expect("a child").is_none(),
            "it waits for the deletion"
        );
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    assert_eq!(finish(child).code, None);
    assert_eq!(recorded(&project), ["u-1", "u-9"]);
    channel.running().set_faults(Vec::new());
    project.run(&DELETING).expect(0);
    let all = sent(&channel);
    assert_eq!(all[..1], ["PUT @n-1"]);
    assert!(
        all.ends_with(&["PUT @n-1".to_owned(), "DELETE @u-1".to_owned()]),
        "{all:?}"
    );
    is_done(&channel, &project, true);
}

fn interrupt(child: &std::process::Child) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &pid]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn an_interrupted_run_finishes_the_move_that_is_under_way() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    channel
        .running()
        .set_faults(vec!["slow=2s@n-1".parse().expect("a fault")]);
    let mut child = project.start(&DELETING);
    // The journal is there: the upsert is on its way.
    while !project.at("talkform.state.json.journal").exists() {
        assert!(child.try_wait().expect("a child").is_none(), "it runs");
        thread::sleep(Duration::from_millis(2));
    }
    thread::sleep(Duration::from_millis(500));
    assert!(sent(&channel).is_empty(), "it is not answered yet");
    interrupt(&child);
    let ran = finish(child);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(sent(&channel), ["PUT @n-1", "DELETE @u-1"]);
    is_done(&channel, &project, true);
}

#[test]
fn an_interrupted_run_does_not_wait_for_the_second_request() {
    let channel = Channel::start();
    let project = renamed(&channel, true);
    // The bucket has one request for the question which channel answers, one for the PUT, and one that is never used.
    // The next is due in an hour and a half.
    let text = project.read("talkform.yaml");
    let slow = text.replace(
        "perSecond: 1000000, burst: 1000000",
        "perSecond: 0.0002, burst: 3",
    );
    assert_ne!(slow, text);
    project.write("talkform.yaml", &slow);
    let mut child = project.start(&DELETING);
    while sent(&channel).is_empty() {
        assert!(child.try_wait().expect("a child").is_none(), "it runs");
        thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    let ran = finish(child);
    assert_eq!(ran.code, Some(4), "{}", ran.all());
    assert_eq!(sent(&channel), ["PUT @n-1"]);
    assert_eq!(recorded(&project), ["u-1", "u-9"]);
    project.write("talkform.yaml", &text);
    project.run(&DELETING).expect(0);
    assert_eq!(sent(&channel), ["PUT @n-1", "PUT @n-1", "DELETE @u-1"]);
    is_done(&channel, &project, true);
}

#[test]
fn either_id_selects_the_move_and_a_plan_file_carries_it() {
    for id in ["u-1", "n-1"] {
        let channel = Channel::start();
        let project = renamed(&channel, true);
        let plan = ["plan", "--select", id, "--out", "plan.json"];
        project.run(&plan).expect(0);
        let shown = project.run(&["show", "plan.json"]).expect(0).stdout;
        assert!(
            shown.contains("n-1  move from u-1, which is deleted"),
            "{shown}"
        );
        project
            .run(&[&DELETING[..], &["plan.json"]].concat())
            .expect(0);
        is_done(&channel, &project, true);
    }
    // Another policy is another decision.
    let channel = Channel::start();
    let project = renamed(&channel, true);
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    project.edit("talkform.yaml", "users: delete", "users: forget");
    let ran = project
        .run(&[&DELETING[..], &["plan.json"]].concat())
        .expect(1);
    assert!(
        ran.stderr.contains("n-1 would change otherwise"),
        "{}",
        ran.stderr
    );
}

/// The revision before is read by the rules of the version that was applied, and the old values are
/// those of the old id.
#[test]
fn true_old_values_are_those_of_the_old_id() {
    let channel = Channel::start();
    let project = channel.project();
    let user = |id: &str, rest: &str| format!("{HEAD}{rest}users:\n  - {{ memberId: {id}, ");
    let before = user("u-1", "");
    project.write(
        "users/a.yaml",
        &format!("{before}profile: {{ plan: free }}, unsubscribed: true }}\n"),
    );
    project.run(&APPLY).expect(0);
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "before"],
    ] {
        git(project.path(), arguments);
    }
    let after = user("n-1", "moved: [{ from: u-1, to: n-1 }]\n");
    project.write(
        "users/a.yaml",
        &format!("{after}profile: {{ plan: pro }} }}\n"),
    );
    project.edit("talkform.yaml", "channel: { ", "channel: { api: v5, ");
    let blind = project.run(&["plan"]).expect(0).stdout;
    assert!(
        blind.contains("~ profile.plan   (as applied) -> \"pro\""),
        "{blind}"
    );
    let ran = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert_eq!(ran.stderr, "");
    let plan = ran.stdout;
    assert!(
        plan.contains("~ profile.plan   \"free\" -> \"pro\""),
        "{plan}"
    );
    let opt_in =
        ". unsubscribed   not carried over to the new id   # may message someone who opted out";
    assert!(plan.contains(opt_in), "{plan}");
    let digest = |text: &str| text[text.find("Plan digest").expect("a digest")..].to_owned();
    assert_eq!(digest(&plan), digest(&blind));
}
