//! Makes the view of a plan: values as they may be shown, and the data of the JSON format.
//!
//! Values are hidden when the view is made. Renderers take a [`PlanView`] and never a [`Plan`], so no renderer
//! has to hide anything.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Action, ApiChange, Change, Destination, FieldAction, FieldChange, FieldPath, KeptConsent,
    LikelyMove, LimitCheck, MemberId, Origin, Plan, PlanDigest, PlannedChange, Previous, Reason,
    Selected, ShownIds, UserVisibility, Value, Visibility, VisibilityLookup,
};
use crate::render::common::json::as_text;
use crate::render::common::rejection::RejectionView;
use crate::render::common::shown::Shown;
use crate::render::common::undecided::UndecidedView;
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::limit::LimitView;
use crate::render::plan::settings::SettingsView;
use crate::render::plan::unconfirmed::UnconfirmedView;

/// A plan without hidden values.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct PlanView<'a> {
    /// Where an apply sends the users.
    pub destination: &'a Destination,
    /// How the settings of the project differ from those of `--base`; left out without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsView>,
    /// The lineage of the state that the plan was made against.
    pub lineage: &'a str,
    /// The serial of the state that the plan was made against.
    pub serial: u64,
    /// The digest that identifies the plan, for `apply --expect` and `apply --approve-limits`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub digest: PlanDigest,
    /// The step to another API version; left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiView>,
    /// How many users get which change.
    pub counts: Counts,
    /// How many requests an apply sends if it retries none.
    pub requests: usize,
    /// How many users an apply deletes on Channel. That cannot be undone.
    pub deletions: usize,
    /// How many users the state records.
    pub recorded: usize,
    /// How many users the manifests declare.
    pub desired: usize,
    /// The selection; left out if the plan covers every user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// Whether the plan exceeds a limit.
    pub tripped: bool,
    /// Every limit with its numbers.
    pub limits: Vec<LimitView>,
    /// Ids that probably changed: one removed and one new user with identical attributes, and no other
    /// pair like them. Left out if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likely_moves: Vec<LikelyMove>,
    /// Whether the users were read from Channel first, so that drift is part of the changes.
    pub refreshed: bool,
    /// The changes, by id.
    pub changes: Vec<ChangeView<'a>>,
    /// Consent flags that people changed on Channel since the last apply and that are kept, by id.
    #[serde(rename = "left")]
    pub kept_consent: Vec<KeptConsentView<'a>>,
    /// Fields of which texts are hidden because the project does not call them public; left out if there is
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<UndecidedView>,
    /// The recorded fields that Channel's last response did not show as declared. Left out if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<UnconfirmedView<'a>>,
}

/// A step from one API version to another. No users are sent because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlannedApi")]
pub struct ApiView {
    /// Both versions.
    #[serde(flatten)]
    pub step: ApiChange,
    /// How many users have a recorded field that the new version does not have. It is released.
    #[serde(rename = "releasedUsers")]
    pub released: usize,
}

/// How many users get which change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Users to be created, or adopted if Channel already has the id.
    pub create: usize,
    /// Users to be updated.
    pub update: usize,
    /// Users to be sent under another id.
    #[serde(rename = "move")]
    pub moves: usize,
    /// Users to be removed from the state and kept on Channel.
    pub forget: usize,
    /// Users to be deleted on Channel.
    pub delete: usize,
    /// Declared users that are as recorded.
    pub unchanged: usize,
    /// Users who may be messaged although they may have opted out.
    pub opt_in: usize,
    /// Users who were being sent when the last run ended: Channel may have either.
    pub pending: usize,
    /// Recorded users with a field that Channel's last response did not show as declared.
    pub unconfirmed: usize,
}

/// A consent flag that a person changed on Channel since the last apply and that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "KeptConsent")]
pub struct KeptConsentView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: Cow<'a, MemberId>,
    /// The flag.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub path: &'a FieldPath,
    /// The value on Channel; null if the flag is sensitive.
    pub found: Option<bool>,
    /// Whether Channel's response to the apply did not show the flag as sent.
    pub never_confirmed: bool,
    /// Where the user is declared.
    pub origin: &'a Origin,
}

/// One user's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Change")]
pub struct ChangeView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: Cow<'a, MemberId>,
    /// What is done.
    pub action: Action,
    /// The previous id of a user who moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Cow<'a, MemberId>>,
    /// Whether a user is deleted on Channel: this one, or the previous id. Left out if none is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletes: bool,
    /// Why.
    pub reason: Reason,
    /// Whether the change takes a request.
    pub sends_request: bool,
    /// Whether this user may be messaged although they may have opted out.
    pub opt_in: bool,
    /// Where the user is declared; left out if it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'a Origin>,
    /// How Channel rejected this user before; left out if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RejectionView<'a>>,
    /// How many declared fields do not change.
    pub unchanged_fields: usize,
    /// The changes of fields.
    pub fields: Vec<FieldView<'a>>,
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Field")]
pub struct FieldView<'a> {
    /// The path, such as `profile.plan` or `tags`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub path: &'a FieldPath,
    /// What happens to the field.
    pub kind: FieldKind,
    /// The value before.
    pub old: Shown<'a>,
    /// The value after.
    pub new: Shown<'a>,
    /// Whether someone who opted out may be messaged again. This is shown for a sensitive flag too: consent
    /// matters more than hiding a `false` that the numbers of the limit reveal anyway.
    pub opt_in: bool,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// It had no value and gets one.
    New,
    /// It gets another value.
    Changed,
    /// It is removed from Channel because the manifest declares null.
    ClearDeclared,
    /// It is removed from Channel because it is no longer declared.
    ClearUndeclared,
    /// It is kept on Channel and removed from the state.
    Release,
    /// It stays with the previous id; the new id does not get it.
    Leave,
    /// It gets a value if it has none on Channel.
    Once,
}

impl<'a> PlanView<'a> {
    /// Hides what may not be shown.
    pub fn new(plan: &'a Plan, visibility: &Visibility, known: KnownUsers<'_>) -> Self {
        let Plan {
            destination,
            lineage,
            serial,
            api,
            changes,
            likely_moves,
            unchanged,
            recorded,
            desired,
            selected,
            limits,
            digest,
            manifests: _,
            refreshed,
            kept_consent,
            pending,
            unconfirmed,
            remote_ids: _,
        } = plan;
        let lookup = VisibilityLookup::new(visibility);
        let ids = visibility.ids();
        let changes: Vec<_> = changes
            .iter()
            .map(|planned| {
                let user = lookup.user_with_id(&planned.id, known.values(planned));
                let user = match &planned.change {
                    Change::Move { from, .. } => user.with_id(from),
                    _ => user,
                };
                ChangeView::new(planned, &user, &ids)
            })
            .collect();
        let fields = changes.iter().flat_map(|change| &change.fields);
        let undecided = fields.filter(|field| [field.old, field.new].contains(&Shown::Hidden));
        let of = |action| {
            let alike = changes.iter().filter(|change| change.action == action);
            alike.count()
        };
        let counts = Counts {
            create: of(Action::Create),
            update: of(Action::Update),
            moves: of(Action::Move),
            forget: of(Action::Forget),
            delete: of(Action::Delete),
            unchanged: *unchanged,
            opt_in: changes.iter().filter(|change| change.opt_in).count(),
            pending: *pending,
            unconfirmed: unconfirmed.users,
        };
        Self {
            destination,
            settings: None,
            lineage,
            serial: *serial,
            digest: *digest,
            api: api.map(|step| ApiView::new(step, &changes)),
            counts,
            requests: plan.requests(),
            deletions: plan.deletions(),
            recorded: *recorded,
            desired: *desired,
            selected: selected.as_ref().map(|part| part.shown(&ids)),
            tripped: limits.iter().any(LimitCheck::is_tripped),
            limits: limits.iter().map(LimitView::new).collect(),
            likely_moves: likely_moves.iter().map(|moved| moved.shown(&ids)).collect(),
            refreshed: *refreshed,
            undecided: UndecidedView::new(undecided.map(|field| field.path), visibility),
            changes,
            kept_consent: kept_consent
                .iter()
                .map(|kept| KeptConsentView::new(kept, lookup.hides_field(&kept.path), &ids))
                .collect(),
            unconfirmed: unconfirmed
                .fields
                .iter()
                .map(|field| UnconfirmedView::new(field, &ids))
                .collect(),
        }
    }

    /// The same with how the settings differ from those of `--base`.
    pub fn with_settings(self, settings: Option<SettingsView>) -> Self {
        Self { settings, ..self }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.api.is_none()
    }
}

impl ApiView {
    fn new(step: ApiChange, changes: &[ChangeView<'_>]) -> Self {
        let drops =
            |field: &FieldView<'_>| field.kind == FieldKind::Release && step.drops(field.path);
        let released = changes
            .iter()
            .filter(|change| change.fields.iter().any(drops));
        Self {
            step,
            released: released.count(),
        }
    }
}

impl<'a> KeptConsentView<'a> {
    fn new(kept: &'a KeptConsent, masked: bool, ids: &ShownIds) -> Self {
        let KeptConsent {
            id,
            path,
            chosen,
            never_confirmed,
            origin,
        } = kept;
        Self {
            id: ids.of(id),
            path,
            found: (!masked).then_some(*chosen),
            never_confirmed: *never_confirmed,
            origin,
        }
    }
}

impl<'a> ChangeView<'a> {
    fn new(planned: &'a PlannedChange, user: &UserVisibility<'_, '_>, ids: &ShownIds) -> Self {
        let PlannedChange {
            id,
            change,
            reason,
            origin,
            rejected,
        } = planned;
        let from = match change {
            Change::Move { from, .. } => Some(from),
            Change::Create(_)
            | Change::Update(_)
            | Change::Forget { .. }
            | Change::Delete { .. } => None,
        };
        let fields: Vec<_> = change
            .fields()
            .iter()
            .map(|field| FieldView::new(field, user))
            .collect();
        Self {
            id: ids.of(id),
            action: change.action(),
            from: from.map(|from| ids.of(from)),
            deletes: change.deletes(),
            reason: *reason,
            sends_request: change.sends_request(),
            opt_in: fields.iter().any(|field| field.opt_in),
            origin: origin.as_ref(),
            rejected: rejected.as_ref().map(RejectionView::new),
            unchanged_fields: change.write().map_or(0, |write| write.unchanged_fields),
            fields,
        }
    }

    /// The symbol before the user.
    pub fn symbol(&self) -> char {
        match self.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Move => '>',
            Action::Forget => '.',
            Action::Delete => 'x',
        }
    }

    /// Whether a field is removed from Channel. A null on a create does not count, because the user
    /// is not there yet; on an adoption it counts if Channel has a value.
    pub fn removes(&self) -> bool {
        let mut cleared = self.fields.iter().filter(|field| field.kind.clears());
        match self.action {
            Action::Update | Action::Move => cleared.next().is_some(),
            Action::Create if self.reason == Reason::Adopted => {
                cleared.any(|field| field.old != Shown::Absent)
            }
            Action::Create | Action::Forget | Action::Delete => false,
        }
    }
}

impl<'a> FieldView<'a> {
    fn new(change: &'a FieldChange, user: &UserVisibility<'_, '_>) -> Self {
        let path = &change.path;
        let old = |old: &'a Previous| Shown::old(old, path, user);
        let new = |new: &'a Value| Shown::value(new, path, user);
        let (kind, old, new) = match &change.action {
            FieldAction::Set {
                old: before,
                new: after,
            } => {
                let kind = match before {
                    Previous::Absent | Previous::Cleared => FieldKind::New,
                    Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable => {
                        FieldKind::Changed
                    }
                };
                (kind, old(before), new(after))
            }
            FieldAction::Clear {
                old: before,
                declared,
            } => {
                let kind = if *declared {
                    FieldKind::ClearDeclared
                } else {
                    FieldKind::ClearUndeclared
                };
                (kind, old(before), Shown::Absent)
            }
            FieldAction::Release => (FieldKind::Release, Shown::Absent, Shown::Absent),
            FieldAction::Leave { old: before } => (FieldKind::Leave, old(before), Shown::Absent),
            FieldAction::Once { new: after } => (FieldKind::Once, Shown::Absent, new(after)),
        };
        Self {
            path,
            kind,
            old,
            new,
            opt_in: change.is_opt_in(),
        }
    }
}

impl FieldKind {
    /// The symbol before a field.
    pub fn symbol(self) -> char {
        match self {
            Self::New | Self::Once => '+',
            Self::Changed => '~',
            Self::ClearDeclared | Self::ClearUndeclared => '-',
            Self::Release | Self::Leave => '.',
        }
    }

    /// Whether the field is removed from Channel.
    pub fn clears(self) -> bool {
        matches!(self, Self::ClearDeclared | Self::ClearUndeclared)
    }
}
