//! Writes users as YAML and as JSON Lines.
//!
//! The structure has two levels and is written here. A string that some reader takes for another type, or
//! that contains invisible characters or a command of a CI runner, is written as a JSON string, which is
//! valid YAML. `serde_yaml` writes every other string, and numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::manifest::syntax::scalar::{PlainScalar, classify};
use crate::model::text::characters::{holds_ci_command, is_invisible, starts_ci_command};
use crate::model::{
    Attributes, Desired, FieldPath, FieldValue, Hidden, MemberId, Number, UserVisibility, Value,
    Visibility, VisibilityLookup,
};

/// The longest key that YAML writers put on the line of its value, in bytes.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Writes all users as one `UserList` without defaults, by id. Reading it gives the same users, except where a
/// value is hidden.
pub fn write(desired: &Desired, visibility: &Visibility) -> String {
    let lookup = VisibilityLookup::new(visibility);
    let ids = visibility.ids();
    let mut out = String::from("apiVersion: talkform/v1\nkind: UserList\n");
    if !desired.moved.is_empty() {
        out.push_str("moved:\n");
    }
    for (to, moved) in &desired.moved {
        out.push_str("- from: ");
        out.push_str(&scalar(ids.of(&moved.from).as_str(), 2));
        out.push_str("  to: ");
        out.push_str(&scalar(ids.of(to).as_str(), 2));
    }
    out.push_str(if desired.users.is_empty() {
        "users: []\n"
    } else {
        "users:\n"
    });
    for (id, user) in &desired.users {
        out.push_str("- memberId: ");
        out.push_str(&scalar(ids.of(id).as_str(), 2));
        let shown = lookup.user_with_id(id, user.attributes.fields());
        attributes(&mut out, &user.attributes, 2, Some(&shown));
    }
    out
}

/// Writes users as the items of a list that is not indented, every id in quotes.
pub(crate) fn items(users: &BTreeMap<MemberId, Attributes>) -> String {
    if users.is_empty() {
        return "[]\n".to_owned();
    }
    let mut out = String::new();
    for (id, user) in users {
        out.push_str("- memberId: ");
        out.push_str(&in_double_quotes(id.as_str()));
        out.push('\n');
        attributes(&mut out, user, 2, None);
    }
    out
}

/// Writes the fields of one user, the id in quotes.
pub(crate) fn fields(id: &MemberId, user: &Attributes) -> String {
    let mut out = format!("memberId: {}\n", in_double_quotes(id.as_str()));
    attributes(&mut out, user, 0, None);
    out
}

/// Writes one user as a line of JSON Lines. Invisible characters are escaped.
pub(crate) fn json_line(id: &MemberId, attributes: &Attributes) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'a> {
        member_id: &'a MemberId,
        #[serde(flatten)]
        attributes: &'a Attributes,
    }
    let line = Line {
        member_id: id,
        attributes,
    };
    let json = serde_json::to_string(&line).expect("plain data with text keys is always JSON");
    let mut out = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if is_invisible(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}

fn attributes(
    out: &mut String,
    user: &Attributes,
    indent: usize,
    visibility: Option<&UserVisibility<'_, '_, '_>>,
) {
    let mut profile = String::new();
    let mut profile_once = String::new();
    let mut other = BTreeMap::new();
    for (path, value) in user.fields() {
        let hidden = visibility.and_then(|visibility| visibility.hides(&path, value));
        let value = |indent| match hidden {
            Some(Hidden::Sensitive) => " (sensitive)\n".to_owned(),
            Some(Hidden::Undecided) => " (hidden)\n".to_owned(),
            None => value_after_key(value, indent),
        };
        match &path {
            FieldPath::Profile(key) => entry(&mut profile, key.as_str(), indent + 2, value),
            FieldPath::ProfileOnce(key) => {
                entry(&mut profile_once, key.as_str(), indent + 2, value);
            }
            FieldPath::Language
            | FieldPath::Tags
            | FieldPath::UnsubscribeEmail
            | FieldPath::UnsubscribeTexting
            | FieldPath::Unsubscribed => {
                let mut text = String::new();
                entry(&mut text, &path.to_string(), indent, value);
                other.insert(path.to_string(), text);
            }
        }
    }
    for (name, map) in [("profile", profile), ("profileOnce", profile_once)] {
        if !map.is_empty() {
            let _ = writeln!(out, "{:indent$}{name}:", "");
            out.push_str(&map);
        }
    }
    out.extend(other.into_values());
}

/// Writes a key and its value. A long key needs the explicit form.
fn entry(out: &mut String, key: &str, indent: usize, value: impl Fn(usize) -> String) {
    let written = scalar(key, indent);
    let written = written.trim_end_matches('\n');
    if written.len() > LONGEST_SIMPLE_KEY {
        let _ = write!(out, "{:indent$}? {written}\n{:indent$}:", "", "");
    } else {
        let _ = write!(out, "{:indent$}{written}:", "");
    }
    out.push_str(&value(indent));
}

/// Writes what follows the colon of a key, to the end of the line or of the list.
fn value_after_key(value: FieldValue<'_>, indent: usize) -> String {
    let text = |text: &str| format!(" {}", scalar(text, indent));
    let number = |number: &Number| serde_yaml::to_string(number).expect("a number is always YAML");
    let list = |items: Vec<String>| match &*items {
        [] => " []\n".to_owned(),
        items => items.iter().fold("\n".to_owned(), |list, item| {
            list + &format!("{:indent$}- {item}", "")
        }),
    };
    match value {
        FieldValue::Clear => " null\n".to_owned(),
        FieldValue::Flag(flag) | FieldValue::Value(&Value::Boolean(flag)) => format!(" {flag}\n"),
        FieldValue::Tags(tags) => list(tags.iter().map(|tag| scalar(tag, indent)).collect()),
        FieldValue::Value(Value::Texts(texts)) => {
            list(texts.iter().map(|text| scalar(text, indent)).collect())
        }
        FieldValue::Value(Value::Text(value)) => text(value),
        FieldValue::Value(Value::Number(value)) => format!(" {}", number(value)),
        FieldValue::Value(Value::Numbers(numbers)) => list(numbers.iter().map(number).collect()),
    }
}

/// Writes a text as a scalar with its line end. The lines of a block are indented below `indent`.
fn scalar(text: &str, indent: usize) -> String {
    if classify(text) != PlainScalar::Text || text.contains(is_escaped) || holds_ci_command(text) {
        return in_double_quotes(text) + "\n";
    }
    if is_word(text) {
        return format!("{text}\n");
    }
    // As the value of a map, so that a block has the indentation of its place.
    let yaml =
        serde_yaml::to_string(&BTreeMap::from([("k", text)])).expect("a text is always YAML");
    let mut lines = yaml.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let mut out = first.strip_prefix("k: ").unwrap_or(first).to_owned();
    for line in lines {
        if line != "\n" {
            let _ = write!(out, "{:indent$}", "");
        }
        out.push_str(line);
    }
    out
}

/// Whether no YAML writer quotes this text.
fn is_word(text: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_plain)
}

/// Whether a character ends a line to some readers, or makes a person see another text. Line feeds and
/// tabs are written as YAML writes them.
fn is_escaped(character: char) -> bool {
    is_invisible(character) && !matches!(character, '\n' | '\t')
}

/// Writes a text as a JSON string, which is valid YAML too. Invisible characters and commands of CI runners are
/// escaped.
fn in_double_quotes(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a text is always JSON");
    let mut out = String::with_capacity(json.len());
    for (at, character) in json.char_indices() {
        if is_invisible(character) || starts_ci_command(&json[at..]) {
            let _ = write!(out, "\\U{:08x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}
