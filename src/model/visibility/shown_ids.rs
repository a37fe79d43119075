//! Decides how member ids are shown: as they are, or as short keyed digests.

use std::borrow::Cow;

use crate::model::digest::key::DigestKey;
use crate::model::ids::member_id::MemberId;

/// What a digest of an id begins with.
const PREFIX: &str = "id:";

/// How member ids are shown.
#[derive(Clone, Debug, Default)]
pub enum ShownIds {
    /// As they are.
    #[default]
    Plain,
    /// As short digests under this key.
    Digests(DigestKey),
    /// As one and the same word, because there is no key.
    Hidden,
}

impl ShownIds {
    /// Whether ids are hidden.
    pub fn hides(&self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// What stands for an id in every output: an id itself, so that renderers need not know.
    pub fn of<'a>(&self, id: &'a MemberId) -> Cow<'a, MemberId> {
        let shown = match self {
            Self::Plain => return Cow::Borrowed(id),
            Self::Digests(key) => format!("{PREFIX}{}", key.short_id(id)),
            Self::Hidden => "(sensitive)".to_owned(),
        };
        Cow::Owned(MemberId::new(&shown).expect("a short word without white space is an id"))
    }

    /// Whether a text is the digest of an id.
    pub fn is_digest(text: &str) -> bool {
        let digits = text.strip_prefix(PREFIX);
        digits.is_some_and(|digits| {
            digits.len() == 2 * DigestKey::SHORT_ID
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        })
    }

    /// The first of these ids that is shown as this digest.
    pub fn find<'i>(
        &self,
        digest: &str,
        ids: impl IntoIterator<Item = &'i MemberId>,
    ) -> Option<&'i MemberId> {
        let Self::Digests(_) = self else {
            return None;
        };
        ids.into_iter().find(|id| self.of(id).as_str() == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MemberId {
        MemberId::new(text).expect("an id")
    }

    #[test]
    fn an_id_is_shown_as_a_digest_that_leads_back_to_it() {
        let ids = ["a@b.kr", "a@b.kr.", "한글"].map(id);
        let shown = ShownIds::Digests(DigestKey::new(b"0123456789abcdef", None));
        for wanted in &ids {
            let digest = shown.of(wanted).into_owned();
            assert!(ShownIds::is_digest(digest.as_str()), "{digest}");
            assert_eq!(shown.find(digest.as_str(), &ids), Some(wanted));
            assert_eq!(ShownIds::Plain.of(wanted).as_str(), wanted.as_str());
            assert_eq!(ShownIds::Hidden.of(wanted).as_str(), "(sensitive)");
        }
        let other = ShownIds::Digests(DigestKey::new(b"fedcba9876543210", None));
        assert_ne!(shown.of(&ids[0]), other.of(&ids[0]));
        for text in ["u-1", "id:", "id:0123", "id:0123456789ag"] {
            assert!(!ShownIds::is_digest(text), "{text}");
        }
    }
}
