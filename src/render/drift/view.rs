//! Drift as it may be shown, and the data of its JSON format.
//!
//! Sensitive values are masked when the view is made, before any renderer.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    FieldDrift, FieldDriftKind, FieldPath, MemberId, Origin, Sensitive, StopCause, UserDrift,
    UserDriftKind, Value,
};
use crate::plan::{DriftReport, Sample};
use crate::render::common::json::as_text;
use crate::render::common::shown::Shown;

/// What a drift run found, without masked values.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[must_use]
pub struct DriftView<'a> {
    /// How many recorded users were to be compared with Channel.
    pub users: usize,
    /// The totals.
    pub counts: DriftCounts,
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
    pub id: &'a MemberId,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Unread")]
pub struct UnreadView<'a> {
    /// The member id.
    #[schemars(with = "String")]
    pub id: &'a MemberId,
    /// The error of the last attempt.
    pub message: &'a str,
}

static TRUE: Value = Value::Boolean(true);
static FALSE: Value = Value::Boolean(false);

impl<'a> DriftView<'a> {
    /// Masks the values of sensitive fields, unless `show_sensitive` is set.
    pub fn new(report: &'a DriftReport, sensitive: &Sensitive, show_sensitive: bool) -> Self {
        let DriftReport {
            users,
            drift,
            as_applied,
            earlier,
            failed,
            skipped,
            not_shown,
            stopped,
            sample,
        } = report;
        let is_masked = |path: &FieldPath| !show_sensitive && sensitive.covers(path);
        let drift: Vec<_> = drift
            .iter()
            .map(|user| UserDriftView::new(user, &is_masked))
            .collect();
        let of = |standing| {
            let alike = drift.iter().filter(|user| user.standing == standing);
            alike.count()
        };
        let counts = DriftCounts {
            changed: of(Standing::Changed),
            gone: of(Standing::Gone),
            consent: drift.iter().filter(|user| user.changed_consent()).count(),
            as_applied: *as_applied,
            earlier: *earlier,
            failed: failed.len(),
            skipped: *skipped,
            flags_not_shown: *not_shown,
        };
        Self {
            users: *users,
            counts,
            sample: *sample,
            stopped: *stopped,
            drift,
            failed: failed
                .iter()
                .map(|(id, message)| UnreadView { id, message })
                .collect(),
        }
    }
}

impl<'a> UserDriftView<'a> {
    fn new(user: &'a UserDrift, is_masked: &dyn Fn(&FieldPath) -> bool) -> Self {
        let UserDrift {
            id,
            origin,
            difference,
        } = user;
        let (standing, fields, same) = match difference {
            UserDriftKind::Gone => (Standing::Gone, Vec::new(), 0),
            UserDriftKind::Fields { fields, same } => {
                let standing = if fields.iter().all(FieldDrift::is_consent) {
                    Standing::Consent
                } else {
                    Standing::Changed
                };
                let fields = fields
                    .iter()
                    .map(|field| FieldDriftView::new(field, is_masked(&field.path)));
                (standing, fields.collect(), *same)
            }
        };
        Self {
            id,
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
    fn new(field: &'a FieldDrift, masked: bool) -> Self {
        let FieldDrift {
            path,
            kind,
            never_confirmed,
        } = field;
        let flag = |flag: bool| Shown::value(if flag { &TRUE } else { &FALSE }, masked);
        let (kind, applied, found) = match kind {
            FieldDriftKind::Changed { applied, found } => (
                DriftKind::Changed,
                Shown::old(applied, masked),
                Shown::remote(found, masked),
            ),
            FieldDriftKind::Missing { applied } => (
                DriftKind::Missing,
                Shown::old(applied, masked),
                Shown::Absent,
            ),
            FieldDriftKind::Returned { found } => (
                DriftKind::Returned,
                Shown::Absent,
                Shown::remote(found, masked),
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
