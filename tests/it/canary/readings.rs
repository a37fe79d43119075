//! Searches the diagnostics, the plans and the printed users of many manifests, whole and damaged, in this process.

use std::sync::Arc;

use talkform::manifest::project::file::parse;
use talkform::manifest::{ReadSettings, Reading, Rules, read_texts, write};
use talkform::model::{ApiVersion, Desired, DigestKey, FieldSettings, Visibility};
use talkform::render::diagnostic::{self, DiagnosticOptions};
use talkform::render::plan::html::PageOptions;
use talkform::render::plan::markdown::MarkdownOptions;
use talkform::render::plan::{html, json, markdown, text};
use talkform::render::{KnownUsers, PlanView, TextOptions, annotation};

use crate::canary::canaries::Canaries;
use crate::canary::damage::{damaged, with_wrong_json};
use crate::canary::people::{Setting, ids, manifest, quoted};
use crate::planning::Planning;

/// How many manifests of each setting are searched: more where more projects are.
fn cases(usual: u64) -> u64 {
    let projects = std::env::var("CANARY_CASES").ok();
    let projects = projects.and_then(|number| number.parse::<u64>().ok());
    usual * projects.unwrap_or(2).max(2) / 2
}

/// Rules that many users break.
const RULES: &str = r#"{"properties":{"profile":{"properties":{"greeting":{"maxLength":2},"name":{"maxLength":1},"plan":{"maxLength":1}}},"tags":{"items":{"maxLength":1}}}}"#;

const SETTINGS: [Setting; 3] = [Setting::Silent, Setting::Usual, Setting::HiddenIds];

/// The settings that a project file with the lines of `setting` stands for.
fn visibility(setting: Setting) -> Visibility {
    let file = parse(setting.lines(), "talkform.yaml").expect("a project");
    let project = file.resolve(None).expect("settings");
    let settings = FieldSettings {
        public: project.public,
        sensitive: project.sensitive,
        ..FieldSettings::default()
    };
    Visibility::new(settings).with_id_key(DigestKey::new(b"salt", None))
}

fn read(setting: Setting, text: &str) -> Reading {
    read_with(visibility(setting), None, text)
}

fn read_with(visibility: Visibility, rules: Option<&str>, text: &str) -> Reading {
    read_file("users/a.yaml", visibility, rules, text)
}

fn read_file(name: &str, visibility: Visibility, rules: Option<&str>, text: &str) -> Reading {
    let settings = ReadSettings {
        patterns: vec!["users/*".into()],
        api: ApiVersion::V4,
        visibility,
        rules: rules.map(|rules| Arc::new(Rules::parse(rules).expect("rules"))),
    };
    let file = (Arc::from(name), text.as_bytes().to_vec());
    read_texts(vec![file], &settings)
}

/// What people, programs and GitHub see of the problems of a manifest.
fn diagnostics(reading: &Reading) -> String {
    let mut out = String::new();
    let shown = &reading.diagnostics;
    diagnostic::write(&mut out, shown, &DiagnosticOptions::default()).expect("a text");
    let mut json = Vec::new();
    diagnostic::write_json_array(&mut json, shown).expect("JSON");
    out.push_str(&String::from_utf8(json).expect("UTF-8"));
    for found in shown {
        out.push_str(&annotation::github(found, ""));
        out.push('\n');
    }
    out
}

/// A plan from one reading to the next, in every format.
fn plans(setting: Setting, before: &Desired, after: &Desired) -> [String; 4] {
    let planning = Planning::default();
    let plan = planning.plan(after, &planning.recorded(before));
    let base = before.users.iter();
    let base = base
        .map(|(id, user)| (id.clone(), (*user.attributes).clone()))
        .collect();
    let known = KnownUsers {
        base: Some(&base),
        observed: None,
    };
    let visibility = visibility(setting);
    let view = PlanView::new(&plan, &visibility, known);
    let mut shown = String::new();
    let options = TextOptions {
        full: true,
        ..TextOptions::default()
    };
    text::write(&mut shown, &view, &options).expect("a text");
    let (mut as_json, mut as_html) = (Vec::new(), Vec::new());
    json::write(&mut as_json, &view).expect("JSON");
    html::write(&mut as_html, &view, &PageOptions::default()).expect("a page");
    [
        shown,
        String::from_utf8(as_json).expect("UTF-8"),
        String::from_utf8(as_html).expect("UTF-8"),
        markdown::comment(&view, &MarkdownOptions::default()),
    ]
}

#[test]
fn no_value_is_in_a_plan_or_a_printed_manifest() {
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        for seed in 0..cases(15) {
            let mut canaries = Canaries::new(seed * 3 + number as u64);
            // An id of these is a canary of the values, too: nothing but files may show it.
            let ids = ids(setting, &mut canaries, 5);
            let texts = [0; 2].map(|_| manifest(setting, &mut canaries, &ids));
            let [before, after] = texts.map(|text| read(setting, &text));
            for reading in [&before, &after] {
                assert!(!reading.has_errors(), "{}", diagnostics(reading));
                let what = format!("a diagnostic, seed {seed}, {setting:?}");
                canaries.are_not_in(&what, &diagnostics(reading));
                let printed = write(&reading.desired, &visibility(setting));
                canaries.are_not_in("a printed manifest", &printed);
            }
            let [as_text, rest @ ..] = plans(setting, &before.desired, &after.desired);
            assert!(as_text.contains("5 to update"), "{as_text}");
            for (format, text) in ["json", "html", "markdown"].into_iter().zip(&rest) {
                canaries.are_not_in(&format!("a plan, {format}, seed {seed}"), text);
            }
            canaries.are_not_in(&format!("a plan, seed {seed}"), &as_text);
        }
    }
}

#[test]
fn no_value_is_in_a_diagnostic_of_a_damaged_manifest() {
    let mut wrong = 0;
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        for seed in 0..cases(120) {
            let mut canaries = Canaries::new(seed * 3 + number as u64);
            let ids = ids(setting, &mut canaries, 3);
            let text = manifest(setting, &mut canaries, &ids);
            let text = damaged(setting, &mut canaries, &text);
            let rules = (seed % 4 == 0).then_some(RULES);
            let reading = read_with(visibility(setting), rules, &text);
            wrong += usize::from(reading.has_errors());
            if let Some((part, place)) = canaries.find(&diagnostics(&reading)) {
                panic!(
                    "seed {seed}, {setting:?}: `{part}` ({place}) in\n{}\nof\n{text}",
                    diagnostics(&reading)
                );
            }
        }
    }
    assert!(wrong > 200, "{wrong} manifests were wrong");
}

/// The users as JSON, one a line.
#[test]
fn no_value_is_in_a_diagnostic_of_a_value_in_the_place_of_a_map() {
    for setting in SETTINGS {
        for seed in 0..cases(2) {
            let mut canaries = Canaries::new(seed);
            let ids = ids(setting, &mut canaries, 3);
            let text = manifest(setting, &mut canaries, &ids);
            let value = quoted(&canaries.text("value in the place of a map"));
            for (map, in_its_place) in [
                ("    profile:\n", format!("    profile: {value}\n    x:\n")),
                (
                    "    profileOnce: {",
                    format!("    profileOnce: {value}\n    x: {{"),
                ),
                ("defaults:\n", format!("defaults: [{value}]\nx:\n")),
                ("users:\n", format!("users:\n  - {value}\n")),
                ("users:\n", format!("moved:\n  - {value}\nusers:\n")),
                (&*text, value.clone()),
            ] {
                let damaged = text.replacen(map, &in_its_place, 1);
                let reading = read(setting, &damaged);
                assert!(reading.has_errors(), "{damaged}");
                canaries.are_not_in(&format!("{setting:?}, {map}"), &diagnostics(&reading));
            }
        }
    }
}

fn json_lines(desired: &Desired) -> Vec<String> {
    let users = desired.users.iter();
    let line = users.map(|(id, user)| {
        let mut line = serde_json::json!({ "memberId": id.as_str() });
        for (path, value) in user.attributes.fields() {
            match path.to_string().split_once('.') {
                Some((map, key)) => line[map][key] = serde_json::json!(value),
                None => line[path.to_string()] = serde_json::json!(value),
            }
        }
        line.to_string()
    });
    line.collect()
}

#[test]
fn no_value_is_in_a_diagnostic_of_damaged_json() {
    let mut wrong = 0;
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        for seed in 0..cases(60) {
            let mut canaries = Canaries::new(seed * 3 + number as u64);
            let ids = ids(setting, &mut canaries, 3);
            let text = manifest(setting, &mut canaries, &ids);
            let lines = json_lines(&read(setting, &text).desired);
            let (name, text) = if seed % 2 == 0 {
                ("users/a.jsonl", lines.join("\n"))
            } else {
                let users = lines.join(", ");
                let header = r#""apiVersion":"talkform/v1","kind":"UserList""#;
                (
                    "users/a.json",
                    format!("{{{header},\n\"users\":[{users}]}}"),
                )
            };
            let text = with_wrong_json(&mut canaries, &text);
            let rules = (seed % 3 == 0).then_some(RULES);
            let reading = read_file(name, visibility(setting), rules, &text);
            wrong += usize::from(reading.has_errors());
            if let Some((part, place)) = canaries.find(&diagnostics(&reading)) {
                let shown = diagnostics(&reading);
                panic!("seed {seed}, {setting:?}: `{part}` ({place}) in\n{shown}\nof\n{text}");
            }
        }
    }
    assert!(wrong > 100, "{wrong} files were wrong");
}

/// Fields of a user, `#` for a hidden value that is too short to be recognised in a message, and two such values.
const SHORT: [(&str, [&str; 2]); 15] = [
    ("    profile: { lastName: # }", ["12", "34"]),
    ("    profile: { lastName: # }", ["no", "on"]),
    (
        "    profile: { lastName: \"#\", lastName: # }",
        ["12", "34"],
    ),
    ("    profile: { mobileNumber: # }", ["12", "34"]),
    ("    profile: { mobileNumber: \"#\" }", ["ab", "cd"]),
    ("    profile: { email: # }", ["ab", "cd"]),
    ("    profile: { name: # }", ["ab", "cd"]),
    ("    profile: { 이름: # }", ["07", "08"]),
    ("    profile: { 이름: [#, a] }", ["no", "on"]),
    ("    profile: { 이름: { a: # } }", ["ab", "cd"]),
    ("    tags: [#]", ["12", "34"]),
    ("    tags: [ab, #]", ["Ef", "Gh"]),
    ("    tags: [#, #]", ["ab", "cd"]),
    ("    unsubscribeEmail: #", ["ab", "cd"]),
    ("  - memberId: #", ["12", "34"]),
];

#[test]
fn a_diagnostic_is_the_same_whatever_the_hidden_value() {
    for (line, values) in SHORT {
        let [one, other] = values.map(|value| {
            let line = line.replace('#', value);
            let text = format!(
                "apiVersion: talkform/v1\nkind: UserList\nusers:\n  - memberId: u-1\n{line}\n"
            );
            let reading = read_with(visibility(Setting::HiddenIds), Some(RULES), &text);
            diagnostics(&reading)
        });
        assert!(one.contains("users/a.yaml"), "{line}");
        assert_eq!(one, other, "{line}");
    }
}

#[test]
fn a_plan_is_the_same_whatever_the_hidden_value() {
    for values in [["true", "false"], ["1", "2"], ["[3]", "[4]"], ["ab", "cd"]] {
        let [one, other] = values.map(|value| {
            let text = format!(
                "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\nprofile: {{ scoreCard: {value} }}\n"
            );
            let reading = read(Setting::HiddenIds, &text);
            let none = Desired::default();
            plans(Setting::HiddenIds, &none, &reading.desired).map(|text| without_digests(&text))
        });
        assert_eq!(one, other);
    }
}

fn without_digests(text: &str) -> String {
    let is_digit = |letter: char| letter.is_ascii_hexdigit();
    let words = text.split_inclusive(|letter| !is_digit(letter));
    words.filter(|word| word.len() < 16).collect()
}

#[test]
fn ids_are_hidden_without_a_key_as_well() {
    let mut canaries = Canaries::new(0);
    let ids = ids(Setting::HiddenIds, &mut canaries, 3);
    let text = manifest(Setting::HiddenIds, &mut canaries, &ids);
    let file = parse(Setting::HiddenIds.lines(), "talkform.yaml").expect("a project");
    let visibility = Visibility::new(FieldSettings {
        sensitive: file.resolve(None).expect("settings").sensitive,
        ..FieldSettings::default()
    });
    let reading = read_with(visibility.clone(), None, &text);
    let printed = write(&reading.desired, &visibility);
    canaries.are_not_in("a printed manifest", &printed);
}

#[test]
fn a_message_that_is_cut_within_quotes_shows_no_value() {
    let rules =
        r#"{"properties":{"profile":{"additionalProperties":false,"properties":{"name":{}}}}}"#;
    for length in 0..320 {
        let mut canaries = Canaries::new(length);
        let value = canaries.latin("value in the place of a key");
        let key = format!(
            "{}{value}",
            "z".repeat(usize::try_from(length).expect("small"))
        );
        let text = format!(
            "apiVersion: talkform/v1\nkind: User\nmemberId: u-1\nprofile: {{ name: {value}, {key}: 1 }}\n"
        );
        let reading = read_with(visibility(Setting::Usual), Some(rules), &text);
        canaries.are_not_in("a diagnostic", &diagnostics(&reading));
    }
}
