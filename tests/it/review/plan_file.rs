//! A reviewed plan file runs as reviewed, or is refused.

use std::fs;

use crate::review::applied::applied;

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
