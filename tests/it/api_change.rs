//! Tests a change of `channel.api` in a project with a state: it is one step of the plan and updates no user.

use serde_json::Value;

use crate::project::{Channel, Project, many_users};

const USERS: usize = 40;

fn speak(project: &Project, from: &str, to: &str) {
    project.edit(
        "talkform.yaml",
        &format!("api: {from}"),
        &format!("api: {to}"),
    );
}

fn state(project: &Project) -> Value {
    serde_json::from_str(&project.read("talkform.state.json")).expect("a state")
}

fn on_v4(channel: &Channel) -> Project {
    let project = channel.project();
    project.edit("talkform.yaml", "channel: { ", "channel: { api: v4, ");
    project
}

#[test]
fn from_v4_to_v5_and_back_nobody_is_sent() {
    let channel = Channel::start();
    let project = on_v4(&channel);
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let sent = channel.about_users().len();
    assert_eq!(sent, USERS);

    for (serial, from, to) in [(3, "v4", "v5"), (4, "v5", "v4")] {
        let before = state(&project);
        speak(&project, from, to);
        let plan = project.run(&["plan", "--detailed-exitcode"]).expect(2);
        let sentence = format!(
            "API {from} -> {to}: no users are sent because of it; the state will record {to}"
        );
        assert!(plan.stdout.contains(&sentence), "{}", plan.stdout);
        assert!(
            plan.stdout
                .contains(&format!("Plan: API {from} -> {to}. {USERS} unchanged."))
        );
        let markdown = project.run(&["plan", "--format", "markdown"]).expect(0);
        assert!(markdown.stdout.contains(&sentence), "{}", markdown.stdout);
        let json = project.run(&["plan", "--format", "json"]).expect(0);
        let json: Value = serde_json::from_str(&json.stdout).expect("json");
        assert_eq!(json["api"]["from"], from);
        assert_eq!(json["api"]["to"], to);
        assert_eq!(json["api"]["releasedUsers"], 0);
        assert_eq!(json["requests"], 0);

        // Without keys the new version is not recorded: they must answer there.
        let output = project
            .command(&["apply", "--auto-approve"])
            .env_remove("TALKFORM_ACCESS_KEY")
            .output()
            .expect("ran");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(state(&project), before);

        let asked = channel.running().log().len();
        let ran = project.run(&["apply", "--auto-approve"]).expect(0);
        let report = format!("Apply complete! API {from} -> {to}. Users: none changed.");
        assert!(ran.stdout.contains(&report), "{}", ran.stdout);
        let log = channel.running().log();
        assert_eq!(log.len(), asked + 1, "the question for the channel");
        assert_eq!(log[asked].path, format!("/open/{to}/channel"));

        let mut after = state(&project);
        assert_eq!(after["destination"]["api"], to);
        assert_eq!(before["serial"].as_u64(), Some(serial - 1));
        assert_eq!(after["serial"].as_u64(), Some(serial));
        after["destination"]["api"] = before["destination"]["api"].clone();
        after["serial"] = before["serial"].clone();
        after["check"] = before["check"].clone();
        after["headCheck"] = before["headCheck"].clone();
        assert_eq!(after, before, "nothing else is written");
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
        assert!(!project.at("talkform.state.json.journal").exists());
    }
    assert_eq!(channel.about_users().len(), sent, "nobody was sent again");
}

#[test]
fn what_v5_does_not_have_is_released() {
    let channel = Channel::start();
    let project = on_v4(&channel);
    let user = "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\nunsubscribed: true\nprofile: { plan: pro }\n";
    project.write("users/a.yaml", user);
    project.run(&["apply", "--auto-approve"]).expect(0);
    let sent = channel.about_users().len();
    speak(&project, "v4", "v5");
    let refused = project.run(&["plan"]).expect(1);
    assert!(
        refused.stderr.contains("unsupported-field"),
        "{}",
        refused.stderr
    );
    project.edit("users/a.yaml", "unsubscribed: true\n", "");

    let plan = project.run(&["plan"]).expect(0);
    for words in [
        "API v5 has no `unsubscribed`: its record is released for 1 user",
        "# u-1 will be updated in the state only: the new API version has no such field",
        ". unsubscribed   left as it is on Channel",
        "Plan: API v4 -> v5, 1 to update. 0 unchanged.",
        "No requests: only the state changes.",
    ] {
        assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout);
    }
    let ran = project
        .run(&["apply", "--auto-approve", "--format=json"])
        .expect(0);
    let report: Value = serde_json::from_str(&ran.stdout).expect("json");
    assert_eq!(report["api"]["to"], "v5");
    assert_eq!(report["counts"]["updated"], 1);
    assert_eq!(channel.about_users().len(), sent);
    assert!(!project.read("talkform.state.json").contains("unsubscribed"));
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_reviewed_step_is_the_step_that_is_taken() {
    let channel = Channel::start();
    let project = on_v4(&channel);
    project.write("users/a.yaml", &many_users(3, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.edit("users/a.yaml", "seats: 2", "seats: 5");
    let digest = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Plan digest: "));
        line.expect("a digest").to_owned()
    };
    let without = digest(&project.run(&["plan"]).expect(0).stdout);
    speak(&project, "v4", "v5");
    let with = digest(
        &project
            .run(&["plan", "--out", "step.json"])
            .expect(0)
            .stdout,
    );
    assert_ne!(with, without, "the step is part of the decision");
    let shown = project.run(&["show", "step.json"]).expect(0);
    assert!(shown.stdout.contains("v4 -> v5"), "{}", shown.stdout);

    speak(&project, "v5", "v4");
    let ran = project
        .run(&["apply", "--auto-approve", "step.json"])
        .expect(1);
    assert!(
        ran.stderr.contains("channel.api would change otherwise"),
        "{}",
        ran.stderr
    );
    speak(&project, "v4", "v5");
    project
        .run(&["apply", "--auto-approve", "step.json"])
        .expect(0);
    let paths: Vec<String> = channel
        .about_users()
        .into_iter()
        .map(|logged| logged.path)
        .collect();
    assert_eq!(
        paths.last().map(String::as_str),
        Some("/open/v5/users/@u-00002")
    );
    assert_eq!(state(&project)["destination"]["api"], "v5");
}
