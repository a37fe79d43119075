//! Selects users by patterns of `--select`.

use std::collections::BTreeSet;

use serde::Serialize;
use wildmatch::WildMatch;

use crate::model::desired::Desired;
use crate::model::ids::member_id::MemberId;
use crate::model::state::State;
use crate::model::visibility::shown_ids::ShownIds;

/// Patterns of member ids. Without a pattern, every id is selected. An empty pattern counts as none.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    patterns: Vec<(String, WildMatch)>,
}

/// The part of the users that a selection covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Selected {
    /// The patterns.
    pub patterns: Vec<String>,
    /// How many users they cover.
    pub users: usize,
    /// How many users there are, declared or recorded.
    pub of: usize,
}

impl Selected {
    /// The same with the patterns as ids are shown.
    #[must_use]
    pub fn shown(&self, ids: &ShownIds) -> Self {
        let shown = |pattern: &String| {
            if ids.hides() {
                "(sensitive)".to_owned()
            } else {
                pattern.clone()
            }
        };
        Self {
            patterns: self.patterns.iter().map(shown).collect(),
            ..*self
        }
    }
}

impl Selection {
    /// `*` matches any run of characters, `?` matches one. An id is selected if one pattern matches.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        let patterns = patterns.iter().map(AsRef::as_ref);
        Self {
            patterns: patterns
                .filter(|pattern| !pattern.is_empty())
                .map(|pattern| (pattern.to_owned(), WildMatch::new(pattern)))
                .collect(),
        }
    }

    /// Whether every id is selected.
    pub fn is_everything(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether this user is selected.
    pub fn covers(&self, id: &MemberId) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|(_, p)| p.matches(id.as_str()))
    }

    /// The patterns that match none of these ids.
    pub fn idle<'i>(&self, ids: impl Iterator<Item = &'i MemberId>) -> Vec<&str> {
        let mut idle: Vec<_> = self.patterns.iter().collect();
        for id in ids {
            if idle.is_empty() {
                break;
            }
            idle.retain(|(_, pattern)| !pattern.matches(id.as_str()));
        }
        idle.into_iter().map(|(text, _)| &**text).collect()
    }

    /// The part of these users that is selected; `None` if every user is.
    pub fn of<'i>(&self, ids: impl Iterator<Item = &'i MemberId>) -> Option<Selected> {
        if self.is_everything() {
            return None;
        }
        let (mut users, mut of) = (0, 0);
        for id in ids {
            of += 1;
            users += usize::from(self.covers(id));
        }
        Some(Selected {
            patterns: self.patterns.iter().map(|(text, _)| text.clone()).collect(),
            users,
            of,
        })
    }
}

/// The ids of all users that are declared or recorded, or were being sent. Users that have not changed are recorded.
pub fn known_ids<'a>(desired: &'a Desired, state: &'a State) -> BTreeSet<&'a MemberId> {
    let recorded = state.users.keys().chain(state.pending.keys());
    desired.users.keys().chain(recorded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_users() {
        let ids = ["u-1", "u-2", "x"].map(|id| MemberId::new(id).expect("an id"));
        let part = |patterns: &[&str]| {
            let selection = Selection::new(patterns);
            let idle: Vec<String> = selection
                .idle(ids.iter())
                .iter()
                .map(ToString::to_string)
                .collect();
            let selected = selection.of(ids.iter()).map(|part| (part.users, part.of));
            (idle.join(" "), selected)
        };
        assert_eq!(part(&[]), (String::new(), None));
        assert_eq!(part(&[""]), (String::new(), None));
        assert_eq!(part(&["u-?", ""]), (String::new(), Some((2, 3))));
        assert_eq!(
            part(&["u-1", "nope", "u-*", "U-1"]),
            ("nope U-1".to_owned(), Some((2, 3)))
        );
    }
}
