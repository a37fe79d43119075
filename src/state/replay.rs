//! Reads a journal that was left behind into the state. An intent without a result makes its user pending.

use std::collections::BTreeMap;

use crate::model::{Entry, FieldPath, MemberId, Pending, Shared, State};
use crate::state::journal::{Head, JournalRecord, VERSION, record, unseal};

/// The intents of one journal that have no result yet.
#[derive(Debug, Default)]
pub struct OpenIntents {
    open: BTreeMap<MemberId, Pending>,
    /// The lists of paths of the users that were accepted.
    paths: Shared<[FieldPath]>,
}

impl OpenIntents {
    /// Whether the user has an intent without a result.
    pub fn contains(&self, id: &MemberId) -> bool {
        self.open.contains_key(id)
    }

    /// Keeps an intent, and carries a result over into the state.
    pub fn carry_over(&mut self, record: JournalRecord, state: &mut State) {
        match record {
            JournalRecord::Intent(id, pending) => {
                let pending = match self.open.remove(&id) {
                    Some(earlier) => pending.after(earlier),
                    None => pending,
                };
                self.open.insert(id, pending);
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
                    self.open.remove(&id);
                }
                state.rejected.insert(id, rejection);
            }
            // An earlier intent of this user that has no result stays in the state.
            JournalRecord::NotDone(id) => {
                self.open.remove(&id);
            }
        }
    }

    /// Does the same for a record of a journal. A result that is not trusted is left out, because another run may have
    /// sent the same user before or after. Returns how many results were carried over: 0 or 1.
    fn take_over(&mut self, record: JournalRecord, is_trusted: bool, state: &mut State) -> usize {
        let is_result = !matches!(
            record,
            JournalRecord::Intent(..) | JournalRecord::NotDone(_)
        );
        if is_result && !is_trusted {
            return 0;
        }
        self.carry_over(record, state);
        usize::from(is_result)
    }

    fn accept(&mut self, id: MemberId, mut entry: Entry, state: &mut State) {
        entry.fields.share_paths(&self.paths);
        self.open.remove(&id);
        state.pending.remove(&id);
        state.rejected.remove(&id);
        state.record(id, entry);
    }

    fn forget(&mut self, id: &MemberId, state: &mut State) {
        self.open.remove(id);
        state.pending.remove(id);
        state.rejected.remove(id);
        state.users.remove(id);
    }

    /// Makes the users of the intents pending, and returns them in order.
    pub fn make_pending(self, state: &mut State) -> Vec<MemberId> {
        let mut ids = Vec::with_capacity(self.open.len());
        for (id, pending) in self.open {
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
    /// Another journal continues the same state, and it is unknown which run sent a user last.
    Concurrent,
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
    if head.as_ref().is_some_and(|head| head.part.is_some()) {
        return replay_parts(bytes, base, state);
    }
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
        Some(head) => replay.mismatch = mismatch(head, base, state),
    }
    let mut intents = OpenIntents::default();
    for line in lines {
        let Some(record) = line.strip_suffix(b"\n").and_then(record) else {
            replay.torn += line.len();
            continue;
        };
        let is_trusted = replay.mismatch.is_none();
        replay.replayed += intents.take_over(record, is_trusted, state);
    }
    replay.pending = intents.make_pending(state);
    if replay.changes_state()
        && let Some(head) = head
    {
        state.remember_folded(head.id);
    }
    Ok(replay)
}

/// Why a journal with this head does not continue the state.
fn mismatch(head: &Head, base: Option<&str>, state: &State) -> Option<Mismatch> {
    if head.serial != state.serial {
        Some(Mismatch::Serial {
            journal: head.serial,
            state: state.serial,
        })
    } else if base != Some(head.base.as_str()) {
        Some(Mismatch::Base {
            serial: head.serial,
        })
    } else {
        None
    }
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

/// How the first line of a part begins.
const HEAD: &[u8] = b"{\"journal\"";

/// One part of a journal.
struct Part<'b> {
    /// `None` if the line is damaged.
    head: Option<Head>,
    lines: Vec<&'b [u8]>,
}

impl Part<'_> {
    fn id(&self) -> &str {
        self.head.as_ref().map_or("", |head| &head.id)
    }

    fn number(&self) -> u32 {
        self.head.as_ref().and_then(|head| head.part).unwrap_or(0)
    }
}

/// Reads parts into the state, one after the other in the order of their names. `base` is the checksum of the state.
///
/// A run that lost its lock may write a part after another run read the parts before. A state therefore names the last
/// part that is folded in, and a later part is not taken for folded.
fn replay_parts(
    bytes: &[u8],
    base: Option<&str>,
    state: &mut State,
) -> Result<Replay, ReplayError> {
    let mut replay = Replay::default();
    let parts = split(bytes, state, &mut replay)?;
    let journals: Vec<&[Part<'_>]> = parts.chunk_by(|a, b| a.id() == b.id()).collect();
    let open = journals.iter().filter(|parts| {
        let parts = unfolded(parts, state);
        parts.iter().any(|part| !part.lines.is_empty())
    });
    // The runs may have sent the same users in either order.
    let is_alone = open.count() <= 1;
    let mut any_stale = false;
    for journal in journals {
        let parts = unfolded(journal, state);
        any_stale |= parts.len() < journal.len();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        let mut expected = folded_to(first.id(), state) + 1;
        let mut wrong = (!is_alone).then_some(Mismatch::Concurrent);
        let mut intents = OpenIntents::default();
        let mut records = 0;
        for part in parts {
            wrong = wrong.or_else(|| match &part.head {
                Some(head) if part.number() == expected => mismatch(head, base, state),
                _ => Some(Mismatch::Damaged),
            });
            expected = part.number() + 1;
            for line in &part.lines {
                records += 1;
                let Some(record) = record(line) else {
                    replay.torn += line.len() + 1;
                    continue;
                };
                replay.replayed += intents.take_over(record, wrong.is_none(), state);
            }
        }
        if records > 0 {
            replay.mismatch = replay.mismatch.or(wrong);
            replay.pending.extend(intents.make_pending(state));
            state.remember_folded(format!("{}/{}", first.id(), last.number()));
        }
    }
    replay.pending.sort();
    replay.pending.dedup();
    replay.stale = any_stale && !replay.changes_state();
    Ok(replay)
}

fn split<'b>(
    bytes: &'b [u8],
    state: &State,
    replay: &mut Replay,
) -> Result<Vec<Part<'b>>, ReplayError> {
    let mut parts: Vec<Part<'b>> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if line.starts_with(HEAD) {
            let head = head(line)?;
            match &head {
                Some(head) if head.lineage != state.lineage => {
                    return Err(ReplayError::OtherLineage(head.lineage.clone()));
                }
                Some(_) => {}
                None => replay.torn += line.len() + 1,
            }
            let lines = Vec::new();
            parts.push(Part { head, lines });
        } else if let (Some(part), false) = (parts.last_mut(), line.is_empty()) {
            part.lines.push(line);
        }
    }
    Ok(parts)
}

/// The parts of one journal that the state does not hold.
fn unfolded<'p, 'b>(journal: &'p [Part<'b>], state: &State) -> &'p [Part<'b>] {
    let id = journal.first().map_or("", Part::id);
    if state.folded.iter().any(|folded| folded == id) {
        return &[];
    }
    let to = folded_to(id, state);
    let start = journal.partition_point(|part| part.head.is_some() && part.number() <= to);
    &journal[start..]
}

/// The last part of a journal that the state holds; 0 if it holds none.
fn folded_to(id: &str, state: &State) -> u32 {
    let numbers = state.folded.iter().filter_map(|folded| {
        let number = folded.strip_prefix(id)?.strip_prefix('/')?;
        number.parse().ok()
    });
    numbers.max().unwrap_or(0)
}
