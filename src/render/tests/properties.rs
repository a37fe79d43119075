//! Checks properties of every rendered plan.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::build::*;
use crate::model::text::characters::is_invisible;
use crate::model::{
    ApiChange, ApiVersion, FieldAction, FieldChange, FieldPath, FieldPatterns, FieldSettings,
    LikelyMove, MemberId, Plan, Previous, ProfileKey, Value, Visibility,
};
use crate::render::common::style::Style;
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::markdown::{MarkdownOptions, comment};
use crate::render::plan::text::TextOptions;
use crate::render::plan::view::PlanView;
use crate::render::plan::{json, text};
use crate::render::tests::escape::{is_command, nasty};

/// One user to be: which change, what id, and fields of key, kind, old and new text.
type Seed = (u8, String, Vec<(String, u8, String, String)>);

fn field((key, kind, old, new): &(String, u8, String, String)) -> FieldChange {
    let key = ProfileKey::new(key);
    let list = |text: &str| texts(&[text, "x", text]);
    let (path, action) = match kind % 9 {
        0 => (
            FieldPath::Profile(key),
            set_action(Previous::Absent, new.as_str().into()),
        ),
        1 => (
            FieldPath::Profile(key),
            set_action(Previous::DigestOnly, new.as_str().into()),
        ),
        2 => {
            let old = Previous::Value(old.as_str().into());
            (
                FieldPath::Profile(key),
                set_action(old, new.as_str().into()),
            )
        }
        3 => {
            let old = Previous::Value(list(old));
            (FieldPath::Profile(key), set_action(old, list(new)))
        }
        4 => {
            let action = FieldAction::Clear {
                old: Previous::Value(old.as_str().into()),
                declared: old < new,
            };
            (FieldPath::Profile(key), action)
        }
        5 => (
            FieldPath::ProfileOnce(key),
            FieldAction::Once {
                new: new.as_str().into(),
            },
        ),
        6 => {
            let old = Previous::Value(format!("a\n{old}\nb").as_str().into());
            let new = Value::from(format!("a\n{new}\nb").as_str());
            (FieldPath::Profile(key), set_action(old, new))
        }
        7 => {
            let old = Previous::Value(old.as_str().into());
            (FieldPath::Profile(key), FieldAction::Leave { old })
        }
        _ => (
            FieldPath::Tags,
            set_action(Previous::Value(list(old)), list(new)),
        ),
    };
    FieldChange { path, action }
}

fn set_action(old: Previous, new: Value) -> FieldAction {
    FieldAction::Set { old, new }
}

fn planned(seeds: &[Seed]) -> Plan {
    let mut changes = BTreeMap::new();
    for (kind, name, seeds) in seeds {
        let Ok(id) = MemberId::new(name) else {
            continue;
        };
        let fields: Vec<_> = seeds.iter().map(field).collect();
        let change = match kind % 6 {
            0 => create(name, fields),
            1 => forget(name),
            2 => delete(name),
            3 => moved(name, name, fields, false),
            4 => moved(name, name, fields, true),
            _ => update(name, fields, 1),
        };
        changes.insert(id, change);
    }
    let ids: Vec<MemberId> = changes.keys().cloned().collect();
    let mut plan = plan(changes.into_values().collect(), 3);
    // Nothing that a planner would say, and harmless all the same.
    plan.likely_moves = ids
        .windows(2)
        .map(|pair| LikelyMove {
            from: pair[0].clone(),
            to: pair[1].clone(),
        })
        .collect();
    plan.api = ApiChange::between(ApiVersion::V4, ApiVersion::V5);
    tripped(plan, 9)
}

fn seeds(
    id: impl Strategy<Value = String>,
    key: impl Strategy<Value = String>,
    text: impl Strategy<Value = String> + Clone,
) -> impl Strategy<Value = Vec<Seed>> {
    let field = (key, any::<u8>(), text.clone(), text);
    prop::collection::vec((any::<u8>(), id, prop::collection::vec(field, 0..4)), 0..40)
}

/// Every way to show a plan.
fn all(plan: &Plan, visibility: &Visibility) -> Vec<String> {
    let view = PlanView::new(plan, visibility, KnownUsers::default());
    let mut outputs = vec![comment(&view, &MarkdownOptions::default())];
    for full in [false, true] {
        let options = TextOptions {
            full,
            ..TextOptions::default()
        };
        let mut text = String::new();
        text::write(&mut text, &view, &options).expect("a String");
        outputs.push(text);
    }
    let mut json = Vec::new();
    json::write(&mut json, &view).expect("memory");
    outputs.push(String::from_utf8(json).expect("text"));
    outputs
}

fn secret() -> impl Strategy<Value = String> + Clone {
    "[A-Z]{3}[가-힣0-9]{4,8}(@example\\.com)?( [A-Z]{8})?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sensitive_value_is_shown(seeds in seeds("u-[0-9]{1,3}", "(email|name|note|workPhone)", secret())) {
        let visibility = Visibility::new(FieldSettings { sensitive: FieldPatterns::new(&["tags"]), ..FieldSettings::default() });
        for output in all(&planned(&seeds), &visibility) {
            for (_, _, fields) in &seeds {
                for (_, _, old, new) in fields {
                    prop_assert!(!output.contains(&**old) && !output.contains(&**new), "{output}");
                }
            }
        }
    }

    #[test]
    fn nothing_dangerous_comes_through(seeds in seeds(nasty(), nasty(), nasty())) {
        for output in all(&planned(&seeds), &open()) {
            for line in output.lines() {
                prop_assert!(!line.chars().any(is_invisible), "{line:?}");
                prop_assert!(!is_command(line), "{line:?}");
            }
        }
    }

    #[test]
    fn markdown_keeps_its_structure(seeds in seeds(nasty(), nasty(), nasty())) {
        let plan = planned(&seeds);
        let open = open();
        let view = PlanView::new(&plan, &open, KnownUsers::default());
        let text = comment(&view, &MarkdownOptions::default());
        let mut fence: Option<&str> = None;
        for line in text.lines() {
            match fence {
                Some(end) if line == end => fence = None,
                Some(_) => prop_assert!(line.is_empty() || line.starts_with(['#', '+', '!', '>', '-', '.', ' ']), "{line:?}"),
                None if line.starts_with("```") => fence = line.strip_suffix("diff"),
                None => {
                    // The text outside code spans. A backtick from a value would swap inside and outside.
                    let outside: String = line.split('`').step_by(2).collect();
                    prop_assert_eq!(line.matches('`').count() % 2, 0, "{:?}", line);
                    prop_assert!(!outside.contains("u{") && !outside.contains('@'), "{line:?}");
                }
            }
        }
        prop_assert_eq!(fence, None);
    }

    #[test]
    fn the_same_plan_is_the_same_text_in_colour_too(seeds in seeds("u-[0-9]{1,3}", nasty(), nasty())) {
        let (plan, again) = (planned(&seeds), planned(&seeds));
        prop_assert_eq!(all(&plan, &open()), all(&again, &open()));
        let options = TextOptions { style: Style::coloured(), ..TextOptions::default() };
        let coloured = text_with(&plan, true, &options);
        let plain = text_with(&plan, true, &TextOptions::default());
        prop_assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}
