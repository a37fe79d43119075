//! The journal: what happened since the state was last saved, one line an event, append-only.
//!
//! Each line is a JSON object, a tab and a checksum of the object's bytes. The first line names the
//! state that the journal belongs to. Whatever follows the first line that is torn, altered or
//! unfinished is dropped: those users are sent again, which is harmless.

use serde::{Deserialize, Serialize};

use crate::model::digest::digests::{checksum, to_hex};
use crate::model::{Entry, MemberId, Rejection, State};
use crate::state::records::{EntryLine, RejectionLine};

/// The version of the journal's form.
const VERSION: u32 = 1;

/// The most bytes of a first line.
pub(crate) const HEAD: usize = 256;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRecord {
    /// Channel accepted this user.
    Applied(MemberId, Entry),
    /// Channel accepted this user under a new id, and the old one was dropped from the state. One event, so
    /// that no kill comes in between.
    Moved {
        /// The id before.
        from: MemberId,
        /// The id from now on.
        to: MemberId,
        /// What is recorded under it.
        entry: Entry,
    },
    /// The user was dropped from the state.
    Gone(MemberId),
    /// Channel refused this user.
    Rejected(MemberId, Rejection),
}

impl JournalRecord {
    /// Carries the event over into the state.
    pub fn apply(self, state: &mut State) {
        match self {
            Self::Applied(id, entry) => {
                state.rejected.remove(&id);
                state.users.insert(id, entry);
            }
            Self::Moved { from, to, entry } => {
                Self::Gone(from).apply(state);
                Self::Applied(to, entry).apply(state);
            }
            Self::Gone(id) => {
                state.rejected.remove(&id);
                state.users.remove(&id);
            }
            Self::Rejected(id, rejection) => {
                state.rejected.insert(id, rejection);
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeadLine {
    journal: u32,
    lineage: String,
    serial: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum RecordLine {
    Applied(MemberId, EntryLine),
    Moved(MemberId, MemberId, EntryLine),
    Gone(MemberId),
    Rejected(MemberId, RejectionLine),
}

/// The first line of a journal that continues this state.
pub(crate) fn head(state: &State) -> String {
    seal(&HeadLine {
        journal: VERSION,
        lineage: state.lineage.clone(),
        serial: state.serial,
    })
}

/// One event as a line.
pub(crate) fn line(record: &JournalRecord) -> String {
    seal(&match record {
        JournalRecord::Applied(id, entry) => RecordLine::Applied(id.clone(), EntryLine::of(entry)),
        JournalRecord::Moved { from, to, entry } => {
            RecordLine::Moved(from.clone(), to.clone(), EntryLine::of(entry))
        }
        JournalRecord::Gone(id) => RecordLine::Gone(id.clone()),
        JournalRecord::Rejected(id, rejection) => {
            RecordLine::Rejected(id.clone(), RejectionLine::of(rejection))
        }
    })
}

pub(crate) fn seal<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).expect("plain data with text keys is always JSON");
    let sum = to_hex(&checksum::<4>(text.as_bytes()));
    text.push('\t');
    text.push_str(&sum);
    text.push('\n');
    text
}

pub(crate) fn unseal<'a, T: Deserialize<'a>>(line: &'a str) -> Option<T> {
    let (text, sum) = line.rsplit_once('\t')?;
    if to_hex(&checksum::<4>(text.as_bytes())) != sum {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// What reading a journal came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// How many events were carried over into the state.
    pub replayed: usize,
    /// How many bytes at the end were dropped because a write had not finished.
    pub torn: usize,
    /// Whether the journal belongs to an earlier save of the same state and had nothing to add.
    pub stale: bool,
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Made by a newer program.
    #[error("it was written by a newer version of talkform; use that version to go on")]
    Newer,
    /// Its state is another one.
    #[error(
        "it belongs to another state (lineage {0}); move it to the state it belongs to, or away"
    )]
    OtherLineage(String),
    /// Its state was put back to an earlier one.
    #[error(
        "it continues serial {journal}, the state has serial {state}: the state was put back to an earlier one; restore the newer state, or move the journal away (its users are then sent again)"
    )]
    Ahead {
        /// The serial that the journal continues.
        journal: u64,
        /// The serial of the state that is there.
        state: u64,
    },
}

/// Reads the journal's bytes into the state.
///
/// # Errors
///
/// The journal has a line that is not an event, or belongs to another state.
pub fn replay(bytes: &[u8], state: &mut State) -> Result<Replay, ReplayError> {
    let mut rest = bytes;
    let mut replay = Replay::default();
    let Some(first) = next_line(&mut rest) else {
        replay.torn = bytes.len();
        return Ok(replay);
    };
    let Some(head) = unseal::<HeadLine>(first) else {
        return match first
            .rsplit_once('\t')
            .and_then(|(text, _)| serde_json::from_str::<serde_json::Value>(text).ok())
            .and_then(|value| value.get("journal").and_then(serde_json::Value::as_u64))
        {
            Some(version) if version > u64::from(VERSION) => Err(ReplayError::Newer),
            _ => {
                replay.torn = bytes.len();
                Ok(replay)
            }
        };
    };
    if head.journal > VERSION {
        return Err(ReplayError::Newer);
    }
    if head.lineage != state.lineage {
        return Err(ReplayError::OtherLineage(head.lineage));
    }
    if head.serial < state.serial {
        replay.stale = true;
        return Ok(replay);
    }
    if head.serial > state.serial {
        return Err(ReplayError::Ahead {
            journal: head.serial,
            state: state.serial,
        });
    }
    loop {
        let before = rest;
        let record = next_line(&mut rest)
            .and_then(unseal::<RecordLine>)
            .and_then(|line| match line {
                RecordLine::Applied(id, entry) => {
                    Some(JournalRecord::Applied(id, entry.into_entry().ok()?))
                }
                RecordLine::Moved(from, to, entry) => Some(JournalRecord::Moved {
                    from,
                    to,
                    entry: entry.into_entry().ok()?,
                }),
                RecordLine::Gone(id) => Some(JournalRecord::Gone(id)),
                RecordLine::Rejected(id, rejection) => Some(JournalRecord::Rejected(
                    id,
                    rejection.into_rejection().ok()?,
                )),
            });
        let Some(record) = record else {
            replay.torn = before.len();
            return Ok(replay);
        };
        record.apply(state);
        replay.replayed += 1;
    }
}

/// The next whole line; `None` where no line end is left or the line is not UTF-8.
pub(crate) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = rest.split_at(end);
    *rest = &after[1..];
    std::str::from_utf8(line).ok()
}
