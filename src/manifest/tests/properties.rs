//! Checks properties of any manifest: a second reader reads the same, and order and format make no difference.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::manifest::problem::span::Span;
use crate::manifest::syntax::json;
use crate::manifest::syntax::node::{Content, Node};
use crate::manifest::syntax::scalar::{PlainScalar, classify};
use crate::manifest::{Reading, read_texts};
use crate::model::{Attributes, Declared, MemberId, ProfileKey, Value};

use crate::manifest::tests::{codes, read, settings};

/// A user as serde sees one: it shares no code with the reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Plain {
    member_id: String,
    profile: BTreeMap<String, Option<PlainValue>>,
    profile_once: BTreeMap<String, PlainValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe_email: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PlainValue {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

impl PlainValue {
    fn number(number: f64) -> Value {
        Value::Number(crate::model::Number::new(number).expect("finite"))
    }

    #[expect(clippy::cast_precision_loss, reason = "within ±2^53")]
    fn value(&self) -> Value {
        match self {
            Self::Boolean(flag) => Value::Boolean(*flag),
            Self::Integer(number) => Self::number(*number as f64),
            Self::Number(number) => Self::number(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Texts(texts) => texts.clone().into(),
            Self::Numbers(numbers) => Value::Numbers(
                numbers
                    .iter()
                    .filter_map(|number| crate::model::Number::new(*number))
                    .collect(),
            ),
        }
    }
}

impl Plain {
    fn attributes(&self) -> Attributes {
        let declared = |value: &Option<PlainValue>| match value {
            Some(value) => Declared::Set(value.value()),
            None => Declared::Clear,
        };
        Attributes {
            language: None,
            profile: self
                .profile
                .iter()
                .map(|(key, value)| (ProfileKey::new(key), declared(value)))
                .collect(),
            profile_once: self
                .profile_once
                .iter()
                .map(|(key, value)| (ProfileKey::new(key), value.value()))
                .collect(),
            tags: self
                .tags
                .as_ref()
                .map(|tags| tags.iter().cloned().collect()),
            unsubscribed: self.unsubscribed,
            unsubscribe_email: self.unsubscribe_email,
            unsubscribe_texting: None,
        }
    }
}

/// Texts that are awkward to write, and texts that look like another type.
fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "",
        "yes",
        "No",
        "on",
        "null",
        "~",
        "012",
        "1e3",
        "0x1F",
        "+82",
        "2024-01-01",
        "12:30",
        "true",
        "=",
        "<<",
        "# x",
        "a: b",
        "- a",
        "[",
        "{",
        "'",
        "\"",
        " a",
        "a ",
        "a\nb\n",
        "\t",
        "\\",
        "한글 😀",
        "\u{a0}",
        "\u{2028}",
        "&a",
        "*a",
        "!a",
        "%",
        "@",
        "`",
        "---",
        "...",
    ])
    .prop_map(str::to_owned);
    let any = "[ -~\n\t가-힣é😀]{0,20}".prop_map(|text: String| text);
    prop_oneof![awkward, any, "[a-z]{1,8}"]
}

fn value() -> impl Strategy<Value = PlainValue> {
    let number = prop_oneof![
        (-1_000_000_i32..1_000_000).prop_map(|n| f64::from(n) / 64.0),
        Just(1e300),
        Just(0.1),
    ];
    let fraction = number
        .clone()
        .prop_filter("an integer otherwise", |n| n.fract() != 0.0);
    prop_oneof![
        any::<bool>().prop_map(PlainValue::Boolean),
        (-(1_i64 << 53)..=(1_i64 << 53)).prop_map(PlainValue::Integer),
        fraction.prop_map(PlainValue::Number),
        text().prop_map(PlainValue::Text),
        vec(text(), 0..4).prop_map(PlainValue::Texts),
        vec(number, 1..4).prop_map(PlainValue::Numbers),
    ]
}

prop_compose! {
    fn plain()(
        member_id in prop_oneof!["[!-~가-힣]{1,20}", "[0-9]{1,6}"],
        profile in btree_map("p[a-z]{1,6}", option::of(value()), 0..6),
        name in option::of(text()),
        profile_once in btree_map("o[a-z]{1,6}", value(), 0..3),
        tags in option::of(btree_set("[a-z0-9/:.-]{1,8}", 0..5)),
        unsubscribed in option::of(any::<bool>()),
        unsubscribe_email in option::of(any::<bool>()),
    ) -> Plain {
        let mut profile = profile;
        if let Some(name) = name {
            profile.insert("name".to_owned(), Some(PlainValue::Text(name)));
        }
        let tags = tags.map(|tags| tags.into_iter().collect());
        Plain { member_id, profile, profile_once, tags, unsubscribed, unsubscribe_email }
    }
}

pub(crate) fn plains() -> impl Strategy<Value = Vec<Plain>> {
    vec(plain(), 1..6).prop_map(|users| {
        let unique: BTreeMap<String, Plain> = users
            .into_iter()
            .map(|user| (user.member_id.to_lowercase(), user))
            .collect();
        unique.into_values().collect()
    })
}

fn document(user: &Plain) -> Json {
    let mut document = json!({ "apiVersion": "talkform/v1", "kind": "User" });
    let fields = serde_json::to_value(user).expect("json");
    for (key, value) in fields.as_object().expect("an object") {
        document[key] = value.clone();
    }
    document
}

fn list(users: &[Plain]) -> Json {
    json!({ "apiVersion": "talkform/v1", "kind": "UserList", "users": users })
}

fn wanted(reading: &Reading) -> BTreeMap<MemberId, Attributes> {
    let users = reading.desired.users.iter();
    users
        .map(|(id, user)| (id.clone(), Attributes::clone(&user.attributes)))
        .collect()
}

pub(crate) fn expected(users: &[Plain]) -> BTreeMap<MemberId, Attributes> {
    users
        .iter()
        .map(|user| {
            let id = MemberId::new(&user.member_id).expect("an id");
            (id, user.attributes())
        })
        .collect()
}

/// Converts a tree to a value of `serde_json`.
fn tree(node: &Node<'_>) -> Json {
    match &node.content {
        Content::List(items) => items.iter().map(tree).collect(),
        Content::Map(members) => {
            let members = members.iter().filter(|member| !member.refused);
            Json::Object(
                members
                    .map(|member| (member.key.to_string(), tree(&member.value)))
                    .collect(),
            )
        }
        Content::Scalar(scalar) if !scalar.plain => Json::String(scalar.text.to_string()),
        Content::Scalar(scalar) => match classify(&scalar.text) {
            PlainScalar::Null => Json::Null,
            PlainScalar::Boolean(flag) => Json::Bool(flag),
            _ => serde_json::from_str(&scalar.text).expect("a number"),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn serde_reads_the_same_yaml(users in plains()) {
        let yaml = serde_yaml::to_string(&list(&users)).expect("yaml");
        // In YAML 1.1, which the writer writes, this character ends a line; in YAML 1.2 it does not.
        prop_assume!(!yaml.contains('\u{2028}'));
        let reading = read("a.yaml", &yaml);
        // The writer does not quote some ambiguous scalars, which this reader refuses.
        let guesses = codes(&reading).iter().any(|code| code.starts_with("unquoted-"));
        if reading.has_errors() {
            prop_assert!(guesses, "{:?}\n{yaml}", reading.diagnostics);
        } else {
            let other: BTreeMap<String, serde_yaml::Value> =
                serde_yaml::from_str(&yaml).expect("yaml");
            let other: Vec<Plain> =
                serde_yaml::from_value(other["users"].clone()).expect("users");
            prop_assert_eq!(wanted(&reading), expected(&other));
            prop_assert_eq!(wanted(&reading), expected(&users));
        }
    }

    #[test]
    fn what_is_written_reads_the_same(users in plains()) {
        let json = serde_json::to_string(&list(&users)).expect("json");
        let first = read("a.json", &json);
        prop_assert!(!first.has_errors(), "{:?}", first.diagnostics);
        let yaml = crate::manifest::write(&first.desired, &crate::model::Visibility::default().revealing(true));
        let again = read("a.yaml", &yaml);
        prop_assert!(!again.has_errors(), "{:?}\n{yaml}", again.diagnostics);
        prop_assert_eq!(wanted(&again), wanted(&first), "{}", yaml);
    }

    #[test]
    fn formats_and_order_make_no_difference(users in plains(), turn in 0_usize..6) {
        let expected = expected(&users);
        let one = serde_json::to_string_pretty(&list(&users)).expect("json");
        for name in ["a.json", "a.yaml"] {
            let reading = read(name, &one);
            prop_assert!(reading.diagnostics.iter().all(|d| !d.is_error()), "{:?}", reading.diagnostics);
            prop_assert_eq!(&wanted(&reading), &expected);
        }
        let mut turned = users.clone();
        turned.rotate_left(turn % users.len());
        let lines: Vec<String> = turned.iter().map(|user| document(user).to_string()).collect();
        prop_assert_eq!(&wanted(&read("a.jsonl", lines.join("\n"))), &expected);
        prop_assert_eq!(&wanted(&read("a.yaml", lines.join("\n---\n"))), &expected);
        let files = lines
            .iter()
            .enumerate()
            .map(|(number, line)| (format!("{number}.json").into(), line.clone().into_bytes()))
            .collect();
        prop_assert_eq!(&wanted(&read_texts(files, &settings())), &expected);
    }

    #[test]
    fn serde_reads_the_same_json(
        text in r#"[\[\]{}",:0-9eE+.a-fu\\ \ntrlsn-]{0,24}|\{"a":[0-9]{1,3}\.?[0-9]?(e[0-9])?\}|"(\\u[0-9a-fA-F]{4}|\\["\\/bfnrtx]|[a-zé]){0,4}""#
    ) {
        let mut problems = Vec::new();
        let ours = json::parse(&text, Span::new(0, text.len()), &mut problems);
        match serde_json::from_str::<Json>(&text) {
            Ok(theirs) => prop_assert_eq!(tree(&ours.expect("json")), theirs),
            // `serde_json` refuses numbers that are too large; here later checks refuse them.
            Err(error) if error.to_string().contains("out of range") => {}
            Err(_) => prop_assert!(ours.is_err(), "{text:?}"),
        }
    }

    #[test]
    fn anything_ends_in_a_reading(text in "[ -~\n\t가é\u{feff}]{0,80}", yaml in r#"(memberId|profile|kind|-|:| |\n|\{|\}|\[|\]|"|'|&a|\*a|!|\||>|%|#|---|\?|,|x|é){0,40}"#) {
        for text in [text, yaml] {
            for name in ["a.yaml", "a.json", "a.jsonl"] {
                let reading = read(name, &text);
                for diagnostic in &reading.diagnostics {
                    if let Some(excerpt) = &diagnostic.excerpt {
                        prop_assert!(excerpt.start <= excerpt.end);
                        prop_assert!(excerpt.text.get(excerpt.start..excerpt.end).is_some());
                    }
                }
            }
        }
    }
}
