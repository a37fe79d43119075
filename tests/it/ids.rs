//! `sensitive: [memberId]`: digests stand for ids in every output.

use crate::command::{Ran, finish, git};
use crate::project::{Channel, Project};
use crate::raw_channel::{RawChannel, whole};

const USERS: &str = "apiVersion: talkform/v1
kind: UserList
users:
  - memberId: kim.seoyeon@example.com
    profile: { plan: pro, note: mail kim.seoyeon@example.com }
    tags: [kim.seoyeon@example.com]
  - { memberId: lee-minjun-7, profile: { plan: free } }
";
const PIECES: [&str; 4] = ["seoyeon", "example.com", "minjun", "park-jiwoo"];

/// Fails where a part of an id is in a text.
#[track_caller]
fn no_id(what: &str, text: &str) {
    for piece in PIECES {
        assert!(!text.contains(piece), "{piece} in {what}:\n{text}");
    }
}

/// Runs a command as CI does, with all of the log, and checks both streams and what CI keeps.
#[track_caller]
fn run(project: &Project, arguments: &[&str], code: i32) -> Ran {
    let mut command = project.command(arguments);
    command
        .env("TALKFORM_LOG", "trace")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", project.at("output"))
        .env("GITHUB_STEP_SUMMARY", project.at("summary"));
    let ran = finish(command.spawn().expect("talkform runs")).expect(code);
    no_id(&format!("{arguments:?}"), &ran.all());
    for kept in ["output", "summary"] {
        if project.at(kept).exists() {
            no_id(kept, &project.read(kept));
        }
    }
    ran
}

/// The digests in a text.
fn digests(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("id:") {
        let digits: String = text[at + 3..]
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .collect();
        if digits.len() == 12 {
            found.push(format!("id:{digits}"));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn hiding(channel: &Channel) -> Project {
    let project = channel.project();
    let text = project.read("talkform.yaml");
    let text = format!("{text}sensitive: [memberId]\n");
    project.write("talkform.yaml", &text);
    project.write("users/a.yaml", USERS);
    project
}

#[test]
fn a_digest_stands_for_an_id_in_every_output() {
    let channel = Channel::start();
    let project = hiding(&channel);
    for format in ["text", "markdown", "json", "html"] {
        let ran = run(&project, &["plan", "--format", format], 0);
        assert_eq!(digests(&ran.stdout).len(), 2, "{}", ran.stdout);
    }
    run(&project, &["validate", "--print"], 0);
    run(&project, &["apply", "--auto-approve"], 0);
    let listed = run(&project, &["state", "list"], 0).stdout;
    let all = digests(&listed);
    assert_eq!(all.len(), 2, "{listed}");

    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-qm", "one"]);
    project.edit(
        "users/a.yaml",
        "lee-minjun-7, profile: { plan: free }",
        "park-jiwoo, profile: { plan: free }",
    );
    for arguments in [
        &["plan", "--out", "plan.json", "--base", "HEAD"][..],
        &["plan", "--format", "json", "--full"],
        &["plan", "--refresh"],
        &["plan", "--select", "park-jiwoo", "--out", "selected.json"],
        &["plan", "--select", "lee-minjun*"],
        &["show", "selected.json"],
        &["show", "plan.json"],
        &["show", "--format", "json", "plan.json"],
        &["show"],
        &["drift"],
        &["drift", "--format", "markdown"],
    ] {
        run(&project, arguments, 0);
    }
    // The removed user is shown as before.
    let plan = run(&project, &["plan"], 0).stdout;
    let shown = digests(&plan);
    assert_eq!(
        shown.iter().filter(|digest| all.contains(digest)).count(),
        1,
        "{plan}"
    );
    run(&project, &["apply", "plan.json", "--format", "json"], 0);
    run(&project, &["apply", "plan.json", "--format", "json"], 1);
    run(
        &project,
        &[
            "import",
            "park-jiwoo",
            "kim.seoyeon@example.com",
            "lee-minjun-8",
        ],
        1,
    );
    let split = ["import", "--split", "users/more", "lee-minjun-7"];
    run(&project, &split, 0);
    let names: Vec<String> = std::fs::read_dir(project.at("users/more"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    no_id("names of files", &names.join(" "));

    // Locally, a digest leads to its user.
    for digest in &all {
        let ran = project.run(&["state", "show", digest]).expect(0);
        assert!(
            PIECES.iter().any(|piece| ran.stdout.contains(piece)),
            "{}",
            ran.stdout
        );
    }
    run(&project, &["state", "forget", &all[0]], 0);
    assert_eq!(project.run(&["state", "show", &all[0]]).code, Some(1));
    let open = project.run(&["plan", "--show-sensitive"]).expect(0);
    assert!(digests(&open.stdout).is_empty(), "{}", open.stdout);
}

#[test]
fn errors_and_warnings_show_no_id() {
    let project = Project::new("sensitive: [MEMBER-ID]\n");
    let user = |id: &str| format!("  - {{ memberId: {id}, profile: {{ plan: pro }} }}\n");
    let list = |users: &[String]| {
        format!(
            "apiVersion: talkform/v1\nkind: UserList\nusers:\n{}",
            users.concat()
        )
    };
    for users in [
        vec![user("lee-minjun-7"), user("lee-minjun-7")],
        vec![user("lee-minjun-7"), user("Lee-minjun-7")],
        vec![user("lee-minjun-7"), user("lee-m\u{456}njun-7")],
        vec![user("'lee minjun'")],
        vec![user("[lee-minjun-7]")],
        vec![user("{ lee-minjun-7: 1 }")],
        vec![
            user("lee-minjun-7 # lee-minjun-7\n"),
            "lee-minjun-7".to_owned(),
        ],
        vec![user("lee-minjun-7, lee-minjun-7: lee-minjun-7")],
    ] {
        project.write("users/a.yaml", &list(&users));
        for command in [
            &["validate"][..],
            &["validate", "--format", "json"],
            &["plan"],
        ] {
            let ran = project.run(command);
            no_id(&format!("{command:?}"), &ran.all());
        }
    }
    // An id that is a number without quotes.
    project.write("users/a.yaml", &list(&[user("01034567890")]));
    let ran = project.run(&["validate"]).expect(1);
    assert!(!ran.all().contains("0103456"), "{}", ran.all());
    let moves = "moved:\n  - { from: lee-minjun-7, to: park-jiwoo }\n  - { from: park-jiwoo, to: lee-minjun-7 }\n";
    project.write(
        "users/a.yaml",
        &list(&[moves.to_owned(), user("park-jiwoo")])
            .replace("users:\nmoved", "moved")
            .replace(
                "- { from: park-jiwoo, to: lee-minjun-7 }\n",
                "- { from: park-jiwoo, to: lee-minjun-7 }\nusers:\n",
            ),
    );
    let ran = project.run(&["validate"]).expect(1);
    assert!(ran.stderr.contains("moves on"), "{}", ran.stderr);
    no_id("moves", &ran.all());
    project.write("users/a.yaml", &list(&[user("u-1")]));
    let ran = project.run(&["import", "lee minjun"]).expect(64);
    no_id("a wrong id", &ran.all());
}

#[test]
fn a_rejection_and_a_failure_show_no_id() {
    let message = r#"{"message":"user kim.seoyeon@example.com and lee-minjun-7 are unknown"}"#;
    for (status, code) in [(422, 3), (500, 3)] {
        let answer = whole(status, "application/json", message);
        let channel = RawChannel::start(move |_| answer.clone());
        let project = channel.project("sensitive: [memberId]\nlimits: { create: 5 }\n");
        project.write("users/a.yaml", &USERS.replace("  - memberId: kim.seoyeon@example.com\n    profile: { plan: pro, note: mail kim.seoyeon@example.com }\n    tags: [kim.seoyeon@example.com]\n", ""));
        let apply = ["apply", "--auto-approve", "--retry-pause", "1ms"];
        run(&project, &apply, code);
        run(&project, &["plan"], 0);
        run(&project, &["state", "list"], 0);
    }
}

#[test]
fn ids_that_look_personal_are_one_warning() {
    let project = Project::new("");
    project.write(
        "users/a.yaml",
        &USERS.replace("lee-minjun-7", "\"010-1234-5678\""),
    );
    let told = project.run(&["validate"]).expect(0).stderr;
    assert_eq!(told.matches("personal-member-id").count(), 1, "{told}");
    assert!(
        told.contains("2 member ids look like an e-mail address"),
        "{told}"
    );
    assert!(told.contains("users/a.yaml:4"), "{told}");
    let project = Project::new("sensitive: [memberId]\n");
    project.write("users/a.yaml", USERS);
    assert_eq!(project.run(&["validate"]).expect(0).stderr, "");
}

#[test]
fn a_pattern_that_matches_nobody_is_not_repeated() {
    let channel = Channel::start();
    let project = hiding(&channel);
    for command in ["plan", "apply"] {
        let ran = run(&project, &[command, "--select", "park-jiwoo"], 1);
        assert!(
            ran.stderr.contains("no user matches the pattern"),
            "{}",
            ran.stderr
        );
    }
    run(&project, &["apply", "--auto-approve"], 0);
    for arguments in [
        &["drift", "--select", "park-jiwoo", "--select", "lee-minjun*"][..],
        &["state", "list", "park-jiwoo", "lee-minjun*"],
    ] {
        let ran = run(&project, arguments, 1);
        assert!(
            ran.stderr.contains("no user matches 1 of the 2 patterns"),
            "{}",
            ran.stderr
        );
    }
    let shown = ["plan", "--select", "park-jiwoo", "--show-sensitive"];
    let ran = project.run(&shown).expect(1);
    assert!(
        ran.stderr.contains("no user matches park-jiwoo"),
        "{}",
        ran.stderr
    );
}

/// A pull request that makes ids or values public uncovers none, not in problems of its manifests either.
#[test]
fn what_the_base_hides_is_hidden_in_problems() {
    let channel = Channel::start();
    let project = hiding(&channel);
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-qm", "one"]);
    let open = project.read("talkform.yaml");
    let open = open.replace("sensitive: [memberId]", "sensitive: []");
    project.write("talkform.yaml", &open);
    let plan = ["plan", "--base", "HEAD"];
    for (from, to) in [
        // Two users that look alike, the same user twice, a wrong value, a wrong id.
        ("lee-minjun-7, profile", "Kim.seoyeon@example.com, profile"),
        ("lee-minjun-7, profile", "kim.seoyeon@example.com, profile"),
        ("plan: pro", "plan: [kim.seoyeon@example.com, 1]"),
        ("memberId: kim.seoyeon", "memberId: kim seoyeon"),
    ] {
        project.write("users/a.yaml", &USERS.replace(from, to));
        let ran = project.run(&plan);
        assert!(!ran.stderr.is_empty(), "{from}");
        no_id(to, &ran.all());
    }
    project.write("users/a.yaml", USERS);
    let ran = run(
        &project,
        &["plan", "--base", "HEAD", "--select", "park-jiwoo"],
        1,
    );
    assert!(
        ran.stderr.contains("no user matches the pattern"),
        "{}",
        ran.stderr
    );
    run(
        &project,
        &["plan", "--base", "HEAD", "--select", "lee-minjun*"],
        0,
    );
    // Without the base they are shown, so the test can fail.
    let ran = project.run(&["plan"]).expect(0);
    assert!(ran.all().contains("minjun"), "{}", ran.all());
}
