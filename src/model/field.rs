//! Names single fields of a user, such as `profile.plan`.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// The key of a profile attribute, such as `plan` or `mobileNumber`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ProfileKey(Arc<str>);

impl ProfileKey {
    /// Accepts any text. The manifest reader checks which keys are allowed.
    pub fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ProfileKey {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl Borrow<str> for ProfileKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProfileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One field of a user.
///
/// The order of the variants makes the derived order that of the written paths' bytes, which is
/// the order in which digests are taken and changes are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum FieldPath {
    /// `language`
    Language,
    /// `profile.KEY`
    Profile(ProfileKey),
    /// `profileOnce.KEY`
    ProfileOnce(ProfileKey),
    /// `tags`
    Tags,
    /// `unsubscribeEmail`
    UnsubscribeEmail,
    /// `unsubscribeTexting`
    UnsubscribeTexting,
    /// `unsubscribed`
    Unsubscribed,
}

impl FieldPath {
    /// The written path in two consecutive parts: `profile.` and the key, or the whole path and an empty
    /// text.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Language => ("language", ""),
            Self::Profile(key) => ("profile.", key.as_str()),
            Self::ProfileOnce(key) => ("profileOnce.", key.as_str()),
            Self::Tags => ("tags", ""),
            Self::UnsubscribeEmail => ("unsubscribeEmail", ""),
            Self::UnsubscribeTexting => ("unsubscribeTexting", ""),
            Self::Unsubscribed => ("unsubscribed", ""),
        }
    }

    /// The key of a profile attribute; `None` for the other fields.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Profile(key) | Self::ProfileOnce(key) => Some(key.as_str()),
            Self::Language
            | Self::Tags
            | Self::UnsubscribeEmail
            | Self::UnsubscribeTexting
            | Self::Unsubscribed => None,
        }
    }

    /// Whether a text can be declared for the field.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Language | Self::Profile(_) | Self::ProfileOnce(_)
        )
    }

    /// Whether this is a consent flag.
    pub fn is_unsubscribe_flag(&self) -> bool {
        match self {
            Self::Unsubscribed | Self::UnsubscribeEmail | Self::UnsubscribeTexting => true,
            Self::Language | Self::Profile(_) | Self::ProfileOnce(_) | Self::Tags => false,
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (map, key) = self.parts();
        f.write_str(map)?;
        f.write_str(key)
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.parts() {
            (whole, "") => serializer.serialize_str(whole),
            (map, key) => serializer.serialize_str(&[map, key].concat()),
        }
    }
}

/// A text that does not name a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a field of a user")]
pub struct UnknownField(pub String);

impl FromStr for FieldPath {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some(("profile", key)) if !key.is_empty() => Ok(Self::Profile(key.into())),
            Some(("profileOnce", key)) if !key.is_empty() => Ok(Self::ProfileOnce(key.into())),
            _ => match text {
                "language" => Ok(Self::Language),
                "tags" => Ok(Self::Tags),
                "unsubscribed" => Ok(Self::Unsubscribed),
                "unsubscribeEmail" => Ok(Self::UnsubscribeEmail),
                "unsubscribeTexting" => Ok(Self::UnsubscribeTexting),
                _ => Err(UnknownField(text.to_owned())),
            },
        }
    }
}

impl TryFrom<String> for FieldPath {
    type Error = UnknownField;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_written_path() {
        let mut paths: Vec<FieldPath> = [
            "unsubscribed",
            "profileOnce.a",
            "tags",
            "language",
            "profile.Z",
            "unsubscribeTexting",
            "profile.a",
            "unsubscribeEmail",
        ]
        .iter()
        .map(|text| text.parse().expect("a field"))
        .collect();
        let mut texts: Vec<String> = paths.iter().map(ToString::to_string).collect();
        paths.sort();
        texts.sort();
        let sorted: Vec<String> = paths.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, texts);
    }
}
