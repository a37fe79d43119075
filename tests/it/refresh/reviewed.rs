//! Checks that an apply compares a reviewed plan with what Channel has.

use serde_json::{Value, json};

use crate::drift::users::{applied, id};

#[test]
fn a_plan_file_is_refused_when_channel_has_changed() {
    let (channel, project) = applied("v4", 6);
    let set = |number, plan: &'static str| {
        let edit = move |user: &mut Value| user["profile"]["plan"] = json!(plan);
        channel.running().edit(&id(number), edit).expect("edited");
    };
    set(1, "free");
    project
        .run(&["plan", "--refresh", "--out", "plan.json"])
        .expect(0);
    assert!(project.read("plan.json").contains("\"refreshed\": true"));
    assert!(!project.read("plan.json").contains("free"));

    set(3, "free");
    let before = channel.about_users().len();
    let ran = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(
        ran.stderr.contains("Channel has changed since"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("u-00003 was not in the plan"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        channel.about_users().len() - before,
        6,
        "read, and nothing sent"
    );

    // The same decision, whatever Channel has by now instead.
    set(3, "pro");
    set(1, "basic");
    project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(0);
    let user = channel.running().user(&id(1)).expect("a user");
    assert_eq!(user["profile"]["plan"], "pro");

    project.run(&["plan", "--out", "offline.json"]).expect(0);
    assert!(!project.read("offline.json").contains("refreshed"));
    let ran = project
        .run(&["apply", "offline.json", "--refresh", "--auto-approve"])
        .expect(64);
    assert!(ran.stderr.contains("without --refresh"), "{}", ran.stderr);
}

#[test]
fn an_opt_out_after_the_review_is_another_decision() {
    let (channel, project) = applied("v4", 2);
    let manifest = project.read("users/a.yaml");
    project.write(
        "users/a.yaml",
        &manifest.replace("unsubscribeEmail: false", "unsubscribeEmail: true"),
    );
    project.run(&["apply", "--auto-approve"]).expect(0);
    project.write("users/a.yaml", &manifest);
    let set = |flag: bool| {
        for number in 0..2 {
            let edit = move |user: &mut Value| user["unsubscribeEmail"] = json!(flag);
            channel.running().edit(&id(number), edit).expect("edited");
        }
    };
    set(false);
    project
        .run(&["plan", "--refresh", "--out", "plan.json"])
        .expect(0);
    set(true);
    let ran = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(
        ran.stderr.contains("u-00000 would change otherwise"),
        "{}",
        ran.stderr
    );
}
