//! What was reviewed is what runs: plan files, expected digests, true old values, CI's files.

use std::fs;
use std::path::Path;

use crate::command::git;
use crate::project::{Channel, Project, many_users};

fn applied(users: usize) -> (Channel, Project) {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(users, "free"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    (channel, project)
}

fn commit(folder: &Path, title: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", title]);
}

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
fn nonsense_is_no_plan_file() {
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

#[test]
fn two_clones_in_other_places_order_and_locale_name_the_same_decision() {
    let (_channel, project) = applied(20);
    project.write(
        "users/b.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: ünï-1\nprofile: { name: Ünï, plan: pro }\ntags: [b, a]\n",
    );
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let clone = elsewhere.path().join("another/place");
    git(
        project.path(),
        &["clone", "-q", ".", clone.to_str().expect("UTF-8")],
    );
    let text = fs::read_to_string(clone.join("users/a.yaml")).expect("a manifest");
    let (head, users) = text.split_once("users:\n").expect("a list");
    let mut lines: Vec<&str> = users.lines().collect();
    lines.reverse();
    let (one, other) = lines.split_at(7);
    for (name, part) in [("z.yaml", one), ("0.yaml", other)] {
        let text = format!("# moved\n{head}users:\n{}\n", part.join("\n"));
        fs::write(clone.join("users").join(name), text).expect("written");
    }
    fs::remove_file(clone.join("users/a.yaml")).expect("removed");
    fs::write(
        clone.join("users/b.yaml"),
        "{apiVersion: talkform/v1, kind: User, tags: [a, b], profile: {plan: \"pro\", name: 'Ünï'}, memberId: ünï-1}\n",
    )
    .expect("written");
    let digest = |folder: &Path, locale: &str| {
        let output = Project::command(&project, &["plan"])
            .current_dir(folder)
            .env("LC_ALL", locale)
            .env("TZ", "Asia/Seoul")
            .output()
            .expect("talkform runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.starts_with("Plan digest: "));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let here = digest(project.path(), "C");
    assert!(here.contains("sha256:"));
    assert_eq!(here, digest(&clone, "ko_KR.UTF-8"));
}

#[test]
fn old_values_come_from_the_revision_only_where_they_were_applied() {
    let (_channel, project) = applied(3);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "applied");
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let plain = project.run(&["plan"]).expect(0);
    assert!(
        plain.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        plain.stdout
    );
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        based.stdout.contains("\"free\" -> \"pro\""),
        "{}",
        based.stdout
    );
    let digest = |text: &str| text.lines().last().map(ToOwned::to_owned);
    assert_eq!(digest(&plain.stdout), digest(&based.stdout));

    // A value that was committed and never applied is no old value.
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 1 ",
        "plan: gold, seats: 1 ",
    );
    commit(project.path(), "never applied");
    project.edit(
        "users/a.yaml",
        "plan: gold, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(
        based.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        based.stdout
    );
    assert!(!based.stdout.contains("gold"), "{}", based.stdout);

    // A revision whose manifests do not read explains nothing, and stops nothing.
    let good = project.read("users/a.yaml");
    project.write("users/a.yaml", "kind: [");
    commit(project.path(), "broken");
    project.write("users/a.yaml", &good);
    let based = project.run(&["plan", "--base", "HEAD"]).expect(0);
    assert!(based.stderr.contains("--base"), "{}", based.stderr);
    assert!(
        based.stdout.contains("(as applied) -> \"pro\""),
        "{}",
        based.stdout
    );
}

#[test]
fn a_shallow_clone_has_its_own_revision_and_says_what_to_do_for_another() {
    let (_channel, project) = applied(3);
    git(project.path(), &["init", "-q"]);
    commit(project.path(), "one");
    let first = git(project.path(), &["rev-parse", "HEAD"]);
    let first = first.trim();
    project.write(
        "users/c.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: c\n",
    );
    commit(project.path(), "two");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let clone = elsewhere.path().join("clone");
    let from = format!("file://{}", project.path().display());
    let to = clone.to_str().expect("UTF-8");
    git(project.path(), &["clone", "-q", "--depth", "1", &from, to]);
    let plan = |revision: &str| {
        let mut command = project.command(&["plan", "--base", revision]);
        command.current_dir(&clone).output().expect("talkform runs")
    };
    assert_eq!(plan("HEAD").status.code(), Some(0));
    for revision in [first, "nowhere", "HEAD:users", "--help", "HEAD\nHEAD"] {
        let output = plan(revision);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            matches!(output.status.code(), Some(1 | 64)),
            "{revision}: {said}"
        );
        if revision.len() == first.len() {
            assert!(said.contains("git fetch --depth=1 origin"), "{said}");
        }
    }
    let outside = applied(1).1;
    let said = outside.run(&["plan", "--base", "HEAD"]).expect(1).stderr;
    assert!(said.contains("not a git repository"), "{said}");
}

#[test]
fn github_gets_numbers_a_summary_and_places() {
    let (_channel, project) = applied(3);
    project.edit(
        "users/a.yaml",
        "plan: free, seats: 1 ",
        "plan: pro, seats: 1 ",
    );
    let (output, summary) = (project.at("output.txt"), project.at("summary.md"));
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary);
        crate::command::finish(command.spawn().expect("talkform runs"))
    };
    let planned = run(&["plan"]).expect(0);
    let numbers = project.read("output.txt");
    for line in [
        "changes=true",
        "create=0",
        "update=1",
        "unchanged=2",
        "requests=1",
        "limits-exceeded=false",
    ] {
        assert!(
            numbers.lines().any(|found| found == line),
            "{line}: {numbers}"
        );
    }
    let digest = numbers
        .lines()
        .find_map(|line| line.strip_prefix("digest="))
        .expect("a digest");
    assert!(planned.stdout.contains(digest));
    assert!(project.read("summary.md").contains("### talkform plan"));
    run(&["apply", "--auto-approve"]).expect(0);
    assert!(
        project
            .read("output.txt")
            .ends_with("failed=0\nstopped=false\n")
    );
    assert!(
        project
            .read("summary.md")
            .contains("### talkform apply\n\n```text\n")
    );
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 1 ",
        "plan: [1, x], seats: 1 ",
    );
    let wrong = run(&["plan"]).expect(1);
    assert!(
        wrong
            .stderr
            .lines()
            .any(|line| line.starts_with("::error file=users/a.yaml,line=5,col=")),
        "{}",
        wrong.stderr
    );
    assert!(!wrong.stdout.contains("::error"));
}

#[test]
fn digests_are_made_anew_with_another_secret() {
    let (channel, project) = applied(30);
    let run = |arguments: &[&str], key: Option<&str>, new: Option<&str>| {
        let mut command = project.command(arguments);
        for (name, value) in [("TALKFORM_STATE_KEY", key), ("TALKFORM_STATE_KEY_NEW", new)] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        crate::command::finish(command.spawn().expect("talkform runs"))
    };
    let sent = channel.about_users().len();
    let first = project.read("talkform.state.json");
    let rekey = ["state", "rekey"];
    run(&rekey, None, None).expect(64);
    run(&rekey, None, Some("first secret")).expect(0);
    let second = project.read("talkform.state.json");
    let digests = |text: &str| -> Vec<String> {
        text.split("\"digest\":\"")
            .skip(1)
            .map(|rest| rest[..64].to_owned())
            .collect()
    };
    assert_eq!(digests(&second).len(), 30);
    assert!(
        digests(&first)
            .iter()
            .zip(digests(&second))
            .all(|(one, other)| *one != other)
    );
    assert!(!second.contains("first secret"));

    let plan = ["plan", "--detailed-exitcode"];
    let missing = run(&plan, None, None).expect(1);
    assert!(
        missing.stderr.contains("TALKFORM_STATE_KEY is not set"),
        "{}",
        missing.stderr
    );
    run(&["apply", "--auto-approve"], Some("another"), None).expect(1);
    run(&rekey, Some("another"), Some("second secret")).expect(1);
    assert_eq!(project.read("talkform.state.json"), second);
    run(&plan, Some("first secret"), None).expect(0);

    project.edit(
        "users/a.yaml",
        "plan: free, seats: 3 ",
        "plan: pro, seats: 3 ",
    );
    let refused = run(&rekey, Some("first secret"), Some("second secret")).expect(1);
    assert!(refused.stderr.contains("  u-00003\n"), "{}", refused.stderr);
    assert_eq!(project.read("talkform.state.json"), second);
    project.edit(
        "users/a.yaml",
        "plan: pro, seats: 3 ",
        "plan: free, seats: 3 ",
    );
    run(&rekey, Some("first secret"), Some("second secret")).expect(0);
    run(&plan, Some("first secret"), None).expect(1);
    run(&plan, Some("second secret"), None).expect(0);
    run(
        &["state", "rekey", "--without-key"],
        Some("second secret"),
        None,
    )
    .expect(0);
    run(&plan, None, None).expect(0);
    assert_eq!(channel.about_users().len(), sent);
}
