//! Tests that reading a file in chunks gives the same users as reading it whole, or nothing.

use std::sync::Arc;

use proptest::prelude::*;

use crate::manifest::files::chunks;
use crate::manifest::files::format::Format;
use crate::manifest::files::whole::flawless;
use crate::manifest::problem::span::Position;
use crate::manifest::users::declared::DeclaredUser;
use crate::model::{Attributes, MemberId};

use crate::manifest::tests::settings;

type User = (
    MemberId,
    (u32, u32),
    Option<u32>,
    Option<Arc<Attributes>>,
    Position,
);

fn comparable(users: Vec<DeclaredUser>) -> Vec<User> {
    users
        .into_iter()
        .map(|user| {
            let span = (user.span.start, user.span.end);
            let attributes = user.attributes;
            (user.id, span, user.index, attributes, user.position)
        })
        .collect()
}

fn in_chunks(text: &str, format: Format, size: usize) -> Option<Vec<User>> {
    chunks::read(text, format, &settings(), &|_| {}, size).map(comparable)
}

fn whole(text: &str, format: Format) -> Option<Vec<User>> {
    flawless(text, format, &settings()).map(comparable)
}

const HEAD: &str =
    "# people\napiVersion: talkform/v1\nkind: UserList\ndefaults: { profile: { plan: free } }\n";

/// Items as people write them, and lines that try to look like one. Each takes the indentation of its dash
/// and a number.
fn item() -> impl Strategy<Value = fn(&str, usize) -> String> {
    let plain: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- memberId: \"u-{n}\"\n{dash}  profile: {{ seats: {n} }}\n");
    let nested: fn(&str, usize) -> String = |dash, n| {
        format!("{dash}- memberId: \"한-{n}\"\n{dash}  tags:\n{dash}  - a\n{dash}  - b\n")
    };
    let block: fn(&str, usize) -> String = |dash, n| {
        format!(
            "{dash}- memberId: \"u-{n}\"\n{dash}  profile:\n{dash}    bio: |\n{dash}      - memberId: \"no\"\n\n{dash}      x\n"
        )
    };
    let comment: fn(&str, usize) -> String =
        |dash, n| format!("# - memberId: \"no\"\n\n{dash}# x\n{dash}- {{ memberId: \"u-{n}\" }}\n");
    let quoted: fn(&str, usize) -> String = |dash, n| {
        format!(
            "{dash}- memberId: \"u-{n}\"\n{dash}  profile:\n{dash}    bio: \"a\n{dash}- memberId: b\n{dash}- c\"\n"
        )
    };
    let single: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- memberId: 'u-{n}\n{dash}- x: 1\n{dash}- '\n");
    let bracket: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- {{ memberId: \"u-{n}\", tags: [a,\n{dash}- b\n{dash}- ] }}\n");
    let anchor: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- memberId: \"u-{n}\"\n{dash}  tags: &t [a]\n");
    let alias: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- memberId: \"u-{n}\"\n{dash}  tags: *t\n");
    let document: fn(&str, usize) -> String =
        |dash, n| format!("---\n{HEAD}users:\n{dash}- memberId: \"u-{n}\"\n");
    let key: fn(&str, usize) -> String = |_, _| "kind: UserList\n".to_owned();
    let shallow: fn(&str, usize) -> String = |_, n| format!(" - memberId: \"u-{n}\"\n");
    let odd: fn(&str, usize) -> String =
        |dash, n| format!("{dash}- memberId: \"u-{n}\"\n{dash}  tags: [A]\n");
    prop_oneof![
        40 => Just(plain), 10 => Just(nested), 10 => Just(block), 10 => Just(comment),
        1 => Just(quoted), 1 => Just(single), 1 => Just(bracket), 1 => Just(anchor), 1 => Just(alias),
        1 => Just(document), 1 => Just(key), 1 => Just(shallow), 1 => Just(odd),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn yaml(
        items in prop::collection::vec(item(), 1..30),
        indentation in 0..5_usize,
        size in 16..400_usize,
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let dash = " ".repeat(indentation);
        let mut text = format!("{HEAD}users: \n");
        for (number, item) in items.iter().enumerate() {
            text.push_str(&item(&dash, number));
        }
        let text = text.replace('\n', ending);
        if let Some(users) = in_chunks(&text, Format::Yaml, size) {
            prop_assert_eq!(Some(users), whole(&text, Format::Yaml), "{}", text);
        }
    }

    #[test]
    fn json_lines(ids in prop::collection::vec("[a-z가]{1,4}", 1..40), size in 16..200_usize, odd in 0..200_usize) {
        let line = |(number, id): (usize, &String)| {
            if number == odd { "{\"memberId\": 1}\n".to_owned() } else { format!("{{\"memberId\":\"{id}\"}}\n\n") }
        };
        let text: String = ids.iter().enumerate().map(line).collect();
        if let Some(users) = in_chunks(&text, Format::JsonLines, size) {
            prop_assert_eq!(Some(users), whole(&text, Format::JsonLines));
        }
    }
}

#[test]
fn ordinary_files_are_read_in_chunks() {
    let item = |n: u32| format!("  - memberId: \"u-{n}\"\n    profile: {{ a: 1 }}\n");
    let line = |n: u32| format!("{{\"memberId\":\"u-{n}\"}}\n");
    let items: String = (0..500).map(item).collect();
    let lines: String = (0..500).map(line).collect();
    let yaml = format!("{HEAD}users:\n{items}");
    for (text, format) in [(&yaml, Format::Yaml), (&lines, Format::JsonLines)] {
        let users = in_chunks(text, format, 256).expect("in chunks");
        assert_eq!(users.len(), 500);
        assert_eq!(Some(users), whole(text, format));
    }
    // Two documents, and one with an anchor, are read whole.
    for text in [
        yaml.clone() + "---\n" + &yaml,
        yaml.replace("{ a: 1 }", "&x { a: 1 }"),
    ] {
        assert!(in_chunks(&text, Format::Yaml, 256).is_none());
    }
}
