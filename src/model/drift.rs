//! The vocabulary of drift: how Channel differs from what was applied.

use crate::model::change::Previous;
use crate::model::diagnostic::Origin;
use crate::model::field::FieldPath;
use crate::model::member_id::MemberId;
use crate::model::observed::RemoteValue;

/// One recorded user who is on Channel otherwise than applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDrift {
    /// Who.
    pub id: MemberId,
    /// Where the user is declared; `None` where it no longer is.
    pub origin: Option<Origin>,
    /// How.
    pub difference: UserDriftKind,
}

/// How a user differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserDriftKind {
    /// Channel does not know the user any more.
    Gone,
    /// Fields differ; at least one.
    Fields {
        /// Which, in order.
        fields: Vec<FieldDrift>,
        /// How many recorded fields are as applied, or as declared since.
        same: usize,
    },
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDrift {
    /// Which field.
    pub path: FieldPath,
    /// How.
    pub kind: FieldDriftKind,
    /// Whether Channel's answer to the apply had not shown the field as sent: it may never have been
    /// as applied.
    pub never_confirmed: bool,
}

/// How a field differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldDriftKind {
    /// It has another value.
    Changed {
        /// What is known of the applied value.
        applied: Previous,
        /// What is there.
        found: RemoteValue,
    },
    /// It was applied and is not there.
    Missing {
        /// What is known of the applied value.
        applied: Previous,
    },
    /// It was cleared and is there again.
    Returned {
        /// What is there.
        found: RemoteValue,
    },
    /// A consent flag differs: the person's choice since, and nobody else's business.
    Consent {
        /// What was applied.
        applied: bool,
        /// What the person chose.
        found: bool,
    },
}

impl FieldDrift {
    /// Whether it is a person's choice rather than drift.
    pub fn is_consent(&self) -> bool {
        matches!(self.kind, FieldDriftKind::Consent { .. })
    }
}
