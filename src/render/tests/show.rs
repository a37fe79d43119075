//! Tests showing a state and a plan file.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use crate::model::{
    ApiVersion, ChannelId, Destination, DigestKey, Entry, FieldPath, Pending, PendingAction,
    RecordedFields, State,
};
use crate::render::common::style::Style;
use crate::render::tests::build::{entry, id, rejection};
use crate::render::{state, state_users_json};

fn state() -> State {
    let mut state = State::new(
        "9f86d081884c7d65".to_owned(),
        vec![1, 2],
        None,
        Destination::of_api(ApiVersion::V4),
    );
    state.serial = 42;
    state.destination.channel_id = ChannelId::new("6263").ok();
    let key = DigestKey::new(b"salt", None).for_user(&id("u-1001"));
    let paths: [FieldPath; 2] =
        ["profile.email", "tags"].map(|path| path.parse().expect("a field"));
    let value = crate::model::Value::from("x");
    let digest = |path: &FieldPath| key.field(path, crate::model::FieldValue::Value(&value));
    let known = Entry {
        fields: RecordedFields::new(paths.iter().map(|path| (path.clone(), digest(path)))),
        unconfirmed: [FieldPath::Tags].into(),
        shown_instead: std::collections::BTreeMap::new(),
        ..entry()
    };
    state.users = [(id("u-1001"), known), (id("회원"), entry())]
        .map(|(id, entry)| (id, Box::new(entry)))
        .into();
    state.rejected = [
        (id("u-9"), rejection(Some("validationError"))),
        (id("회원"), rejection(None)),
    ]
    .into();
    state
}

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

#[test]
fn the_whole() {
    let text = written(|out| state::state(out, &state(), &Style::plain()).expect("a String"));
    assert_snapshot!(text, @"
    lineage       9f86d081884c7d65
    serial        42
    destination   channel 6263 at https://api.channel.io, API v4
    state key     none
    form          2
    users         2
    files         0
    pending       0
    rejected      2
    unconfirmed   1
    ");
}

#[test]
fn a_line_for_each_user() {
    let text = written(|out| state::state_list(out, &state(), &Style::plain()).expect("a String"));
    assert_snapshot!(text, @"
    u-1001   f8954d31f2a7   2026-11-23T10:00:00Z   1 unconfirmed
    회원     f8954d31f2a7   2026-11-23T10:00:00Z   rejected last time: 422 (attempt 2 since 2026-11-20)
    u-9      rejected last time: 422 validationError (attempt 2 since 2026-11-20)
    ");
}

#[test]
fn one_user() {
    let one = |name: &str| {
        written(|out| {
            let known = state::state_user(out, &state(), &id(name), &Style::plain());
            assert_eq!(known.expect("a String"), name != "u-0");
        })
    };
    assert_snapshot!(one("u-1001"), @"
    u-1001
      applied   2026-11-23T10:00:00Z
      digest    f8954d31f2a7da3f33bbd2a1f9e9c64301a0c64044ea9a28ae7684cee234f1e2
      2 fields
        profile.email   19c2e5e43e28b99804c92d68
        tags            f78a46cc4cf515ea5e57feed   not confirmed by Channel
    ");
    assert_snapshot!(one("u-9"), @"
    u-9
      rejected last time: 422 validationError (attempt 2 since 2026-11-20)
      never applied
    ");
    assert_eq!(one("u-0"), "");
}

#[test]
fn users_as_json() {
    let mut state = state();
    let pending = Pending {
        action: PendingAction::MoveFrom {
            from: id("u-1001"),
            delete_old: false,
        },
        touched: [FieldPath::Tags].into(),
        ..Pending::unknown(entry().at)
    };
    state.pending.insert(id("n-1"), pending);
    let written = |name: &str| -> Json {
        let mut out = Vec::new();
        let covers = |id: &crate::model::MemberId| id.as_str().starts_with(name);
        state_users_json::users(&mut out, &state, &covers).expect("memory");
        serde_json::from_slice(&out).expect("JSON")
    };
    let all = written("");
    assert_eq!(
        (&all["formatVersion"], &all["serial"]),
        (&json!(1), &json!(42))
    );
    let ids: Vec<&str> = all["users"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| user["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["n-1", "u-1001", "u-9", "회원"]);
    assert_eq!(
        written("n-")["users"],
        json!([{
            "id": "n-1",
            "applied": null,
            "pending": {"action": "moveFrom", "other": "u-1001", "fields": ["tags"], "since": "2026-11-23T10:00:00Z"},
            "rejected": null,
        }])
    );
    let applied = &written("u-1001")["users"][0]["applied"];
    assert_eq!(applied["unconfirmed"], json!(["tags"]));
    assert_eq!(applied["fields"]["tags"], "f78a46cc4cf515ea5e57feed");
    assert_eq!(written("u-9")["users"][0]["rejected"]["status"], 422);
}
