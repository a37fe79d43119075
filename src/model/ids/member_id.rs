//! Checks member ids: the ids that the customer's own system gives to users.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::text::characters::first_invisible;

/// A member id: 1 to 64 characters, without white space, control characters and other invisible ones.
///
/// Ids are compared byte for byte, as Channel does. The bounds are those of the vendor's next API
/// contract; the current one states none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId(Arc<str>);

/// Why a text is not a member id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberIdError {
    /// The text is empty.
    #[error("a member id is not empty")]
    Empty,
    /// The text has more than [`MemberId::MAX_CHARACTERS`].
    #[error("a member id has at most 64 characters, this one has {0}")]
    TooLong(usize),
    /// The text has a space, a tab, a line end or another white-space character.
    #[error("a member id has no white space")]
    WhiteSpace,
    /// The text has a control character.
    #[error("a member id has no control characters")]
    Control,
    /// The text has another character that shows nothing: its code point.
    #[error("a member id has no invisible characters, this one has U+{0:04X}")]
    Invisible(u32),
}

impl MemberId {
    /// The most characters (Unicode scalar values) an id may have.
    pub const MAX_CHARACTERS: usize = 64;

    /// Checks a text and returns it as an id.
    ///
    /// # Errors
    ///
    /// The text is empty, too long, or has white space or invisible characters.
    pub fn new(text: &str) -> Result<Self, MemberIdError> {
        if text.is_empty() {
            return Err(MemberIdError::Empty);
        }
        let is_plain = |byte: &u8| byte.is_ascii_graphic();
        if text.len() <= Self::MAX_CHARACTERS && text.as_bytes().iter().all(is_plain) {
            return Ok(Self(text.into()));
        }
        let characters = text.chars().count();
        if characters > Self::MAX_CHARACTERS {
            return Err(MemberIdError::TooLong(characters));
        }
        if text.chars().any(char::is_whitespace) {
            return Err(MemberIdError::WhiteSpace);
        }
        if text.chars().any(char::is_control) {
            return Err(MemberIdError::Control);
        }
        if let Some(character) = first_invisible(text) {
            return Err(MemberIdError::Invisible(u32::from(character)));
        }
        Ok(Self(text.into()))
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = MemberIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for MemberId {
    type Error = MemberIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert_eq!(MemberId::new(""), Err(MemberIdError::Empty));
        assert!(MemberId::new(&"한".repeat(64)).is_ok());
        assert_eq!(
            MemberId::new(&"한".repeat(65)),
            Err(MemberIdError::TooLong(65))
        );
        assert_eq!(MemberId::new("a b"), Err(MemberIdError::WhiteSpace));
        assert_eq!(MemberId::new("a\u{3000}b"), Err(MemberIdError::WhiteSpace));
        assert_eq!(MemberId::new("a\u{7f}"), Err(MemberIdError::Control));
        assert_eq!(
            MemberId::new("u\u{200b}-1"),
            Err(MemberIdError::Invisible(0x200b))
        );
        assert!(MemberId::new("ü/@%2F?#").is_ok());
    }
}
