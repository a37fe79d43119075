//! Checks that a reviewed plan file runs as reviewed or is refused.

use std::fs;

use crate::command::git;
use crate::project::many_users;
use crate::review::applied::{applied, commit};

#[test]
fn a_plan_file_runs_as_reviewed_and_holds_no_value() {
    let (channel, project) = applied(5);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: enterprise, seats: 3 ",
    );
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let text = project.read("plan.json");
    assert!(text.contains("set profile.plan") && text.contains("u-00003"));
    assert!(!text.contains("enterprise") && !text.contains("free"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(project.at("plan.json"))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let shown = project.run(&["show", "plan.json"]).expect(0);
    assert!(
        shown
            .stdout
            .contains("u-00003  update\n    set profile.plan\n"),
        "{}",
        shown.stdout
    );
    let sent = channel.about_users().len();
    project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(0);
    assert_eq!(channel.about_users().len(), sent + 1);
    let again = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(
        again.stderr.contains("u-00003 needs nothing any more"),
        "{}",
        again.stderr
    );
    assert!(
        again
            .stderr
            .contains("the state has serial 3, the plan was made against 2"),
        "{}",
        again.stderr
    );
    assert_eq!(channel.about_users().len(), sent + 1);
}

#[test]
fn manifests_that_changed_after_the_review_are_refused_by_name() {
    let (channel, project) = applied(40);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: pro, seats: 3 ",
    );
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 7 ",
        "plan: pro, seats: 7 ",
    );
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let sent = channel.about_users().len();
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 3 ",
        "plan: gold, seats: 3 ",
    );
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 7 ",
        "plan: free, seats: 7 ",
    );
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 9 ",
        "plan: gold, seats: 9 ",
    );
    let refused = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    for line in [
        "u-00003 would change otherwise",
        "u-00007 needs nothing any more",
        "u-00009 was not in the plan",
        "the manifests or the project file have changed since",
    ] {
        assert!(refused.stderr.contains(line), "{line}: {}", refused.stderr);
    }
    assert_eq!(channel.about_users().len(), sent, "nothing was sent");
    let text = project
        .read("users/a.yaml")
        .replace("plan: free", "plan: basic");
    project.write("users/a.yaml", &text);
    let many = project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(1);
    assert!(many.stderr.contains("  and 20 more\n"), "{}", many.stderr);
}

#[test]
fn a_plan_file_carries_its_selection_and_no_other() {
    let (channel, project) = applied(5);
    let text = project
        .read("users/a.yaml")
        .replace("plan: free", "plan: pro");
    project.write("users/a.yaml", &text);
    project
        .run(&["plan", "--select", "u-00002", "--out", "plan.json"])
        .expect(0);
    let sent = channel.about_users().len();
    project
        .run(&[
            "apply",
            "plan.json",
            "--select",
            "u-00001",
            "--auto-approve",
        ])
        .expect(64);
    project
        .run(&["apply", "plan.json", "--auto-approve"])
        .expect(0);
    assert_eq!(channel.about_users().len(), sent + 1);
}

#[test]
fn an_altered_plan_file_is_refused_and_not_shown() {
    let (channel, project) = applied(5);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: pro, seats: 3 ",
    );
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let sent = channel.about_users().len();
    let digest = project
        .read("plan.json")
        .split("sha256:")
        .nth(1)
        .map(|rest| format!("sha256:{}", &rest[..64]))
        .expect("a digest");
    project.edit("plan.json", "set profile.plan", "clear profile.plan");
    for arguments in [&["apply", "plan.json"][..], &["show", "plan.json"]] {
        let ran = project.run(arguments).expect(1);
        assert!(
            ran.stderr.contains("its digest does not fit its content"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(&digest), "{}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    assert_eq!(channel.about_users().len(), sent);
}

#[test]
fn a_plan_file_says_where_it_is_for_and_where_it_comes_from() {
    let (channel, project) = applied(2);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let shown = project.run(&["show", "plan.json"]).expect(0).stdout;
    let base_url = channel.running().base_url();
    let destination = format!("destination   channel sandbox at {base_url}, API v4\n");
    assert!(shown.starts_with(&destination), "{shown}");
    assert!(shown.contains("\nrevision      not known\n"), "{shown}");
    let file: serde_json::Value = serde_json::from_str(&project.read("plan.json")).expect("json");
    let made = format!("\nmade at       {}\n", file["at"].as_str().expect("a time"));
    assert!(shown.contains(&made), "{shown}");

    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let commit = git(project.path(), &["rev-parse", "HEAD"]);
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let shown = project.run(&["show", "plan.json"]).expect(0).stdout;
    let revision = format!("\nrevision      {}\n", commit.trim());
    assert!(shown.contains(&revision), "{shown}");
    let json = project
        .run(&["show", "--format=json", "plan.json"])
        .expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("json");
    assert_eq!(json["revision"]["commit"], commit.trim());
    assert_eq!(json["destination"]["baseUrl"], base_url);
}

/// The review was the question. Limits and deletions are agreements of their own.
#[test]
fn a_plan_file_is_not_asked_about_but_keeps_to_limits_and_deletions() {
    let (channel, project) = applied(3);
    project.edit("talkform.yaml", "update: 100%", "update: 1, delete: 1");
    let text = project.read("talkform.yaml");
    let text = format!("{text}removed: {{ users: delete }}\n");
    project.write("talkform.yaml", &text);
    let users = many_users(3, "pro");
    project.write("users/a.yaml", &users);
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let sent = channel.about_users().len();
    let ran = project.run(&["apply", "plan.json"]).expect(1);
    assert!(ran.stderr.contains("--approve-limits"), "{}", ran.stderr);
    assert_eq!(channel.about_users().len(), sent);

    let without_one: Vec<&str> = lines_without(&users, "u-00002");
    project.write("users/a.yaml", &(without_one.join("\n") + "\n"));
    project.edit("talkform.yaml", "update: 1,", "update: 2,");
    project.run(&["plan", "--out", "plan.json"]).expect(0);
    let ran = project.run(&["apply", "plan.json"]).expect(1);
    assert!(ran.stderr.contains("--allow-deletes 1"), "{}", ran.stderr);
    assert_eq!(channel.about_users().len(), sent);
    project
        .run(&["apply", "plan.json", "--allow-deletes", "1"])
        .expect(0);
    assert_eq!(channel.running().member_ids(), ["u-00000", "u-00001"]);
}

/// The lines of a manifest without one user.
fn lines_without<'t>(text: &'t str, without: &str) -> Vec<&'t str> {
    let lines = text.lines();
    lines.filter(|line| !line.contains(without)).collect()
}

#[test]
fn an_unreadable_plan_file_is_refused() {
    let (_channel, project) = applied(1);
    for text in [
        "",
        "{}",
        "[]",
        "{\"formatVersion\": 99}",
        "\u{0}",
        "{\"formatVersion\":1,\"kind\":\"plan\"}",
    ] {
        project.write("plan.json", text);
        for arguments in [
            &["apply", "plan.json", "--auto-approve"][..],
            &["show", "plan.json"],
        ] {
            let ran = project.run(arguments).expect(1);
            assert!(
                ran.stderr.contains("cannot use the plan plan.json"),
                "{}",
                ran.stderr
            );
        }
    }
    project
        .run(&["apply", "nowhere.json", "--auto-approve"])
        .expect(1);
}
