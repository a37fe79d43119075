//! Checks that a plan for one destination cannot run at another.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use talkform::sandbox::SandboxSettings;

use crate::command::Ran;
use crate::project::{Channel, Project, many_users};
use crate::raw_channel::{RawChannel, user, whole};

const USERS: usize = 3;

/// A sandbox with a channel of this id.
fn channel(id: &str) -> Channel {
    Channel::with(SandboxSettings {
        channel_id: id.to_owned(),
        ..SandboxSettings::default()
    })
}

/// A project with an environment for each channel.
fn project(environments: &[(&str, &str, &Channel)]) -> Project {
    let lines = environments.iter().map(|(name, id, channel)| {
        let base_url = channel.running().base_url();
        format!(
            "  {name}: {{ channel: {{ id: {id}, baseUrl: \"{base_url}\" }}, state: {name}.state.json }}\n"
        )
    });
    let lines: Vec<String> = lines.collect();
    let project = Project::new(&format!("environments:\n{}", lines.concat()));
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    project
}

fn digest(plan: &Ran) -> String {
    let line = plan.stdout.lines();
    let mut digests = line.filter_map(|line| line.strip_prefix("Plan digest: "));
    digests.next().expect("a digest").to_owned()
}

/// Fails unless nothing at all arrived there.
#[track_caller]
fn untouched(channel: &Channel) {
    assert!(channel.running().log().is_empty());
}

#[test]
fn a_plan_for_staging_does_not_run_in_production() {
    let (staging, production) = (channel("stg"), channel("prd"));
    let project = project(&[("staging", "stg", &staging), ("prod", "prd", &production)]);
    let plan = project
        .run(&["plan", "--env", "staging", "--out", "staging.plan"])
        .expect(0);
    assert_ne!(
        digest(&plan),
        digest(&project.run(&["plan", "--env", "prod"]).expect(0))
    );
    let expected = digest(&plan);
    let apply = ["apply", "--env", "prod", "--auto-approve"];
    let ran = project
        .run(&[&apply[..], &["--expect", &expected]].concat())
        .expect(1);
    assert!(ran.stderr.contains("not the expected one"), "{}", ran.all());
    let ran = project
        .run(&[&apply[..], &["staging.plan"]].concat())
        .expect(1);
    for words in [
        "was made for another destination",
        "channel: the plan has stg, the project has prd",
        "environment: the plan has staging, the project has prod",
        &staging.running().base_url(),
        &production.running().base_url(),
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    untouched(&production);
    assert!(!project.at("prod.state.json").exists());
    project
        .run(&["apply", "--env", "staging", "staging.plan"])
        .expect(0);
    assert_eq!(staging.about_users().len(), USERS);
}

#[test]
fn a_base_url_that_changed_after_the_review_gets_nothing() {
    let (ours, theirs) = (channel("sandbox"), channel("sandbox"));
    let (here, there) = (ours.running().base_url(), theirs.running().base_url());
    for was_applied in [false, true] {
        let project = ours.project();
        project.write("users/a.yaml", &many_users(USERS, "pro"));
        if was_applied {
            project.run(&["apply", "--auto-approve"]).expect(0);
            project.write("users/a.yaml", &many_users(USERS, "free"));
        }
        let plan = project.run(&["plan", "--out", "reviewed.plan"]).expect(0);
        let expected = digest(&plan);
        project.edit("talkform.yaml", &here, &there);
        for arguments in [
            &["apply", "reviewed.plan"][..],
            &["apply", "--auto-approve", "reviewed.plan"],
            &["apply", "--auto-approve", "--expect", &expected],
        ] {
            let ran = project.run(arguments).expect(1);
            if !arguments.contains(&"--expect") || was_applied {
                assert!(ran.stderr.contains(&here), "{}", ran.stderr);
                assert!(ran.stderr.contains(&there), "{}", ran.stderr);
            }
            untouched(&theirs);
        }
    }
}

#[test]
fn a_plan_of_another_project_does_not_run_in_this_one() {
    let (ours, theirs) = (channel("ours"), channel("theirs"));
    let make = |id: &str, channel: &Channel| {
        let project = channel.project();
        project.edit("talkform.yaml", "id: sandbox", &format!("id: {id}"));
        project.write("users/a.yaml", &many_users(USERS, "pro"));
        project
    };
    let (ours_project, theirs_project) = (make("ours", &ours), make("theirs", &theirs));
    let plan = theirs_project
        .run(&["plan", "--out", "theirs.plan"])
        .expect(0);
    ours_project.write("theirs.plan", &theirs_project.read("theirs.plan"));
    let ran = ours_project.run(&["apply", "theirs.plan"]).expect(1);
    assert!(
        ran.stderr
            .contains("channel: the plan has theirs, the project has ours"),
        "{}",
        ran.stderr
    );
    ours_project
        .run(&["apply", "--auto-approve", "--expect", &digest(&plan)])
        .expect(1);
    untouched(&ours);
}

/// Refused by every command that plans, without a request and without credentials.
#[track_caller]
fn refused_offline(project: &Project, more: &[&str], words: &[&str]) {
    for command in [
        &["plan"][..],
        &["validate"],
        &["apply", "--auto-approve"],
        &["drift"],
    ] {
        let output = project
            .command(&[command, more].concat())
            .env_remove("TALKFORM_ACCESS_KEY")
            .output()
            .expect("ran");
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        // Credentials are looked for first by what always needs them.
        if command[0] == "drift" && text.contains("no credentials") {
            continue;
        }
        for words in words.iter().chain(&["describes another destination"]) {
            assert!(text.contains(words), "{command:?} {words}: {text}");
        }
    }
}

#[test]
fn a_state_of_another_place_is_refused_offline() {
    let (one, other) = (channel("one"), channel("other"));
    let project = project(&[("a", "one", &one), ("b", "other", &other)]);
    project
        .run(&["apply", "--env", "a", "--auto-approve"])
        .expect(0);
    let asked = one.running().log().len();
    let (here, there) = (one.running().base_url(), other.running().base_url());

    // The state of environment `a` in the place of that of `b`: nothing would have to be sent.
    project.write("b.state.json", &project.read("a.state.json"));
    let base_url = format!("base URL: the state has {here}, the project has {there}");
    let words = [
        &base_url,
        "channel: the state has one, the project has other",
        "environment: the state has a, the project has b",
        "--env a",
    ];
    refused_offline(&project, &["--env", "b"], &words);

    let original = project.read("talkform.yaml");
    for (from, to, words) in [
        (
            "id: one",
            "id: two",
            "channel: the state has one, the project has two",
        ),
        (&*here, &*there, &*base_url),
        (
            "a: {",
            "c: {",
            "environment: the state has a, the project has c",
        ),
    ] {
        project.write("talkform.yaml", &original.replacen(from, to, 1));
        let environment = if to == "c: {" { "c" } else { "a" };
        refused_offline(&project, &["--env", environment], &[words]);
    }
    assert_eq!(one.running().log().len(), asked);
    untouched(&other);
}

#[test]
fn a_state_follows_its_channel_to_another_address_but_not_to_another_channel() {
    let (old, new) = (channel("sandbox"), channel("sandbox"));
    let project = old.project();
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    project.run(&["apply", "--auto-approve"]).expect(0);
    let digest_before = {
        project.write("users/a.yaml", &many_users(USERS, "free"));
        digest(&project.run(&["plan"]).expect(0))
    };
    let same = project.run(&["state", "retarget"]).expect(0);
    assert!(same.stdout.contains("already"), "{}", same.stdout);

    let (here, there) = (old.running().base_url(), new.running().base_url());
    project.edit("talkform.yaml", &here, &there);
    let refused = project.run(&["plan"]).expect(1);
    assert!(
        refused.stderr.contains("talkform state retarget"),
        "{}",
        refused.stderr
    );
    let before = project.read("talkform.state.json");
    let ran = project.run(&["state", "retarget"]).expect(0);
    assert!(ran.stdout.contains(&there), "{}", ran.stdout);
    let plan = project.run(&["plan"]).expect(0);
    assert_ne!(digest(&plan), digest_before);
    assert!(plan.stdout.contains("3 to update"), "{}", plan.stdout);

    project.write("talkform.state.json", &before);
    project.edit("talkform.yaml", "id: sandbox", "id: other");
    let ran = project.run(&["state", "retarget"]).expect(1);
    assert!(
        ran.stderr
            .contains("channel: the state has sandbox, the project has other"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read("talkform.state.json"), before);
    untouched(&new);
}

#[test]
fn who_asks_nobody_names_the_channel() {
    for environment in [None, Some("staging")] {
        let channel = channel("6263");
        let project = channel.project();
        let named = "id: sandbox, ";
        project.edit("talkform.yaml", named, "");
        project.write("users/a.yaml", &many_users(USERS, "pro"));
        let mut more = Vec::new();
        if let Some(name) = environment {
            let text = project.read("talkform.yaml");
            project.write(
                "talkform.yaml",
                &format!("{text}environments:\n  {name}:\n    state: s.json\n"),
            );
            more = vec!["--env", name];
        }
        let plan = [&["plan", "--out", "a.plan"][..], &more].concat();
        project.run(&plan).expect(0);
        for apply in [&["apply", "--auto-approve"][..], &["apply", "a.plan"]] {
            let ran = project.run(&[apply, &more].concat()).expect(1);
            assert!(
                ran.stderr
                    .contains("The credentials belong to channel 6263 \"Sandbox\""),
                "{}",
                ran.stderr
            );
            let lines = match environment {
                None => "\n  channel:\n    id: \"6263\"\n",
                Some(_) => {
                    "\n  environments:\n    staging:\n      channel:\n        id: \"6263\"\n"
                }
            };
            assert!(ran.stderr.contains(lines), "{}", ran.stderr);
            assert!(channel.about_users().is_empty());
            assert!(!project.at("talkform.state.json").exists());
            assert!(!project.at("s.json").exists());
        }
        match environment {
            None => project.edit("talkform.yaml", "channel: { ", "channel: { id: \"6263\", "),
            Some(_) => project.edit(
                "talkform.yaml",
                "    state: s.json\n",
                "    state: s.json\n    channel:\n      id: \"6263\"\n",
            ),
        };
        let apply = [&["apply", "--auto-approve"][..], &more].concat();
        project.run(&apply).expect(0);
        assert_eq!(channel.about_users().len(), USERS);
    }
}

#[test]
fn the_sandbox_needs_nothing() {
    let project = Project::new("channel: { id: \"6263\", baseUrl: \"https://gateway.example\" }\n");
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    let plan = project.run(&["plan", "--sandbox"]).expect(0);
    assert!(
        plan.stdout
            .starts_with("Destination: the sandbox, API v4\n"),
        "{}",
        plan.stdout
    );
    let real = project.run(&["plan"]).expect(0);
    assert!(
        real.stdout
            .starts_with("Destination: channel 6263 at https://gateway.example, API v4\n"),
        "{}",
        real.stdout
    );
    assert_ne!(digest(&plan), digest(&real));
    for _ in 0..2 {
        let output = project
            .command(&["apply", "--sandbox", "--auto-approve"])
            .env_remove("TALKFORM_ACCESS_KEY")
            .env_remove("TALKFORM_ACCESS_SECRET")
            .output()
            .expect("ran");
        assert_eq!(output.status.code(), Some(0));
    }
}

/// A proxy on loopback that answers nothing, and the first line of each connection.
pub(crate) fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            log.lock().expect("a log").push(line.trim_end().to_owned());
            let _ = (&stream).write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (format!("http://{address}"), heard)
}

#[test]
fn credentials_go_to_another_host_only_by_an_agreement_from_outside() {
    let (proxy, heard) = proxy();
    let project = Project::new("channel: { id: \"1\", baseUrl: \"https://gateway.example/eu\" }\n");
    project.write("users/a.yaml", &many_users(USERS, "pro"));
    let run = |arguments: &[&str], agreed: Option<&str>| {
        let mut command = project.command(arguments);
        command.env("HTTPS_PROXY", &proxy);
        if let Some(agreed) = agreed {
            command.env("TALKFORM_ALLOW_HOST", agreed);
        }
        let output = command.output().expect("ran");
        assert_eq!(output.status.code(), Some(1), "{arguments:?} {agreed:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let apply = ["apply", "--auto-approve", "--retry-pause", "1ms"];
    for agreed in [
        None,
        Some(""),
        Some("other.example"),
        Some("example"),
        Some("*"),
        Some("https://gateway.example"),
        Some("gateway.example.evil"),
    ] {
        for arguments in [
            &apply[..],
            &["plan", "--refresh"],
            &["import", "u-1", "--no-record"],
        ] {
            let text = run(arguments, agreed);
            assert!(
                text.contains("channel.baseUrl names gateway.example"),
                "{agreed:?}: {text}"
            );
            assert!(
                text.contains("TALKFORM_ALLOW_HOST=gateway.example"),
                "{agreed:?}: {text}"
            );
        }
    }
    assert!(heard.lock().expect("a log").is_empty());
    for agreed in ["gateway.example", "a.example, GATEWAY.example"] {
        run(&apply, Some(agreed));
        let lines: Vec<String> = heard.lock().expect("a log").drain(..).collect();
        let asked = "CONNECT gateway.example:443 HTTP/1.1";
        assert_eq!(lines.first().map(String::as_str), Some(asked), "{agreed}");
    }
    // A plan sends nothing. It is made, and warns.
    let plan = project.run(&["plan"]).expect(0);
    assert!(
        plan.stderr
            .contains("unless TALKFORM_ALLOW_HOST=gateway.example"),
        "{}",
        plan.stderr
    );
}

#[test]
fn a_channel_id_that_is_none_is_neither_stored_nor_shown() {
    for id in [
        json_text("7\n    evil: \"x"),
        json_text("\u{1b}]0;owned\u{7}"),
        json_text(""),
        json_text(&"7".repeat(65)),
        json_text("\u{202e}7"),
        "{}".to_owned(),
        "null".to_owned(),
    ] {
        let body = format!(r#"{{"channel":{{"id":{id}}}}}"#);
        let channel = RawChannel::named(&body, |_| whole(500, "text/plain", ""));
        let project = channel.project("");
        project.edit("talkform.yaml", "id: \"7\", ", "");
        project.write("users/a.yaml", &many_users(USERS, "pro"));
        let ran = project
            .run(&["apply", "--auto-approve", "--retry-pause", "1ms"])
            .expect(1);
        assert!(ran.stderr.contains("the response names"), "{}", ran.stderr);
        for part in ["evil", "owned", "\u{1b}", "\u{202e}", "7777"] {
            assert!(!ran.all().contains(part), "{part:?}: {}", ran.all());
        }
        assert!(!project.at("talkform.state.json").exists());
        assert!(channel.log().is_empty());
    }
}

fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

#[test]
fn a_base_url_may_have_a_path() {
    let channel = RawChannel::start(|arrived| user(&arrived.id));
    let project = channel.project("");
    let text = project.read("talkform.yaml");
    let at = text.find("\", rate").expect("the end of the base URL");
    project.write(
        "talkform.yaml",
        &format!("{}/gateway/kr/{}", &text[..at], &text[at..]),
    );
    project.write(
        "users/a.yaml",
        "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\n",
    );
    let plan = project.run(&["plan"]).expect(0);
    let destination = plan.stdout.lines().next().unwrap_or_default().to_owned();
    assert!(destination.contains("/gateway/kr, API v4"), "{destination}");
    project.run(&["apply", "--auto-approve"]).expect(0);
    let paths: Vec<String> = channel
        .log()
        .into_iter()
        .map(|arrived| arrived.path)
        .collect();
    assert_eq!(paths, ["/gateway/kr/open/v4/users/@u-1"]);
}
