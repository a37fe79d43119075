//! People whom somebody deleted on Channel and whom an apply creates anew: their declared opt-outs are restored at
//! once, the run says so and stops, and neither drift nor a refresh calls the missing opt-out a choice.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use talkform::sandbox::Logged;

use crate::command::Ran;
use crate::kill_everywhere::{has_strace, tampered};
use crate::project::{Channel, Project};

const APPLY: [&str; 4] = ["apply", "--auto-approve", "--retry-pause", "1ms"];

/// A project with these limits, of which the others do not matter.
fn project(channel: &Channel, recreate: &str) -> Project {
    Project::new(&format!(
        "channel: {{ id: sandbox, baseUrl: \"{}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nlimits: {{ update: 100%{recreate} }}\n",
        channel.running().base_url()
    ))
}

/// Users who opted out of e-mail, each with a plan.
fn users(count: usize, plan: &str) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n".to_owned();
    for number in 0..count {
        writeln!(
            text,
            "  - {{ memberId: u-{number:02}, profile: {{ plan: {plan} }}, unsubscribeEmail: true, unsubscribeTexting: false }}"
        )
        .expect("a text");
    }
    text
}

/// Applied, then deleted on Channel by somebody, then edited in the manifests.
fn edited_after_deletion(channel: &Channel, count: usize, recreate: &str) -> Project {
    let project = project(channel, recreate);
    project.write("users/a.yaml", &users(count, "free"));
    project.run(&APPLY).expect(0);
    for number in 0..count {
        let deleted = channel.running().delete(&format!("u-{number:02}"));
        assert!(deleted.expect("deleted"));
    }
    project.write("users/a.yaml", &users(count, "pro"));
    project
}

fn puts(channel: &Channel) -> Vec<Logged> {
    let mut log = channel.about_users();
    log.retain(|request| request.method == "PUT");
    log
}

fn is_opted_out(channel: &Channel, id: &str) -> bool {
    channel.running().user(id).expect("a user")["unsubscribeEmail"] == true
}

fn as_json(ran: &Ran) -> Json {
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn matches(project: &Project) {
    let text = project.run(&["plan"]).expect(0).stdout;
    assert!(
        text.contains("No changes. Your channel matches the manifests."),
        "{text}"
    );
}

#[test]
fn the_opt_out_of_a_person_created_anew_is_restored_and_the_run_stops() {
    let channel = Channel::start();
    let project = edited_after_deletion(&channel, 1, "");
    let before = puts(&channel).len();
    let ran = project.run(&APPLY).expect(4);
    let bodies: Vec<Json> = puts(&channel)[before..]
        .iter()
        .map(|put| put.body.clone().expect("a body"))
        .collect();
    let expected = [
        json!({"profile": {"plan": "pro"}}),
        json!({"unsubscribeEmail": true}),
    ];
    assert_eq!(bodies, expected);
    assert!(is_opted_out(&channel, "u-00"));
    for part in [
        "1 user deleted on Channel by somebody else, and created anew:\n  u-00: every declared opt-out was sent\n",
        "Stopped: more users were created anew than limits.recreate allows. All changes were tried.",
        "raise limits.recreate",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.all());
    }
    matches(&project);
    // The new person is the recorded one from now on.
    project.write("users/a.yaml", &users(1, "max"));
    project.run(&APPLY).expect(0);
    assert_eq!(puts(&channel).len(), before + 3);
    let drift = project.run(&["drift"]).expect(0).stdout;
    assert!(drift.contains("No drift."), "{drift}");
}

#[test]
fn as_many_as_the_project_allows_are_created_anew() {
    let channel = Channel::start();
    let project = edited_after_deletion(&channel, 2, ", recreate: 2");
    let ran = project
        .run(&[&APPLY[..], &["--format=json"]].concat())
        .expect(0);
    let report = as_json(&ran);
    assert_eq!(report["counts"]["recreated"], 2);
    assert_eq!(report["outcomes"][0]["recreated"], true);
    assert_eq!(report["requests"], 4);
    assert!(is_opted_out(&channel, "u-01"));
    matches(&project);
}

/// Whoever was created anew before the run stopped has the opt-out; the others were not sent.
#[test]
fn of_many_only_those_under_way_are_created_anew() {
    let channel = Channel::faulty(&["slow=2ms"]);
    let project = edited_after_deletion(&channel, 60, ", recreate: 1");
    let arguments = [&APPLY[..], &["--parallelism", "4", "--format=json"]].concat();
    let ran = project.run(&arguments).expect(4);
    let report = as_json(&ran);
    let ids = channel.running().member_ids();
    assert!((2..=12).contains(&ids.len()), "{ids:?}");
    assert_eq!(report["counts"]["recreated"], ids.len());
    assert_eq!(report["counts"]["skipped"], 60 - ids.len());
    assert_eq!(report["stopped"], "recreated");
    assert!(ids.iter().all(|id| is_opted_out(&channel, id)));
    // The next run goes on with the next ones.
    project.run(&APPLY).expect(4);
    assert!(channel.running().member_ids().len() > ids.len());
}

#[test]
fn an_opt_out_that_could_not_be_restored_is_sent_by_the_next_run() {
    for (fault, status) in [("reset-before#3+", "failed"), ("422#3+", "rejected")] {
        let channel = Channel::start();
        let project = edited_after_deletion(&channel, 1, ", recreate: 1");
        // The first request was the one that created the user.
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        let ran = project
            .run(&[&APPLY[..], &["--format=json"]].concat())
            .expect(3);
        let report = as_json(&ran);
        let outcome = &report["outcomes"][0];
        assert_eq!(outcome["outcome"], status, "{fault}");
        assert_eq!(outcome["recreated"], true, "{fault}");
        assert_eq!(outcome["pending"], true, "{fault}");
        if status == "rejected" {
            assert_eq!(outcome["request"], "optOut");
        }
        assert!(!is_opted_out(&channel, "u-00"), "{fault}");

        channel.running().set_faults(Vec::new());
        project.run(&APPLY).expect(0);
        assert!(is_opted_out(&channel, "u-00"), "{fault}");
        matches(&project);
    }
}

/// The run that could not restore the opt-out has counted and reported the person, and the next one has not to.
#[test]
fn a_person_whose_opt_out_could_not_be_restored_counts_once() {
    for (fault, refreshes) in [
        ("reset-before#3+", false),
        ("422#3+", false),
        ("reset-before#3+", true),
    ] {
        let channel = Channel::start();
        let project = edited_after_deletion(&channel, 1, "");
        channel
            .running()
            .set_faults(vec![fault.parse().expect("a fault")]);
        let json = [&APPLY[..], &["--format=json"]].concat();
        let report = as_json(&project.run(&json).expect(4));
        assert_eq!(report["counts"]["recreated"], 1, "{fault}");
        // It fails once more.
        let report = as_json(&project.run(&json).expect(3));
        assert_eq!(report["counts"]["recreated"], 0, "{fault}");

        channel.running().set_faults(Vec::new());
        let more: &[&str] = if refreshes { &["--refresh"] } else { &[] };
        let report = as_json(&project.run(&[&json[..], more].concat()).expect(0));
        assert_eq!(report["counts"]["recreated"], 0, "{fault}");
        assert!(is_opted_out(&channel, "u-00"), "{fault}");
        matches(&project);
    }
}

/// A person who is deleted a second time counts a second time.
#[test]
fn another_new_person_counts_again() {
    let channel = Channel::start();
    let project = edited_after_deletion(&channel, 1, "");
    let fault = "reset-before#3+".parse().expect("a fault");
    channel.running().set_faults(vec![fault]);
    project.run(&APPLY).expect(4);
    channel.running().set_faults(Vec::new());
    assert!(channel.running().delete("u-00").expect("deleted"));
    project.run(&APPLY).expect(4);
    assert!(is_opted_out(&channel, "u-00"));
    matches(&project);
}

/// The run is killed at each of its calls. Whether the person was created before, and whether the opt-out was, the
/// next runs restore it, and exactly one run reports the person.
#[test]
fn killed_between_the_two_requests() {
    if !has_strace() {
        eprintln!("SKIPPED: strace is not installed (apt-get install strace)");
        return;
    }
    let mut between = 0;
    for call in [
        "write",
        "writev",
        "sendto",
        "recvfrom",
        "fdatasync",
        "fsync",
        "rename",
    ] {
        for count in 1..=40 {
            let channel = Channel::start();
            let project = edited_after_deletion(&channel, 1, "");
            let point = format!("{call}:signal=KILL:when={count}");
            if tampered(&project, &point, None, &[])
                .status
                .code()
                .is_some()
            {
                break;
            }
            let user = channel.running().user("u-00");
            between += usize::from(user.is_some_and(|user| user["unsubscribeEmail"] != true));
            let report = project.run(&[&APPLY[..], &["--format=json"]].concat());
            assert!(
                matches!(report.code, Some(0 | 4)),
                "{point}: {}",
                report.all()
            );
            let is_reported = as_json(&report)["counts"]["recreated"] == 1;
            assert_eq!(is_reported, report.code == Some(4), "{point}");
            assert!(is_opted_out(&channel, "u-00"), "{point}");
            project.run(&APPLY).expect(0);
            matches(&project);
        }
    }
    assert!(
        between >= 5,
        "killed at {between} points between the requests"
    );
}

/// The response to the first PUT is lost: the next one notices the new person.
#[test]
fn a_person_created_anew_without_an_answer_is_noticed_by_the_next_run() {
    let channel = Channel::start();
    let project = edited_after_deletion(&channel, 1, "");
    channel
        .running()
        .set_faults(vec!["reset-after".parse().expect("a fault")]);
    project.run(&APPLY).expect(3);
    assert!(!is_opted_out(&channel, "u-00"));
    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(4);
    assert!(is_opted_out(&channel, "u-00"));
    matches(&project);
}

/// A user whom talkform itself deleted, and who is declared again, is a new one.
#[test]
fn a_deletion_by_talkform_is_no_recreation() {
    let channel = Channel::start();
    let project = project(&channel, "");
    let settings = project.read("talkform.yaml") + "removed: { users: delete }\n";
    project.write("talkform.yaml", &settings);
    project.edit("talkform.yaml", "100%", "100%, delete: 1");
    project.write("users/a.yaml", &users(2, "free"));
    project.run(&APPLY).expect(0);
    // The response to the deletion is lost, and the commit is reverted.
    channel
        .running()
        .set_faults(vec!["reset-after".parse().expect("a fault")]);
    project.write("users/a.yaml", &users(1, "free"));
    let deleting = [&APPLY[..], &["--allow-deletes", "1"]].concat();
    project.run(&deleting).expect(3);
    channel.running().set_faults(Vec::new());
    project.write("users/a.yaml", &users(2, "free"));
    project.run(&APPLY).expect(0);
    assert!(is_opted_out(&channel, "u-01"));
    matches(&project);
}

/// Somebody deletes a user, and another program creates one with the same id.
fn created_by_another_program(channel: &Channel, id: &str, flag: &Json) {
    let edit = |user: &mut Json| {
        user["id"] = format!("another-{id}").into();
        user["unsubscribeEmail"] = flag.clone();
    };
    assert!(channel.running().edit(id, edit).expect("edited"));
}

#[test]
fn drift_says_gone_and_created_anew_and_never_a_choice() {
    let channel = Channel::start();
    let project = project(&channel, "");
    project.write("users/a.yaml", &users(4, "free"));
    project.run(&APPLY).expect(0);
    channel.running().delete("u-00").expect("deleted");
    created_by_another_program(&channel, "u-01", &json!(false));
    created_by_another_program(&channel, "u-02", &json!(true));
    let drift = as_json(&project.run(&["drift", "--format", "json"]).expect(0));
    let found: Vec<(&Json, &Json)> = drift["drift"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| (&user["standing"], &user["fields"]))
        .collect();
    assert_eq!(found[0], (&json!("gone"), &json!([])));
    assert_eq!(found[1].0, "createdAnew");
    assert_eq!(found[1].1[0]["kind"], "changed");
    assert_eq!(found[2], (&json!("createdAnew"), &json!([])));
    assert_eq!(drift["counts"]["createdAnew"], 2);
    assert_eq!(drift["counts"]["consent"], 0);
    assert_eq!(drift["counts"]["asApplied"], 1);
    let text = project.run(&["drift"]).expect(0).stdout;
    assert!(
        text.contains("u-01 was deleted on Channel and created anew"),
        "{text}"
    );
    assert!(
        text.ends_with("Drift: 1 gone, 2 created anew. 1 as applied.\n"),
        "{text}"
    );
}

#[test]
fn a_refresh_restores_the_opt_out_once_somebody_agreed() {
    let channel = Channel::start();
    let project = project(&channel, "");
    project.write("users/a.yaml", &users(3, "free"));
    project.run(&APPLY).expect(0);
    channel.running().delete("u-00").expect("deleted");
    created_by_another_program(&channel, "u-01", &json!(false));
    created_by_another_program(&channel, "u-02", &json!(null));
    let plan = as_json(
        &project
            .run(&["plan", "--refresh", "--format", "json"])
            .expect(0),
    );
    let reasons: Vec<&Json> = plan["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| &change["reason"])
        .collect();
    assert_eq!(reasons, ["deletedOnChannel", "createdAnew", "createdAnew"]);
    assert_eq!(plan["left"], json!([]));
    let limit = plan["limits"]
        .as_array()
        .and_then(|limits| limits.iter().find(|limit| limit["name"] == "recreate"));
    assert_eq!(limit.expect("a limit")["planned"], 3);

    let before = puts(&channel).len();
    let refreshing = [&APPLY[..], &["--refresh"]].concat();
    project.run(&refreshing).expect(1);
    assert_eq!(puts(&channel).len(), before);
    let digest = plan["digest"].as_str().expect("a digest");
    let approved = [&refreshing[..], &["--approve-limits", digest]].concat();
    let ran = project.run(&approved).expect(0);
    assert!(
        ran.stdout.contains("3 users deleted on Channel"),
        "{}",
        ran.all()
    );
    assert_eq!(puts(&channel).len(), before + 3, "one request a user");
    for id in ["u-00", "u-01", "u-02"] {
        assert!(is_opted_out(&channel, id), "{id}");
    }
    let text = project.run(&["plan", "--refresh"]).expect(0).stdout;
    assert!(
        text.contains("Your channel matches the manifests."),
        "{text}"
    );
}

/// A new person who has everything needs no request; the apply only learns the new id.
#[test]
fn a_refresh_learns_the_id_of_a_person_who_has_everything() {
    let channel = Channel::start();
    let project = project(&channel, "");
    project.write("users/a.yaml", &users(1, "free"));
    project.run(&APPLY).expect(0);
    created_by_another_program(&channel, "u-00", &json!(true));
    let before = puts(&channel).len();
    project
        .run(&[&APPLY[..], &["--refresh"]].concat())
        .expect(0);
    assert_eq!(puts(&channel).len(), before);
    project.write("users/a.yaml", &users(1, "pro"));
    project.run(&APPLY).expect(0);
    assert_eq!(puts(&channel).len(), before + 1);
    // An opt-out of the new person's own is that person's choice.
    let edit = |user: &mut Json| user["unsubscribeTexting"] = true.into();
    channel.running().edit("u-00", edit).expect("edited");
    let plan = as_json(
        &project
            .run(&["plan", "--refresh", "--format", "json"])
            .expect(0),
    );
    assert_eq!(plan["left"][0]["path"], "unsubscribeTexting");
}
