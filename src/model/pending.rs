//! Describes a user whose last request has no known result: Channel may have the user as before it or as
//! after it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::digest::digests::UserDigest;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::recorded_fields::RecordedFields;

/// What was being done to a user when the run lost sight of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingAction {
    /// The user was being created. It may exist on Channel although no entry records it.
    Create,
    /// A recorded user was being updated.
    Update,
    /// The user was being created in place of another id.
    MoveFrom {
        /// The id before.
        from: MemberId,
        /// Whether the old id was to be deleted on Channel.
        delete_old: bool,
    },
    /// The user was being replaced by another id.
    MoveTo {
        /// The id from then on.
        to: MemberId,
        /// Whether this id was to be deleted on Channel.
        delete_old: bool,
    },
    /// The user was being deleted.
    Delete,
    /// The record of the user was lost or belongs to another state.
    Unknown,
}

/// An intent without a result: what was being sent, as digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What was being done.
    pub action: PendingAction,
    /// Over everything that was declared, where a user was being sent.
    pub digest: Option<UserDigest>,
    /// The fields that were being set or cleared and were declared, with their digests.
    pub fields: RecordedFields,
    /// Further fields that count as ours: those that were being cleared without being declared, and those of
    /// an intent before this one.
    pub touched: BTreeSet<FieldPath>,
    /// Since when the user is pending.
    pub since: Timestamp,
}

impl Pending {
    /// A user of whom nothing is known but that talkform sent something.
    pub fn unknown(since: Timestamp) -> Self {
        Self {
            action: PendingAction::Unknown,
            digest: None,
            fields: RecordedFields::default(),
            touched: BTreeSet::new(),
            since,
        }
    }

    /// Every field that counts as ours, in order.
    pub fn paths(&self) -> BTreeSet<&FieldPath> {
        let sent = self.fields.iter().map(|(path, _)| path);
        sent.chain(&self.touched).collect()
    }

    /// Whether the user may exist on Channel only because of what was being sent.
    pub fn may_have_created(&self) -> bool {
        match self.action {
            PendingAction::Create | PendingAction::MoveFrom { .. } | PendingAction::Unknown => true,
            PendingAction::Update | PendingAction::MoveTo { .. } | PendingAction::Delete => false,
        }
    }

    /// This intent after an earlier one that has no result either. The digests are those of the later; the
    /// fields are those of both; what may have created the user stays.
    #[must_use]
    pub fn after(mut self, earlier: Self) -> Self {
        let Self {
            action,
            digest: _,
            fields,
            touched,
            since,
        } = earlier;
        let is_plain = matches!(self.action, PendingAction::Update | PendingAction::Unknown);
        if is_plain && action != PendingAction::Unknown {
            self.action = action;
        }
        let earlier_paths = fields.paths().iter().cloned().chain(touched);
        let new_paths = earlier_paths.filter(|path| self.fields.get(path).is_none());
        self.touched.extend(new_paths);
        self.since = self.since.min(since);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DigestKey, FieldValue};

    fn pending(action: PendingAction, paths: &[&str], since: i64) -> Pending {
        let key = DigestKey::new(b"salt", None).for_user(&MemberId::new("u").expect("an id"));
        let fields = paths.iter().map(|path| {
            let path: FieldPath = path.parse().expect("a field");
            let digest = key.field(&path, FieldValue::Clear);
            (path, digest)
        });
        Pending {
            action,
            digest: None,
            fields: RecordedFields::new(fields),
            touched: BTreeSet::new(),
            since: Timestamp::from_second(since).expect("a time"),
        }
    }

    #[test]
    fn a_second_intent_keeps_what_the_first_may_have_done() {
        let first = pending(PendingAction::Create, &["tags", "profile.a"], 5);
        let second = pending(PendingAction::Update, &["profile.b", "tags"], 9);
        let both = second.after(first);
        assert_eq!(both.action, PendingAction::Create);
        assert!(both.may_have_created());
        let paths: Vec<String> = both.paths().iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["profile.a", "profile.b", "tags"]);
        assert_eq!(both.fields.len(), 2);
        assert_eq!(both.since.as_second(), 5);

        let deleted = pending(PendingAction::Delete, &[], 12).after(both);
        assert_eq!(deleted.action, PendingAction::Delete);
        assert_eq!(deleted.touched.len(), 3);
    }
}
