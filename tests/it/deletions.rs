//! Tests deletions with `removed.users: delete`: the approval that they need, and what remains if one fails.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::command::finish;
use crate::project::{Channel, Project, TALKFORM, many_users};

const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// So many users applied, and a project that deletes up to `limit` of them.
fn applied(channel: &Channel, users: usize, limit: usize) -> Project {
    let project = channel.project();
    let text = project.read("talkform.yaml");
    let text = text.replace(
        "forget: 100%",
        &format!("forget: 100%, delete: {limit}, minUsers: 0"),
    );
    project.write(
        "talkform.yaml",
        &format!("{text}removed: {{ users: delete }}\n"),
    );
    keep(&project, users);
    project.run(&APPLY).expect(0);
    project
}

fn keep(project: &Project, users: usize) {
    let text = many_users(users, "pro");
    let text = if users == 0 {
        text.replace("users:", "users: []")
    } else {
        text
    };
    project.write("users/a.yaml", &text);
}

fn deletes(channel: &Channel) -> Vec<String> {
    let log = channel.about_users().into_iter();
    let deletes = log.filter(|logged| logged.method == "DELETE");
    deletes.map(|logged| logged.path).collect()
}

#[test]
fn by_default_none_is_within_the_limit() {
    let channel = Channel::start();
    let project = applied(&channel, 3, 0);
    keep(&project, 2);
    let ran = project
        .run(&["apply", "--auto-approve", "--allow-deletes", "1"])
        .expect(1);
    let row = "delete     0                             1   <- too many";
    assert!(ran.stdout.contains(row), "{}", ran.stdout);
    assert!(deletes(&channel).is_empty());
}

#[test]
fn a_number_has_to_be_agreed_to() {
    let channel = Channel::start();
    let project = applied(&channel, 5, 3);
    keep(&project, 2);
    let plan = project.run(&["plan"]).expect(0).stdout;
    for words in [
        "x delete",
        "# u-00004 is no longer declared: deleted on Channel, for good\n  x u-00004",
        "Plan: 3 to delete. 2 unchanged.",
        "3 users will be deleted on Channel. That cannot be undone.",
    ] {
        assert!(plan.contains(words), "{words}\n{plan}");
    }
    let markdown = project
        .run(&["plan", "--format", "markdown"])
        .expect(0)
        .stdout;
    for words in [
        "**3 users will be deleted on Channel. That cannot be undone.**",
        "<details open><summary><b>Deleted on Channel, for good</b> (3 users)</summary>",
        "`u-00004` is no longer declared: deleted on Channel, for good\n",
    ] {
        assert!(markdown.contains(words), "{words}\n{markdown}");
    }
    let ran = project.run(&APPLY).expect(1);
    assert!(
        ran.stderr.contains("deletes 3 users on Channel"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--allow-deletes 3"), "{}", ran.stderr);
    for few in ["0", "2"] {
        let ran = project
            .run(&["apply", "--auto-approve", "--allow-deletes", few])
            .expect(1);
        assert!(
            ran.stderr.contains(&format!("agrees to {few}")),
            "{}",
            ran.stderr
        );
    }
    // Nobody to ask, and a number alone is no approval of the plan.
    let ran = project.run(&["apply", "--allow-deletes", "3"]).expect(1);
    assert!(ran.stderr.contains("--auto-approve"), "{}", ran.stderr);
    assert!(deletes(&channel).is_empty());

    // More than enough is enough.
    let ran = project
        .run(&["apply", "--auto-approve", "--allow-deletes", "4"])
        .expect(0);
    assert!(ran.stdout.contains("Users: 3 deleted."), "{}", ran.stdout);
    assert_eq!(channel.running().member_ids(), ["u-00000", "u-00001"]);
    assert_eq!(deletes(&channel).len(), 3);
    assert!(!project.read("talkform.state.json").contains("u-00004"));
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn nobody_is_deleted_where_a_manifest_is_wrong() {
    let channel = Channel::start();
    let project = applied(&channel, 3, 3);
    keep(&project, 2);
    project.write(
        "users/b.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: u-9\ntags: [1]\n",
    );
    let asked = channel.running().log().len();
    let allowed = ["apply", "--auto-approve", "--allow-deletes", "3"];
    project.run(&allowed).expect(1);
    project.write("users/b.yaml", "kind: [\n");
    project.run(&allowed).expect(1);
    assert_eq!(channel.running().log().len(), asked);
    assert_eq!(channel.running().member_ids().len(), 3);
}

#[test]
fn who_is_not_there_any_more_is_deleted() {
    let channel = Channel::start();
    let project = applied(&channel, 3, 3);
    let state = project.read("talkform.state.json");
    let another = Channel::start();
    let project = applied(&another, 0, 3);
    project.write("talkform.state.json", &state);
    project.run(&["state", "retarget"]).expect(0);
    let ran = project
        .run(&["apply", "--auto-approve", "--allow-deletes", "3"])
        .expect(0);
    assert!(ran.stdout.contains("3 deleted"), "{}", ran.stdout);
    let statuses: Vec<Option<u16>> = another.about_users().iter().map(|l| l.status).collect();
    assert_eq!(statuses, [Some(404); 3]);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let channel = Channel::start();
    let project = applied(&channel, 3, 3);
    keep(&project, 2);
    // The first three requests were the upserts.
    channel
        .running()
        .set_faults(vec!["reset-after#4".parse().expect("a fault")]);
    project
        .run(&[
            "apply",
            "--auto-approve",
            "--allow-deletes",
            "1",
            "--retry-pause",
            "1ms",
        ])
        .expect(0);
    assert_eq!(deletes(&channel).len(), 2);
    assert_eq!(channel.running().member_ids().len(), 2);
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_rejected_deletion_stays_recorded_and_is_reported() {
    let channel = Channel::start();
    let project = applied(&channel, 3, 3);
    keep(&project, 1);
    channel
        .running()
        .set_faults(vec!["409@u-00002".parse().expect("a fault")]);
    let allowed = ["apply", "--auto-approve", "--allow-deletes", "2"];
    for attempt in 1..=2 {
        let ran = project.run(&allowed).expect(3);
        assert!(
            ran.stdout.contains("u-00002: 409 sandboxFault"),
            "{}",
            ran.stdout
        );
        let state: Value =
            serde_json::from_str(&project.read("talkform.state.json")).expect("json");
        assert!(state["users"].get("u-00002").is_some(), "{state}");
        assert!(state["users"].get("u-00001").is_none(), "{state}");
        assert_eq!(state["rejected"]["u-00002"]["attempts"], attempt);
        let plan = project.run(&["plan"]).expect(0).stdout;
        assert!(
            plan.contains("rejected last time: 409 sandboxFault"),
            "{plan}"
        );
    }
    // Declared again, nothing is wanted of Channel, and the refusal says nothing any more.
    keep(&project, 3);
    channel.running().set_faults(Vec::new());
    project.run(&APPLY).expect(0);
    let state: Value = serde_json::from_str(&project.read("talkform.state.json")).expect("json");
    assert_eq!(state["rejected"], serde_json::json!({}));
    keep(&project, 1);
    let plan = project.run(&["plan"]).expect(0).stdout;
    assert!(!plan.contains("rejected last time"), "{plan}");
    assert!(plan.contains("2 to delete"), "{plan}");
}

#[test]
fn killed_in_the_middle_of_two_hundred_deletions() {
    const USERS: usize = 200;
    let channel = Channel::start();
    let project = applied(&channel, USERS, USERS);
    keep(&project, 1);
    channel
        .running()
        .set_faults(vec!["slow=5ms".parse().expect("a fault")]);
    let allowed = ["apply", "--auto-approve", "--allow-deletes", "199"];
    let mut child = project.start(&allowed);
    while deletes(&channel).len() < USERS / 2 && child.try_wait().expect("a child").is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("killed");
    assert_eq!(finish(child).code, None);
    let left = channel.running().member_ids().len();
    assert!(left > 1, "{left}");

    let ran = project.run(&allowed).expect(0);
    assert!(
        ran.stderr.contains("replayed from its journal"),
        "{}",
        ran.stderr
    );
    assert_eq!(channel.running().member_ids(), ["u-00000"]);
    // Those that were under way are asked for again, no others.
    assert!(
        deletes(&channel).len() < USERS + 8,
        "{}",
        deletes(&channel).len()
    );
    project.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// On a terminal that `script` makes; without it the test says that it was skipped.
#[test]
fn a_person_types_the_number() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: script is not installed (apt-get install bsdutils)");
        return;
    }
    let channel = Channel::start();
    let project = applied(&channel, 3, 3);
    keep(&project, 1);
    let typed = |arguments: &str, lines: &str| {
        let mut child = project
            .through("script")
            .env("NO_COLOR", "1")
            .args([
                "-qec",
                &format!("{TALKFORM} apply {arguments}"),
                "/dev/null",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .expect("script runs");
        let mut keyboard = child.stdin.take().expect("a keyboard");
        keyboard.write_all(lines.as_bytes()).expect("typed");
        let ran = finish(child);
        drop(keyboard);
        ran
    };
    for wrong in ["no\n", "yes\nyes\n", "yes\ndelete 3\n", "yes\ndelete\n"] {
        let ran = typed("", wrong);
        assert_eq!(ran.code, Some(1), "{wrong:?} {}", ran.all());
        assert!(deletes(&channel).is_empty(), "{wrong:?}");
    }
    let ran = typed("", "yes\ndelete 2\n");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(ran.stdout.contains("Type `delete 2`"), "{}", ran.stdout);
    let base_url = channel.running().base_url();
    for question in [
        format!("Apply to channel sandbox \"Sandbox\" at {base_url}?"),
        format!("2 users will be deleted from channel sandbox \"Sandbox\" at {base_url}."),
    ] {
        assert!(ran.stdout.contains(&question), "{question}: {}", ran.stdout);
    }
    assert_eq!(deletes(&channel).len(), 2);

    // Agreed to beforehand, the number is not asked for again.
    keep(&project, 0);
    let ran = typed("--allow-deletes 1", "yes\n");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(channel.running().member_ids().is_empty());
}
