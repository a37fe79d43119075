//! Users as a manifest again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::manifest::syntax::scalar::{PlainScalar, meaning};
use crate::model::{
    Attributes, Desired, FieldPath, FieldValue, MemberId, Number, Sensitive, Value,
};

/// Encloses the number of a text that has to be put in by hand. It makes the YAML writer use
/// quotes, and no text that is written as it is has it.
const MARK: char = '\u{e000}';

/// One `UserList` of all users, without defaults, by id: what the manifests were understood to
/// say. Reading it gives the same users, unless `mask` has replaced values of sensitive fields.
pub fn write(desired: &Desired, mask: Option<&Sensitive>) -> String {
    let mut quoted = Quoted::default();
    let users = desired
        .users
        .iter()
        .map(|(id, user)| {
            let id = quoted.text(id.as_str());
            UserLine::new(id, &user.attributes, mask, &mut quoted)
        })
        .collect();
    let moved = desired
        .moved
        .iter()
        .map(|(to, moved)| MoveLine {
            from: quoted.text(moved.from.as_str()),
            to: quoted.text(to.as_str()),
        })
        .collect();
    let list = ListDocument {
        api_version: "talkform/v1",
        kind: "UserList",
        moved,
        users,
    };
    let text = serde_yaml::to_string(&list).expect("plain data with text keys is always YAML");
    quoted.put_in(&text)
}

/// Users as the items of a list that is not indented, every id in quotes.
pub(crate) fn items(users: &BTreeMap<MemberId, Attributes>) -> String {
    let mut quoted = Quoted::default();
    let lines: Vec<UserLine> = users
        .iter()
        .map(|(id, attributes)| {
            let id = quoted.always(id.as_str());
            UserLine::new(id, attributes, None, &mut quoted)
        })
        .collect();
    let text = serde_yaml::to_string(&lines).expect("plain data with text keys is always YAML");
    quoted.put_in(&text)
}

/// The fields of one user, the id in quotes.
pub(crate) fn fields(id: &MemberId, attributes: &Attributes) -> String {
    let mut quoted = Quoted::default();
    let id = quoted.always(id.as_str());
    let line = UserLine::new(id, attributes, None, &mut quoted);
    let text = serde_yaml::to_string(&line).expect("plain data with text keys is always YAML");
    quoted.put_in(&text)
}

/// One user as a line of JSON Lines, with its end; what cannot be seen is escaped.
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListDocument {
    api_version: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    moved: Vec<MoveLine>,
    users: Vec<UserLine>,
}

#[derive(Serialize)]
struct MoveLine {
    from: String,
    to: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserLine {
    member_id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    profile: BTreeMap<String, Plain>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    profile_once: BTreeMap<String, Plain>,
    #[serde(flatten)]
    other: BTreeMap<String, Plain>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Plain {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<Number>),
}

impl UserLine {
    fn new(
        member_id: String,
        attributes: &Attributes,
        mask: Option<&Sensitive>,
        quoted: &mut Quoted,
    ) -> Self {
        let mut line = Self {
            member_id,
            ..Self::default()
        };
        for (path, value) in attributes.fields() {
            let value = if mask.is_some_and(|mask| mask.covers(&path)) {
                Plain::Text("(sensitive)".to_owned())
            } else {
                quoted.value(value)
            };
            line.put(&path, value, quoted);
        }
        line
    }

    fn put(&mut self, path: &FieldPath, value: Plain, quoted: &mut Quoted) {
        match path {
            FieldPath::Profile(key) => self.profile.insert(quoted.text(key.as_str()), value),
            FieldPath::ProfileOnce(key) => {
                self.profile_once.insert(quoted.text(key.as_str()), value)
            }
            FieldPath::Tags
            | FieldPath::UnsubscribeEmail
            | FieldPath::UnsubscribeTexting
            | FieldPath::Unsubscribed => self.other.insert(path.to_string(), value),
        };
    }
}

/// Texts that the YAML writer would leave without quotes although some reader takes them for
/// something else.
#[derive(Default)]
struct Quoted {
    texts: Vec<String>,
}

impl Quoted {
    fn text(&mut self, text: &str) -> String {
        let is_plain =
            meaning(text) == PlainScalar::Text && !text.contains(|c| c == MARK || is_invisible(c));
        if is_plain {
            return text.to_owned();
        }
        self.always(text)
    }

    /// In double quotes, whatever the text looks like.
    fn always(&mut self, text: &str) -> String {
        self.texts.push(text.to_owned());
        format!("@{MARK}{}{MARK}", self.texts.len() - 1)
    }

    fn value(&mut self, value: FieldValue<'_>) -> Plain {
        let mut texts =
            |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| self.text(text)).collect();
        match value {
            FieldValue::Clear => Plain::Null,
            FieldValue::Flag(flag) | FieldValue::Value(&Value::Boolean(flag)) => {
                Plain::Boolean(flag)
            }
            FieldValue::Tags(tags) => Plain::Texts(texts(&mut tags.iter())),
            FieldValue::Value(Value::Texts(list)) => Plain::Texts(texts(&mut list.iter())),
            FieldValue::Value(Value::Text(text)) => Plain::Text(self.text(text)),
            FieldValue::Value(Value::Number(number)) => Plain::Number(*number),
            FieldValue::Value(Value::Numbers(numbers)) => Plain::Numbers(numbers.clone()),
        }
    }

    /// Replaces each mark and the single quotes that it caused by the text in double quotes.
    fn put_in(&self, yaml: &str) -> String {
        let opening = format!("'@{MARK}");
        let closing = format!("{MARK}'");
        let mut out = String::with_capacity(yaml.len());
        let mut rest = yaml;
        while let Some((before, after)) = rest.split_once(&opening) {
            out.push_str(before);
            let (number, after) = after.split_once(&closing).unwrap_or((after, ""));
            let text = number.parse().ok().and_then(|at: usize| self.texts.get(at));
            out.push_str(&in_double_quotes(text.map_or("", String::as_str)));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Line ends to some readers, and characters that would make a person see another text.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\r' | '\u{85}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// A JSON string is a YAML one; what cannot be seen is escaped.
fn in_double_quotes(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a text is always JSON");
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if is_invisible(character) {
            let code = format!("\\U{:08x}", u32::from(character));
            out.push_str(&code);
        } else {
            out.push(character);
        }
    }
    out
}
