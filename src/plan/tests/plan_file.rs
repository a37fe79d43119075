//! Tests plan files: a written file is read back, and an altered one is refused.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::{ApiVersion, ChannelId, Destination, RemovedPolicy, RemovedUsers};
use crate::plan::plan_file::{PlanFile, PlanFileError, Revision};
use crate::plan::tests::build::{Setting, Users, recorded, with_plan};

/// A plan that creates, updates, moves and deletes, with a step to another API version.
fn file() -> PlanFile {
    let users = |users: &[(&str, &str)]| -> Users {
        let users = users.iter();
        users
            .map(|(id, plan)| ((*id).to_owned(), with_plan(plan)))
            .collect()
    };
    let mut state = recorded(&users(&[
        ("gone", "free"),
        ("kept", "free"),
        ("old", "free"),
    ]));
    state.serial = 7;
    state.destination = Destination {
        channel_id: ChannelId::new("6263").ok(),
        environment: Some("prod".to_owned()),
        ..Destination::of_api(ApiVersion::V5)
    };
    let setting = Setting {
        moves: [("new".to_owned(), "old".to_owned())].into(),
        removed: RemovedPolicy {
            users: RemovedUsers::Delete,
            ..RemovedPolicy::default()
        },
        ..Setting::default()
    };
    let wanted = users(&[("first", "pro"), ("kept", "pro"), ("new", "free")]);
    let plan = setting.plan(&wanted, &state);
    let actions: Vec<&str> = plan
        .changes
        .iter()
        .map(|planned| planned.change.action().as_str())
        .collect();
    assert_eq!(actions, ["create", "delete", "update", "move"]);
    assert!(plan.api.is_some());
    let at: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a time");
    let revision = Revision {
        commit: "0".repeat(40),
        uncommitted_changes: true,
    };
    PlanFile::of(&plan, &["*".to_owned()], at, Some(revision))
}

#[test]
fn what_is_written_is_read_back() {
    let file = file();
    assert_eq!(PlanFile::parse(&file.write()), Ok(file));
}

/// Every scalar of a JSON document, by its pointer.
fn scalars(json: &Json, at: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, member) in members {
                scalars(member, &format!("{at}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                scalars(item, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

fn other(value: &Json) -> Json {
    match value {
        Json::Bool(flag) => (!flag).into(),
        Json::Number(number) => (number.as_u64().expect("a count") + 1).into(),
        Json::String(text) if text.len() >= 64 => {
            let (head, last) = text.split_at(text.len() - 1);
            let last = if last == "0" { "1" } else { "0" };
            format!("{head}{last}").into()
        }
        Json::String(text) => match text.as_str() {
            "v4" => "v5".into(),
            "v5" => "v4".into(),
            "create" | "move" => "update".into(),
            "update" | "delete" => "create".into(),
            text => format!("{text}x").into(),
        },
        _ => "x".into(),
    }
}

/// What the digest does not cover: an apply plans again, so these decide nothing by themselves.
const NOT_COVERED: [&str; 5] = ["/at", "/revision", "/manifests", "/select", "/unchanged"];

#[test]
fn every_other_part_is_refused_once_it_is_altered() {
    let whole: Json = serde_json::from_str(&file().write()).expect("json");
    let mut pointers = Vec::new();
    scalars(&whole, "", &mut pointers);
    assert!(pointers.len() > 25, "{pointers:?}");
    for pointer in &pointers {
        let mut altered = whole.clone();
        let place = altered.pointer_mut(pointer).expect("a scalar");
        *place = other(place);
        let read = PlanFile::parse(&altered.to_string());
        if NOT_COVERED.iter().any(|part| pointer.starts_with(part)) {
            continue;
        }
        assert!(read.is_err(), "{pointer}");
        let is_digest_of_lines = pointer.starts_with("/changes/")
            || pointer.starts_with("/destination/")
            || ["/digest", "/lineage", "/serial"].contains(&pointer.as_str());
        if is_digest_of_lines {
            assert!(
                matches!(read, Err(PlanFileError::Altered { .. })),
                "{pointer}: {read:?}"
            );
        }
    }
}

#[test]
fn a_change_that_was_added_or_taken_away_is_refused() {
    let whole: Json = serde_json::from_str(&file().write()).expect("json");
    let changes = |edit: &dyn Fn(&mut serde_json::Map<String, Json>)| {
        let mut altered = whole.clone();
        edit(altered["changes"].as_object_mut().expect("changes"));
        PlanFile::parse(&altered.to_string())
    };
    for id in ["first", "gone", "kept", "new"] {
        let without = changes(&|changes| {
            changes.remove(id).expect("a change");
        });
        assert!(
            matches!(without, Err(PlanFileError::Altered { .. })),
            "{id}"
        );
        let twice = changes(&|changes| {
            changes.insert("another".to_owned(), changes[id].clone());
        });
        assert!(matches!(twice, Err(PlanFileError::Altered { .. })), "{id}");
        let renamed = changes(&|changes| {
            let change = changes.remove(id).expect("a change");
            changes.insert("another".to_owned(), change);
        });
        assert!(
            matches!(renamed, Err(PlanFileError::Altered { .. })),
            "{id}"
        );
    }
}

#[test]
fn the_error_names_both_digests() {
    let mut file = file();
    let named = file.digest.to_string();
    file.serial += 1;
    let error = PlanFile::parse(&file.write())
        .expect_err("altered")
        .to_string();
    assert!(error.contains(&named), "{error}");
    assert_eq!(error.matches("sha256:").count(), 2, "{error}");
}
