//! Tests fields that Channel's responses do not confirm: the exit code, the report, the next plan, JSON and
//! GitHub's outputs.

use serde_json::{Value as Json, json};

use crate::command::{Ran, finish};
use crate::project::{Channel, Project};
use crate::raw_channel::{Arrived, RawChannel, whole};

const APPLY: [&str; 4] = ["apply", "--auto-approve", "--retry-pause", "1ms"];
const MATCHES: &str = "No changes. Your channel matches the manifests.";

fn user(fields: &str) -> String {
    format!("apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n{fields}\n")
}

fn as_json(ran: &Ran) -> Json {
    serde_json::from_str(&ran.stdout).expect("JSON")
}

/// A plan after the lines that name where it goes.
fn without_destination(ran: &Ran) -> &str {
    let (_, plan) = ran.stdout.split_once("\n\n").expect("a destination");
    plan
}

fn planned(project: &Project) -> Json {
    as_json(&project.run(&["plan", "--format", "json"]).expect(0))
}

fn set(channel: &Channel, field: &str, value: &Json) {
    let edit = |user: &mut Json| user[field] = value.clone();
    assert!(channel.running().edit("u-1", edit).expect("edited"));
}

/// The outputs that a command gives to the next steps of a workflow.
fn outputs(project: &Project, arguments: &[&str]) -> (Ran, Vec<String>) {
    let output = project.at("output.txt");
    let mut command = project.command(arguments);
    let ran = finish(command.env("GITHUB_OUTPUT", &output).spawn().expect("runs"));
    let lines = project.read("output.txt");
    std::fs::remove_file(output).expect("removed");
    (ran, lines.lines().map(str::to_owned).collect())
}

#[test]
fn a_field_that_channel_answers_otherwise_is_exit_3_and_stays_in_sight() {
    let channel = Channel::faulty(&["ignore-tags"]);
    let project = channel.project();
    project.write("users/a.yaml", &user("tags: [vip]"));
    let (ran, lines) = outputs(&project, &APPLY);
    let ran = ran.expect(3);
    let listed = "1 user accepted, but Channel's response shows other values than declared for these fields:\n  u-1: tags\n";
    assert!(ran.stdout.contains(listed), "{}", ran.all());
    for line in ["failed=0", "different=1", "pending=0", "unconfirmed=1"] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:?}");
    }

    let (ran, lines) = outputs(&project, &["plan", "--detailed-exitcode"]);
    let ran = ran.expect(0);
    assert_eq!(
        without_destination(&ran),
        "No changes. It is not certain that your channel matches the manifests. (1 user)\nChannel's last response about 1 user did not show these fields as declared (`talkform plan --refresh` compares them with what Channel has):\n- tags: 1 user (u-1)\n"
    );
    for line in ["changes=false", "pending=0", "unconfirmed=1"] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:?}");
    }
    let plan = planned(&project);
    assert_eq!(plan["counts"]["unconfirmed"], 1);
    assert_eq!(
        plan["unconfirmed"],
        json!([{"path": "tags", "users": 1, "first": ["u-1"]}])
    );
    let ran = project
        .run(&[&APPLY[..], &["--format=json"]].concat())
        .expect(0);
    assert_eq!(as_json(&ran)["counts"]["unconfirmed"], 1);

    channel.running().set_faults(Vec::new());
    project
        .run(&[&APPLY[..], &["--refresh"]].concat())
        .expect(0);
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(text.contains(MATCHES), "{text}");
}

/// The manifests do not change in between, so their files would be skipped.
#[test]
fn a_field_that_channel_did_not_clear_is_cleared_by_the_next_run() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &user("tags: [vip]"));
    project.run(&APPLY).expect(0);
    project.write("users/a.yaml", &user(""));
    let fault = "ignore-tags".parse().expect("a fault");
    channel.running().set_faults(vec![fault]);
    for _ in 0..2 {
        let requests = channel.about_users().len();
        let ran = project.run(&APPLY).expect(3);
        assert!(ran.stdout.contains("  u-1: tags\n"), "{}", ran.all());
        assert_eq!(channel.about_users().len(), requests + 1);
    }
    let plan = planned(&project);
    assert_eq!(plan["changes"][0]["reason"], "notCleared");
    let text = project.run(&["plan"]).expect(0).stdout;
    let reason =
        "# u-1 will be cleared again: Channel's last response still showed what was to be cleared";
    assert!(text.contains(reason), "{text}");

    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(0);
    assert_eq!(
        channel.running().user("u-1").expect("a user")["tags"],
        json!([])
    );
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(text.contains(MATCHES), "{text}");
}

/// The flag is not sent, because its declaration did not change, and the response shows that Channel has another one.
#[test]
fn a_declared_opt_out_that_channel_does_not_have_is_exit_3() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &user("unsubscribeEmail: true\ntags: [a]"));
    project.run(&APPLY).expect(0);
    set(&channel, "unsubscribeEmail", &json!(false));
    project.edit("users/a.yaml", "[a]", "[b]");
    let ran = project
        .run(&[&APPLY[..], &["--format=json"]].concat())
        .expect(3);
    assert_eq!(
        as_json(&ran)["outcomes"][0],
        json!({"id": "u-1", "action": "update", "outcome": "applied", "different": ["unsubscribeEmail"]})
    );
    assert_eq!(
        planned(&project)["unconfirmed"][0]["path"],
        "unsubscribeEmail"
    );
    let body = channel.about_users().pop().expect("a request").body;
    assert_eq!(body.expect("a body").get("unsubscribeEmail"), None);
}

#[test]
fn a_persons_own_opt_out_is_kept_and_is_no_mismatch() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &user("unsubscribeEmail: false\ntags: [a]"));
    project.run(&APPLY).expect(0);
    set(&channel, "unsubscribeEmail", &json!(true));
    project.edit("users/a.yaml", "[a]", "[b]");
    let ran = project.run(&APPLY).expect(0);
    let kept = "1 user opted out on Channel, although the manifests say false; that choice is kept:\n  u-1: unsubscribeEmail\n";
    assert!(ran.stdout.contains(kept), "{}", ran.all());
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(text.contains(MATCHES), "{text}");
}

/// A PUT is answered without the flag, and a GET with it.
fn shown_on_reading(arrived: &Arrived) -> Vec<u8> {
    let mut user = json!({"id": "64f", "channelId": "7", "memberId": "u-1", "tags": ["a"]});
    if arrived.method == "GET" {
        user["unsubscribeEmail"] = json!(true);
    }
    whole(
        200,
        "application/json",
        &json!({ "user": user }).to_string(),
    )
}

#[test]
fn a_flag_that_channel_does_not_show_is_reported_until_a_read_shows_it() {
    let channel = RawChannel::start(shown_on_reading);
    let project = channel.project("");
    project.write("users/a.yaml", &user("unsubscribeEmail: true\ntags: [a]"));
    let ran = project.run(&APPLY).expect(0);
    let listed = "Channel's responses do not show these flags, so they are not confirmed:\n  unsubscribeEmail: 1 user\n";
    assert!(ran.stdout.contains(listed), "{}", ran.all());
    assert_eq!(planned(&project)["counts"]["unconfirmed"], 1);

    // A plan that asks Channel knows better, and an apply writes it down.
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(text.contains(MATCHES), "{text}");
    assert_eq!(planned(&project)["counts"]["unconfirmed"], 1);
    project
        .run(&[&APPLY[..], &["--refresh"]].concat())
        .expect(0);
    assert_eq!(planned(&project)["counts"]["unconfirmed"], 0);
    let state = project.read("talkform.state.json");
    project
        .run(&[&APPLY[..], &["--refresh"]].concat())
        .expect(0);
    assert_eq!(project.read("talkform.state.json"), state);
}

/// An update of which every field change is a release sends nothing, so Channel confirms nothing.
#[test]
fn what_is_not_confirmed_outlives_an_update_without_a_request() {
    let channel = Channel::faulty(&["ignore-tags"]);
    let project = channel.project();
    project.write("users/a.yaml", &user("unsubscribeEmail: true\ntags: [vip]"));
    project.run(&APPLY).expect(3);
    project.edit("users/a.yaml", "unsubscribeEmail: true\n", "");
    let requests = channel.about_users().len();
    project.run(&APPLY).expect(0);
    assert_eq!(channel.about_users().len(), requests);
    assert_eq!(planned(&project)["unconfirmed"][0]["path"], "tags");
}

#[test]
fn a_user_whose_answers_were_lost_may_be_either() {
    let channel = Channel::faulty(&["reset-after@u-1"]);
    let project = channel.project();
    let users =
        "apiVersion: talkform/v1\nkind: UserList\nusers: [{ memberId: u-1 }, { memberId: u-2 }]\n";
    project.write("users/a.yaml", users);
    let (ran, lines) = outputs(&project, &APPLY);
    let ran = ran.expect(3);
    assert!(
        ran.stdout
            .contains("(6 attempts); Channel may have either\n"),
        "{}",
        ran.all()
    );
    assert!(lines.contains(&"pending=1".to_owned()), "{lines:?}");

    let (ran, lines) = outputs(&project, &["plan"]);
    let sentence = "1 user was being sent when the last run ended; Channel may have either.\n";
    assert!(ran.stdout.contains(sentence), "{}", ran.all());
    assert!(lines.contains(&"pending=1".to_owned()), "{lines:?}");
    assert_eq!(planned(&project)["counts"]["pending"], 1);
    // A plan that does not cover the user says so as well.
    let ran = project.run(&["plan", "--select", "u-2"]).expect(0);
    let expected = format!("No changes for the 1 selected user, of 2 users.\n{sentence}");
    assert_eq!(without_destination(&ran), expected);

    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(0);
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(text.contains(MATCHES), "{text}");
}

/// A user to whom nothing was sent is as recorded.
#[test]
fn a_user_that_was_never_sent_is_not_pending() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &user("tags: [a]"));
    channel
        .running()
        .set_faults(vec!["422".parse().expect("a fault")]);
    let ran = project.run(&APPLY).expect(3);
    assert!(!ran.stdout.contains("either"), "{}", ran.all());
    assert_eq!(planned(&project)["counts"]["pending"], 0);
}
