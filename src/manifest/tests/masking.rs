//! Tests that no hidden value of a manifest or project file is in a diagnostic or a printed manifest.

use std::sync::Arc;

use crate::manifest::project::file::parse;
use crate::manifest::{ReadSettings, Reading, Rules, read_texts};
use crate::model::Visibility;

use crate::manifest::tests::{read, settings, user};

const SECRETS: [&str; 5] = [
    "Xaviera",
    "xa@q.example",
    "q.example",
    "82109998877",
    "9998877",
];

fn assert_masked(reading: &Reading) {
    assert!(!reading.diagnostics.is_empty());
    let shown = format!("{:?}", reading.diagnostics);
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn values_of_sensitive_fields() {
    for lines in [
        "profile: { name: Xaviera, email: xa@q.example, mobileNumber: +821099988770, x: yes }",
        "profile: { mobileNumber: \"+82 10 9998877\", landlineNumber: 82109998877 }",
        "profile: { name: [Xaviera], email: { a: xa@q.example }, x: }",
        "profile: { name: \"Xaviera\\e\", name: Xaviera }",
        "profile: { <<: { name: Xaviera }, email: !!str xa@q.example }",
        "profileOnce: { name: Xaviera, email: null }",
        "profil: { name: Xaviera, email: xa@q.example }",
        "name: Xaviera\nemail: xa@q.example",
        "profile: Xaviera",
        "profile: [Xaviera, xa@q.example]",
        "tags: { name: Xaviera }",
        "profile:\n  name: &n Xaviera # or xa@q.example\n  x: yes # Xaviera\n  lastName: [*n]",
        "profile:\n  name: |\n    Xaviera\n    Xaviera\n  email: >-\n    xa@q.example\n  x: no\n  firstName: 12",
        "profile:\n  name: Xaviera: x\n  email: xa@q.example",
        "profile: { name: Xaviera, email: xa@q.example",
        "profile:\n\tname: Xaviera",
        "profile:\n  name:Xaviera\n  email:xa@q.example",
        "profile:\n  name: 'Xaviera\n  email: xa@q.example",
        "profile:\n  name: \"Xaviera\" xa@q.example",
        "profile:\n  Xaviera\n  email: xa@q.example",
        "profile: { name: Xaviera }\nmemberId: again",
        "users: [{ memberId: x, profile: { name: Xaviera } }]",
        "profile:\n  name: Xaviera\u{1b}",
        "profile: { email: \"Xaviera xa@q.example\" }",
        "? { name: Xaviera }\n: xa@q.example",
        "- Xaviera",
        "profile: { x: yes, note: ok, name: Xaviera Xaviera",
        "profile: { name: Xaviera, Xaviera: 1, Xaviera: 2 }",
        "profile: { Xaviera: 1, Xaviera: 2",
        "profile: { nickname: &Xaviera }",
        "unsubscribeEmail: Xaviera",
        "unsubscribed: [Xaviera, xa@q.example]",
        "profile: { +82109998877: 2, xa@qqexample: 3, name: Xaviera }",
    ] {
        assert_masked(&read("a.yaml", user(&format!("memberId: a\n{lines}\n"))));
    }
}

#[test]
fn values_in_json() {
    for fields in [
        "\"profile\":{\"name\":[\"Xaviera\"],\"email\":1,\"x\":[null]}",
        "\"profile\":{\"mobileNumber\":82109998877}",
        "\"profile\":{\"name\":\"Xaviera\",\"name\":\"Xaviera\"}",
        "\"profile\":{\"name\":\"Xaviera\",}",
        "\"profile\":{\"name\":\"Xaviera",
        "\"profile\":{\"name\":\"Xaviera\" \"xa@q.example\"}",
        "\"profile\":{\"name\":Xaviera}",
        "\"name\":\"Xaviera\"",
        "\"x\":{\"name\":\"Xaviera\",\"xa@q.example\":1}",
    ] {
        let text = format!("{{\"memberId\":\"a\",{fields}}}\n");
        assert_masked(&read("a.jsonl", &text));
        assert_masked(&read("a.json", &text));
    }
}

#[test]
fn long_lines_are_masked_before_they_are_cut() {
    for pad in (0..400).step_by(7) {
        let note = "n".repeat(pad);
        let name = "Xaviera".repeat(40);
        let line = format!("profile: {{ note: {note}, name: \"{name}\", x: yes, z: {note} }}\n");
        assert_masked(&read("a.yaml", user(&format!("memberId: a\n{line}"))));
    }
}

#[test]
fn duplicates_between_files() {
    let text = user("{ memberId: a, profile: { name: Xaviera } }").replace(
        "kind: User\n{",
        "kind: User\n#\nprofile: { name: Xaviera }\n#{",
    );
    let text = text.replace("#{", "memberId: a # Xaviera\n#{");
    let files = vec![
        ("a.yaml".into(), text.clone().into_bytes()),
        ("b.yaml".into(), text.into_bytes()),
    ];
    assert_masked(&read_texts(files, &settings()));
}

#[test]
fn shown_on_demand() {
    let mut settings = settings();
    settings.visibility = settings.visibility.revealing(true);
    let text = user("memberId: a\nprofile: { name: [Xaviera] }\n");
    let reading = read_texts(vec![("a.yaml".into(), text.into_bytes())], &settings);
    assert!(format!("{:?}", reading.diagnostics).contains("Xaviera"));
}

#[test]
fn a_project_that_calls_nothing_public_shows_no_text() {
    let settings = ReadSettings {
        visibility: Visibility::default(),
        ..settings()
    };
    for lines in [
        "profile: { note: Xaviera, x: yes }",
        "profile: { note: [Xaviera, 1], x: 1e3 }",
        "profile: { note: \"Xaviera\\e\", note: Xaviera }",
        "profile: { recentPurchaseCount: Xaviera }",
        "profile: { seats: 82109998877123456 }",
        "profile: { note: 82109998877, joined: 2024-01-01, x: no }",
        "profileOnce: { note: Xaviera, source: null }",
        "tags: [Xaviera, xaviera, 1]\nprofile: { note: xaviera }",
        "tags: [xa@q.example, XA@Q.EXAMPLE, yes]",
        "tags: [ok, yes, 010-9998-8770]\nprofile: { note: 9998877 }",
        "profile: { xa@q.example: 1 }",
        "xa@q.example: 1",
        "profile: { xa@q.example: 1, xa@q.example: 2 }",
        "profile: { x: &a Xaviera, y: [*a, 1], z: *a, z: *a }",
    ] {
        let text = user(&format!("memberId: a\n{lines}\n"));
        let files = vec![("a.yaml".into(), text.into_bytes())];
        assert_masked(&read_texts(files, &settings));
    }
}

#[test]
fn a_public_value_with_a_hidden_value_of_its_user() {
    for lines in [
        "profile: { name: Xaviera, x: [\"for xaviera\", 1] }",
        "profile: { name: Xaviera, greeting: [\"hello Xaviera\", yes] }",
        "profile: { name: Xaviera, Xaviera: 1, x: yes }",
        "profile: { name: Xaviera, recentPurchaseCount: Xaviera }",
        "tags: [vip/XAVIERA]\nprofile: { name: Xaviera }",
        "tags: [vip/xaviera, vip/xaviera]\nprofile: { name: Xaviera }",
        "profile: { name: &n Xaviera, nick: *n, x: *n, x: *n }",
    ] {
        assert_masked(&read("a.yaml", user(&format!("memberId: a\n{lines}\n"))));
    }
}

#[test]
fn a_value_that_a_message_cuts_or_escapes() {
    let name = "Xaviera \\\"Xa\\\" of the long names, Xaviera of the longest names of them all";
    for lines in [
        format!("profile: {{ name: \"{name}\" }}\ntags: [\"VIP/{name}\"]"),
        format!("profile: {{ name: &n \"{name}\", plan: *n }}"),
        format!("profile: {{ name: &n \"{}\", plan: *n }}", &name[..20]),
        format!("profile: {{ name: \"{name}\", \"{name}\": 1 }}"),
        "profile: { name: &n \"Xaviera\\nXaviera\", plan: *n }".to_owned(),
    ] {
        let rules = r#"{"properties":{"profile":{"properties":{"plan":{"maxLength":2}}}}}"#;
        let settings = ReadSettings {
            rules: Some(Arc::new(Rules::parse(rules).expect("rules"))),
            ..settings()
        };
        let text = user(&format!("memberId: a\n{lines}\n"));
        let reading = read_texts(vec![("a.yaml".into(), text.into_bytes())], &settings);
        assert_masked(&reading);
    }
}

#[test]
fn a_public_value_with_a_hidden_value_of_the_defaults() {
    for lines in [
        "profile: { greeting: hello Xaviera, x: yes }",
        "profile: { Xaviera: 1, x: yes }",
        "tags: [vip/XAVIERA]",
        "tags: [vip/xaviera, vip/xaviera]",
    ] {
        let text = format!(
            "apiVersion: talkform/v1\nkind: UserList\ndefaults: {{ profile: {{ name: Xaviera }} }}\nusers:\n  - memberId: a\n    {lines}\n"
        );
        assert_masked(&read("a.yaml", text));
    }
}

#[test]
fn a_secret_behind_a_misspelt_setting() {
    for text in [
        "secrt: Xaviera",
        "channel: { baseURL: \"https://x.example/?k=Xaviera\" }",
        "channel: { baseUrl: \"https://Xaviera:xa@q.example\", id: 1 }",
        "channel: { baseUrl: \"https://x.example/?k=Xaviera\" }",
        "channel: { rate: { burts: Xaviera } }",
        "environments: { staging: { acess: [Xaviera] } }",
        "limits: { create: { x: Xaviera } }",
        "xa@q.example: 1",
        "public: [xa@q.example]",
    ] {
        let found = parse(text, "talkform.yaml").expect_err(text);
        let shown = format!("{found:?}");
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn a_printed_manifest_holds_no_command_and_no_invisible_character() {
    let nasty = [
        "::error::x",
        "a\\n  ::set-output name=x::y\\n",
        "##[error]x",
        "x ##vso[task.complete]",
        "a\\u2800b",
        "a\\u06ddb",
        "a\\u17b4b\\nc",
        "a\\uFE0Fb",
        "a\\u00adb\\r",
    ];
    let fields: Vec<String> = nasty
        .iter()
        .enumerate()
        .map(|(number, text)| format!("k{number}: \"{text}\", \"::k{number}\": \"{text}\""))
        .collect();
    let text = user(&format!(
        "memberId: \"::stop-commands::x\"\nprofile: {{ {} }}\ntags: [\"::debug::x\"]\n",
        fields.join(", ")
    ));
    let reading = read("a.yaml", &text);
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    let printed = crate::manifest::write(&reading.desired, &settings().visibility);
    for line in printed.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
        let invisible = [
            '\u{2800}', '\u{6dd}', '\u{17b4}', '\u{fe0f}', '\u{ad}', '\r',
        ];
        assert!(!line.contains(invisible), "{line}");
    }
    let again = read("a.yaml", &printed);
    let users = |reading: &Reading| {
        let users = reading.desired.users.values();
        users
            .map(|user| user.attributes.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(users(&again), users(&reading));
}
