//! Describes one user's change in a plan file, without any value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Action, Change, MemberId, PlannedChange, UserDigest, Write};

/// One user's change. The digest of a plan covers every part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeLine {
    /// `create`, `update`, `move`, `forget` or `delete`.
    #[schemars(with = "String")]
    pub action: Action,
    /// For a move, the old id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<MemberId>,
    /// For a move, the digest of the user as recorded under the old id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from_digest: Option<UserDigest>,
    /// Whether the old id is deleted on Channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delete_old: bool,
    /// The digest of the user as it will be recorded; for a forget or a delete, as it is recorded.
    #[schemars(with = "String")]
    pub digest: UserDigest,
    /// The field changes, such as `set profile.plan`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl ChangeLine {
    /// The line of a change. Reasons, places and known old values are for people and are left out. The new
    /// value of a field is part of the user's digest, so a field has only its action and path.
    pub fn of(planned: &PlannedChange) -> Self {
        let change = &planned.change;
        let (digest, moved) = match change {
            Change::Create(write) | Change::Update(write) => (write.digest, None),
            Change::Move {
                from, last, write, ..
            } => (write.digest, Some((from.clone(), last.digest))),
            Change::Forget { last } | Change::Delete { last } => (last.digest, None),
        };
        let (from, from_digest) = moved.unzip();
        Self {
            action: change.action(),
            delete_old: from.is_some() && change.deletes(),
            from,
            from_digest,
            digest,
            fields: change.write().map_or_else(Vec::new, Write::decisions),
        }
    }
}
