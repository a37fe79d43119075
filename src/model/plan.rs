//! Describes a plan: every change that an apply makes, with limits and digest.
//!
//! A plan has no closures, clients or colours, so it can be printed, stored, compared and hashed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::{Change, Reason};
use crate::model::destination::{ApiChange, Destination};
use crate::model::diagnostic::Origin;
use crate::model::digest::digests::{PlanDigest, RemoteIdDigest};
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::project::Limit;
use crate::model::selection::Selected;
use crate::model::state::Rejection;
use crate::model::visibility::shown_ids::ShownIds;

/// Everything that an apply does.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Plan {
    /// Where an apply sends the users.
    pub destination: Destination,
    /// The lineage of the state that the plan was made against.
    pub lineage: String,
    /// The serial of the state that the plan was made against.
    pub serial: u64,
    /// The step to another API version; `None` if the state names the project's version.
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
    /// The selection; `None` if the plan covers every user.
    pub selected: Option<Selected>,
    /// Every limit with its numbers.
    pub limits: Vec<LimitCheck>,
    /// The digest that identifies this plan.
    pub digest: PlanDigest,
    /// A digest over id and digest of every desired user, within the selection.
    pub manifests: PlanDigest,
    /// Whether Channel was asked for the desired users, so that drift is part of the changes.
    pub refreshed: bool,
    /// Consent flags that people changed on Channel after the last apply and that the plan keeps, by id.
    pub kept_consent: Vec<KeptConsent>,
    /// How many users have a last request without a known result. Those that the plan covers are among the
    /// changes.
    pub pending: usize,
    /// The recorded fields that Channel's last response did not show as declared.
    pub unconfirmed: Unconfirmed,
    /// Channel's own ids of unchanged users, if Channel was asked and shows another one than is recorded. An
    /// apply records them.
    pub remote_ids: BTreeMap<MemberId, RemoteIdDigest>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.api.is_none()
    }

    /// How many requests an apply sends if none has to be repeated.
    pub fn requests(&self) -> usize {
        let changes = self.changes.iter();
        changes.map(|planned| planned.change.requests()).sum()
    }

    /// How many users an apply deletes on Channel.
    pub fn deletions(&self) -> usize {
        let changes = self.changes.iter();
        changes.filter(|planned| planned.change.deletes()).count()
    }

    /// The limits that are exceeded.
    pub fn tripped(&self) -> impl Iterator<Item = &LimitCheck> {
        self.limits.iter().filter(|check| check.is_tripped())
    }
}

/// The change of one user.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedChange {
    /// The user's id; for a move, the new one.
    pub id: MemberId,
    /// What the plan does.
    pub change: Change,
    /// Why. For people only.
    pub reason: Reason,
    /// Where the user is declared; `None` if the user is no longer declared.
    pub origin: Option<Origin>,
    /// Channel's earlier refusal of this user.
    pub rejected: Option<Box<Rejection>>,
}

/// A consent flag that differs on Channel while its declaration is as applied. The person chose it
/// after the last apply, and no plan overturns that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptConsent {
    /// The user.
    pub id: MemberId,
    /// The flag.
    pub path: FieldPath,
    /// The flag's value on Channel.
    pub chosen: bool,
    /// Whether Channel's response to the apply did not show the flag as sent. The flag may then never
    /// have been as applied.
    pub never_confirmed: bool,
    /// Where the user is declared.
    pub origin: Origin,
}

/// The recorded fields that Channel's last response did not show as declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unconfirmed {
    /// How many users have such a field.
    pub users: usize,
    /// The fields, in order.
    pub fields: Vec<UnconfirmedField>,
    /// Fields that Channel was asked for and now shows as declared. An apply drops them from the record. They
    /// are in none of the other numbers.
    pub confirmed: BTreeMap<MemberId, BTreeSet<FieldPath>>,
}

/// One field that Channel's last response did not show as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnconfirmedField {
    /// The field.
    pub path: FieldPath,
    /// How many users it concerns.
    pub users: usize,
    /// The first of them, by id.
    pub first: Vec<MemberId>,
}

/// A removed user and a new user with equal attributes that no other user has: a member id that probably
/// changed. For people only: no decision depends on it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LikelyMove {
    /// The id of the removed user.
    #[schemars(with = "String")]
    pub from: MemberId,
    /// The id of the new user.
    #[schemars(with = "String")]
    pub to: MemberId,
}

impl LikelyMove {
    /// The same with the ids as they are shown.
    #[must_use]
    pub fn shown(&self, ids: &ShownIds) -> Self {
        Self {
            from: ids.of(&self.from).into_owned(),
            to: ids.of(&self.to).into_owned(),
        }
    }
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
    /// Users who were deleted on Channel and are created anew.
    Recreate,
    /// The least number of desired users.
    MinUsers,
}

impl LimitKind {
    /// Every limit, in the order of its table.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Update,
        Self::Clear,
        Self::Forget,
        Self::Delete,
        Self::OptIn,
        Self::Recreate,
        Self::MinUsers,
    ];

    /// The limit's name in the project file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Clear => "clear",
            Self::Forget => "forget",
            Self::Delete => "delete",
            Self::OptIn => "optIn",
            Self::Recreate => "recreate",
            Self::MinUsers => "minUsers",
        }
    }
}

/// A limit next to what the plan does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitCheck {
    /// Which limit.
    pub kind: LimitKind,
    /// What the project allows.
    pub limit: Limit,
    /// The limit as a number of users; `None` if a percentage does not count because too few users
    /// are recorded.
    pub allowed: Option<usize>,
    /// How many users the plan concerns.
    pub planned: usize,
}

impl LimitCheck {
    /// Whether the plan exceeds the limit or, for [`LimitKind::MinUsers`], falls short of it.
    pub fn is_tripped(&self) -> bool {
        match (self.kind, self.allowed) {
            (_, None) => false,
            (LimitKind::MinUsers, Some(least)) => self.planned < least,
            (_, Some(most)) => self.planned > most,
        }
    }
}
