//! Reads one cell of a table as the value of a field.

use crate::manifest::import::PhoneCountry;
use crate::manifest::import::column::{Column, Kind};
use crate::manifest::import::header::trimmed;
use crate::manifest::import::importable::{refusal, tags_refusal};
use crate::manifest::import::phone::e164;
use crate::manifest::syntax::scalar::{PlainScalar, classify};
use crate::manifest::users::value::Kind as KeyKind;
use crate::model::{ApiVersion, Attributes, Declared, FieldPath, Language, Tags, Value};

/// What databases, spreadsheets and programs write for no value. Their case counts: a person may be called Nan.
const NOTHING: [&str; 21] = [
    "NULL",
    "null",
    "(null)",
    "<null>",
    "[NULL]",
    "\\N",
    "nil",
    "None",
    "undefined",
    "nan",
    "NaN",
    "NaT",
    "<NA>",
    "N/A",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NULL!",
    "#NUM!",
];

/// How people write `true`, and `false`, in English, Korean and Japanese.
const YES: [&str; 12] = [
    "true", "t", "yes", "y", "1", "on", "o", "예", "네", "참", "はい", "有",
];
const NO: [&str; 12] = [
    "false",
    "f",
    "no",
    "n",
    "0",
    "off",
    "x",
    "아니오",
    "아니요",
    "거짓",
    "いいえ",
    "無",
];

/// How cells are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellReader {
    pub(crate) phone_country: Option<PhoneCountry>,
    /// Whether texts keep their spaces, and words for no value are texts.
    pub(crate) verbatim: bool,
    pub(crate) api: ApiVersion,
}

/// What is in a cell.
pub(crate) enum Cell {
    /// It is empty, and leaves the field out.
    Empty,
    /// A word for no value, which leaves the field out.
    Nothing,
    /// A value; it is in the attributes.
    Taken,
    /// Not a value of the field, and why.
    Wrong(&'static str),
}

impl CellReader {
    /// Reads a cell into the attributes of its user.
    pub(crate) fn read(self, column: &Column, cell: &str, user: &mut Attributes) -> Cell {
        let text = trimmed(cell);
        if text.is_empty() {
            return Cell::Empty;
        }
        if !self.verbatim && NOTHING.contains(&text) {
            return Cell::Nothing;
        }
        let text = if self.verbatim { cell } else { text };
        match self.take(column, text, user) {
            Ok(()) => Cell::Taken,
            Err(reason) => Cell::Wrong(reason),
        }
    }

    fn take(self, column: &Column, text: &str, user: &mut Attributes) -> Result<(), &'static str> {
        let (key, map) = match &column.field {
            FieldPath::Profile(key) => (key, true),
            FieldPath::ProfileOnce(key) => (key, false),
            FieldPath::Tags => {
                let separator = match &column.kind {
                    Kind::List(separator) => separator,
                    _ => ",",
                };
                let tags: Tags = items(text, separator).map(str::to_lowercase).collect();
                if let Some(reason) = tags_refusal(&tags, self.api) {
                    return Err(reason);
                }
                user.tags = Some(tags);
                return Ok(());
            }
            FieldPath::Language => {
                user.language = Language::new(text.trim());
                return Ok(());
            }
            FieldPath::UnsubscribeEmail => {
                user.unsubscribe_email = Some(flag(text, &column.kind)?);
                return Ok(());
            }
            FieldPath::UnsubscribeTexting => {
                user.unsubscribe_texting = Some(flag(text, &column.kind)?);
                return Ok(());
            }
            FieldPath::Unsubscribed => {
                user.unsubscribed = Some(flag(text, &column.kind)?);
                return Ok(());
            }
        };
        let value = self.value(key.as_str(), &column.kind, text)?;
        if let Some(reason) = refusal(key.as_str(), &value) {
            return Err(reason);
        }
        if map {
            user.profile.insert(key.clone(), Declared::Set(value));
        } else {
            user.profile_once.insert(key.clone(), value);
        }
        Ok(())
    }

    fn value(self, key: &str, kind: &Kind, text: &str) -> Result<Value, &'static str> {
        Ok(match kind {
            Kind::Number => match classify(trimmed(text)) {
                PlainScalar::Number(Ok(number)) => Value::Number(number),
                PlainScalar::Number(Err(_)) => return Err("a number with too many digits"),
                _ => return Err("not a number in plain decimal digits"),
            },
            Kind::Boolean | Kind::Not => flag(text, kind)?.into(),
            Kind::List(separator) => {
                Value::Texts(items(text, separator).map(ToOwned::to_owned).collect())
            }
            Kind::Text if KeyKind::of(key) == KeyKind::Phone => Value::Text(
                e164(text, self.phone_country).ok_or(match self.phone_country {
                    Some(_) => "not a phone number of the country",
                    None => "not an E.164 phone number",
                })?,
            ),
            Kind::Text => Value::Text(text.to_owned()),
        })
    }
}

fn items<'t>(text: &'t str, separator: &'t str) -> impl Iterator<Item = &'t str> {
    let items = text.split(separator).map(trimmed);
    items.filter(|item| !item.is_empty())
}

fn flag(text: &str, kind: &Kind) -> Result<bool, &'static str> {
    let text = trimmed(text).to_lowercase();
    let flag = if YES.contains(&&*text) {
        true
    } else if NO.contains(&&*text) {
        false
    } else {
        return Err("neither yes nor no");
    };
    Ok(flag != matches!(kind, Kind::Not))
}
