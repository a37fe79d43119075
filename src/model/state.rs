//! Describes the state: the users that were applied, as digests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::destination::Destination;
use crate::model::digest::digests::{
    FieldDigest, FileDigest, RemoteIdDigest, UserDigest, UsersSum,
};
use crate::model::digest::key::{CANONICAL_FORM, DigestKey, Digests, UserKey};
use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::pending::{Pending, PendingAction};
use crate::model::recorded_fields::RecordedFields;
use crate::model::visibility::shown_ids::ShownIds;

/// The recorded state of a project: the users that were applied, with digests of their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Counts the changes of content; 0 in a state that was never written.
    pub serial: u64,
    /// A random name from the creation of the state. It distinguishes the states of two projects.
    pub lineage: String,
    /// The destination of the applied users.
    pub destination: Destination,
    /// The canonical form its digests were made over.
    pub canonical_form: u32,
    /// The random salt of its digests.
    pub salt: Vec<u8>,
    /// Identifies the `TALKFORM_STATE_KEY` of its digests; `None` without one.
    pub key_id: Option<String>,
    /// The ids of the journals that were folded in last, the latest at the end. A journal with another id may
    /// contain more than the state.
    pub folded: Vec<String>,
    /// The records of the manifest files, by name.
    pub files: BTreeMap<Arc<str>, FileRecord>,
    /// The applied users. Each has memory of its own, so that ordering a million of them moves pointers alone.
    pub users: BTreeMap<MemberId, Box<Entry>>,
    /// Users of whom the last request has no known result. Some are recorded in `users`, too.
    pub pending: BTreeMap<MemberId, Pending>,
    /// Users that Channel rejected, until it accepts them or they are no longer declared.
    pub rejected: BTreeMap<MemberId, Rejection>,
}

/// One applied user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The digest over everything declared.
    pub digest: UserDigest,
    /// When Channel accepted it.
    pub at: Timestamp,
    /// The number of the file that declares it; `None` if that file has no record.
    pub file: Option<u32>,
    /// The digest of each declared field.
    pub fields: RecordedFields,
    /// The digest of the id that Channel itself gave the user, if its response showed it.
    pub remote_id: Option<RemoteIdDigest>,
    /// Fields that Channel's response did not show as sent. One without a digest in `fields` was to be cleared.
    pub unconfirmed: BTreeSet<FieldPath>,
    /// What Channel's last response showed in place of a declared value, if it reads like it. If the field is also
    /// unconfirmed, that was the first such response; if not, Channel has shown the same twice and keeps the value in
    /// this notation.
    pub shown_instead: BTreeMap<FieldPath, FieldDigest>,
}

impl Entry {
    /// An entry for a user that was accepted as declared. The time is kept to the second.
    pub fn new(digests: &Digests, at: Timestamp) -> Self {
        Self {
            digest: digests.user,
            at: whole_second(at),
            file: None,
            remote_id: None,
            fields: RecordedFields::new(digests.fields.iter().cloned()),
            unconfirmed: BTreeSet::new(),
            shown_instead: BTreeMap::new(),
        }
    }

    /// The notation in which Channel keeps a declared value, if it is another one and Channel has shown it twice.
    pub fn kept_as(&self, path: &FieldPath) -> Option<FieldDigest> {
        let shown = self.shown_instead.get(path).copied();
        shown.filter(|_| !self.unconfirmed.contains(path))
    }

    /// The fields that are no longer declared and that Channel still showed after they were to be cleared.
    pub fn not_cleared(&self) -> impl Iterator<Item = &FieldPath> {
        let unconfirmed = self.unconfirmed.iter();
        unconfirmed.filter(|path| self.fields.get(path).is_none())
    }

    /// Whether there is a field that Channel did not clear, so that the user has to be sent again.
    pub fn has_not_cleared(&self) -> bool {
        self.not_cleared().next().is_some()
    }

    /// Whether Channel shows another id of its own than it showed for the recorded user: the person was deleted
    /// on Channel and created anew. `key` is the user's own.
    pub fn is_other_person(&self, key: &UserKey, shown: Option<&str>) -> bool {
        let shown = shown.map(|id| key.remote_id(id));
        shown.is_some() && self.remote_id.is_some() && shown != self.remote_id
    }
}

/// Which request of a change Channel rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RejectedRequest {
    /// The PUT of the user.
    #[default]
    Put,
    /// The PUT of the opt-outs that a person lacks whom Channel created anew. Channel has accepted the rest.
    OptOut,
    /// The DELETE of a moved user's old id. Channel has accepted the user under the new id.
    DeleteOld,
    /// The DELETE of the user.
    Delete,
}

impl RejectedRequest {
    /// Whether it is the PUT of the user.
    pub fn is_put(&self) -> bool {
        matches!(self, Self::Put)
    }
}

/// The record of one manifest file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// The number by which entries name the file. A file keeps its number.
    pub number: u32,
    /// What the file declared; `None` for a file that must be read every time.
    pub content: Option<FileContent>,
}

/// What a file declared when all its users were recorded as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// A digest over the file's bytes and everything else that affects how they are read.
    pub digest: FileDigest,
    /// How many users the file declared.
    pub users: u32,
    /// A sum over their ids and digests.
    pub sum: UsersSum,
}

/// A user that Channel rejected. The message of the response is left out, because it may echo personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What was sent.
    pub digest: UserDigest,
    /// The request that Channel rejected.
    pub request: RejectedRequest,
    /// The status of the response.
    pub status: u16,
    /// The machine-readable type in the response; `None` without one.
    pub code: Option<String>,
    /// The number of applies that sent it.
    pub attempts: u32,
    /// When it was first rejected.
    pub since: Timestamp,
}

impl State {
    /// The same with the ids as they are shown: for lists, and for nothing else.
    #[must_use]
    pub fn shown(mut self, ids: &ShownIds) -> Self {
        fn renamed<T>(users: BTreeMap<MemberId, T>, ids: &ShownIds) -> BTreeMap<MemberId, T> {
            let users = users.into_iter();
            users
                .map(|(id, of_user)| (ids.of(&id).into_owned(), of_user))
                .collect()
        }
        if ids.hides() {
            self.users = renamed(self.users, ids);
            self.pending = renamed(self.pending, ids);
            self.rejected = renamed(self.rejected, ids);
        }
        self
    }

    /// A state in which nothing was applied yet.
    pub fn new(
        lineage: String,
        salt: Vec<u8>,
        key_id: Option<String>,
        destination: Destination,
    ) -> Self {
        Self {
            serial: 0,
            lineage,
            destination,
            canonical_form: CANONICAL_FORM,
            salt,
            key_id,
            folded: Vec::new(),
            files: BTreeMap::new(),
            users: BTreeMap::new(),
            pending: BTreeMap::new(),
            rejected: BTreeMap::new(),
        }
    }

    /// How many users have a field that Channel's last response did not show as declared.
    pub fn unconfirmed_users(&self) -> usize {
        let entries = self.users.values();
        entries
            .filter(|entry| !entry.unconfirmed.is_empty())
            .count()
    }

    /// Whether Channel shows another person than the recorded one, whom talkform did not delete itself and of whom
    /// no run has reported this yet.
    pub fn is_recreated(&self, id: &MemberId, key: &DigestKey, shown: Option<&str>) -> bool {
        let Some(entry) = self.users.get(id) else {
            return false;
        };
        let key = key.for_user(id);
        let pending = self.pending.get(id);
        entry.is_other_person(&key, shown)
            && !pending.is_some_and(|pending| {
                pending.may_have_deleted() || pending.is_reported(&key, shown)
            })
    }

    /// Records a user.
    pub fn record(&mut self, id: MemberId, entry: Entry) {
        self.users.insert(id, Box::new(entry));
    }

    /// Makes a user pending, in addition to an earlier pending intent. The old id of a move becomes pending too,
    /// if it is recorded.
    pub fn mark_pending(&mut self, id: MemberId, pending: Pending) {
        if let PendingAction::MoveFrom { from, delete_old } = &pending.action
            && self.users.contains_key(from)
        {
            let old = Pending {
                action: PendingAction::MoveTo {
                    to: id.clone(),
                    delete_old: *delete_old,
                },
                ..Pending::unknown(pending.since)
            };
            self.add_pending(from.clone(), old);
        }
        self.add_pending(id, pending);
    }

    /// Whether nothing about any user is recorded.
    pub fn records_nobody(&self) -> bool {
        self.users.is_empty() && self.pending.is_empty() && self.rejected.is_empty()
    }

    /// Drops everything about a user: the record, the pending request and the rejection. Returns whether there was any.
    pub fn forget(&mut self, id: &MemberId) -> bool {
        let user = self.users.remove(id).is_some();
        let pending = self.pending.remove(id).is_some();
        let rejected = self.rejected.remove(id).is_some();
        user || pending || rejected
    }

    /// Whether anything about a user is recorded.
    pub fn knows(&self, id: &MemberId) -> bool {
        self.users.contains_key(id)
            || self.pending.contains_key(id)
            || self.rejected.contains_key(id)
    }

    /// Remembers that a journal is folded in, and forgets the earliest if there are many.
    pub fn remember_folded(&mut self, journal: String) {
        self.folded.retain(|earlier| *earlier != journal);
        self.folded.push(journal);
        let surplus = self.folded.len().saturating_sub(MOST_FOLDED);
        self.folded.drain(..surplus);
    }

    fn add_pending(&mut self, id: MemberId, mut pending: Pending) {
        pending.since = whole_second(pending.since);
        let pending = match self.pending.remove(&id) {
            Some(earlier) => pending.after(earlier),
            None => pending,
        };
        self.pending.insert(id, pending);
    }
}

/// How many journals a state remembers. A clone may keep a journal that is folded in already, and pull a later
/// state.
const MOST_FOLDED: usize = 8;

/// Times are recorded without fractions of a second.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
