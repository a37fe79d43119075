//! Checks that no part of a sensitive value is in a trace log or a diagnostic, also if Channel echoes it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::command::{finish, git};
use crate::project::Project;

/// A Channel that echoes every body in its responses, refuses every third user, and looks into the journal
/// while the run is under way.
fn echoing(journal: PathBuf) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let seen = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&seen);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            let mut first = String::new();
            for line in reader.by_ref().lines().map_while(Result::ok) {
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = value.parse().expect("a length");
                }
                if first.is_empty() {
                    first = line;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let body = String::from_utf8(body).expect("JSON");
            if let Ok(text) = std::fs::read_to_string(&journal) {
                log.lock().expect("a log").push_str(&text);
            }
            let (status, answer) = if first.contains("/channel") {
                ("200 OK", r#"{"channel":{"id":"sandbox"}}"#.to_owned())
            } else if number % 3 == 0 {
                let words = serde_json::json!({
                    "type": format!("refused {body}"), "status": 422,
                    "errors": [{ "message": format!("not taken: {body}"), "field": body }],
                });
                ("422 Unprocessable Entity", words.to_string())
            } else {
                ("200 OK", format!("{{\"user\":{body}}}"))
            };
            let _ = write!(
                &stream,
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    (format!("http://{address}"), seen)
}

pub(crate) fn manifest(users: &[(String, String, String)], plan: &str) -> String {
    let mut text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n".to_owned();
    for (number, (name, email, phone)) in users.iter().enumerate() {
        let lines = [
            format!("  - memberId: \"u{number}\"\n"),
            format!(
                "    profile: {{ plan: {plan}, name: \"{name}\", email: \"{email}@x.kr\", workPhone: \"{phone}\" }}\n"
            ),
        ];
        text.push_str(&lines.concat());
    }
    text
}

pub(crate) fn leaks<'s>(secrets: impl Iterator<Item = &'s String>, texts: &[(String, String)]) {
    for secret in secrets {
        let letters: Vec<char> = secret.chars().collect();
        for part in letters.windows(6) {
            let part: String = part.iter().collect();
            for (what, text) in texts {
                assert!(!text.contains(&part), "`{part}` in {what}:\n{text}");
            }
        }
    }
}

fn one_project(before: &[(String, String, String)], after: &[(String, String, String)]) {
    let project = Project::new("");
    let (url, journal) = echoing(project.at("talkform.state.json.journal"));
    project.write(
        "talkform.yaml",
        &format!(
            "channel: {{ id: sandbox, baseUrl: \"{url}\", rate: {{ perSecond: 1000000, burst: 1000000 }} }}\nsensitive: [profile.name, profile.email, \"profile.*Phone\"]\nrules: rules.json\nlimits: {{ update: 100%, forget: 100%, clear: 100% }}\n"
        ),
    );
    project.write("rules.json", "{}");
    project.write("users/a.yaml", &manifest(before, "free"));
    git(project.path(), &["init", "-q"]);
    git(project.path(), &["add", "-A"]);
    git(project.path(), &["commit", "-q", "-m", "one"]);
    let mut texts = Vec::new();
    let mut run = |arguments: &[&str], allowed: &[i32]| {
        let mut command = project.command(arguments);
        command
            .env("TALKFORM_LOG", "trace")
            // The echo does not name the user, so that every accepted request is retried.
            .env("TALKFORM_RETRY_PAUSE", "1ms")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", project.at("output"))
            .env("GITHUB_STEP_SUMMARY", project.at("summary"));
        let ran = finish(command.spawn().expect("talkform runs"));
        assert!(
            ran.code.is_some_and(|code| allowed.contains(&code)),
            "{arguments:?}: {}",
            ran.all()
        );
        texts.push((format!("{arguments:?}"), ran.all()));
    };
    let apply = ["apply", "--auto-approve", "--parallelism", "1"];
    run(&apply, &[0, 3]);
    project.write("users/a.yaml", &manifest(after, "pro"));
    run(&["plan", "--base", "HEAD", "--out", "plan.json"], &[0]);
    run(
        &["plan", "--base", "HEAD", "--format", "json", "--full"],
        &[0],
    );
    run(&["plan", "--base", "HEAD", "--format", "markdown"], &[0]);
    run(&["show", "plan.json"], &[0]);
    run(
        &[
            "apply",
            "plan.json",
            "--auto-approve",
            "--format=json",
            "--log-format",
            "json",
        ],
        &[0, 3],
    );
    run(&["state", "list"], &[0]);
    run(&["state", "show", "u1"], &[0, 1]);
    run(&["validate", "--print"], &[0]);
    project.write("rules.json", r#"{"properties":{"profile":{"properties":{"name":{"maxLength":2},"email":{"const":"x"}},"maxProperties":1}}}"#);
    run(&["validate"], &[1]);
    run(&["validate", "--format", "json"], &[1]);
    project.write("rules.json", "{}");
    let good = project.read("users/a.yaml");
    for (from, to) in [
        ("name: \"", "name: !!binary \""),
        ("email: \"", "email: [1, \""),
        ("workPhone: \"", "workPhone: \""),
        ("profile: {", "profile: { name: \"x\","),
        ("profile: {", "profil: {"),
        ("    profile:", "  profile:"),
        ("workPhone", "work.Phone"),
        ("@x.kr\"", "@x.kr"),
    ] {
        project.write("users/a.yaml", &good.replacen(from, to, 2));
        run(&["validate"], &[0, 1]);
        run(&["plan"], &[0, 1]);
    }
    for name in ["talkform.state.json", "plan.json", "output", "summary"] {
        texts.push((name.to_owned(), project.read(name)));
    }
    let journal = journal.lock().expect("a log").clone();
    assert!(journal.contains("u1"), "the journal was seen");
    texts.push(("journal".to_owned(), journal));
    assert!(
        texts.iter().any(|(_, text)| text.contains("422")),
        "refusals were seen"
    );
    let secrets = before
        .iter()
        .chain(after)
        .flat_map(|(name, email, phone)| [name, email, phone]);
    leaks(secrets, &texts);
}

#[test]
fn no_part_of_a_sensitive_value_is_anywhere() {
    // Capitals and Hangul: nothing that the program itself writes looks like that.
    let secret = || "([A-Z]{8,20}|[가-힣]{6,12}|[A-Z]{6} [가-힣]{6})";
    let email = || "[A-Z]{8,16}";
    let users = || prop::collection::vec((secret(), email(), secret()), 4..8);
    let config = Config {
        cases: 6,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&(users(), users()), |(before, after)| {
            one_project(&before, &after);
            Ok(())
        })
        .expect("no leak");
}
