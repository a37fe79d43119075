//! Describes drift: how Channel differs from what was applied.

use crate::model::change::Previous;
use crate::model::diagnostic::Origin;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::observed::{Observed, RemoteValue};

/// A recorded user who differs on Channel from what was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDrift {
    /// The user's id.
    pub id: MemberId,
    /// Where the user is declared; `None` if the user is no longer declared.
    pub origin: Option<Origin>,
    /// How the user differs.
    pub difference: UserDriftKind,
}

/// How a user differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserDriftKind {
    /// Channel no longer has the user.
    Gone,
    /// At least one field differs, or the person was created anew.
    Fields {
        /// Whether the person was deleted on Channel and created anew. An opt-out that is missing is then no
        /// choice of that person.
        is_created_anew: bool,
        /// The fields that differ, in order.
        fields: Vec<FieldDrift>,
        /// How many recorded fields are as applied, or as declared since.
        same: usize,
        /// Everything that Channel has of the user, to find hidden values in other fields.
        observed: Box<Observed>,
    },
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDrift {
    /// The field.
    pub path: FieldPath,
    /// How the field differs.
    pub kind: FieldDriftKind,
    /// Whether Channel's response to the apply did not show the field as sent. The field may then never
    /// have been as applied.
    pub never_confirmed: bool,
}

/// How a field differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldDriftKind {
    /// The field has another value.
    Changed {
        /// What is known of the applied value.
        applied: Previous,
        /// What Channel has.
        found: RemoteValue,
    },
    /// The field was applied, and Channel does not have it.
    Missing {
        /// What is known of the applied value.
        applied: Previous,
    },
    /// The field was cleared, and Channel has it again.
    Returned {
        /// What Channel has.
        found: RemoteValue,
    },
    /// A consent flag differs: the person chose it after the last apply. No plan overturns it.
    Consent {
        /// The flag as applied.
        applied: bool,
        /// The flag on Channel.
        found: bool,
    },
}

impl FieldDrift {
    /// Whether a person chose this, so that it is not drift to correct.
    pub fn is_consent(&self) -> bool {
        matches!(self.kind, FieldDriftKind::Consent { .. })
    }
}
