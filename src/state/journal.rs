//! Describes the journal as text: what was sent since the state was last saved, one line a record.
//!
//! Each line is a JSON object, a tab and a checksum of the object's bytes. The first line names the journal
//! and the state that it continues.

use serde::{Deserialize, Serialize};

use crate::model::{Entry, MemberId, Pending, Rejection, State};
use crate::state::format::line_check;
use crate::state::line_text::{EntryText, PendingText};
use crate::state::records::{EntryLine, PendingLine, RejectionLine};

/// The version of the journal's form.
pub(crate) const VERSION: u32 = 2;

/// The most bytes of a first line.
pub(crate) const HEAD: usize = 512;

/// One record of the journal. A user has an intent before the first request, and one of the others after the
/// last response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRecord {
    /// A request about this user is about to be sent.
    Intent(MemberId, Pending),
    /// Channel accepted this user.
    Applied(MemberId, Entry),
    /// Channel accepted this user under a new id, and the old one was dropped from the state. Both are one
    /// record, so that a kill cannot separate them.
    Moved {
        /// The id before.
        from: MemberId,
        /// The id from now on.
        to: MemberId,
        /// The record under the new id.
        entry: Entry,
    },
    /// The user was dropped from the state.
    Gone(MemberId),
    /// Channel rejected this user.
    Rejected {
        /// The user.
        id: MemberId,
        /// The rejection.
        rejection: Rejection,
        /// Whether Channel may have carried out another request of the same intent.
        may_be_done: bool,
    },
    /// Channel did nothing for the intent: no request left, or each was refused.
    NotDone(MemberId),
}

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) journal: u32,
    /// The journal's own random id.
    pub(crate) id: String,
    pub(crate) lineage: String,
    pub(crate) serial: u64,
    /// The checksum of the state file that the journal continues. It tells apart two states that have the
    /// same serial.
    pub(crate) base: String,
    /// The place of this part among those of the journal, from 1; `None` if it has no parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<u32>,
}

impl Head {
    /// The head of a journal that continues this state.
    pub(crate) fn new(state: &State, id: String, base: String) -> Self {
        Self {
            journal: VERSION,
            id,
            lineage: state.lineage.clone(),
            serial: state.serial,
            base,
            part: None,
        }
    }
}

/// Whether a journal may have more than its first line. Before the first record nothing was sent.
pub(crate) fn may_have_records(bytes: &[u8]) -> bool {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => end + 1 < bytes.len(),
        None => bytes.len() > HEAD,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum RecordLine {
    Intent(MemberId, PendingLine),
    Applied(MemberId, EntryLine),
    Moved(MemberId, MemberId, EntryLine),
    Gone(MemberId),
    Rejected(MemberId, RejectionLine, bool),
    NotDone(MemberId),
}

/// A record to be written, as [`RecordLine`] reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum RecordText<'a> {
    Intent(&'a MemberId, PendingText<'a>),
    Applied(&'a MemberId, EntryText<'a>),
    Moved(&'a MemberId, &'a MemberId, EntryText<'a>),
    Gone(&'a MemberId),
    Rejected(&'a MemberId, RejectionLine, bool),
    NotDone(&'a MemberId),
}

/// One record as a line.
pub(crate) fn line(record: &JournalRecord) -> String {
    seal(&match record {
        JournalRecord::Intent(id, pending) => return intent_line(id, pending),
        JournalRecord::Applied(id, entry) => RecordText::Applied(id, EntryText::of(entry)),
        JournalRecord::Moved { from, to, entry } => {
            RecordText::Moved(from, to, EntryText::of(entry))
        }
        JournalRecord::Gone(id) => RecordText::Gone(id),
        JournalRecord::Rejected {
            id,
            rejection,
            may_be_done,
        } => RecordText::Rejected(id, RejectionLine::of(rejection), *may_be_done),
        JournalRecord::NotDone(id) => RecordText::NotDone(id),
    })
}

/// One intent as a line.
pub(crate) fn intent_line(id: &MemberId, pending: &Pending) -> String {
    seal(&RecordText::Intent(id, PendingText::of(pending)))
}

/// Reads one line, without its line end. `None` if it is damaged.
pub(crate) fn record(line: &[u8]) -> Option<JournalRecord> {
    let line = std::str::from_utf8(line).ok()?;
    Some(match unseal(line)? {
        RecordLine::Intent(id, pending) => JournalRecord::Intent(id, pending.into_pending().ok()?),
        RecordLine::Applied(id, entry) => JournalRecord::Applied(id, entry.into_entry().ok()?),
        RecordLine::Moved(from, to, entry) => JournalRecord::Moved {
            from,
            to,
            entry: entry.into_entry().ok()?,
        },
        RecordLine::Gone(id) => JournalRecord::Gone(id),
        RecordLine::Rejected(id, rejection, may_be_done) => JournalRecord::Rejected {
            id,
            rejection: rejection.into_rejection().ok()?,
            may_be_done,
        },
        RecordLine::NotDone(id) => JournalRecord::NotDone(id),
    })
}

pub(crate) fn seal<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).expect("plain data with text keys is always JSON");
    let sum = line_check(text.as_bytes());
    text.push('\t');
    text.push_str(&sum);
    text.push('\n');
    text
}

pub(crate) fn unseal<'a, T: Deserialize<'a>>(line: &'a str) -> Option<T> {
    let (text, sum) = line.rsplit_once('\t')?;
    if line_check(text.as_bytes()) != sum {
        return None;
    }
    serde_json::from_str(text).ok()
}
/// The next whole line; `None` if no line end is left or the line is not UTF-8.
pub(crate) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = rest.split_at(end);
    *rest = &after[1..];
    std::str::from_utf8(line).ok()
}
