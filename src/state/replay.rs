//! Reads a journal that was left behind into the state. An intent without a result makes its user pending.

use std::collections::BTreeMap;

use crate::model::{Entry, MemberId, Pending, State};
use crate::state::journal::{Head, JournalRecord, VERSION, record, unseal};

/// The intents of one journal that have no result yet.
#[derive(Debug, Default)]
pub struct OpenIntents(BTreeMap<MemberId, Pending>);

impl OpenIntents {
    /// Whether the user has an intent without a result.
    pub fn contains(&self, id: &MemberId) -> bool {
        self.0.contains_key(id)
    }

    /// Keeps an intent, and carries a result over into the state.
    pub fn carry_over(&mut self, record: JournalRecord, state: &mut State) {
        match record {
            JournalRecord::Intent(id, pending) => {
                let pending = match self.0.remove(&id) {
                    Some(earlier) => pending.after(earlier),
                    None => pending,
                };
                self.0.insert(id, pending);
            }
            JournalRecord::Applied(id, entry) => self.accept(id, entry, state),
            JournalRecord::Moved { from, to, entry } => {
                self.forget(&from, state);
                self.accept(to, entry, state);
            }
            JournalRecord::Gone(id) => self.forget(&id, state),
            JournalRecord::Rejected {
                id,
                rejection,
                may_be_done,
            } => {
                if !may_be_done {
                    self.0.remove(&id);
                }
                state.rejected.insert(id, rejection);
            }
            // An earlier intent of this user that has no result stays in the state.
            JournalRecord::NotDone(id) => {
                self.0.remove(&id);
            }
        }
    }

    fn accept(&mut self, id: MemberId, entry: Entry, state: &mut State) {
        self.0.remove(&id);
        state.pending.remove(&id);
        state.rejected.remove(&id);
        state.users.insert(id, entry);
    }

    fn forget(&mut self, id: &MemberId, state: &mut State) {
        self.0.remove(id);
        state.pending.remove(id);
        state.rejected.remove(id);
        state.users.remove(id);
    }

    /// Makes the users of the intents pending, and returns them in order.
    pub fn make_pending(self, state: &mut State) -> Vec<MemberId> {
        let mut ids = Vec::with_capacity(self.0.len());
        for (id, pending) in self.0 {
            ids.push(id.clone());
            state.mark_pending(id, pending);
        }
        ids
    }
}

/// The result of reading a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// How many results were carried over into the state.
    pub replayed: usize,
    /// The users that became pending, in order.
    pub pending: Vec<MemberId>,
    /// How many bytes were dropped because a line is incomplete or damaged.
    pub torn: usize,
    /// Whether an earlier save already holds all of the journal.
    pub stale: bool,
    /// Why the journal does not continue the state; `None` if it does. With a reason, no result was carried over,
    /// and every user of the journal is pending.
    pub mismatch: Option<Mismatch>,
}

impl Replay {
    /// Whether the state differs from its file.
    pub fn changes_state(&self) -> bool {
        self.replayed > 0 || !self.pending.is_empty()
    }
}

/// Why a journal does not continue a state of the same lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The first line is damaged.
    Damaged,
    /// It continues another save.
    Serial {
        /// The serial that the journal continues.
        journal: u64,
        /// The serial of the state.
        state: u64,
    },
    /// It continues another state with the same serial.
    Base {
        /// The serial of both.
        serial: u64,
    },
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A newer program wrote it.
    #[error("it was written by a newer version of talkform; use that version to go on")]
    Newer,
    /// It belongs to another state.
    #[error(
        "it belongs to another state (lineage {0}); move it to the state it belongs to, or away"
    )]
    OtherLineage(String),
}

/// Reads the journal's bytes into the state. `base` is the checksum of the state's file.
///
/// # Errors
///
/// The journal belongs to another state, or a newer program wrote it.
pub fn replay(bytes: &[u8], base: Option<&str>, state: &mut State) -> Result<Replay, ReplayError> {
    let mut replay = Replay::default();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next().and_then(|line| line.strip_suffix(b"\n")) else {
        replay.torn = bytes.len();
        return Ok(replay);
    };
    let head = head(first)?;
    match &head {
        None => {
            replay.torn = first.len() + 1;
            replay.mismatch = Some(Mismatch::Damaged);
        }
        Some(head) if head.lineage != state.lineage => {
            return Err(ReplayError::OtherLineage(head.lineage.clone()));
        }
        Some(head) if state.folded.contains(&head.id) => {
            replay.stale = true;
            return Ok(replay);
        }
        Some(head) if head.serial != state.serial => {
            replay.mismatch = Some(Mismatch::Serial {
                journal: head.serial,
                state: state.serial,
            });
        }
        Some(head) if base != Some(head.base.as_str()) => {
            let serial = head.serial;
            replay.mismatch = Some(Mismatch::Base { serial });
        }
        Some(_) => {}
    }
    let mut intents = OpenIntents::default();
    for line in lines {
        let Some(record) = line.strip_suffix(b"\n").and_then(record) else {
            replay.torn += line.len();
            continue;
        };
        match record {
            JournalRecord::Intent(..) | JournalRecord::NotDone(_) => {}
            // Another run may have sent the same users before or after.
            _ if replay.mismatch.is_some() => continue,
            _ => replay.replayed += 1,
        }
        intents.carry_over(record, state);
    }
    replay.pending = intents.make_pending(state);
    if replay.changes_state()
        && let Some(head) = head
    {
        state.remember_folded(head.id);
    }
    Ok(replay)
}

/// The head in the first line. `None` if the line is damaged.
fn head(line: &[u8]) -> Result<Option<Head>, ReplayError> {
    let Ok(line) = std::str::from_utf8(line) else {
        return Ok(None);
    };
    // A newer version may have other fields.
    let text = line.rsplit_once('\t').map(|(text, _)| text);
    let json = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let version = json.and_then(|json| json.get("journal")?.as_u64());
    if version.is_some_and(|version| version > u64::from(VERSION)) {
        return Err(ReplayError::Newer);
    }
    Ok(unseal(line))
}
