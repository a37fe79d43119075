//! Checks channel ids: the ids that Channel gives to channels.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a channel: 1 to 64 ASCII letters, digits, dots, dashes and underscores. Channel's own ids are
/// numbers.
///
/// An id comes from a response, is stored and is printed as a setting to copy, so nothing else is accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelId(String);

/// A text that is not a channel id. The text may be hostile, so it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a channel id has 1 to 64 letters, digits, `.`, `-` and `_`, and nothing else")]
pub struct NotAChannelId;

impl ChannelId {
    /// The most characters an id may have.
    pub const MAX_CHARACTERS: usize = 64;

    /// Checks a text and returns it as an id.
    ///
    /// # Errors
    ///
    /// The text is empty, too long, or has another character.
    pub fn new(text: &str) -> Result<Self, NotAChannelId> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=Self::MAX_CHARACTERS).contains(&text.len()) && text.bytes().all(is_good) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAChannelId)
        }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelId {
    type Err = NotAChannelId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for ChannelId {
    type Error = NotAChannelId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<ChannelId> for String {
    fn from(id: ChannelId) -> Self {
        id.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        for good in ["6263", "sandbox", "a.b-c_D9", &"9".repeat(64)] {
            assert_eq!(ChannelId::new(good).map(String::from).as_deref(), Ok(good));
        }
        let long = "9".repeat(65);
        for bad in [
            "",
            " 6263",
            "6263\n",
            "6\u{1b}[2K",
            "한",
            "6\"3",
            "6:3",
            "6/3",
            &long,
        ] {
            assert_eq!(ChannelId::new(bad), Err(NotAChannelId), "{bad:?}");
        }
    }
}
