//! Describes all users that the manifests declare.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::diagnostic::Origin;
use crate::model::digest::digests::ContentDigest;
use crate::model::ids::member_id::MemberId;
use crate::model::state::State;
use crate::model::unchanged::Unchanged;
use crate::model::user::attributes::Attributes;

/// All users that the manifests declare. Each of them is either in `users` or in `unchanged`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// The users with their attributes, by id.
    pub users: BTreeMap<MemberId, DesiredUser>,
    /// The users that need no attributes because they are as recorded; empty after a full reading.
    pub unchanged: Unchanged,
    /// Users whose id changed, by the new id. Every new id is declared and no old one is, and no user
    /// moves twice.
    pub moved: BTreeMap<MemberId, Moved>,
    /// The files that declare users, in order of their names.
    pub files: Vec<DesiredFile>,
}

/// A desired user and where it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredUser {
    /// What is declared.
    pub attributes: Arc<Attributes>,
    /// The place of the user's `memberId`.
    pub origin: Origin,
}

/// A member id that changed, as the manifests declare it. Kept under the new id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The id before.
    pub from: MemberId,
    /// Where the move is declared.
    pub origin: Origin,
}

/// A file that declares users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredFile {
    /// The path, relative to the project's folder, with `/`.
    pub name: Arc<str>,
    /// The digest by which the state recognises the file. `None` for a file that must be read every time,
    /// because it led to a diagnostic or declares moves.
    pub content: Option<ContentDigest>,
}

impl Desired {
    /// How many users are declared.
    pub fn count(&self) -> usize {
        self.users.len() + self.unchanged.count()
    }

    /// Whether a user is declared. `state` is the one that the manifests were read with.
    pub fn declares(&self, id: &MemberId, state: &State) -> bool {
        let file = || state.users.get(id).and_then(|entry| entry.file);
        self.users.contains_key(id) || self.unchanged.contains(id, file())
    }
}
