//! Describes all users that the manifests declare.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::diagnostic::Origin;
use crate::model::digest::digests::ContentDigest;
use crate::model::file_record::KnownFile;
use crate::model::member_id::MemberId;
use crate::model::state::State;
use crate::model::user::Attributes;

/// A desired user and where it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredUser {
    /// What is wanted.
    pub attributes: Attributes,
    /// The line of its `memberId`.
    pub origin: Origin,
}

/// All desired users of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// The users in order of their ids, without those that were read together with a state and are as
    /// it records them.
    pub users: BTreeMap<MemberId, DesiredUser>,
    /// Users whose id changed, by the new id. Every new id is declared and no old one is; nobody moves
    /// twice, and nobody moves on.
    pub moved: BTreeMap<MemberId, Moved>,
    /// Users that were read and are as recorded, in order of their ids, each with its file's place in
    /// `files`.
    pub as_recorded: Vec<(MemberId, u32)>,
    /// The files that declare them, in order of their names.
    pub files: Vec<DesiredFile>,
}

/// A file that declares users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredFile {
    /// Relative to the project's folder, with `/`.
    pub name: Arc<str>,
    /// Its content, where the state may remember it: one that gave rise to a diagnostic has to be read
    /// every time.
    pub content: Option<ContentDigest>,
    /// Where it was not read, because all its users are as recorded.
    pub known: Option<KnownFile>,
}

impl Desired {
    /// How many users are declared.
    pub fn count(&self) -> usize {
        let known = self.files.iter().filter_map(|file| file.known);
        self.users.len()
            + self.as_recorded.len()
            + known.map(|known| known.users as usize).sum::<usize>()
    }

    /// Whether a user is declared. `state` is the one that the manifests were read with.
    pub fn declares(&self, id: &MemberId, state: &State) -> bool {
        let in_known_file = || {
            let number = state.users.get(id).and_then(|entry| entry.file);
            number.is_some_and(|number| {
                let mut known = self.files.iter().filter_map(|file| file.known);
                known.any(|known| known.number == number)
            })
        };
        self.users.contains_key(id)
            || self
                .as_recorded
                .binary_search_by(|(known, _)| known.cmp(id))
                .is_ok()
            || in_known_file()
    }
}

/// A member id that changed, as the manifests declare it. Kept under the new id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The id before.
    pub from: MemberId,
    /// Where the move is declared.
    pub origin: Origin,
}
