//! Selects users by patterns of `--select`.

use wildmatch::WildMatch;

use crate::model::ids::member_id::MemberId;

/// Patterns of member ids. Without a pattern, every id is selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    patterns: Vec<WildMatch>,
}

impl Selection {
    /// `*` matches any run of characters, `?` matches one. An id is selected if one pattern matches.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        Self {
            patterns: patterns
                .iter()
                .map(|pattern| WildMatch::new(pattern.as_ref()))
                .collect(),
        }
    }

    /// Whether every id is selected.
    pub fn is_everything(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this user is selected.
    pub fn covers(&self, id: &MemberId) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|p| p.matches(id.as_str()))
    }
}
