//! Checks that the report shows Channel's reason for a rejection without the values that were sent.

use crate::command::{Ran, finish};
use crate::project::Project;
use crate::raw_channel::{RawChannel, user, whole};

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const USER: &str = "apiVersion: talkform/v1
kind: User
memberId: u-1
profile: { name: 김서연, city: Busan, plan: pro, code: KR }
tags: [gold]
";

/// Applies one user to a Channel that rejects the PUT with this body.
fn rejected(content_type: &str, body: &str, more: &[&str]) -> (RawChannel, Project, Ran) {
    let answer = whole(422, content_type, body);
    let channel = RawChannel::start(move |_| answer.clone());
    let project = channel.project("public: [profile.plan]\nsensitive: [tags]\n");
    project.write("users/a.yaml", USER);
    let mut command = project.command(&[&APPLY, more].concat());
    command.env("GITHUB_STEP_SUMMARY", project.at("summary"));
    let ran = finish(command.spawn().expect("talkform runs")).expect(3);
    (channel, project, ran)
}

#[test]
fn a_reason_is_shown_without_what_was_sent() {
    for (content_type, body, shown) in [
        (
            "application/json",
            r#"{"type":"validationError","errors":[{"field":"profile.name","message":"`김서연` of Busan is too long"}]}"#,
            "422 validationError: profile.name: `(sensitive)` of (sensitive) is too long",
        ),
        (
            "application/problem+json",
            r#"{"type":"https://x.example/p","title":"Bad value","detail":"code KR and plan pro do not fit"}"#,
            "422: Bad value: code (sensitive) and plan (sensitive) do not fit",
        ),
        (
            "application/json",
            "{\"message\":\"tag gold\\u001b[2J::error::\\ncall 010-1234-5678\"}",
            "422: tag (sensitive)",
        ),
    ] {
        let (_channel, project, ran) = rejected(content_type, body, &[]);
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.all());
        let way = "`apply --show-sensitive` tries these users again";
        assert!(ran.stdout.contains(way), "{}", ran.all());
        let state = project.read("talkform.state.json");
        let summary = project.read("summary");
        for (text, place) in [
            (ran.all(), "output"),
            (state, "state"),
            (summary, "summary"),
        ] {
            for hidden in ["김서연", "Busan", "gold", "5678", "\u{1b}"] {
                assert!(!text.contains(hidden), "{hidden} in the {place}: {text}");
            }
        }
    }
}

#[test]
fn a_reason_is_whole_on_ones_own_screen() {
    let body = r#"{"message":"`김서연` of Busan is too long"}"#;
    let (_channel, project, ran) = rejected("application/json", body, &["--show-sensitive"]);
    assert!(ran.stdout.contains("`김서연` of Busan"), "{}", ran.all());
    assert!(!project.read("summary").contains("Busan"));
    assert!(!project.read("talkform.state.json").contains("Busan"));
    let (_channel, _project, ran) = rejected("application/json", body, &["--format=json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        report["outcomes"][0]["message"],
        "`(sensitive)` of (sensitive) is too long"
    );
}

/// A reason without a value of the user is whole, and nothing is said of hidden parts.
#[test]
fn a_reason_that_repeats_nothing_needs_no_hint() {
    let body = r#"{"message":"too many tags"}"#;
    let answer = whole(422, "application/json", body);
    let channel = RawChannel::start(move |arrived| match &*arrived.id {
        "u-2" => user("u-2"),
        _ => answer.clone(),
    });
    let project = channel.project("");
    project.write("users/a.yaml", USER);
    let ran = project.run(&APPLY).expect(3);
    assert!(
        ran.stdout.contains("u-1: 422: too many tags"),
        "{}",
        ran.all()
    );
    assert!(!ran.stdout.contains("--show-sensitive"), "{}", ran.all());
}
