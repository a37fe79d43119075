//! The vocabulary of a plan: what would be done, to whom, and why.
//!
//! A plan holds no closures, clients or colours: it can be printed, stored, compared and hashed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::api_change::ApiChange;
use crate::model::diagnostic::Origin;
use crate::model::digest::digests::{Digests, PlanDigest};
use crate::model::field::{FieldPath, ProfileKey};
use crate::model::member_id::MemberId;
use crate::model::moved::LikelyMove;
use crate::model::project::Limit;
use crate::model::state::{Entry, Rejection};
use crate::model::user::Declared;
use crate::model::value::Value;

/// Everything an apply would do, decided.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Plan {
    /// The lineage of the state it was made against.
    pub lineage: String,
    /// The serial of the state it was made against.
    pub serial: u64,
    /// That the state will name another API version; `None` where it names the project's.
    pub api: Option<ApiChange>,
    /// The changes, by id.
    pub changes: Vec<PlannedChange>,
    /// Ids that probably changed, by the old one. For people only.
    pub likely_moves: Vec<LikelyMove>,
    /// How many desired users are as recorded.
    pub unchanged: usize,
    /// How many users the state records.
    pub recorded: usize,
    /// How many users the manifests declare, within the selection.
    pub desired: usize,
    /// Every limit with its numbers.
    pub limits: Vec<LimitCheck>,
    /// The name of this decision.
    pub digest: PlanDigest,
    /// Over id and digest of every desired user, within the selection: what the manifests mean.
    pub manifests: PlanDigest,
    /// Whether Channel was looked at, so that drift is part of the changes.
    pub refreshed: bool,
    /// Consent that people changed on Channel since and that is left as they want it, by id.
    pub left: Vec<KeptConsent>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.api.is_none()
    }

    /// How many requests an apply sends if none has to be repeated.
    pub fn requests(&self) -> usize {
        self.changes
            .iter()
            .map(|planned| planned.change.requests())
            .sum()
    }

    /// How many users an apply deletes on Channel, for good.
    pub fn deletions(&self) -> usize {
        self.changes
            .iter()
            .filter(|planned| planned.change.deletes())
            .count()
    }

    /// The limits that are exceeded.
    pub fn tripped(&self) -> impl Iterator<Item = &LimitCheck> {
        self.limits.iter().filter(|check| check.is_tripped())
    }
}

/// A consent flag that is on Channel otherwise than applied, while its declaration is unchanged: a
/// person's later choice, which no plan overturns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptConsent {
    /// Whose.
    pub id: MemberId,
    /// Which flag.
    pub path: FieldPath,
    /// What the person chose.
    pub found: bool,
    /// Whether Channel's answer to the apply had not shown the flag as sent: then it may never have been
    /// as applied.
    pub never_confirmed: bool,
    /// Where the user is declared.
    pub origin: Origin,
}

/// One user's change.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedChange {
    /// Whose.
    pub id: MemberId,
    /// What.
    pub change: Change,
    /// Why; for people only.
    pub reason: Reason,
    /// Where the user is declared; `None` where it no longer is.
    pub origin: Option<Origin>,
    /// That Channel refused this user before, and how.
    pub rejected: Option<Rejection>,
}

/// What is done to a user.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Not recorded: created on Channel, or adopted where Channel knows the id.
    Create {
        /// The request.
        upsert: Upsert,
        /// What is recorded when Channel has accepted it.
        digests: Digests,
        /// One for each declared field, in order.
        fields: Vec<FieldChange>,
    },
    /// Recorded with another digest.
    Update {
        /// The request; `None` where every field change is a release, which only the state sees.
        upsert: Option<Upsert>,
        /// What is recorded when Channel has accepted it.
        digests: Digests,
        /// One for each field that differs, in order.
        fields: Vec<FieldChange>,
        /// How many declared fields are as recorded.
        unchanged_fields: usize,
    },
    /// Recorded under another id. Channel cannot rename: the user is sent whole under the new id, and
    /// then the old record is dropped. One outcome, recorded after all of it was accepted.
    Move {
        /// The id that is recorded.
        from: MemberId,
        /// What the state says of it.
        last: Entry,
        /// The request under the new id: everything declared, all consent flags too, and nulls for what
        /// the old record has and is cleared.
        upsert: Upsert,
        /// What is recorded under the new id.
        digests: Digests,
        /// One for each field that differs from the old record, in order.
        fields: Vec<FieldChange>,
        /// How many declared fields are as the old record has them.
        unchanged_fields: usize,
        /// Whether the old id is deleted on Channel, after the new one was accepted.
        delete_old: bool,
    },
    /// Recorded and no longer declared: dropped from the state, left alone on Channel.
    Forget {
        /// What the state says.
        last: Entry,
    },
    /// Recorded and no longer declared: deleted on Channel and dropped from the state.
    Delete {
        /// What the state says.
        last: Entry,
    },
}

impl Change {
    /// Whether applying it takes a request.
    pub fn sends_request(&self) -> bool {
        self.requests() > 0
    }

    /// How many requests applying it takes, one after the other.
    pub fn requests(&self) -> usize {
        match self {
            Self::Create { .. } | Self::Delete { .. } => 1,
            Self::Update { upsert, .. } => usize::from(upsert.is_some()),
            Self::Move { delete_old, .. } => 1 + usize::from(*delete_old),
            Self::Forget { .. } => 0,
        }
    }

    /// Whether applying it deletes a user on Channel.
    pub fn deletes(&self) -> bool {
        match self {
            Self::Delete { .. } => true,
            Self::Move { delete_old, .. } => *delete_old,
            Self::Create { .. } | Self::Update { .. } | Self::Forget { .. } => false,
        }
    }

    /// The field changes; empty for a forget and a delete.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Create { fields, .. }
            | Self::Update { fields, .. }
            | Self::Move { fields, .. } => fields,
            Self::Forget { .. } | Self::Delete { .. } => &[],
        }
    }

    /// The word for it: `create`, `update`, `move`, `forget` or `delete`.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Move { .. } => "move",
            Self::Forget { .. } => "forget",
            Self::Delete { .. } => "delete",
        }
    }
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which field.
    pub path: FieldPath,
    /// What happens to it.
    pub action: FieldAction,
}

impl FieldChange {
    /// Whether it may lead to messages to someone who opted out: a consent flag becomes `false`
    /// and is not recorded as `false`, nor seen to be `false` on Channel; or it stays behind at an old id
    /// and is not recorded as `false`.
    pub fn is_opt_in(&self) -> bool {
        let is_given = |old: &Previous| *old == Previous::Known(Value::Boolean(false));
        let may_message = match &self.action {
            FieldAction::Set { new, old } => *new == Value::Boolean(false) && !is_given(old),
            FieldAction::Leave { old } => !is_given(old),
            FieldAction::Clear { .. } | FieldAction::Release | FieldAction::Once { .. } => false,
        };
        may_message && self.path.is_unsubscribe_flag()
    }

    /// The decision without any value: `set profile.plan`. A consent that is given by the person
    /// already is another decision than one that is taken back from them.
    pub fn decision(&self) -> String {
        let Self { path, action } = self;
        let is_given = match action {
            FieldAction::Set {
                new: Value::Boolean(false),
                ..
            } => path.is_unsubscribe_flag() && !self.is_opt_in(),
            _ => false,
        };
        let note = if is_given { " (false already)" } else { "" };
        format!("{} {path}{note}", action.word())
    }
}

/// What happens to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldAction {
    /// It gets a value.
    Set {
        /// What is known of the value before.
        old: Previous,
        /// The value.
        new: Value,
    },
    /// It is removed from Channel: the manifest says `null`, or no longer declares it.
    Clear {
        /// What is known of the value before.
        old: Previous,
        /// Whether the manifest says so with `null`, rather than by no longer declaring the field.
        declared: bool,
    },
    /// No longer declared: left alone on Channel, dropped from the state.
    Release,
    /// No longer declared when the user gets another id: it stays with the old id, and the new one does
    /// not get it.
    Leave {
        /// What is known of the value.
        old: Previous,
    },
    /// It gets a value where Channel has none.
    Once {
        /// The value.
        new: Value,
    },
}

impl FieldAction {
    /// The word for it: `set`, `clear`, `release`, `leave` or `once`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Set { .. } => "set",
            Self::Clear { .. } => "clear",
            Self::Release => "release",
            Self::Leave { .. } => "leave",
            Self::Once { .. } => "once",
        }
    }
}

/// What is known of a value that a field had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Previous {
    /// The field is not recorded.
    Absent,
    /// The field is recorded, with a digest only.
    Recorded,
    /// A value whose digest equals the recorded one, or that was just seen on Channel.
    Known(Value),
    /// Something was seen on Channel that no manifest can declare.
    Undeclarable,
    /// The record says that the field was cleared, or Channel was just seen not to have it.
    Cleared,
}

/// The body of one `PUT /open/{api}/users/@{memberId}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upsert {
    /// The whole desired profile, and nulls for what is cleared. Left out where empty: an
    /// explicit null here would wipe the profile.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub profile: BTreeMap<ProfileKey, Declared>,
    /// The whole desired `profileOnce`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub profile_once: BTreeMap<ProfileKey, Value>,
    /// The whole set of tags; an empty one clears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeSet<String>>,
    /// Sent only when it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribed: Option<bool>,
    /// Sent only when it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe_email: Option<bool>,
    /// Sent only when it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe_texting: Option<bool>,
}

/// Why a change is planned, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The state does not know the user.
    NotRecorded,
    /// The declaration differs from what was applied.
    Changed,
    /// The user is no longer declared.
    NotDeclared,
    /// The user is recorded under another id.
    Moved,
    /// The new API version has no such field: what is recorded of it is released, and nothing else
    /// changes.
    ApiChanged,
    /// The declaration is as applied, and Channel has something else.
    ChangedOnChannel,
    /// The user was applied, and Channel does not know them any more.
    DeletedOnChannel,
    /// The state does not know the user, and Channel does.
    Adopted,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Users to create.
    Create,
    /// Users to update.
    Update,
    /// Users that lose a field.
    Clear,
    /// Users to forget.
    Forget,
    /// Users to delete.
    Delete,
    /// Users who may be messaged again.
    OptIn,
    /// The least number of desired users.
    MinUsers,
}

impl LimitKind {
    /// Its name in the project file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Clear => "clear",
            Self::Forget => "forget",
            Self::Delete => "delete",
            Self::OptIn => "optIn",
            Self::MinUsers => "minUsers",
        }
    }
}

/// A limit with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitCheck {
    /// Which one.
    pub kind: LimitKind,
    /// What the project allows.
    pub limit: Limit,
    /// The limit as a number of users; `None` where a percentage does not count yet.
    pub allowed: Option<usize>,
    /// What the plan would do.
    pub planned: usize,
}

impl LimitCheck {
    /// Whether the plan exceeds it (or, for [`LimitKind::MinUsers`], falls short of it).
    pub fn is_tripped(&self) -> bool {
        match (self.kind, self.allowed) {
            (_, None) => false,
            (LimitKind::MinUsers, Some(least)) => self.planned < least,
            (_, Some(most)) => self.planned > most,
        }
    }
}
