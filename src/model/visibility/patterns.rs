//! Matches fields against the patterns of `public` and `sensitive`.

use wildmatch::WildMatch;

use crate::model::diagnostic::Origin;
use crate::model::field::FieldPath;
use crate::model::text::characters;

/// Patterns of field paths. Case, `-` and `_` make no difference.
#[derive(Clone, Debug, Default)]
pub struct FieldPatterns {
    patterns: Vec<FieldPattern>,
}

/// One pattern, such as `profile.plan` or `profile.*Size`.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    /// The pattern as written.
    pub text: String,
    /// Where it is written, if it comes from a file.
    pub origin: Option<Origin>,
    matcher: WildMatch,
}

impl FieldPattern {
    /// `*` matches any run of characters, `?` matches one.
    pub fn new(text: &str, origin: Option<Origin>) -> Self {
        Self {
            text: text.to_owned(),
            origin,
            matcher: WildMatch::new(&folded(text)),
        }
    }

    /// Whether the pattern covers a field. `profile.KEY` and `profileOnce.KEY` name the same key on Channel,
    /// so a pattern for one covers the other, too.
    pub fn covers(&self, path: &FieldPath) -> bool {
        self.covers_folded(&FoldedPath::new(path))
    }

    fn covers_folded(&self, path: &FoldedPath) -> bool {
        let forms = std::iter::once(&path.own).chain(&path.other);
        forms.into_iter().any(|path| self.matcher.matches(path))
    }

    /// Whether the pattern names the ids of users, which are no field.
    pub fn covers_member_ids(&self) -> bool {
        self.matcher.matches("memberid")
    }

    /// The pattern without case, `-` and `_`.
    pub fn folded(&self) -> String {
        folded(&self.text)
    }
}

impl FieldPatterns {
    /// Patterns that come from no file.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        let patterns = patterns.iter();
        patterns
            .map(|text| FieldPattern::new(text.as_ref(), None))
            .collect()
    }

    /// All patterns, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &FieldPattern> {
        self.patterns.iter()
    }

    /// Whether any pattern names the ids of users.
    pub fn cover_member_ids(&self) -> bool {
        self.patterns.iter().any(FieldPattern::covers_member_ids)
    }

    /// Whether any pattern covers a field.
    pub fn covers(&self, path: &FieldPath) -> bool {
        let path = FoldedPath::new(path);
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.covers_folded(&path))
    }
}

impl FromIterator<FieldPattern> for FieldPatterns {
    fn from_iter<I: IntoIterator<Item = FieldPattern>>(patterns: I) -> Self {
        Self {
            patterns: patterns.into_iter().collect(),
        }
    }
}

/// A path in the form that patterns are compared with, and the path of the same key in the other map.
struct FoldedPath {
    own: String,
    other: Option<String>,
}

impl FoldedPath {
    fn new(path: &FieldPath) -> Self {
        let other = match path {
            FieldPath::Profile(key) => Some(format!("profileOnce.{key}")),
            FieldPath::ProfileOnce(key) => Some(format!("profile.{key}")),
            FieldPath::Language
            | FieldPath::Tags
            | FieldPath::UnsubscribeEmail
            | FieldPath::UnsubscribeTexting
            | FieldPath::Unsubscribed => None,
        };
        Self {
            own: folded(&path.to_string()),
            other: other.as_deref().map(folded),
        }
    }
}

/// A path, a key or a pattern without case, `-` and `_`, in one Unicode form.
pub fn folded(text: &str) -> String {
    let mut folded = characters::folded(text).into_owned();
    folded.retain(|letter| !matches!(letter, '-' | '_'));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FieldPath {
        text.parse().expect("a field")
    }

    #[test]
    fn case_and_hyphens_make_no_difference() {
        let patterns = FieldPatterns::new(&["Profile.work-PHONE_*", "profile.등급", "tags"]);
        for covered in [
            "profile.workPhoneHome",
            "profileOnce.work_phone_",
            "profile.WORKPHONE2",
            "profile.\u{1103}\u{1173}\u{11bc}\u{1100}\u{1173}\u{11b8}",
            "tags",
        ] {
            assert!(patterns.covers(&path(covered)), "{covered}");
        }
        for other in ["profile.phone", "profile.workFax", "unsubscribeEmail"] {
            assert!(!patterns.covers(&path(other)), "{other}");
        }
    }

    #[test]
    fn both_maps_name_the_same_key() {
        let patterns = FieldPatterns::new(&["profileOnce.utmSource"]);
        assert!(patterns.covers(&path("profile.utmSource")));
        assert!(FieldPatterns::new(&["profile.a"]).covers(&path("profileOnce.a")));
    }
}
