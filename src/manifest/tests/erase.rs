//! Tests removing a user from a text: the others stay byte for byte, and nothing of the user is left.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use crate::manifest::{EraseError, Erased, erase};
use crate::model::MemberId;

use crate::manifest::tests::properties::{expected, plains};
use crate::manifest::tests::{read, settings};

const HEAD: &str = "apiVersion: talkform/v1\nkind: UserList\n";
const USER: &str = "apiVersion: talkform/v1\nkind: User\n";

fn without(name: &str, id: &str, text: &str) -> Result<Option<Erased>, EraseError> {
    let id = MemberId::new(id).expect("an id");
    erase(name, text, &id, &settings())
}

/// Removes `kim` from a text. Whatever is about kim has KIM in it.
#[track_caller]
fn check(name: &str, before: &str, after: &str) {
    let reading = read(name, before);
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    let erased = without(name, "kim", before)
        .unwrap_or_else(|error| panic!("{error}\n{before}"))
        .expect("kim is declared");
    let text = erased.text.expect("others are left");
    assert_eq!(text, after, "before:\n{before}\nafter:\n{text}");
    assert!(!text.contains("KIM"), "{text}");
    assert_eq!(without(name, "kim", &text), Ok(None));
}

/// The same where `kim` is in a list of a YAML file. The rest is what stands after the head.
#[track_caller]
fn list(before: &str, after: &str) {
    for head in [
        HEAD.to_owned(),
        format!("# ours\n{HEAD}"),
        format!("---\n{HEAD}"),
    ] {
        for line_end in ["\n", "\r\n"] {
            let text = |rest: &str| format!("{head}{rest}").replace('\n', line_end);
            check("a.yaml", &text(before), &text(after));
        }
    }
    check(
        "a.yml",
        &format!("\u{feff}{HEAD}{before}"),
        &format!("\u{feff}{HEAD}{after}"),
    );
}

#[test]
fn items_of_block_lists() {
    for (before, after) in [
        // First, in the middle, last.
        (
            "users:\n  - memberId: kim\n    profile: { note: KIM }\n  - memberId: lee\n",
            "users:\n  - memberId: lee\n",
        ),
        (
            "users:\n- memberId: lee\n- memberId: kim\n  profile:\n    note: KIM\n- memberId: park\n",
            "users:\n- memberId: lee\n- memberId: park\n",
        ),
        (
            "users:\n  - memberId: lee\n  - profile: { note: KIM }\n    memberId: kim\n",
            "users:\n  - memberId: lee\n",
        ),
        (
            "users:\n  - memberId: lee\n  - memberId: kim",
            "users:\n  - memberId: lee\n",
        ),
        // In front of other fields of the document.
        (
            "users:\n  - memberId: lee\n  - memberId: kim\ndefaults: { profile: { plan: free } }\n",
            "users:\n  - memberId: lee\ndefaults: { profile: { plan: free } }\n",
        ),
        // A map in brackets as an item, over one line and over several.
        (
            "users:\n  - { memberId: kim, tags: [KIM, x] } # KIM\n  - { memberId: lee }\n",
            "users:\n  - { memberId: lee }\n",
        ),
        (
            "users:\n  - { memberId: kim,\n      tags: [KIM,\n        x], # KIM\n    }\n  - memberId: lee\n",
            "users:\n  - memberId: lee\n",
        ),
        // The dash alone on its line, with a comment below.
        (
            "users:\n  -\n    # KIM\n    memberId: kim\n  -\n    memberId: lee\n",
            "users:\n  -\n    memberId: lee\n",
        ),
        // Texts of several lines, also such that look like comments or items.
        (
            "users:\n  - memberId: kim\n    profile:\n      note: |\n        KIM\n\n        # KIM\n      other: >-\n        KIM\n        - memberId: KIM\n\n  - memberId: lee\n",
            "users:\n\n  - memberId: lee\n",
        ),
        (
            "users:\n  - memberId: kim\n    profile:\n      note: \"KIM\n\n        # KIM\"\n      other: KIM\n        KIM\n  - memberId: lee\n",
            "users:\n  - memberId: lee\n",
        ),
        // Keys without a value in front of the item, and quotes.
        (
            "users:\n  - memberId: lee\n    tags: []\n  - \"memberId\": 'kim'\n    \"profile\": { 'note': \"KIM\" }\n  - memberId: park\n",
            "users:\n  - memberId: lee\n    tags: []\n  - memberId: park\n",
        ),
        // The last user of a list.
        (
            "users:\n  - memberId: kim\n    tags: [KIM]\n",
            "users: []\n",
        ),
        (
            "users: # all of them\n  # before\n  - memberId: kim\n  # after\n",
            "users: [] # all of them\n  # before\n  # after\n",
        ),
        (
            "users:\n- memberId: kim\ndefaults: { profile: { plan: free } }\n",
            "users: []\ndefaults: { profile: { plan: free } }\n",
        ),
        // Blank lines around stay single.
        (
            "users:\n  - memberId: lee\n\n  - memberId: kim\n\n  - memberId: park\n",
            "users:\n  - memberId: lee\n\n  - memberId: park\n",
        ),
        // An anchor of the user that nobody else needs, and one of another user.
        (
            "users:\n  - &kim\n    memberId: kim\n    profile: &p { note: KIM }\n  - memberId: lee\n",
            "users:\n  - memberId: lee\n",
        ),
        (
            "users:\n  - memberId: lee\n    profile: &p { plan: pro }\n  - memberId: kim\n    profile: *p\n",
            "users:\n  - memberId: lee\n    profile: &p { plan: pro }\n",
        ),
    ] {
        list(before, after);
    }
}

#[test]
fn comments_around_stay_and_comments_inside_go() {
    list(
        "users:\n  # about lee\n  - memberId: lee # lee\n    # inside of lee\n\n  # before\n  - memberId: kim # KIM\n    # KIM\n    profile:\n      # KIM\n      note: KIM # KIM\n      # KIM\n    # KIM\n\n    # KIM\n  # after\n\n  # about park\n  - memberId: park\n# the end\n",
        "users:\n  # about lee\n  - memberId: lee # lee\n    # inside of lee\n\n  # before\n  # after\n\n  # about park\n  - memberId: park\n# the end\n",
    );
    let text = format!(
        "{HEAD}users:\n  # far\n\n  # before\n  # before, too\n  - memberId: kim\n  # after\n\n  # far\n  - memberId: lee\n"
    );
    let erased = without("a.yaml", "kim", &text)
        .expect("erased")
        .expect("kim");
    let lines: Vec<String> = erased
        .text
        .expect("a text")
        .lines()
        .map(str::to_owned)
        .collect();
    let named: Vec<&str> = erased
        .comments
        .iter()
        .map(|line| &*lines[line - 1])
        .collect();
    assert_eq!(named, ["  # before", "  # before, too", "  # after"]);
}

#[test]
fn items_in_brackets() {
    for (before, after) in [
        (
            "users: [ {memberId: kim}, {memberId: lee} ]\n",
            "users: [ {memberId: lee} ]\n",
        ),
        (
            "users: [{memberId: lee},{memberId: kim}]\n",
            "users: [{memberId: lee}]\n",
        ),
        (
            "users: [ {memberId: lee}, {memberId: kim, tags: [KIM]}, {memberId: park} ]\n",
            "users: [ {memberId: lee}, {memberId: park} ]\n",
        ),
        ("users: [ {memberId: kim} ]\n", "users: [ ]\n"),
        ("users: [{memberId: kim}]\n", "users: []\n"),
        (
            "users: [ memberId: lee, memberId: kim ]\n",
            "users: [ memberId: lee ]\n",
        ),
        (
            "users: [\n  {memberId: lee}, # lee\n  # before\n  {memberId: kim}, # KIM\n  # after\n  {memberId: park},\n]\n",
            "users: [\n  {memberId: lee}, # lee\n  # before\n  # after\n  {memberId: park},\n]\n",
        ),
        (
            "users: [\n  {memberId: lee} # lee, the comma is on the next line\n  ,\n  {memberId: kim}\n]\n",
            "users: [\n  {memberId: lee} # lee, the comma is on the next line\n]\n",
        ),
        (
            "users: [\n    {memberId: lee}\n  , {memberId: kim}\n  , {memberId: park}\n]\n",
            "users: [\n    {memberId: lee}\n  , {memberId: park}\n]\n",
        ),
    ] {
        list(before, after);
    }
}

#[test]
fn documents_of_their_own() {
    for (before, after) in [
        (
            format!(
                "# ours\n{USER}memberId: kim\nprofile: {{ note: KIM }}\n---\n{USER}memberId: lee\n"
            ),
            format!("# ours\n---\n{USER}memberId: lee\n"),
        ),
        (
            format!(
                "{USER}memberId: lee\n---\n{USER}memberId: kim\nprofile:\n  note: KIM\n  # KIM\n# after\n---\n# park\n{USER}memberId: park\n"
            ),
            format!("{USER}memberId: lee\n# after\n---\n# park\n{USER}memberId: park\n"),
        ),
        (
            format!("{USER}memberId: lee\n--- # KIM\n# before\n{USER}memberId: kim\n"),
            format!("{USER}memberId: lee\n# before\n"),
        ),
        (
            format!("---\n{USER}memberId: kim\n---\n{USER}memberId: lee\n"),
            format!("---\n{USER}memberId: lee\n"),
        ),
        (
            format!(
                "{HEAD}users:\n  - memberId: lee\n---\n{{apiVersion: talkform/v1, kind: User, memberId: kim, tags: [KIM]}}\n"
            ),
            format!("{HEAD}users:\n  - memberId: lee\n"),
        ),
        // A text that looks like a marker is none.
        (
            format!(
                "{USER}memberId: lee\nprofile:\n  note: |\n    ---\n---\n{USER}memberId: kim\nprofile:\n  note: |\n    --- KIM\n    ...\n"
            ),
            format!("{USER}memberId: lee\nprofile:\n  note: |\n    ---\n"),
        ),
        // The last user of a list stays a list beside other documents.
        (
            format!("{HEAD}users:\n  - memberId: kim\n---\n{USER}memberId: lee\n"),
            format!("{HEAD}users: []\n---\n{USER}memberId: lee\n"),
        ),
    ] {
        for line_end in ["\n", "\r\n"] {
            let text = |text: &str| text.replace('\n', line_end);
            check("a.yaml", &text(&before), &text(&after));
        }
    }
}

#[test]
fn json_and_json_lines() {
    let json = |users: &str| {
        format!(
            "{{\n  \"apiVersion\": \"talkform/v1\", \"kind\": \"UserList\",\n  \"users\": {users}\n}}\n"
        )
    };
    for (before, after) in [
        (
            "[{\"memberId\": \"kim\"}, {\"memberId\": \"lee\"}]",
            "[{\"memberId\": \"lee\"}]",
        ),
        (
            "[\n    {\"memberId\": \"lee\"},\n    {\n      \"memberId\": \"kim\",\n      \"tags\": [\"KIM\"]\n    }\n  ]",
            "[\n    {\"memberId\": \"lee\"}\n  ]",
        ),
        (
            "[\n    {\"memberId\": \"kim\"},\n    {\"memberId\": \"lee\"}\n  ]",
            "[\n    {\"memberId\": \"lee\"}\n  ]",
        ),
        ("[{\"memberId\": \"k\\u0069m\"}]", "[]"),
    ] {
        check("a.json", &json(before), &json(after));
        check(
            "a.yaml",
            &json(before).replace("\\u0069", "i"),
            &json(after),
        );
    }
    let line = |id: &str, more: &str| format!("{{\"memberId\": \"{id}\"{more}}}");
    let (kim, lee, park) = (
        line("kim", ", \"tags\": [\"KIM\"]"),
        line("lee", ""),
        line("park", ""),
    );
    for line_end in ["\n", "\r\n"] {
        let text = |lines: &[&str]| {
            let lines = lines.iter();
            lines.fold(String::new(), |text, line| text + line + line_end)
        };
        check(
            "a.jsonl",
            &text(&[&kim, &lee, &park]),
            &text(&[&lee, &park]),
        );
        check(
            "a.ndjson",
            &text(&[&lee, &kim, "", &park]),
            &text(&[&lee, "", &park]),
        );
        check(
            "a.jsonl",
            &format!("{}{kim}", text(&[&lee])),
            &text(&[&lee]),
        );
    }
}

#[test]
fn a_file_that_declares_nobody_else_is_to_be_removed() {
    for (name, text) in [
        ("a.yaml", format!("# KIM\n{USER}memberId: kim\n")),
        ("a.yaml", format!("---\n{USER}memberId: kim\n...\n")),
        (
            "a.json",
            "{\"apiVersion\": \"talkform/v1\", \"kind\": \"User\", \"memberId\": \"kim\"}"
                .to_owned(),
        ),
        ("a.jsonl", "\n{\"memberId\": \"kim\"}\n".to_owned()),
    ] {
        let erased = without(name, "kim", &text).expect("erased").expect("kim");
        assert_eq!(erased.text, None, "{text}");
        assert!(erased.declared);
    }
}

#[test]
fn moves_to_the_user_go_with_it() {
    for (before, after) in [
        (
            "moved:\n  - from: KIM-old\n    to: kim\n  - { from: lee-old, to: lee }\nusers:\n  - memberId: kim\n  - memberId: lee\n",
            "moved:\n  - { from: lee-old, to: lee }\nusers:\n  - memberId: lee\n",
        ),
        (
            "moved: [{ from: KIM-old, to: kim }]\nusers:\n  - memberId: kim\n",
            "moved: []\nusers: []\n",
        ),
    ] {
        list(before, after);
    }
    // The entry and the user may be in two files.
    let text =
        format!("{HEAD}moved:\n  - {{ from: kim-old, to: kim }}\nusers:\n  - memberId: lee\n");
    let erased = without("a.yaml", "kim", &text)
        .expect("erased")
        .expect("an entry");
    assert!(!erased.declared);
    assert_eq!(erased.former, [MemberId::new("kim-old").expect("an id")]);
    let text = erased.text.expect("a text");
    assert_eq!(
        text,
        format!("{HEAD}moved: []\nusers:\n  - memberId: lee\n")
    );
}

#[test]
fn what_cannot_be_cut_is_refused_with_its_place() {
    let place = |rest: &str| match without("a.yaml", "kim", &format!("{HEAD}{rest}")) {
        Err(error) => error.to_string(),
        Ok(erased) => panic!("{erased:?}"),
    };
    assert_eq!(
        place(
            "users:\n  - memberId: kim\n    profile: &p { plan: pro }\n  - memberId: lee\n    profile: *p\n"
        ),
        "the alias at a.yaml:7:14 uses an anchor inside of the declaration"
    );
    assert_eq!(
        place("users:\n  - memberId: lee\n    profile: { friend: &k kim }\n  - memberId: *k\n"),
        "the member id is an alias of the anchor at a.yaml:5:24, which is not part of the declaration"
    );
    assert_eq!(
        place("moved:\n  - { from: kim, to: lee }\nusers:\n  - memberId: lee\n"),
        "the entry of `moved` at a.yaml:4:13 says that the user has another id now"
    );
    // An anchor that is defined twice: without the second definition, the alias would mean the first one.
    assert_eq!(
        place(
            "users:\n  - memberId: lee\n    tags: &t [a]\n  - memberId: kim\n    tags: &t [b]\n  - memberId: park\n    tags: *t\n"
        ),
        "the alias at a.yaml:9:11 uses an anchor inside of the declaration"
    );
    // An anchor of the list keeps the empty list from being written.
    assert_eq!(
        place("users: &all\n  - memberId: kim\n"),
        "the declaration at a.yaml:4:15 cannot be cut out cleanly"
    );
    assert_eq!(
        without("a.yaml", "kim", "a: b: c"),
        Err(EraseError::Unreadable)
    );
    assert_eq!(
        without("a.txt", "kim", "memberId: kim"),
        Err(EraseError::Unreadable)
    );
    assert_eq!(
        without(
            "a.yaml",
            "kim",
            &format!("{HEAD}users:\n  - memberId: lee\n")
        ),
        Ok(None)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_user_of_any_manifest_is_removed(users in plains(), index in any::<prop::sample::Index>()) {
        let list = json!({ "apiVersion": "talkform/v1", "kind": "UserList", "users": users });
        let pretty = serde_json::to_string_pretty(&list).expect("json");
        let reading = read("a.json", &pretty);
        let open = crate::model::Visibility::default().revealing(true);
        let lines = |separator: &str, header: bool| {
            let lines = users.iter().map(|user| {
                let mut user = serde_json::to_value(user).expect("json");
                if header {
                    user["apiVersion"] = "talkform/v1".into();
                    user["kind"] = "User".into();
                }
                user.to_string()
            });
            lines.collect::<Vec<_>>().join(separator)
        };
        let mut others = expected(&users);
        let id = others.keys().nth(index.index(others.len())).expect("a user").clone();
        others.remove(&id);
        for (name, text) in [
            ("a.json", pretty.clone()),
            ("a.yaml", pretty),
            ("a.json", list.to_string()),
            ("a.yaml", crate::manifest::write(&reading.desired, &open)),
            ("a.yaml", lines("\n---\n", true)),
            ("a.jsonl", lines("\n", false)),
        ] {
            if read(name, &text).has_errors() {
                // YAML has no escapes of surrogate pairs, which JSON has.
                continue;
            }
            let erased = erase(name, &text, &id, &settings());
            prop_assert!(erased.is_ok(), "{erased:?}\n{text}");
            let erased = erased.expect("erased").expect("declared");
            let left = match &erased.text {
                None => std::collections::BTreeMap::new(),
                Some(text) => {
                    let reading = read(name, text);
                    prop_assert!(!reading.has_errors(), "{:?}\n{text}", reading.diagnostics);
                    let users = reading.desired.users.into_iter();
                    users.map(|(id, user)| (id, Arc::unwrap_or_clone(user.attributes))).collect()
                }
            };
            prop_assert_eq!(&left, &others);
            // No byte is new but those of an empty list.
            let mut rest = text.chars();
            for character in erased.text.unwrap_or_default().replace(" []", "").replace("[]", "").chars() {
                prop_assert!(rest.any(|old| old == character), "{text}");
            }
        }
    }
}

#[test]
fn a_text_of_a_no_break_space_before_the_user_stays() {
    let text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n- memberId: \"0\"\n  profileOnce:\n    oa:\n    - \u{a0}\n- memberId: A\n";
    let id = MemberId::new("A").expect("an id");
    let erased = erase("a.yaml", text, &id, &settings());
    let erased = erased.expect("erased").expect("declared");
    let left = text.replace("- memberId: A\n", "");
    assert_eq!(erased.text.as_deref(), Some(&*left));
}
