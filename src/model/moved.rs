//! Users whose member id changed.

use crate::model::diagnostic::Origin;
use crate::model::member_id::MemberId;

/// What the manifests say of a changed id, kept under the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The id before.
    pub from: MemberId,
    /// Where that is said.
    pub origin: Origin,
}

/// A user who goes and one who comes with the very same attributes, where no other pair is so: an id
/// that probably changed. For people only: nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikelyMove {
    /// Who goes.
    pub from: MemberId,
    /// Who comes.
    pub to: MemberId,
}
