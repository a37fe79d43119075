//! Describes the declared users and files that are as the state records them.

use std::collections::BTreeMap;

use crate::model::ids::member_id::MemberId;

/// How much of the manifests is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Every file is read, and every user has attributes.
    Full,
    /// Every file is read. Users that are as recorded become part of [`Unchanged`].
    SkipUnchangedUsers,
    /// Files that are as recorded are only hashed. They and the users that are as recorded become part
    /// of [`Unchanged`].
    SkipUnchangedFiles,
}

/// Users and files that were recognised as recorded while the manifests were read. Empty after a reading
/// of [`Depth::Full`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unchanged {
    /// Users that were read and are as recorded, in order of their ids.
    pub users: Vec<UnchangedUser>,
    /// Files that were not read because all their users are as recorded, by their index in
    /// [`Desired::files`](crate::model::desired::Desired::files).
    pub files: BTreeMap<usize, UnchangedFile>,
}

/// A user that was read and is as recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnchangedUser {
    /// The user's id.
    pub id: MemberId,
    /// The index of the user's file in [`Desired::files`](crate::model::desired::Desired::files).
    pub file: u32,
}

/// A file of which all users are as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnchangedFile {
    /// The number by which the state's entries name the file.
    pub number: u32,
    /// How many users it declares.
    pub users: u32,
}

impl Unchanged {
    /// How many users are unchanged.
    pub fn count(&self) -> usize {
        let in_files = self.files.values().map(|file| file.users as usize);
        self.users.len() + in_files.sum::<usize>()
    }

    /// Whether a user is unchanged. `file` is the number of the file that the user's entry names.
    pub fn contains(&self, id: &MemberId, file: Option<u32>) -> bool {
        let is_read = || self.users.binary_search_by(|user| user.id.cmp(id)).is_ok();
        let is_skipped = |number| -> bool { self.files.values().any(|file| file.number == number) };
        is_read() || file.is_some_and(is_skipped)
    }
}
