//! Defines the language in which Channel speaks to a user.

use serde::{Serialize, Serializer};

use crate::model::value::Value;

/// The language in which Channel speaks to a user, such as `ko`: a text that is not blank.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Language(Value);

impl Language {
    /// A language; `None` for a blank text.
    pub fn new(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(Value::Text(text.to_owned())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// The text as a value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Whether a text reads like a language tag: two or three letters, then parts of letters and digits after `-`.
    pub fn reads_like_a_tag(text: &str) -> bool {
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        let is_primary = matches!(primary.len(), 2 | 3)
            && primary.bytes().all(|letter| letter.is_ascii_alphabetic());
        is_primary
            && parts.all(|part| {
                matches!(part.len(), 1..=8) && part.bytes().all(|sign| sign.is_ascii_alphanumeric())
            })
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
