//! A selection that fits nobody is an error, and every output says which part of the users it is about.

use crate::command::finish;
use crate::project::Project;

const USERS: &str = "apiVersion: talkform/v1\nkind: UserList\ndefaults: { profile: { plan: free } }\nusers:\n  - memberId: u-1\n  - memberId: u-2\n  - memberId: u-3\n";

fn project() -> Project {
    let project = Project::new("public: [profile.plan]");
    project.write("users/a.yaml", USERS);
    project
}

#[test]
fn a_pattern_that_matches_nobody_is_an_error() {
    let project = project();
    for command in [
        &["plan", "--select", "nope"][..],
        &["plan", "--select", "u-1,nope"],
        &["apply", "--sandbox", "--auto-approve", "--select", "nope"],
    ] {
        let ran = project.run(command).expect(1);
        assert!(
            ran.stderr.contains("no user matches nope"),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "");
    }
    let allowed = project
        .run(&["plan", "--select", "nope", "--allow-empty"])
        .expect(0);
    assert!(
        allowed
            .stdout
            .contains("No changes for the 0 selected users, of 3 users."),
        "{}",
        allowed.stdout
    );
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    for command in [
        &["drift", "--sandbox", "--select", "nope"][..],
        &["state", "list", "--sandbox", "nope"],
    ] {
        let ran = project.run(command).expect(1);
        assert!(
            ran.stderr.contains("no user matches nope"),
            "{}",
            ran.stderr
        );
    }
    // A recorded user who is no longer declared can be selected.
    project.write("users/a.yaml", &USERS.replace("  - memberId: u-3\n", ""));
    let ran = project
        .run(&["plan", "--sandbox", "--select", "u-3"])
        .expect(0);
    assert!(ran.stdout.contains("Plan: 1 to forget."), "{}", ran.stdout);
}

#[test]
fn every_format_names_the_selection() {
    let project = project();
    let plan = |format: &str| {
        let command = ["plan", "--select", "u-1,u-2", "--format", format];
        project.run(&command).expect(0).stdout
    };
    let sentence = "Selected: u-1, u-2: 2 of 3 users; the others are left out.";
    assert!(plan("html").contains(sentence), "{}", plan("html"));
    assert!(plan("text").contains(sentence), "{}", plan("text"));
    assert!(
        plan("markdown")
            .contains("**Selected: `u-1`, `u-2`: 2 of 3 users; the others are left out."),
        "{}",
        plan("markdown")
    );
    let json: serde_json::Value = serde_json::from_str(&plan("json")).expect("JSON");
    let selected = serde_json::json!({ "patterns": ["u-1", "u-2"], "users": 2, "of": 3 });
    assert_eq!(json["selected"], selected);
    for (select, partial) in [("u-1", "partial=true"), ("", "partial=false")] {
        let mut command = project.command(&["plan"]);
        command
            .env("TALKFORM_SELECT", select)
            .env("GITHUB_OUTPUT", project.at("output"));
        finish(command.spawn().expect("talkform runs")).expect(0);
        assert!(
            project.read("output").contains(partial),
            "{}",
            project.read("output")
        );
        std::fs::remove_file(project.at("output")).expect("removed");
    }
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    let drift = |format: &str| {
        let command = ["drift", "--sandbox", "--select", "u-*", "--format", format];
        project.run(&command).expect(0).stdout
    };
    assert!(
        drift("text").contains("Selected: u-*: 3 of 3 users"),
        "{}",
        drift("text")
    );
    assert!(drift("json").contains("\"selected\""), "{}", drift("json"));
    let nothing = project
        .run(&["plan", "--sandbox", "--select", "u-1"])
        .expect(0);
    assert!(
        nothing
            .stdout
            .contains("No changes for the 1 selected user, of 3 users."),
        "{}",
        nothing.stdout
    );
}

#[test]
fn a_drift_without_recorded_users_blames_no_selection() {
    let project = project();
    project
        .run(&["apply", "--sandbox", "--auto-approve"])
        .expect(0);
    let forget = ["state", "forget", "--sandbox", "u-1", "u-2", "u-3"];
    project.run(&forget).expect(0);
    let ran = project.run(&["drift", "--sandbox"]).expect(0);
    assert!(
        ran.stdout
            .contains("No users to check: the state records none."),
        "{}",
        ran.stdout
    );
}
