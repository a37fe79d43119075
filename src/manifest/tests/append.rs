//! Tests adding users to a text: every old byte stays, and the result declares the old users and the new.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::manifest::{AppendError, append, document};
use crate::model::{Attributes, Declared, MemberId, Value};

use crate::manifest::tests::properties::{expected, plains};
use crate::manifest::tests::{read, settings};

fn users(ids: &[&str]) -> BTreeMap<MemberId, Attributes> {
    let user = |id: &&str| {
        let profile = [
            ("code".into(), Declared::Set("012".into())),
            ("note".into(), Declared::Set("a\n\n  b\n".into())),
            (
                "sizes".into(),
                Declared::Set(Value::Numbers(vec![1.into(), 2.into()].into())),
            ),
        ];
        let attributes = Attributes {
            profile: profile.into(),
            tags: Some(["vip/gold".to_owned()].into()),
            unsubscribe_email: Some(true),
            ..Attributes::default()
        };
        (MemberId::new(id).expect("an id"), attributes)
    };
    ids.iter().map(user).collect()
}

#[track_caller]
fn added(name: &str, old: &str) -> String {
    let text = append(name, Some(old), &users(&["new"]), &settings()).expect("added");
    let added = text.strip_prefix(old).expect("every old byte");
    let after = read(name, &text);
    assert!(!after.has_errors(), "{:?}", after.diagnostics);
    let before = read(name, old).desired.users;
    for (id, user) in &before {
        assert_eq!(after.desired.users.get(id), Some(user), "{id} has moved");
    }
    assert_eq!(after.desired.users.len(), before.len() + 1);
    added.to_owned()
}

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";

#[test]
fn a_new_file() {
    let text = append("a.yaml", None, &users(&["u-1", "12"]), &settings()).expect("a text");
    insta::assert_snapshot!(text, @r#"
    apiVersion: talkform/v1
    kind: UserList
    users:
      - memberId: "12"
        profile:
          code: "012"
          note: |
            a

              b
          sizes:
          - 1
          - 2
        tags:
        - vip/gold
        unsubscribeEmail: true
      - memberId: "u-1"
        profile:
          code: "012"
          note: |
            a

              b
          sizes:
          - 1
          - 2
        tags:
        - vip/gold
        unsubscribeEmail: true
    "#);
    let lines = append("a.ndjson", None, &users(&["u-1", "12"]), &settings()).expect("a text");
    insta::assert_snapshot!(lines, @r#"
    {"memberId":"12","profile":{"code":"012","note":"a\n\n  b\n","sizes":[1,2]},"tags":["vip/gold"],"unsubscribeEmail":true}
    {"memberId":"u-1","profile":{"code":"012","note":"a\n\n  b\n","sizes":[1,2]},"tags":["vip/gold"],"unsubscribeEmail":true}
    "#);
}

#[test]
fn items_are_added_at_the_indentation_that_is_there() {
    for (indent, old) in [
        (0, "users:\n- memberId: a\n"),
        (
            0,
            "users: # all of them\n\n# first\n- {memberId: a}\n# last",
        ),
        (1, "users:\n - memberId: a\n   tags: [x]\n\n\n"),
        (
            2,
            "users:\n  - memberId: a\n    profile: {x: 'y'} # why\n  # the end\n",
        ),
        (4, "users:\n    -   memberId: a\n        tags: [x]"),
        (2, "users:\n  - &x\n    memberId: a\n"),
        (6, "users:\n      -\n         memberId: a\n"),
        (
            2,
            "users:\n  - memberId: a\n    profile:\n      note: |\n        text\n",
        ),
        (
            2,
            "users:\n  - memberId: a\n    profile: { name: \"김서연\" }\n",
        ),
    ] {
        let added = added("a.yaml", &format!("# ours\n{HEAD}{old}"));
        let first = added.trim_start_matches('\n').lines().next().unwrap();
        let item = format!("{}- memberId: \"new\"", " ".repeat(indent));
        assert_eq!(first, item, "{old}");
    }
}

#[test]
fn what_is_no_plain_list_at_the_end_gets_a_document_after_it() {
    let user = "apiVersion: talkform/v1\nkind: User\nmemberId: b\n";
    for old in [
        format!("{HEAD}users: [{{memberId: a}}]\n"),
        format!("{HEAD}users: []\n"),
        format!("{HEAD}users: [\n  {{memberId: a}},\n]"),
        format!("{HEAD}defaults: {{ profile: {{ plan: free }} }}\nusers:\n  - memberId: a\n"),
        format!("users:\n  - memberId: a\n{HEAD}"),
        format!("{HEAD}users:\n  - memberId: a\n...\n"),
        format!("{HEAD}users:\n  - memberId: a\n---\n{user}"),
        r#"{"apiVersion": "talkform/v1", "kind": "UserList", "users": [{"memberId": "a"}]}"#
            .to_owned(),
        user.to_owned(),
    ] {
        let added = added("a.yml", &old);
        let first = added.trim_start_matches('\n');
        assert!(first.starts_with("---\napiVersion: "), "{old}\n{added}");
    }
    let several = format!("{user}---\n{HEAD}users:\n  - memberId: a\n");
    assert!(added("a.yaml", &several).starts_with("  - memberId: \"new\"\n"));
}

#[test]
fn line_ends_and_marks_are_kept() {
    let windows = format!("{HEAD}users:\n  - memberId: a\n").replace('\n', "\r\n");
    let added_there = added("a.yaml", &windows);
    assert_eq!(
        added_there.matches('\n').count(),
        added_there.matches("\r\n").count()
    );
    added(
        "a.yaml",
        &format!("\u{feff}{HEAD}users:\n  - memberId: a\n"),
    );
    for old in [
        "{\"memberId\":\"a\"}",
        "{\"memberId\":\"a\"}\n\n",
        "{\"memberId\":\"a\"}\r\n",
    ] {
        let added = added("a.jsonl", old);
        assert_eq!(added.trim().lines().count(), 1, "{added}");
    }
}

#[test]
fn refusals() {
    let one = users(&["a"]);
    let add = |name, old| append(name, old, &one, &settings());
    assert_eq!(add("a.json", None), Err(AppendError::Format));
    assert_eq!(add("a.txt", None), Err(AppendError::Format));
    assert_eq!(add("a.yaml", Some("a: b: c")), Err(AppendError::Unreadable));
    let same = format!("{HEAD}users:\n  - memberId: a\n");
    assert_eq!(add("a.yaml", Some(&same)), Err(AppendError::Differs));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn anything_written_reads_the_same(users in plains(), odd in "\\PC{0,12}", indent in 0_usize..5) {
        let mut users = expected(&users);
        let id = MemberId::new("odd").expect("an id");
        let odd = Attributes {
            profile: [("odd".into(), Declared::Set(Value::Text(odd)))].into(),
            ..Attributes::default()
        };
        users.insert(id, odd);
        let list = format!("{HEAD}users:\n{}- memberId: a{{}}b\n", " ".repeat(indent));
        for (name, old) in [
            ("a.yaml", None),
            ("a.yaml", Some(&*list)),
            ("a.jsonl", Some("{\"memberId\":\"a{}b\"}")),
        ] {
            let text = append(name, old, &users, &settings());
            prop_assert!(text.is_ok(), "{text:?} {users:?}");
            let text = text.expect("added");
            prop_assert!(text.starts_with(old.unwrap_or_default()));
            prop_assert!(!text[old.map_or(0, str::len)..].contains("---\napi"), "{text}");
            let reading = read(name, &text);
            prop_assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
            for (id, attributes) in &users {
                prop_assert_eq!(&*reading.desired.users[id].attributes, attributes);
            }
            prop_assert_eq!(reading.desired.users.len(), users.len() + usize::from(old.is_some()));
        }
        for (id, attributes) in &users {
            let text = document(id, attributes, &settings());
            prop_assert!(text.is_ok(), "{attributes:?}");
        }
    }
}
