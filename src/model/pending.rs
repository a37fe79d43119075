//! Describes a user whose last request has no known result: Channel may have the user as before it or as
//! after it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::digest::digests::{FieldDigest, RemoteIdDigest, UserDigest};
use crate::model::digest::key::UserKey;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::recorded_fields::RecordedFields;

/// The action on a user whose result is unknown.
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
    /// The digest over everything declared; `None` if no user was being sent.
    pub digest: Option<UserDigest>,
    /// The fields that were being set or cleared and were declared, with their digests.
    pub fields: RecordedFields,
    /// Fields that were being cleared without being declared, by this intent or one before it.
    pub touched: BTreeSet<FieldPath>,
    /// What an intent before this one was sending, if it differs from `fields`. Channel may have either.
    pub earlier: Vec<(FieldPath, FieldDigest)>,
    /// The digest of the person whom Channel created anew in place of the recorded one, if a run has reported that.
    pub recreated: Option<RemoteIdDigest>,
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
            earlier: Vec::new(),
            recreated: None,
            since,
        }
    }

    /// Whether a run has reported already that Channel created this person anew. `key` is the user's own.
    pub fn is_reported(&self, key: &UserKey, shown: Option<&str>) -> bool {
        let shown = shown.map(|id| key.remote_id(id));
        shown.is_some() && shown == self.recreated
    }

    /// Every field that talkform may have set or cleared, in order.
    pub fn paths(&self) -> BTreeSet<&FieldPath> {
        let sent = self.fields.iter().map(|(path, _)| path);
        let earlier = self.earlier.iter().map(|(path, _)| path);
        sent.chain(&self.touched).chain(earlier).collect()
    }

    /// Every value that may have been sent for a field.
    pub fn sent(&self, path: &FieldPath) -> impl Iterator<Item = FieldDigest> {
        let earlier = self.earlier.iter();
        let earlier = earlier.filter(move |(other, _)| other == path);
        let earlier = earlier.map(|(_, digest)| *digest);
        self.fields.get(path).into_iter().chain(earlier)
    }

    /// Whether the user may exist on Channel only because of what was being sent.
    pub fn may_have_created(&self) -> bool {
        match self.action {
            PendingAction::Create | PendingAction::MoveFrom { .. } | PendingAction::Unknown => true,
            PendingAction::Update | PendingAction::MoveTo { .. } | PendingAction::Delete => false,
        }
    }

    /// Whether talkform itself may have deleted the user on Channel.
    pub fn may_have_deleted(&self) -> bool {
        match self.action {
            PendingAction::Delete | PendingAction::Unknown => true,
            PendingAction::MoveTo { delete_old, .. } => delete_old,
            PendingAction::Create | PendingAction::Update | PendingAction::MoveFrom { .. } => false,
        }
    }

    /// This intent after an earlier one that has no result either: Channel may have carried out both, one or
    /// none.
    #[must_use]
    pub fn after(mut self, earlier: Self) -> Self {
        let Self {
            action,
            digest: _,
            fields,
            touched,
            earlier,
            recreated,
            since,
        } = earlier;
        if self.action.leaves_less_open_than(&action) {
            self.action = action;
        }
        self.touched.extend(touched);
        let fields = fields.iter().map(|(path, digest)| (path.clone(), digest));
        for (path, digest) in fields.chain(earlier) {
            if self.sent(&path).all(|other| other != digest) {
                self.earlier.push((path, digest));
            }
        }
        self.recreated = self.recreated.or(recreated);
        self.since = self.since.min(since);
        self
    }
}

impl PendingAction {
    /// Whether an earlier action leaves more open than this later one.
    fn leaves_less_open_than(&self, earlier: &Self) -> bool {
        let is_open = *earlier != Self::Update;
        match self {
            Self::Update | Self::MoveTo { .. } => is_open,
            Self::Unknown => is_open && *earlier != Self::Unknown,
            Self::Create | Self::MoveFrom { .. } | Self::Delete => false,
        }
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
            earlier: Vec::new(),
            recreated: None,
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
        assert_eq!(deleted.paths().len(), 3);
    }

    #[test]
    fn what_an_action_leaves_open_stays_open() {
        use PendingAction::{Create, Delete, Unknown, Update};
        let after = |later: PendingAction, earlier: PendingAction| {
            pending(later, &[], 2)
                .after(pending(earlier, &[], 1))
                .action
        };
        let move_to = || PendingAction::MoveTo {
            to: MemberId::new("v").expect("an id"),
            delete_old: false,
        };
        assert_eq!(after(Update, Update), Update);
        for open in [Create, Delete, Unknown] {
            assert_eq!(after(Update, open.clone()), open);
            assert_eq!(after(open.clone(), Update), open);
            assert_eq!(after(move_to(), open.clone()), open);
        }
        assert_eq!(after(move_to(), Update), move_to());
        assert_eq!(after(Create, Delete), Create);
        assert_eq!(after(Delete, Create), Delete);
    }
}
