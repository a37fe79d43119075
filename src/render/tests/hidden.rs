//! Tests what a plan hides, in every format.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;

use super::build::*;
use crate::model::{
    Attributes, Declared, FieldPatterns, FieldSettings, Observed, Plan, PlannedChange, Previous,
    RemoteUser, Visibility,
};
use crate::render::common::style::Style;
use crate::render::plan::json;
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::markdown::{MarkdownOptions, comment};
use crate::render::plan::text;
use crate::render::plan::text::TextOptions;
use crate::render::plan::view::PlanView;

fn shown(plan: &Plan, visibility: &Visibility, known: KnownUsers<'_>) -> String {
    let view = PlanView::new(plan, visibility, known);
    let mut out = String::new();
    let options = TextOptions {
        style: Style::plain(),
        ..TextOptions::default()
    };
    text::write(&mut out, &view, &options).expect("a String");
    out
}

fn public(patterns: &[&str]) -> Visibility {
    Visibility::new(FieldSettings {
        public: FieldPatterns::new(patterns),
        ..FieldSettings::default()
    })
}

fn one_update() -> PlannedChange {
    update(
        "u-1",
        vec![
            known("profile.language", "ko", "ja"),
            add("profile.email", "g@example.com"),
            add("profile.note", "hello there"),
            known("profile.seats", 12, 15),
            known("profile.size", "large", 3),
            change("profile.plan", "pro"),
            known("tags", texts(&["beta"]), texts(&["beta", "vip"])),
        ],
        0,
    )
}

#[test]
fn a_project_that_says_nothing_shows_no_text() {
    let plan = plan(vec![one_update()], 0);
    assert_snapshot!(shown(&plan, &Visibility::default(), KnownUsers::default()), @r#"
    Destination: channel 6263 at https://api.channel.io, API v4

      + create   ~ update

      # u-1 will be updated                               users/vip.yaml:14
      ~ u-1
          ~ profile.language   (hidden)
          + profile.email      (sensitive)
          + profile.note       (hidden)
          ~ profile.seats      12 -> 15
          ~ profile.size       (hidden) -> 3
          ~ profile.plan       (hidden)
          ~ tags               [beta, + vip]

    Plan: 1 to update. 0 unchanged.
    1 request, within the burst of 1,000.
    Hidden because talkform.yaml does not call them public: profile.language, profile.note, profile.plan, profile.size. To show their texts: public: [profile.language, profile.note, profile.plan, profile.size]
    Plan digest: sha256:84d72046677b77bde606ab02a14bd157f61bbc5c0f4af39a2c6f9e4b70a9b616
    "#);
}

#[test]
fn the_setting_to_paste_shows_the_texts() {
    let plan = plan(vec![one_update()], 0);
    let silent = Visibility::default();
    let view = PlanView::new(&plan, &silent, KnownUsers::default());
    let undecided = view.undecided.expect("some");
    let open = public(&[
        "profile.language",
        "profile.note",
        "profile.plan",
        "profile.size",
    ]);
    assert_eq!(
        undecided.fields,
        [
            "profile.language",
            "profile.note",
            "profile.plan",
            "profile.size"
        ]
    );
    let view = PlanView::new(&plan, &open, KnownUsers::default());
    assert_eq!(view.undecided, None);
    let out = shown(&plan, &open, KnownUsers::default());
    assert!(
        out.contains("\"hello there\"") && out.contains("\"ko\" -> \"ja\""),
        "{out}"
    );
    assert!(!out.contains("g@example.com"), "{out}");
}

#[test]
fn comments_and_json_name_the_undecided_fields() {
    let plan = plan(vec![one_update()], 0);
    let silent = Visibility::default();
    let view = PlanView::new(&plan, &silent, KnownUsers::default());
    let comment = comment(&view, &MarkdownOptions::default());
    let line = "Hidden because talkform.yaml does not call them public: `profile.language`, `profile.note`, `profile.plan`, `profile.size`. To show their texts: `public: [profile.language, profile.note, profile.plan, profile.size]`";
    assert!(comment.contains(line), "{comment}");
    let mut out = Vec::new();
    json::write(&mut out, &view).expect("memory");
    let value: serde_json::Value = serde_json::from_slice(&out).expect("json");
    jsonschema::validate(&json::plan_schema(), &value).expect("as the schema says");
    assert_eq!(value["undecided"]["fields"][1], "profile.note");
    let fields = value["changes"][0]["fields"].as_array().expect("fields");
    let is = |path: &str| {
        let field = fields.iter().find(|field| field["path"] == path);
        field.expect("the field")["new"]["is"].clone()
    };
    assert_eq!(is("profile.note"), "hidden");
    assert_eq!(is("profile.email"), "sensitive");
    assert_eq!(is("profile.seats"), "value");
    for text in [&comment, &String::from_utf8(out).expect("text")] {
        for hidden in ["hello there", "g@example", "\"ja\"", "\"pro\""] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}

#[test]
fn a_tag_with_a_hidden_value_of_its_user_is_hidden_wherever_that_value_is_known() {
    let tags = || {
        known(
            "tags",
            texts(&["beta"]),
            texts(&["beta", "vip/gabrielle-chanel"]),
        )
    };
    let plan_of = |name: Option<&str>| {
        let mut planned = update("u-1", vec![tags()], 0);
        if let (Some(name), crate::model::Change::Update(write)) = (name, &mut planned.change) {
            let declared = Declared::Set(name.into());
            let profile = &mut Arc::make_mut(&mut write.declared).profile;
            profile.insert("name".into(), declared);
        }
        plan(vec![planned], 0)
    };
    let silent = Visibility::default();
    let is_hidden = |plan: &Plan, known| {
        let out = shown(plan, &silent, known);
        assert_ne!(
            out.contains("(sensitive)"),
            out.contains("gabrielle"),
            "{out}"
        );
        out.contains("(sensitive)")
    };
    let alone = plan_of(None);
    assert!(!is_hidden(&alone, KnownUsers::default()));
    assert!(is_hidden(
        &plan_of(Some("Gabrielle Chanel")),
        KnownUsers::default()
    ));
    let before = update(
        "u-1",
        vec![
            tags(),
            clear(
                "profile.name",
                Previous::Value("Gabrielle Chanel".into()),
                true,
            ),
        ],
        0,
    );
    assert!(is_hidden(&plan(vec![before], 0), KnownUsers::default()));

    let declared = Declared::Set("Gabrielle Chanel".into());
    let attributes = Attributes {
        profile: [("name".into(), declared)].into(),
        ..Attributes::default()
    };
    let base = BTreeMap::from([(id("u-1"), attributes)]);
    let known = KnownUsers {
        base: Some(&base),
        observed: None,
    };
    assert!(is_hidden(&alone, known));

    let observed = Observed {
        profile: BTreeMap::from([("name".into(), "Gabrielle Chanel".into())]),
        ..Observed::default()
    };
    let observed = BTreeMap::from([(id("u-1"), RemoteUser::Present(Box::new(observed)))]);
    let known = KnownUsers {
        base: None,
        observed: Some(&observed),
    };
    assert!(is_hidden(&alone, known));
}
