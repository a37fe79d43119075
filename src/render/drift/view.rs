//! Makes the view of drift: values as they may be shown, and the data of the JSON format.
//!
//! Values are hidden when the view is made, before any renderer.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    Attributes, Desired, Destination, FieldDrift, FieldDriftKind, FieldPath, FieldValue, MemberId,
    Origin, Previous, RemoteValue, Selected, ShownIds, StopCause, UserDrift, UserDriftKind,
    UserVisibility, Value, Visibility, VisibilityLookup,
};
use crate::plan::{DriftReport, Sample};
use crate::render::common::json::as_text;
use crate::render::common::shown::Shown;
use crate::render::common::undecided::UndecidedView;

/// What a drift run found, without hidden values.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[must_use]
pub struct DriftView<'a> {
    /// Where the users were read.
    pub destination: &'a Destination,
    /// How many recorded users were to be compared with Channel.
    pub users: usize,
    /// The totals.
    pub counts: DriftCounts,
    /// The selection; left out if all recorded users were to be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// The sample; left out if all users were to be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Why the run stopped early; left out if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StopCause>,
    /// The users who differ, by id.
    pub drift: Vec<UserDriftView<'a>>,
    /// The users that could not be read, by id.
    pub failed: Vec<UnreadView<'a>>,
    /// Fields of which texts are hidden because the project does not call them public; left out if there is
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<UndecidedView>,
}

/// The totals of a drift run. A user with changed fields and changed consent counts as both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Counts")]
pub struct DriftCounts {
    /// Users with a field that differs, consent aside.
    pub changed: usize,
    /// Users that Channel no longer has.
    pub gone: usize,
    /// Users who were deleted on Channel and created anew.
    pub created_anew: usize,
    /// Users who changed their consent.
    pub consent: usize,
    /// Users who are as applied.
    pub as_applied: usize,
    /// How many users as applied were read by the run that this one continues.
    pub earlier: usize,
    /// Users that could not be read.
    pub failed: usize,
    /// Users that were not read because the run stopped.
    pub skipped: usize,
    /// Recorded consent flags that Channel does not show, of the users read by this run.
    pub flags_not_shown: usize,
}

/// One user who differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserDrift")]
pub struct UserDriftView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: Cow<'a, MemberId>,
    /// How the user differs.
    pub standing: Standing,
    /// Where the user is declared; left out if it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'a Origin>,
    /// The fields that differ, in order.
    pub fields: Vec<FieldDriftView<'a>>,
    /// How many recorded fields are as applied.
    #[serde(rename = "sameFields")]
    pub same: usize,
}

/// How a user differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Channel no longer has the user.
    Gone,
    /// The person was deleted on Channel and created anew. Fields may differ, too.
    CreatedAnew,
    /// Fields differ.
    Changed,
    /// Only consent differs: the person changed it.
    Consent,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FieldDrift")]
pub struct FieldDriftView<'a> {
    /// The path, such as `profile.plan` or `tags`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub path: &'a FieldPath,
    /// How the field differs.
    pub kind: DriftKind,
    /// The value that was applied.
    pub applied: Shown<'a>,
    /// The value on Channel.
    pub found: Shown<'a>,
    /// Whether Channel's response to the apply did not show the field as sent.
    pub never_confirmed: bool,
}

/// How a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// It has another value.
    Changed,
    /// It was applied and Channel does not have it.
    Missing,
    /// It was cleared and Channel has it again.
    Returned,
    /// It is a consent flag that the person changed.
    Consent,
}

/// A user that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Unread")]
pub struct UnreadView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: Cow<'a, MemberId>,
    /// The error of the last attempt.
    pub message: &'a str,
}

static TRUE: Value = Value::Boolean(true);
static FALSE: Value = Value::Boolean(false);

impl<'a> DriftView<'a> {
    /// Hides what may not be shown. `desired` is what the manifests declare of the users.
    pub fn new(
        report: &'a DriftReport,
        destination: &'a Destination,
        visibility: &Visibility,
        desired: &Desired,
    ) -> Self {
        let DriftReport {
            users,
            drift,
            as_applied,
            earlier,
            failed,
            skipped,
            not_shown,
            stopped,
            selected,
            sample,
        } = report;
        let lookup = VisibilityLookup::new(visibility);
        let ids = visibility.ids();
        let drift: Vec<_> = drift
            .iter()
            .map(|user| {
                let declared = desired.users.get(&user.id);
                let declared = declared.map(|user| &*user.attributes);
                let shown = lookup.user_with_id(&user.id, values(user, declared));
                UserDriftView::new(user, &shown, &ids)
            })
            .collect();
        let fields = drift.iter().flat_map(|user| &user.fields);
        let undecided =
            fields.filter(|field| [field.applied, field.found].contains(&Shown::Hidden));
        let of = |standing| {
            let alike = drift.iter().filter(|user| user.standing == standing);
            alike.count()
        };
        let counts = DriftCounts {
            changed: of(Standing::Changed),
            gone: of(Standing::Gone),
            created_anew: of(Standing::CreatedAnew),
            consent: drift.iter().filter(|user| user.changed_consent()).count(),
            as_applied: *as_applied,
            earlier: *earlier,
            failed: failed.len(),
            skipped: *skipped,
            flags_not_shown: *not_shown,
        };
        Self {
            destination,
            users: *users,
            counts,
            selected: selected.as_ref().map(|part| part.shown(&ids)),
            sample: *sample,
            stopped: *stopped,
            undecided: UndecidedView::new(undecided.map(|field| field.path), visibility),
            drift,
            failed: failed
                .iter()
                .map(|(id, message)| UnreadView {
                    id: ids.of(id),
                    message,
                })
                .collect(),
        }
    }
}

/// Every known value of a user.
fn values<'a>(
    user: &'a UserDrift,
    declared: Option<&'a Attributes>,
) -> Vec<(FieldPath, FieldValue<'a>)> {
    let mut values: Vec<_> = declared.into_iter().flat_map(Attributes::fields).collect();
    if let UserDriftKind::Fields {
        fields, observed, ..
    } = &user.difference
    {
        values.extend(observed.texts());
        for FieldDrift { path, kind, .. } in fields {
            let (applied, found) = match kind {
                FieldDriftKind::Changed { applied, found } => (Some(applied), Some(found)),
                FieldDriftKind::Missing { applied } => (Some(applied), None),
                FieldDriftKind::Returned { found } => (None, Some(found)),
                FieldDriftKind::Consent { .. } => (None, None),
            };
            if let Some(Previous::Value(value)) = applied {
                values.push((path.clone(), value.into()));
            }
            if let Some(RemoteValue::Value(value)) = found {
                values.push((path.clone(), value.into()));
            }
        }
    }
    values
}

impl<'a> UserDriftView<'a> {
    fn new(drifted: &'a UserDrift, user: &UserVisibility<'_, '_, '_>, ids: &ShownIds) -> Self {
        let UserDrift {
            id,
            origin,
            difference,
        } = drifted;
        let (standing, fields, same) = match difference {
            UserDriftKind::Gone => (Standing::Gone, Vec::new(), 0),
            UserDriftKind::Fields {
                is_created_anew,
                fields,
                same,
                observed: _,
            } => {
                let standing = if *is_created_anew {
                    Standing::CreatedAnew
                } else if fields.iter().all(FieldDrift::is_consent) {
                    Standing::Consent
                } else {
                    Standing::Changed
                };
                let fields = fields.iter().map(|field| FieldDriftView::new(field, user));
                (standing, fields.collect(), *same)
            }
        };
        Self {
            id: ids.of(id),
            standing,
            origin: origin.as_ref(),
            fields,
            same,
        }
    }

    /// Whether the person changed a consent flag.
    pub fn changed_consent(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|field| field.kind == DriftKind::Consent)
    }
}

impl<'a> FieldDriftView<'a> {
    fn new(field: &'a FieldDrift, user: &UserVisibility<'_, '_, '_>) -> Self {
        let FieldDrift {
            path,
            kind,
            never_confirmed,
        } = field;
        let flag = |flag: bool| Shown::value(if flag { &TRUE } else { &FALSE }, path, user);
        let (kind, applied, found) = match kind {
            FieldDriftKind::Changed { applied, found } => {
                let applied = Shown::old(applied, path, user);
                let found = Shown::remote(found, path, user);
                (DriftKind::Changed, applied, found.beside(applied))
            }
            FieldDriftKind::Missing { applied } => (
                DriftKind::Missing,
                Shown::old(applied, path, user),
                Shown::Absent,
            ),
            FieldDriftKind::Returned { found } => (
                DriftKind::Returned,
                Shown::Absent,
                Shown::remote(found, path, user),
            ),
            FieldDriftKind::Consent { applied, found } => {
                (DriftKind::Consent, flag(*applied), flag(*found))
            }
        };
        Self {
            path,
            kind,
            applied,
            found,
            never_confirmed: *never_confirmed,
        }
    }
}

impl Standing {
    /// The symbol before a user.
    pub fn symbol(self) -> char {
        match self {
            Self::Gone => '-',
            Self::CreatedAnew => '+',
            Self::Changed => '~',
            Self::Consent => '*',
        }
    }
}

impl DriftKind {
    /// The symbol before a field.
    pub fn symbol(self) -> char {
        match self {
            Self::Changed => '~',
            Self::Missing => '-',
            Self::Returned => '+',
            Self::Consent => '*',
        }
    }
}
