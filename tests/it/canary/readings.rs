//! Searches the diagnostics, the plans and the printed users of many manifests, whole and damaged, in this process.

use std::sync::Arc;

use talkform::manifest::project::file::parse;
use talkform::manifest::{ReadSettings, Reading, read_texts, write};
use talkform::model::{ApiVersion, Desired, DigestKey, FieldSettings, Visibility};
use talkform::render::diagnostic::{self, DiagnosticOptions};
use talkform::render::plan::html::PageOptions;
use talkform::render::plan::markdown::MarkdownOptions;
use talkform::render::plan::{html, json, markdown, text};
use talkform::render::{KnownUsers, PlanView, TextOptions, annotation};

use crate::canary::canaries::Canaries;
use crate::canary::people::{Setting, ids, manifest};
use crate::planning::Planning;
use crate::random::Random;

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
    let settings = ReadSettings {
        patterns: vec!["users/*.yaml".into()],
        api: ApiVersion::V4,
        visibility: visibility(setting),
        rules: None,
    };
    let file = (Arc::from("users/a.yaml"), text.as_bytes().to_vec());
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
        .map(|(id, user)| (id.clone(), user.attributes.clone()))
        .collect();
    let known = KnownUsers {
        base: Some(&base),
        observed: None,
    };
    let view = PlanView::new(&plan, &visibility(setting), known);
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

/// A manifest with one to three mistakes in its marks, none of which makes a value a key, an id or a tag.
fn damaged(random: &mut Random, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let marks: Vec<(usize, &str)> = text
            .match_indices(['"', '[', ']', '{', '}', ',', '*', '&', '#'])
            .collect();
        let (at, mark) = random.pick(&marks);
        let more = random.pick(&[
            "", "", "\"", "'", "[", "{", "}", "]", "\n", "\t", "|", "!x ", "%",
        ]);
        text.replace_range(at..at + mark.len(), more);
    }
    let words = [
        ("profile:", "profil:"),
        ("profileOnce:", "profileTwice:"),
        ("greeting:", "greeting: &a"),
        ("plan: pro", "plan: yes"),
        ("tags: [", "tags: [Beta, Beta, "),
        ("note:", "note: !!binary"),
        ("unsubscribeEmail: true", "unsubscribeEmail: \"true\""),
        ("greeting: hello", "greeting: { a: *note }"),
        ("memberId", "memberID"),
    ];
    let (from, to) = random.pick(&words);
    if random.one_in(2) {
        return text.replacen(from, to, 3);
    }
    text
}

#[test]
fn no_value_is_in_a_plan_or_a_printed_manifest() {
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        for seed in 0..15 {
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
        for seed in 0..120 {
            let mut canaries = Canaries::new(seed * 3 + number as u64);
            let ids = ids(setting, &mut canaries, 3);
            let text = manifest(setting, &mut canaries, &ids);
            let text = damaged(canaries.random(), &text);
            let reading = read(setting, &text);
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
