//! `--select`: part of the users.

use wildmatch::WildMatch;

use crate::model::member_id::MemberId;

/// Patterns of member ids; without any, every id is selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    patterns: Vec<WildMatch>,
}

impl Selection {
    /// `*` stands for any run of characters, `?` for one; an id is selected if one pattern fits.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        Self {
            patterns: patterns
                .iter()
                .map(|pattern| WildMatch::new(pattern.as_ref()))
                .collect(),
        }
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this user is selected.
    pub fn covers(&self, id: &MemberId) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|p| p.matches(id.as_str()))
    }
}
