//! Holds the tags of a user.

use serde::Serialize;

use crate::model::value::Value;

/// A set of tags, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Tags(Value);

impl Tags {
    /// The tags.
    pub fn as_slice(&self) -> &[String] {
        match &self.0 {
            Value::Texts(tags) => tags,
            _ => &[],
        }
    }

    /// The tags as a value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Whether a tag is one of them.
    pub fn contains(&self, tag: &str) -> bool {
        let tags = self.as_slice();
        tags.binary_search_by(|other| other.as_str().cmp(tag))
            .is_ok()
    }

    /// The tags one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.as_slice().iter()
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// How many tags there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }
}

impl Default for Tags {
    fn default() -> Self {
        Self(Value::Texts(Box::default()))
    }
}

impl FromIterator<String> for Tags {
    fn from_iter<I: IntoIterator<Item = String>>(tags: I) -> Self {
        let mut tags: Vec<String> = tags.into_iter().collect();
        tags.sort();
        tags.dedup();
        Self(Value::Texts(tags.into()))
    }
}

impl<const N: usize> From<[String; N]> for Tags {
    fn from(tags: [String; N]) -> Self {
        tags.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
