//! Wrong answers to a PUT, a GET and a DELETE, with what each comes to. `--nocapture` prints the table.
//!
//! `cargo test --test it wrong_answers -- --nocapture`

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::project::Project;
use crate::raw_channel::{RawChannel, cut, user, whole};

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const BOTH: &str = "apiVersion: talkform/v1
kind: UserList
users:
  - { memberId: u-1, profile: { plan: pro } }
  - { memberId: u-2, profile: { plan: pro } }
";

/// One answer about `u-2`, and what it comes to for a PUT, a GET and a DELETE.
struct Row {
    name: &'static str,
    answer: Vec<u8>,
    outcomes: [&'static str; 3],
}

/// Retried, then failed; Channel may have carried it out.
const FAILED: &str = "6 sent, failed, pending, exit 3";
const UNREAD: &str = "6 sent, not read, exit 3";
/// Something between this machine and Channel: not repeated.
const BLOCKED: &str = "1 sent, failed, pending, exit 4";
const BROKEN: &str = "1 sent, failed, pending, exit 3";
const REJECTED: &str = "1 sent, rejected, exit 3";
const UNREAD_AT_ONCE: &str = "1 sent, not read, exit 3";

fn rows() -> Vec<Row> {
    let row = |name, answer, outcomes| Row {
        name,
        answer,
        outcomes,
    };
    let other = r#"{"user":{"memberId":"u-1","channelId":"7"}}"#;
    let channel = r#"{"user":{"memberId":"u-2","channelId":"8"}}"#;
    vec![
        row(
            "200, a page",
            whole(200, HTML, "<html>Maintenance</html>"),
            [FAILED, UNREAD, FAILED],
        ),
        row(
            "200, an error of Channel's own",
            whole(200, JSON, r#"{"type":"notFound","status":404,"errors":[]}"#),
            [FAILED, UNREAD, FAILED],
        ),
        row(
            "200, a list of errors",
            whole(200, JSON, r#"{"errors":[{"message":"m"}]}"#),
            [FAILED, UNREAD, FAILED],
        ),
        row(
            "200, a body that breaks off",
            cut(200, r#"{"user":{"memberId":"u-2"}}"#),
            [FAILED, UNREAD, FAILED],
        ),
        row(
            "200, another user",
            whole(200, JSON, other),
            [FAILED, UNREAD, FAILED],
        ),
        row(
            "200, a user of another channel",
            whole(200, JSON, channel),
            [FAILED, UNREAD, FAILED],
        ),
        // A DELETE has nothing to show.
        row(
            "200, no body",
            whole(200, JSON, ""),
            [FAILED, UNREAD, "1 sent, deleted, exit 0"],
        ),
        row(
            "202, an empty object",
            whole(202, JSON, "{}"),
            [FAILED, UNREAD, "1 sent, deleted, exit 0"],
        ),
        row(
            "404, a page",
            whole(404, HTML, "<html>Not Found</html>"),
            [BROKEN, UNREAD_AT_ONCE, BROKEN],
        ),
        row(
            "404, a gateway's message",
            whole(404, JSON, r#"{"message":"no Route matched"}"#),
            [REJECTED, UNREAD_AT_ONCE, REJECTED],
        ),
        row(
            "404, problem details",
            whole(404, JSON, r#"{"type":"about:blank","status":404}"#),
            [BROKEN, UNREAD_AT_ONCE, BROKEN],
        ),
        row(
            "403, a firewall's page",
            whole(403, HTML, "<html>Forbidden</html>"),
            [BLOCKED, "1 sent, not read, exit 4", BLOCKED],
        ),
        // The same status from Channel itself.
        row(
            "404, Channel's own error",
            whole(404, JSON, r#"{"type":"notFound","status":404}"#),
            [REJECTED, "1 sent, gone, exit 0", "1 sent, deleted, exit 0"],
        ),
    ]
}

/// What an answer to this method comes to.
fn outcome(method: &'static str, answer: &[u8]) -> String {
    let wrong = answer.to_vec();
    let channel = RawChannel::start(move |arrived| match (&*arrived.method, &*arrived.id) {
        (asked, "u-2") if asked == method => wrong.clone(),
        ("DELETE", _) => whole(200, JSON, "{}"),
        (_, id) => user(id),
    });
    let project = channel.project("removed: { users: delete }\nlimits: { delete: 5, forget: 5 }\n");
    project.write("users/a.yaml", BOTH);
    let apply = [
        "apply",
        "--auto-approve",
        "--allow-deletes",
        "1",
        "--format=json",
    ];
    let retry = ["--retry-pause", "1ms", "--parallelism", "1"];
    let apply = [&apply[..], &retry].concat();
    let ran = match method {
        "PUT" => project.run(&apply),
        "GET" => {
            project.run(&apply).expect(0);
            let drift = ["drift", "--format", "json"];
            project.run(&[&drift[..], &retry].concat())
        }
        _ => {
            project.run(&apply).expect(0);
            project.edit(
                "users/a.yaml",
                "  - { memberId: u-2, profile: { plan: pro } }\n",
                "",
            );
            project.run(&apply)
        }
    };
    let log = channel.log();
    let sent = log
        .iter()
        .filter(|arrived| arrived.method == method && arrived.id == "u-2")
        .count();
    let printed: Json = serde_json::from_str(&ran.stdout).expect("JSON");
    let came_to = match method {
        "GET" => read(&printed).to_owned(),
        _ => applied(&printed, method, &project),
    };
    let code = ran.code.expect("an exit code");
    format!("{sent} sent, {came_to}, exit {code}")
}

/// What a drift report says of the user.
fn read(report: &Json) -> &'static str {
    let users = report["drift"].as_array().expect("a list").iter();
    let mut gone = users.filter(|user| user["id"] == "u-2" && user["standing"] == "gone");
    match (gone.next(), &report["counts"]["asApplied"]) {
        (Some(_), _) => "gone",
        (None, counted) if *counted == 2 => "as applied",
        (None, _) => "not read",
    }
}

/// What a report and the state say of the user. They agree.
fn applied(report: &Json, method: &str, project: &Project) -> String {
    let outcomes = report["outcomes"].as_array().expect("a list").iter();
    let outcome = outcomes.clone().find(|outcome| outcome["id"] == "u-2");
    let outcome = outcome.expect("an outcome");
    let word = outcome["outcome"].as_str().expect("a word");
    let is_pending = outcome["pending"] == true;
    let listed = project.run(&["state", "list"]).expect(0).stdout;
    let line = listed.lines().find(|line| line.starts_with("u-2"));
    let line = line.unwrap_or_default();
    let may_be_either = line.contains("Channel may have either");
    assert_eq!(may_be_either, is_pending, "{outcome} {listed}");
    let has_digest = line.contains('Z');
    match (word, method) {
        ("applied", "DELETE") => {
            assert_eq!(line, "", "{listed}");
            "deleted".to_owned()
        }
        ("applied", _) => {
            assert!(has_digest, "{listed}");
            "recorded".to_owned()
        }
        (word, _) => {
            assert_eq!(has_digest, method == "DELETE", "{listed}");
            format!("{word}{}", if is_pending { ", pending" } else { "" })
        }
    }
}

#[test]
fn what_each_comes_to() {
    let methods = ["PUT", "GET", "DELETE"];
    let mut table = format!("{:31}", "");
    for method in methods {
        write!(table, " | {method:31}").expect("a text");
    }
    let mut wrong = Vec::new();
    for row in rows() {
        write!(table, "\n{:31}", row.name).expect("a text");
        for (method, expected) in methods.into_iter().zip(row.outcomes) {
            let found = outcome(method, &row.answer);
            write!(table, " | {found:31}").expect("a text");
            if found != expected {
                wrong.push(format!(
                    "{}, {method}: expected {expected}, found {found}",
                    row.name
                ));
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
