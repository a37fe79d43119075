//! Makes the view of a plan: values as they may be shown, and the data of the JSON format.
//!
//! Values are hidden when the view is made. Renderers take a [`PlanView`] and never a [`Plan`], so no renderer
//! has to hide anything.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Action, ApiChange, Destination, FieldAction, FieldChange, FieldPath, KeptConsent, LikelyMove,
    LimitCheck, MemberId, Origin, Plan, PlanDigest, PlannedChange, Selected, ShownIds, Visibility,
    VisibilityLookup,
};
use crate::render::common::json::as_text;
use crate::render::common::undecided::UndecidedView;
use crate::render::plan::change::{ChangeView, FieldKind};
use crate::render::plan::changes::ChangeViews;
use crate::render::plan::known_users::KnownUsers;
use crate::render::plan::limit::LimitView;
use crate::render::plan::settings::SettingsView;
use crate::render::plan::unconfirmed::UnconfirmedView;

/// A plan without hidden values.
#[derive(Debug, Serialize, JsonSchema)]
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
    #[schemars(with = "Vec<ChangeView<'a>>")]
    pub changes: ChangeViews<'a>,
    /// The kinds of field changes that occur.
    #[serde(skip)]
    pub kinds: BTreeSet<FieldKind>,
    /// Whether an old value is known as a digest only.
    #[serde(skip)]
    pub has_unknown_old: bool,
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

impl<'a> PlanView<'a> {
    /// Hides what may not be shown.
    pub fn new(plan: &'a Plan, visibility: &'a Visibility, known: KnownUsers<'a>) -> Self {
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
        let (views, overview) = ChangeViews::new(changes, visibility, known);
        let of = |action| {
            let alike = changes
                .iter()
                .filter(|planned| planned.change.action() == action);
            alike.count()
        };
        let counts = Counts {
            create: of(Action::Create),
            update: of(Action::Update),
            moves: of(Action::Move),
            forget: of(Action::Forget),
            delete: of(Action::Delete),
            unchanged: *unchanged,
            opt_in: overview.opt_ins,
            pending: *pending,
            unconfirmed: unconfirmed.users,
        };
        Self {
            destination,
            settings: None,
            lineage,
            serial: *serial,
            digest: *digest,
            api: api.map(|step| ApiView::new(step, changes)),
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
            undecided: UndecidedView::new(&overview.undecided, visibility),
            kinds: overview.kinds,
            has_unknown_old: overview.has_unknown_old,
            changes: views,
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
    fn new(step: ApiChange, changes: &[PlannedChange]) -> Self {
        let drops =
            |field: &FieldChange| field.action == FieldAction::Release && step.drops(&field.path);
        let released = changes
            .iter()
            .filter(|planned| planned.change.listed().iter().any(drops));
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
