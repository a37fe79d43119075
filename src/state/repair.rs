//! Rebuilds a damaged state from the lines that can be trusted.
//!
//! A user's line carries a check of its own, a shape is named by a digest of its paths, and the header carries a
//! check, too. A line that does not fit is dropped, and its user becomes pending if the id can be read. The header
//! holds one check of all rows of `pending`. Where it fits, they stay as they are. Where it does not, nobody knows who
//! else was pending or what was being sent, so every user becomes pending. Records of files and rejections have no
//! check and are dropped: files are read again, and rejected users are sent again.

use std::borrow::Cow;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::recorded_fields::are_sorted;
use crate::model::{Entry, FieldPath, MemberId, Pending, State};
use crate::state::format::{FormatError, rows_check, shape_name};
use crate::state::read::is_header_whole;
use crate::state::read::{head_of, other_version, starts_as_state, state_of};
use crate::state::records::PendingLine;
use crate::state::user_line::{Shapes, Times, json_text, user};

/// A rebuilt state, and what was lost of the damaged one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The rebuilt state; its serial is that of the damaged one.
    pub state: State,
    /// The users whose record was lost or cannot be trusted.
    pub lost: BTreeSet<MemberId>,
    /// Whether the rows of pending users are damaged, so that every user became pending.
    pub is_all_pending: bool,
    /// How many lines were dropped without an id that can be read.
    pub unreadable: usize,
}

/// Rebuilds a state.
///
/// # Errors
///
/// The header cannot be trusted, or another version wrote the file.
pub fn repair(bytes: &[u8], now: Timestamp) -> Result<Repaired, FormatError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !starts_as_state(bytes) {
        return Err(match other_version(bytes) {
            FormatError::Unreadable { .. } => FormatError::Irreparable,
            other => other,
        });
    }
    let text = String::from_utf8_lossy(bytes);
    let (head, rest) = text.split_once('\n').ok_or(FormatError::Irreparable)?;
    let (mut state, pending_check) = header(head)?;
    let shapes = shapes(rest);
    let mut users: BTreeMap<MemberId, Option<Entry>> = BTreeMap::new();
    let mut lost = BTreeSet::new();
    let mut unreadable = 0;
    let mut pending_rows = Vec::new();
    let mut pending = BTreeMap::new();
    let mut section = "";
    let mut times = Times::default();
    for line in rest.lines() {
        let mut line = line;
        if let Some((name, rows)) = section_of(line) {
            section = name;
            line = rows;
        }
        if is_structure(line) || (section == "shapes" && is_shape(line)) {
            continue;
        }
        if section == "pending" {
            let row = line.trim_start();
            pending_rows.push(row.strip_suffix(',').unwrap_or(row));
        }
        if let Some((id, intent)) = pending_row(line, section) {
            pending.insert(id, intent);
            continue;
        }
        for row in rows(line) {
            if let Some((id, entry)) = user(row, &shapes, &mut times) {
                match users.entry(id) {
                    Slot::Vacant(slot) => {
                        slot.insert(Some(entry));
                    }
                    // A merge may keep both sides, and neither is known to be the later one.
                    Slot::Occupied(mut slot) if slot.get().as_ref() != Some(&entry) => {
                        slot.insert(None);
                    }
                    Slot::Occupied(_) => {}
                }
            } else if let Some(id) = readable_id(row) {
                lost.insert(id);
            } else if !matches!(section, "files" | "rejected") {
                unreadable += 1;
            }
        }
    }
    for (id, entry) in users {
        match entry {
            Some(entry) => {
                lost.remove(&id);
                state.record(id, entry);
            }
            None => {
                lost.insert(id);
            }
        }
    }
    let is_all_pending = rows_check(pending_rows.into_iter()) != pending_check;
    for (id, intent) in pending {
        let intent = intent.filter(|_| !is_all_pending);
        let intent = intent.unwrap_or_else(|| Pending::unknown(now));
        state.pending.insert(id, intent);
    }
    for id in &lost {
        state.mark_pending(id.clone(), Pending::unknown(now));
    }
    if is_all_pending {
        let users: Vec<MemberId> = state.users.keys().cloned().collect();
        for id in users {
            state.mark_pending(id, Pending::unknown(now));
        }
    }
    Ok(Repaired {
        state,
        lost,
        is_all_pending,
        unreadable,
    })
}

/// The header and the check of the pending rows, if the header's own check fits.
fn header(line: &str) -> Result<(State, Option<String>), FormatError> {
    if !is_header_whole(line) {
        return Err(FormatError::Irreparable);
    }
    let sections = "\"shapes\":{},\"files\":{},\"pending\":{},\"rejected\":{},";
    let head = format!("{line}{sections}");
    let mut file = head_of(&head)?;
    let pending_check = file.pending_check.take();
    Ok((state_of(file, &head)?, pending_check))
}

/// Every shape whose paths fit its name.
fn shapes(text: &str) -> Shapes {
    let mut shapes = Shapes::new();
    for line in text.lines() {
        let row = line
            .strip_prefix("  \"")
            .and_then(|row| row.split_once("\": "));
        let Some((name, list)) = row else { continue };
        let list = list.strip_suffix(',').unwrap_or(list);
        let Ok(texts) = serde_json::from_str::<Vec<String>>(list) else {
            continue;
        };
        let paths: Result<Arc<[FieldPath]>, _> = texts.iter().map(|path| path.parse()).collect();
        if let Ok(paths) = paths
            && are_sorted(&paths)
            && shape_name(&paths) == name
        {
            shapes.insert(name.to_owned(), paths);
        }
    }
    shapes
}

/// The section that a line opens, and what follows on the same line.
fn section_of(line: &str) -> Option<(&'static str, &str)> {
    let names = ["shapes", "files", "pending", "rejected", "users"];
    names.into_iter().find_map(|name| {
        let rest = line.strip_prefix(&format!(" \"{name}\": {{"))?;
        Some((name, rest))
    })
}

/// Whether a line holds nothing but the ends of sections, or the check of the whole.
fn is_structure(line: &str) -> bool {
    line.chars().all(|c| matches!(c, ' ' | '}' | ',')) || line.starts_with(" \"check\": \"")
}

fn is_shape(line: &str) -> bool {
    line.starts_with("  \"") && line.contains("\": [")
}

/// The rows of a line: one, or more if the line's end was damaged.
fn rows(line: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once("\"],") {
        if after.is_empty() {
            rest = &rest[..rest.len() - 1];
            break;
        }
        rows.push(&rest[..rest.len() - after.len() - 1]);
        let mut characters = after.chars();
        characters.next();
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        rows.push(rest);
    }
    rows
}

/// The id in a row of `pending`, and what was being sent if that can be read. It is any row of that section, or one
/// that reads as such a row where the section's own line is damaged.
fn pending_row(row: &str, section: &str) -> Option<(MemberId, Option<Pending>)> {
    let (id, rest) = json_text(row.trim_start())?;
    let value = rest.strip_prefix(": ")?;
    let value = value.strip_suffix(',').unwrap_or(value);
    let line = serde_json::from_str::<PendingLine>(value).ok();
    let pending = line.and_then(|line| line.into_pending().ok());
    let is_whole = !id.contains(char::REPLACEMENT_CHARACTER);
    if !is_whole || (section != "pending" && pending.is_none()) {
        return None;
    }
    Some((MemberId::new(&id).ok()?, pending))
}

/// The id of a user's row that cannot be trusted.
fn readable_id(row: &str) -> Option<MemberId> {
    let (before, _) = row.split_once('"')?;
    if before.chars().count() > 2 {
        return None;
    }
    let (id, rest): (Cow<'_, str>, &str) = json_text(&row[before.len()..])?;
    let is_whole = !id.contains(char::REPLACEMENT_CHARACTER);
    MemberId::new(&id)
        .ok()
        .filter(|_| rest.starts_with(":[") && is_whole)
}
