//! Drift as it may be shown: sensitive values are masked here, before any renderer.

use crate::model::{
    FieldDrift, FieldDriftKind, FieldPath, MemberId, Origin, Previous, RemoteValue, Sensitive,
    UserDrift, UserDriftKind, Value,
};
use crate::plan::DriftReport;
use crate::render::plan::view::Shown;

/// What was found, without what may not be shown.
#[derive(Clone, Debug)]
#[must_use]
pub struct DriftView<'a> {
    /// The numbers, and who could not be read.
    pub report: &'a DriftReport,
    /// How many users are what.
    pub counts: DriftCounts,
    /// The users who differ, by id.
    pub users: Vec<DriftUser<'a>>,
}

/// How many users are what. Who differs and chose, too, counts as both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriftCounts {
    /// Users with a field that differs, consent aside.
    pub changed: usize,
    /// Users that Channel does not know any more.
    pub gone: usize,
    /// Users who changed their consent.
    pub consent: usize,
    /// Users who are as applied.
    pub as_applied: usize,
}

/// One user who differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftUser<'a> {
    /// Who.
    pub id: &'a MemberId,
    /// Where the user is declared.
    pub origin: Option<&'a Origin>,
    /// How.
    pub standing: DriftStanding,
    /// The fields that differ, in order.
    pub fields: Vec<DriftField<'a>>,
    /// How many recorded fields are as applied.
    pub same: usize,
}

/// How a user differs, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftStanding {
    /// Not on Channel any more.
    Gone,
    /// Fields differ.
    Changed,
    /// Nothing but consent differs.
    Consent,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DriftField<'a> {
    /// Which field.
    pub path: &'a FieldPath,
    /// How.
    pub word: DriftWord,
    /// What can be shown of the applied value.
    pub applied: Shown<'a>,
    /// What can be shown of what is there.
    pub found: Shown<'a>,
    /// Whether Channel never showed it as applied.
    pub never_confirmed: bool,
}

/// How a field differs, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriftWord {
    /// It has another value.
    Changed,
    /// It is not there.
    Missing,
    /// It was cleared and is there again.
    Returned,
    /// The person chose.
    Consent,
}

static TRUE: Value = Value::Boolean(true);
static FALSE: Value = Value::Boolean(false);

impl<'a> DriftView<'a> {
    /// Masks the values of sensitive fields, unless they are to be shown.
    pub fn new(report: &'a DriftReport, sensitive: &Sensitive, show_sensitive: bool) -> Self {
        let is_masked = |path: &FieldPath| !show_sensitive && sensitive.covers(path);
        let users: Vec<DriftUser<'a>> = report
            .drift
            .iter()
            .map(|user| DriftUser::new(user, &is_masked))
            .collect();
        let of = |standing| {
            let alike = users.iter().filter(|user| user.standing == standing);
            alike.count()
        };
        let counts = DriftCounts {
            changed: of(DriftStanding::Changed),
            gone: of(DriftStanding::Gone),
            consent: users.iter().filter(|user| user.chose()).count(),
            as_applied: report.as_applied,
        };
        Self {
            report,
            counts,
            users,
        }
    }
}

impl<'a> DriftUser<'a> {
    fn new(user: &'a UserDrift, is_masked: &dyn Fn(&FieldPath) -> bool) -> Self {
        let UserDrift {
            id,
            origin,
            difference,
        } = user;
        let (standing, fields, same) = match difference {
            UserDriftKind::Gone => (DriftStanding::Gone, Vec::new(), 0),
            UserDriftKind::Fields { fields, same } => {
                let standing = if fields.iter().all(FieldDrift::is_consent) {
                    DriftStanding::Consent
                } else {
                    DriftStanding::Changed
                };
                let fields = fields
                    .iter()
                    .map(|field| DriftField::new(field, is_masked(&field.path)));
                (standing, fields.collect(), *same)
            }
        };
        Self {
            id,
            origin: origin.as_ref(),
            standing,
            fields,
            same,
        }
    }

    /// Whether the person changed a consent flag.
    pub fn chose(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|field| field.word == DriftWord::Consent)
    }
}

impl<'a> DriftField<'a> {
    fn new(field: &'a FieldDrift, masked: bool) -> Self {
        let FieldDrift {
            path,
            kind,
            never_confirmed,
        } = field;
        let was = |applied: &'a Previous| Shown::old(applied, masked);
        let is = |found: &'a RemoteValue| match found {
            RemoteValue::Absent => Shown::Absent,
            _ if masked => Shown::Masked,
            RemoteValue::Value(value) => Shown::Value(value),
            RemoteValue::Undeclarable => Shown::Undeclarable,
        };
        let flag = |flag: bool| match (masked, flag) {
            (true, _) => Shown::Masked,
            (false, true) => Shown::Value(&TRUE),
            (false, false) => Shown::Value(&FALSE),
        };
        let (word, applied, found) = match kind {
            FieldDriftKind::Changed { applied, found } => {
                (DriftWord::Changed, was(applied), is(found))
            }
            FieldDriftKind::Missing { applied } => {
                (DriftWord::Missing, was(applied), Shown::Absent)
            }
            FieldDriftKind::Returned { found } => (DriftWord::Returned, Shown::Absent, is(found)),
            FieldDriftKind::Consent { applied, found } => {
                (DriftWord::Consent, flag(*applied), flag(*found))
            }
        };
        Self {
            path,
            word,
            applied,
            found,
            never_confirmed: *never_confirmed,
        }
    }
}

impl DriftStanding {
    /// The mark before a user.
    pub fn symbol(self) -> char {
        match self {
            Self::Gone => '-',
            Self::Changed => '~',
            Self::Consent => '*',
        }
    }
}

impl DriftWord {
    /// The mark before a field.
    pub fn symbol(self) -> char {
        match self {
            Self::Changed => '~',
            Self::Missing => '-',
            Self::Returned => '+',
            Self::Consent => '*',
        }
    }
}
