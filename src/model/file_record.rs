//! Recognises users and manifest files that are as a state records them.
//!
//! A file is recognised by a keyed digest over its bytes and everything else that affects how they are read.
//! Its record counts only while the state records the same users with the same digests: after a kill, a
//! partial apply, an edit by hand or a merge of two states, the sum over them differs and the file is read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::digest::digests::{ContentDigest, FileDigest, UsersSum};
use crate::model::digest::key::DigestKey;
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::state::{Entry, FileContent, FileRecord, State};
use crate::model::unchanged::{Depth, UnchangedFile};
use crate::model::user::attributes::Attributes;
use crate::parallel::{in_parallel, shares};

/// Looks up, while manifests are read, which users and files are as recorded.
#[derive(Debug)]
pub struct RecordedLookup<'s> {
    state: &'s State,
    key: &'s DigestKey,
    files: HashMap<FileDigest, UnchangedFile>,
}

impl<'s> RecordedLookup<'s> {
    /// A lookup of users and, if `depth` skips files, of files. The state's records of files must not be stale:
    /// see [`discard_stale_files`].
    pub fn new(state: &'s State, key: &'s DigestKey, depth: Depth) -> Self {
        let skips_files = match depth {
            Depth::Full | Depth::SkipUnchangedUsers => false,
            Depth::SkipUnchangedFiles => true,
        };
        let pending = state.pending.keys();
        let pending: HashSet<u32> = pending.filter_map(|id| state.users.get(id)?.file).collect();
        let records = state.files.values();
        let records = records.filter(|record| skips_files && !pending.contains(&record.number));
        let files = records.filter_map(|record| {
            let FileRecord { number, content } = record;
            let content = content.as_ref()?;
            let unchanged = UnchangedFile {
                number: *number,
                users: content.users,
            };
            Some((content.digest, unchanged))
        });
        Self {
            state,
            key,
            files: files.collect(),
        }
    }

    /// Whether any file can be skipped.
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Returns the file with this content; `None` if it has to be read.
    pub fn file(&self, content: &ContentDigest) -> Option<UnchangedFile> {
        self.files.get(&self.key.file(content)).copied()
    }

    /// Whether a user with these attributes is as recorded. A pending user never is, and neither is one of whom
    /// Channel did not clear a field.
    pub fn is_unchanged(&self, id: &MemberId, attributes: &Attributes) -> bool {
        let entry = self.state.users.get(id);
        let entry = entry.filter(|_| !self.state.pending.contains_key(id));
        let entry = entry.filter(|entry| !entry.has_not_cleared());
        entry.is_some_and(|entry| self.key.for_user(id).user_digest(attributes) == entry.digest)
    }

    /// Returns the number of the file that declared a user.
    pub fn file_of(&self, id: &MemberId) -> Option<u32> {
        self.state.users.get(id).and_then(|entry| entry.file)
    }

    /// Returns the list of fields of a recorded user, which other users may share.
    pub fn paths_of(&self, id: &MemberId) -> Option<&'s Arc<[FieldPath]>> {
        let entry = self.state.users.get(id)?;
        Some(entry.fields.paths())
    }

    /// Returns the list of fields of every recorded user whose file is recorded, with the file's number, by id.
    pub fn lists(&self) -> impl Iterator<Item = (&'s Arc<[FieldPath]>, u32)> {
        let users = self.state.users.values();
        users.filter_map(|entry| Some((entry.fields.paths(), entry.file?)))
    }

    /// Returns every recorded user whose file is recorded, with the file's number, by id.
    pub fn users(&self) -> impl Iterator<Item = (&'s MemberId, u32)> {
        let users = self.state.users.iter();
        users.filter_map(|(id, entry)| Some((id, entry.file?)))
    }
}

/// Drops the content of file records whose users have changed in the state since.
pub fn discard_stale_files(state: &mut State) {
    if state.files.values().all(|record| record.content.is_none()) {
        return;
    }
    let sums = sums(state);
    for FileRecord { number, content } in state.files.values_mut() {
        *content = content
            .take()
            .filter(|content| matches(*number, content, &sums));
    }
}

/// Whether the users of the file with this number are recorded as they were when its content was recorded.
pub fn matches(number: u32, content: &FileContent, sums: &Sums) -> bool {
    let recorded = sums.get(&number).copied().unwrap_or((0, UsersSum::EMPTY));
    recorded == (content.users, content.sum)
}

/// How many users each file number has in a state, and the sum over them.
pub type Sums = HashMap<u32, (u32, UsersSum)>;

/// Computes the sums of a state.
pub fn sums(state: &State) -> Sums {
    let users = state.users.iter();
    let all: Vec<(&MemberId, &Entry)> = users.map(|(id, entry)| (id, &**entry)).collect();
    let mut sums = Sums::new();
    for part in in_parallel(&shares(&all, 4096), |part| sums_of(part)) {
        for (number, (users, sum)) in part {
            let (all_users, whole) = sums.entry(number).or_insert((0, UsersSum::EMPTY));
            *all_users += users;
            *whole = whole.and(sum);
        }
    }
    sums
}

fn sums_of(users: &[(&MemberId, &Entry)]) -> Sums {
    let mut sums = Sums::new();
    for (id, entry) in users {
        if let Some(number) = entry.file {
            let (users, sum) = sums.entry(number).or_insert((0, UsersSum::EMPTY));
            *users += 1;
            *sum = sum.with(id, &entry.digest);
        }
    }
    sums
}
