//! A plan as it may be shown: the one place where sensitive values are masked.
//!
//! Renderers take a [`PlanView`] and never a [`Plan`], so a renderer cannot forget to mask.

use crate::model::{
    ApiChange, Change, FieldAction, FieldChange, FieldPath, KeptConsent, LikelyMove, LimitCheck,
    MemberId, Origin, Plan, PlanDigest, PlannedChange, Previous, Reason, Rejection, Sensitive,
    Value,
};

/// A plan without what may not be shown.
#[derive(Clone, Debug)]
#[must_use]
pub struct PlanView<'a> {
    /// The lineage of the state it was made against.
    pub lineage: &'a str,
    /// The serial of the state it was made against.
    pub serial: u64,
    /// The name of the decision.
    pub digest: PlanDigest,
    /// That the state will name another API version.
    pub api: Option<ApiView>,
    /// How many users are to be what.
    pub counts: Counts,
    /// How many users the state records.
    pub recorded: usize,
    /// How many users the manifests declare.
    pub desired: usize,
    /// How many requests an apply sends if none has to be repeated.
    pub requests: usize,
    /// How many users an apply deletes on Channel, for good.
    pub deletions: usize,
    /// Every limit with its numbers.
    pub limits: &'a [LimitCheck],
    /// Ids that probably changed, by the old one.
    pub likely_moves: &'a [LikelyMove],
    /// The changes, by id.
    pub users: Vec<UserView<'a>>,
    /// Whether Channel was looked at.
    pub refreshed: bool,
    /// Consent that is left as people chose it, by id.
    pub left: Vec<LeftView<'a>>,
}

/// A consent flag that is left as the person chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftView<'a> {
    /// Whose.
    pub id: &'a MemberId,
    /// Which flag.
    pub path: &'a FieldPath,
    /// What the person chose; `None` where the flag is sensitive.
    pub found: Option<bool>,
    /// Whether Channel never showed it as applied.
    pub never_confirmed: bool,
    /// Where the user is declared.
    pub origin: &'a Origin,
}

impl<'a> LeftView<'a> {
    fn new(left: &'a KeptConsent, masked: bool) -> Self {
        let KeptConsent {
            id,
            path,
            chosen,
            never_confirmed,
            origin,
        } = left;
        Self {
            id,
            path,
            found: (!masked).then_some(*chosen),
            never_confirmed: *never_confirmed,
            origin,
        }
    }
}

/// A step from one API version to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiView {
    /// From which to which.
    pub step: ApiChange,
    /// Of how many users something is released that the new version does not have.
    pub released: usize,
}

/// How many users are to be what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// To be created.
    pub create: usize,
    /// To be updated.
    pub update: usize,
    /// To be sent under another id.
    pub moves: usize,
    /// To be dropped from the state.
    pub forget: usize,
    /// To be deleted on Channel.
    pub delete: usize,
    /// Declared and as recorded.
    pub unchanged: usize,
    /// Who may be messaged although they may have opted out.
    pub opt_in: usize,
}

/// One user's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView<'a> {
    /// Whose.
    pub id: &'a MemberId,
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The id before, where the user gets another one.
    pub from: Option<&'a MemberId>,
    /// Whether somebody is deleted on Channel: this user, or the id before.
    pub deletes: bool,
    /// Whether it takes a request.
    pub sends_request: bool,
    /// Where the user is declared.
    pub origin: Option<&'a Origin>,
    /// That Channel refused this user before.
    pub rejected: Option<&'a Rejection>,
    /// What happens to which field.
    pub fields: Vec<FieldView<'a>>,
    /// How many declared fields stay as they are.
    pub unchanged_fields: usize,
}

/// What is done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Created, or adopted where Channel knows the id.
    Create,
    /// Updated.
    Update,
    /// Sent under another id.
    Move,
    /// Dropped from the state, left alone on Channel.
    Forget,
    /// Deleted on Channel.
    Delete,
}

/// What happens to one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldView<'a> {
    /// Which field.
    pub path: &'a FieldPath,
    /// What happens to it.
    pub kind: FieldKind,
    /// What can be shown of the value before.
    pub old: Shown<'a>,
    /// What can be shown of the value after.
    pub new: Shown<'a>,
    /// Whether someone who opted out may be messaged again. Said of a sensitive flag too: consent
    /// weighs more than hiding a `false` that the limit's numbers tell anyway.
    pub opt_in: bool,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// It had no value and gets one.
    New,
    /// It gets another value.
    Changed,
    /// It is removed from Channel.
    Clear {
        /// Whether the manifest says so with `null`.
        declared: bool,
    },
    /// It is left alone on Channel and dropped from the state.
    Release,
    /// It stays with the old id.
    Leave,
    /// It gets a value where Channel has none.
    Once,
}

/// What can be shown of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown<'a> {
    /// All of it.
    Value(&'a Value),
    /// Nothing: the field is sensitive.
    Masked,
    /// Nothing: only its digest is known.
    AsApplied,
    /// Nothing: it is nothing that a manifest can declare.
    Undeclarable,
    /// There is no value.
    Absent,
}

impl<'a> Shown<'a> {
    /// What can be shown of a value before.
    pub(crate) fn old(old: &'a Previous, masked: bool) -> Self {
        match old {
            Previous::Absent | Previous::Cleared => Self::Absent,
            Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable if masked => {
                Self::Masked
            }
            Previous::DigestOnly => Self::AsApplied,
            Previous::Value(value) => Self::Value(value),
            Previous::Undeclarable => Self::Undeclarable,
        }
    }
}

impl<'a> PlanView<'a> {
    /// Masks the values of sensitive fields, unless they are to be shown.
    pub fn new(plan: &'a Plan, sensitive: &Sensitive, show_sensitive: bool) -> Self {
        let Plan {
            lineage,
            serial,
            api,
            changes,
            likely_moves,
            unchanged,
            recorded,
            desired,
            limits,
            digest,
            manifests: _,
            refreshed,
            kept_consent,
        } = plan;
        let is_masked = |path: &FieldPath| !show_sensitive && sensitive.covers(path);
        let users: Vec<_> = changes
            .iter()
            .map(|planned| UserView::new(planned, &is_masked))
            .collect();
        let of = |action| users.iter().filter(|user| user.action == action).count();
        let counts = Counts {
            create: of(Action::Create),
            update: of(Action::Update),
            moves: of(Action::Move),
            forget: of(Action::Forget),
            delete: of(Action::Delete),
            unchanged: *unchanged,
            opt_in: users.iter().filter(|user| user.opts_in()).count(),
        };
        Self {
            lineage,
            serial: *serial,
            api: api.map(|step| ApiView::new(step, &users)),
            digest: *digest,
            counts,
            recorded: *recorded,
            desired: *desired,
            requests: plan.requests(),
            deletions: plan.deletions(),
            limits,
            likely_moves,
            users,
            refreshed: *refreshed,
            left: kept_consent
                .iter()
                .map(|left| LeftView::new(left, is_masked(&left.path)))
                .collect(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.api.is_none()
    }

    /// Whether a limit is exceeded.
    pub fn is_tripped(&self) -> bool {
        self.limits.iter().any(LimitCheck::is_tripped)
    }
}

impl ApiView {
    fn new(step: ApiChange, users: &[UserView<'_>]) -> Self {
        let drops =
            |field: &FieldView<'_>| field.kind == FieldKind::Release && step.drops(field.path);
        let released = users.iter().filter(|user| user.fields.iter().any(drops));
        Self {
            step,
            released: released.count(),
        }
    }
}

impl<'a> UserView<'a> {
    fn new(planned: &'a PlannedChange, is_masked: &dyn Fn(&FieldPath) -> bool) -> Self {
        let PlannedChange {
            id,
            change,
            reason,
            origin,
            rejected,
        } = planned;
        let action = match change.action() {
            crate::model::Action::Create => Action::Create,
            crate::model::Action::Update => Action::Update,
            crate::model::Action::Move => Action::Move,
            crate::model::Action::Forget => Action::Forget,
            crate::model::Action::Delete => Action::Delete,
        };
        let unchanged_fields = change.write().map_or(0, |write| write.unchanged_fields);
        Self {
            id,
            action,
            reason: *reason,
            from: match change {
                Change::Move { from, .. } => Some(from),
                _ => None,
            },
            deletes: change.deletes(),
            sends_request: change.sends_request(),
            origin: origin.as_ref(),
            rejected: rejected.as_ref(),
            fields: change
                .fields()
                .iter()
                .map(|field| FieldView::new(field, is_masked(&field.path)))
                .collect(),
            unchanged_fields,
        }
    }

    /// Whether this user may be messaged although they may have opted out.
    pub fn opts_in(&self) -> bool {
        self.fields.iter().any(|field| field.opt_in)
    }

    /// Whether a field is removed from Channel. A null on a create is not counted: there is
    /// nothing yet.
    pub fn removes(&self) -> bool {
        let clears = |field: &FieldView<'_>| matches!(field.kind, FieldKind::Clear { .. });
        match self.action {
            Action::Update | Action::Move => self.fields.iter().any(clears),
            Action::Create if self.reason == Reason::Adopted => {
                let mut fields = self.fields.iter();
                fields.any(|field| clears(field) && field.old != Shown::Absent)
            }
            Action::Create | Action::Forget | Action::Delete => false,
        }
    }
}

impl<'a> FieldView<'a> {
    fn new(change: &'a FieldChange, masked: bool) -> Self {
        let show = |value: &'a Value| {
            if masked {
                Shown::Masked
            } else {
                Shown::Value(value)
            }
        };
        let show_old = |old: &'a Previous| Shown::old(old, masked);
        let (kind, old, new) = match &change.action {
            FieldAction::Set { old, new } => {
                let kind = match old {
                    Previous::Absent | Previous::Cleared => FieldKind::New,
                    Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable => {
                        FieldKind::Changed
                    }
                };
                (kind, show_old(old), show(new))
            }
            FieldAction::Clear { old, declared } => {
                let kind = FieldKind::Clear {
                    declared: *declared,
                };
                (kind, show_old(old), Shown::Absent)
            }
            FieldAction::Release => (FieldKind::Release, Shown::Absent, Shown::Absent),
            FieldAction::Leave { old } => (FieldKind::Leave, show_old(old), Shown::Absent),
            FieldAction::Once { new } => (FieldKind::Once, Shown::Absent, show(new)),
        };
        Self {
            path: &change.path,
            kind,
            old,
            new,
            opt_in: change.is_opt_in(),
        }
    }
}

impl Action {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Move => "move",
            Self::Forget => "forget",
            Self::Delete => "delete",
        }
    }

    /// The mark before it.
    pub fn symbol(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Move => '>',
            Self::Forget => '.',
            Self::Delete => 'x',
        }
    }
}

impl FieldKind {
    /// The mark before it.
    pub fn symbol(self) -> char {
        match self {
            Self::New | Self::Once => '+',
            Self::Changed => '~',
            Self::Clear { .. } => '-',
            Self::Release | Self::Leave => '.',
        }
    }
}
