//! Parses which column of a table fills which field: `HEADER=profile.KEY:number`.

use std::str::FromStr;

use crate::manifest::import::importable::refusal;
use crate::manifest::problem::wording::in_backticks;
use crate::manifest::users::value::Kind as KeyKind;
use crate::model::{FieldPath, Value};

/// A column and the field that it fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name of the column in the file.
    pub header: String,
    /// The field.
    pub field: FieldPath,
    pub(crate) kind: Kind,
}

/// How the cells of a column are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
    /// A boolean turned round: a column of those who agree fills `unsubscribeEmail`.
    Not,
    /// Texts between these separators.
    List(String),
}

/// Why a text does not map a column to a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAColumn {
    /// The text has another form.
    #[error(
        "expected HEADER=FIELD or HEADER=FIELD:KIND, such as Seats=profile.seats:number or Tags=tags:list(;)"
    )]
    Form,
    /// `profile.` or `profileOnce.` without a key.
    #[error("{0} needs a key: {0}.KEY")]
    NoKey(&'static str),
    /// No field has this path.
    #[error(
        "{} is not a field; write profile.KEY, profileOnce.KEY, language, tags, unsubscribeEmail, unsubscribeTexting or unsubscribed",
        in_backticks(.0)
    )]
    NotAField(String),
    /// No kind has this name.
    #[error("{} is not one of text, number, boolean, not and list(;)", in_backticks(.0))]
    NotAKind(String),
    /// Tags with another kind than a list.
    #[error("tags are a list: Tags=tags:list(;)")]
    TagsAreAList,
    /// An unsubscribe flag with another kind than a boolean.
    #[error("{0} is a boolean: leave out the kind, or write :not")]
    FlagIsABoolean(FieldPath),
    /// A manifest cannot declare the field with a value of this kind.
    #[error("{path}: {reason}")]
    Undeclarable {
        /// The path as written.
        path: String,
        /// What is wrong with the key or its value.
        reason: &'static str,
    },
}

impl FromStr for Column {
    type Err = NotAColumn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (header, path, kind) = split(text).ok_or(NotAColumn::Form)?;
        let field: FieldPath = path.parse().map_err(|_| match path {
            "profile." => NotAColumn::NoKey("profile"),
            "profileOnce." => NotAColumn::NoKey("profileOnce"),
            _ => NotAColumn::NotAField(path.to_owned()),
        })?;
        let kind = Kind::parse(kind, &field)?;
        if let Some(key) = field.key()
            && let Some(reason) = refusal(key, &kind.example(key))
        {
            return Err(NotAColumn::Undeclarable {
                path: path.to_owned(),
                reason,
            });
        }
        Ok(Self {
            header: header.to_owned(),
            field,
            kind,
        })
    }
}

/// The parts of a mapping. A header may hold `=` and `:`; a separator in `list(…)` may, too.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let list = text.rfind(":list(").filter(|_| text.ends_with(')'));
    let (rest, kind) = match list {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let (header, target) = rest.rsplit_once('=')?;
    let (path, kind) = match target.split_once(':') {
        Some((path, kind)) if list.is_none() => (path, kind),
        _ => (target, kind),
    };
    (!header.is_empty() && !path.is_empty()).then_some((header, path, kind))
}

impl Kind {
    fn parse(text: &str, field: &FieldPath) -> Result<Self, NotAColumn> {
        let of_key = field.key().map(KeyKind::of);
        let is_flag = field.is_unsubscribe_flag();
        let kind = match text {
            "" if *field == FieldPath::Tags => Self::List(",".to_owned()),
            "" if is_flag => Self::Boolean,
            "" => match of_key {
                Some(KeyKind::Int32 | KeyKind::Number) => Self::Number,
                _ => Self::Text,
            },
            "text" => Self::Text,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "not" => Self::Not,
            "list" => Self::List(",".to_owned()),
            other => match other
                .strip_prefix("list(")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                Some(separator) if !separator.is_empty() => Self::List(separator.to_owned()),
                _ => return Err(NotAColumn::NotAKind(other.to_owned())),
            },
        };
        let fits = match (&kind, field) {
            (Self::List(_), FieldPath::Tags) | (Self::Text, FieldPath::Language) => true,
            (_, FieldPath::Language) => {
                return Err(NotAColumn::Undeclarable {
                    path: field.to_string(),
                    reason: "not a string",
                });
            }
            (_, FieldPath::Tags) => return Err(NotAColumn::TagsAreAList),
            (Self::Boolean | Self::Not, _) => true,
            (_, _) => !is_flag,
        };
        if fits {
            Ok(kind)
        } else {
            Err(NotAColumn::FlagIsABoolean(field.clone()))
        }
    }

    /// A value that the column could have.
    fn example(&self, key: &str) -> Value {
        match (self, KeyKind::of(key)) {
            (Self::Number, _) => 1.into(),
            (Self::Boolean | Self::Not, _) => true.into(),
            (Self::List(_), _) => Value::Texts(Box::default()),
            (Self::Text, KeyKind::Phone) => "+821012345678".into(),
            (Self::Text, _) => "".into(),
        }
    }
}
