//! Serializes entries and intents as [`EntryLine`](crate::state::records::EntryLine) and
//! [`PendingLine`](crate::state::records::PendingLine) read them, without a copy of their fields.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::{
    Entry, FieldDigest, FieldPath, Pending, RecordedFields, RemoteIdDigest, UserDigest,
};
use crate::state::answer_line::AnswerLine;
use crate::state::records::PendingActionLine;

/// An entry to be written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryText<'a> {
    digest: UserDigest,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u32>,
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_id: Option<RemoteIdDigest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unconfirmed: Vec<AnswerLine>,
}

/// An intent to be written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingText<'a> {
    action: PendingActionLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<UserDigest>,
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    touched: &'a BTreeSet<FieldPath>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    earlier: &'a [(FieldPath, FieldDigest)],
    #[serde(skip_serializing_if = "Option::is_none")]
    recreated: Option<RemoteIdDigest>,
    since: Timestamp,
}

/// The digest of each field by its path.
struct Fields<'a>(&'a RecordedFields);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

impl<'a> EntryText<'a> {
    pub(crate) fn of(entry: &'a Entry) -> Self {
        let Entry {
            digest,
            at,
            file,
            fields,
            remote_id,
            unconfirmed: _,
            shown_instead: _,
        } = entry;
        Self {
            digest: *digest,
            at: *at,
            file: *file,
            fields: Fields(fields),
            remote_id: *remote_id,
            unconfirmed: AnswerLine::of(entry),
        }
    }
}

impl<'a> PendingText<'a> {
    pub(crate) fn of(pending: &'a Pending) -> Self {
        let Pending {
            action,
            digest,
            fields,
            touched,
            earlier,
            recreated,
            since,
        } = pending;
        Self {
            action: PendingActionLine::of(action),
            digest: *digest,
            fields: Fields(fields),
            touched,
            earlier,
            recreated: *recreated,
            since: *since,
        }
    }
}
