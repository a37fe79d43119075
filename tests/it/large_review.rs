//! Plans of ten thousand changes and of three, as comments on a pull request; and a pull request from a fork.

use std::fmt::Write as _;
use std::process::Command;

use crate::command::{command, git};
use crate::project::{Channel, Project, TALKFORM};

/// Ten thousand users; `after` is what a large edit makes of them.
fn ten_thousand(after: bool) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n".to_owned();
    let numbers = if after { 0..9_950 } else { 0..9_900 };
    for number in numbers {
        if after && (9_000..9_040).contains(&number) {
            continue;
        }
        let plan = if after && number < 8_000 {
            "pro"
        } else {
            "free"
        };
        let seats = if after && (8_000..8_600).contains(&number) {
            number * 2
        } else {
            number
        };
        let beta = if after && (8_600..8_800).contains(&number) {
            ""
        } else {
            ", beta: true"
        };
        let flag = !(after && number == 8_900);
        let _ = writeln!(
            text,
            "  - {{ memberId: \"u-{number:05}\", profile: {{ plan: {plan}, seats: {seats}{beta}, email: u{number}@example.com }}, unsubscribeEmail: {flag} }}"
        );
    }
    text
}

#[test]
fn ten_thousand_changes_fit_into_one_comment() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &ten_thousand(false));
    project.run(&["apply", "--auto-approve"]).expect(0);
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "one"]);
    project.write("users/a.yaml", &ten_thousand(true));
    let markdown = |more: &[&str]| {
        let arguments = [&["plan", "--base", "HEAD", "--format", "markdown"], more].concat();
        project.run(&arguments).expect(0).stdout
    };
    let text = markdown(&[]);
    assert!(text.len() <= 60_000, "{} bytes", text.len());
    let top: Vec<&str> = text.lines().take(60).collect();
    println!("{}", top.join("\n"));
    let top = top.join("\n");
    assert!(text.starts_with("<!-- talkform plan -->\n"));
    assert!(top.contains("50 to create"), "{top}");
    assert!(top.contains("8801 to update"), "{top}");
    assert!(top.contains("40 to forget"), "{top}");
    assert!(
        top.contains("optIn"),
        "the limit that trips is at the top: {top}"
    );
    let at = |part: &str| {
        text.find(part)
            .unwrap_or_else(|| panic!("`{part}` in {text}"))
    };
    assert!(
        at("u-08900") < at("u-09000"),
        "the opt-in comes before those forgotten"
    );
    assert!(
        at("u-09000") < at("8000 users"),
        "those forgotten come before the rest"
    );
    assert!(
        text.contains("\"free\" -> \"pro\""),
        "the large group is one line"
    );
    assert!(!text.contains("@example.com"));
    assert_eq!(
        text.matches("<details").count(),
        text.matches("</details>").count()
    );
    let small = markdown(&["--max-bytes", "3000"]);
    assert!(small.len() <= 3000, "{} bytes", small.len());
    assert!(
        small.lines().take(8).any(|line| line.contains("shortened")),
        "{small}"
    );
    let json = project.run(&["plan", "--format", "json"]).expect(0).stdout;
    assert_eq!(
        json.matches("\"action\":").count(),
        8_891,
        "the whole is in the JSON"
    );
}

#[test]
fn three_changes_are_shown_with_old_and_new() {
    let channel = Channel::start();
    let project = channel.project();
    let text = crate::project::many_users(40, "free");
    project.write("users/a.yaml", &text);
    project.run(&["apply", "--auto-approve"]).expect(0);
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "one"]);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: pro, seats: 3 ",
    );
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 4 ",
        "plan: free, seats: \"4\" ",
    );
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 5 ",
        "plan: basic, seats: 50 ",
    );
    for format in ["text", "markdown"] {
        let ran = project
            .run(&["plan", "--base", "HEAD", "--format", format])
            .expect(0);
        for line in [
            "\"free\" -> \"pro\"",
            "4 -> \"4\"",
            "\"free\" -> \"basic\"",
            "5 -> 50",
        ] {
            assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
        }
    }
}

/// What the recipe for forks runs, where there is no network at all and no secret.
#[test]
fn a_fork_plans_without_network_and_secret() {
    let isolated = ["--user", "--map-root-user", "--net"];
    let can = Command::new("unshare").args(isolated).arg("true").status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this machine makes no network namespaces");
        return;
    }
    let project = Project::example("shop");
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "one"]);
    let output = command("unshare", project.path())
        .args(isolated)
        .args([
            "sh",
            "-c",
            "test \"$(grep -c : /proc/self/net/dev)\" -le 1 || exit 99; exec \"$@\"",
            "sh",
        ])
        .arg(TALKFORM)
        .args([
            "plan",
            "--base",
            "HEAD",
            "--format",
            "markdown",
            "--out",
            "plan.json",
        ])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.starts_with("<!-- talkform plan -->\n") && text.contains("to create"),
        "{text}"
    );
    assert!(project.at("plan.json").exists());
}
