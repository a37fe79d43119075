//! Reads a state in blocks, in parallel. It accepts only lines that are as this program writes them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use memchr::{memchr, memchr_iter, memmem, memrchr};
use xxhash_rust::xxh3::Xxh3;

use crate::model::digest::digests::{from_hex, to_hex};
use crate::model::recorded_fields::are_sorted;
use crate::model::{CANONICAL_FORM, Entry, FieldPath, MemberId, State, file_record};
use crate::parallel::in_parallel;
use crate::state::format::{CHECK_DIGITS, COLUMNS, FormatError, StateFile, VERSION, line_check};
use crate::state::store_error::ReadError;
use crate::state::user_line::{Shapes, Times, user};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &[u8] = b"\n \"users\": {";
const END: &[u8] = b"\n },\n";
const CHECK: &str = " \"check\": \"";

const UNSORTED: &str = "the users are not sorted, or one comes twice";

/// More bytes than follow the line of the last user.
const MOST_AFTER_USERS: usize = 64;

/// How many bytes of a state are in memory at a time, about.
const BLOCK: usize = 32 << 20;

/// Bytes that one thread reads at a time.
const CHUNK: usize = 1 << 20;

/// Reads a state.
///
/// # Errors
///
/// The bytes are not a state as this program writes it.
pub fn parse(bytes: &[u8]) -> Result<State, FormatError> {
    match parse_from(bytes, bytes.len()) {
        Ok((state, _)) => Ok(state),
        Err(ReadError::Format(error)) => Err(error),
        Err(ReadError::Io(_)) => unreachable!("bytes in memory can be read"),
    }
}

/// Reads a state of about this length, and returns it with its check.
///
/// # Errors
///
/// The source fails, or the bytes are not a state as this program writes it.
pub(crate) fn parse_from(
    source: impl Read + Send,
    length: usize,
) -> Result<(State, String), ReadError> {
    parse_in_blocks(source, length, BLOCK)
}

/// Reads a state in blocks of about this many bytes.
pub(crate) fn parse_in_blocks(
    source: impl Read + Send,
    length: usize,
    block: usize,
) -> Result<(State, String), ReadError> {
    let mut text = Text {
        source,
        block,
        buffer: Vec::with_capacity(length.min(block)),
        next: Vec::new(),
        lines_before: 0,
        hasher: Xxh3::new(),
        is_ended: false,
    };
    match text.read(length) {
        Ok((mut state, users, check)) => {
            drop(text);
            state.users = users.into_iter().collect();
            file_record::discard_stale_files(&mut state);
            Ok((state, check))
        }
        Err(ReadError::Format(error)) => Err(text.explain(error)?.into()),
        Err(error) => Err(error),
    }
}

type Users = Vec<(MemberId, Box<Entry>)>;

/// A state that is being read from its source.
struct Text<R> {
    source: R,
    /// How many bytes are in memory at a time, about.
    block: usize,
    /// The bytes that are in memory and not read yet.
    buffer: Vec<u8>,
    /// Memory for the bytes after the buffer.
    next: Vec<u8>,
    /// The lines before the buffer.
    lines_before: usize,
    /// The hash of the bytes before the buffer.
    hasher: Xxh3,
    /// Whether the buffer holds the end.
    is_ended: bool,
}

impl<R: Read + Send> Text<R> {
    fn read(&mut self, length: usize) -> Result<(State, Users, String), ReadError> {
        let (state, shapes) = self.head()?;
        let mut users = Users::new();
        self.fill(self.block.max(MOST_AFTER_USERS))?;
        if self.buffer.starts_with(b"},\n") {
            self.fill(usize::MAX)?;
            let check = self.check(3).ok_or(FormatError::Checksum)?;
            return Ok((state, users, check));
        }
        if !self.buffer.starts_with(b"\n") {
            return Err(self
                .at(0, "the users do not begin after their brace")
                .into());
        }
        self.consume(1);
        let mut is_sized = false;
        let mut most = self.block;
        loop {
            self.fill(most)?;
            if self.is_ended {
                break;
            }
            let most_read = self.buffer.len().saturating_sub(MOST_AFTER_USERS);
            let Some(last) = memrchr(b'\n', &self.buffer[..most_read]) else {
                most = most.saturating_mul(2);
                continue;
            };
            most = self.block;
            self.read_block(last + 1, &shapes, &mut users)?;
            if !std::mem::replace(&mut is_sized, true) {
                // Reserves memory for all users, if later lines have the length of these. It grows if they
                // are shorter.
                users.reserve_exact(users.len().saturating_mul(length / (last + 1) + 1));
            }
        }
        let end = memmem::rfind(&self.buffer, END)
            .ok_or_else(|| self.at(0, "the users do not end before the check"))?;
        let check = self.check(end + END.len()).ok_or(FormatError::Checksum)?;
        let lines = &self.buffer[..end];
        read_users(lines, self.lines_before, true, &shapes, &mut users)?;
        Ok((state, users, check))
    }

    /// Reads everything before the users.
    fn head(&mut self) -> Result<(State, Shapes), ReadError> {
        self.fill(self.block.max(MOST_AFTER_USERS))?;
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        if !starts_as_state(&self.buffer) {
            self.fill(usize::MAX)?;
            return Err(other_version(&self.buffer).into());
        }
        let mut most = self.block;
        let end = loop {
            if let Some(end) = memmem::find(&self.buffer, BEGIN) {
                break end;
            }
            if self.is_ended {
                return Err(self.at(self.buffer.len(), "it has no users").into());
            }
            most = most.saturating_mul(2);
            self.fill(most)?;
        };
        let head = std::str::from_utf8(&self.buffer[..end])
            .map_err(|error| self.at(error.valid_up_to(), "not UTF-8"))?;
        let (header, _) = head.split_once('\n').unwrap_or((head, ""));
        if !is_header_whole(header) {
            return Err(head_error("the check of the header does not fit".to_owned()).into());
        }
        let mut file = head_of(head)?;
        let shapes = shapes_of(std::mem::take(&mut file.shapes))?;
        let state = state_of(file, head)?;
        self.consume(end + BEGIN.len());
        Ok((state, shapes))
    }

    /// Reads the users of the lines that begin the buffer. Another thread reads the next buffer meanwhile.
    fn read_block(
        &mut self,
        length: usize,
        shapes: &Shapes,
        users: &mut Users,
    ) -> Result<(), ReadError> {
        let (lines, rest) = self.buffer.split_at(length);
        let (source, next, block) = (&mut self.source, &mut self.next, self.block);
        let mut hasher = self.hasher.clone();
        next.clear();
        next.extend_from_slice(rest);
        let (read, arrived) = thread::scope(|scope| {
            let arriving = scope.spawn(|| {
                hasher.update(lines);
                let count = memchr_iter(b'\n', lines).count();
                Ok::<_, io::Error>((count, fill(source, next, block)?))
            });
            let read = read_users(lines, self.lines_before, false, shapes, users);
            (read, arriving.join())
        });
        let arrived = arrived.unwrap_or_else(|panic| resume_unwind(panic));
        let (count, is_ended) = arrived?;
        self.is_ended = is_ended;
        if let Err(error) = read {
            // The error is explained with everything that was read.
            let arrived = self.next.split_off(self.buffer.len() - length);
            self.buffer.extend(arrived);
            return Err(error.into());
        }
        std::mem::swap(&mut self.buffer, &mut self.next);
        self.hasher = hasher;
        self.lines_before += count;
        Ok(())
    }

    /// The check at the end of the buffer, if its line begins here and fits.
    fn check(&self, begin: usize) -> Option<String> {
        let check = self.buffer.get(begin..)?.strip_suffix(b"\"}\n")?;
        let check = check.strip_prefix(CHECK.as_bytes())?;
        let mut hasher = self.hasher.clone();
        hasher.update(&self.buffer[..begin]);
        let made = to_hex(&hasher.digest().to_be_bytes());
        (made.as_bytes() == check).then_some(made)
    }

    /// Reads until the buffer has this many bytes, or the end.
    fn fill(&mut self, most: usize) -> io::Result<()> {
        if !self.is_ended {
            self.is_ended = fill(&mut self.source, &mut self.buffer, most)?;
        }
        Ok(())
    }

    fn consume(&mut self, length: usize) {
        let consumed = &self.buffer[..length];
        self.hasher.update(consumed);
        self.lines_before += memchr_iter(b'\n', consumed).count();
        self.buffer.drain(..length);
    }

    fn at(&self, place: usize, reason: &str) -> FormatError {
        at(self.lines_before, &self.buffer, place, reason)
    }

    /// Names the cause of an error: a text that is not as it was written is damaged, or holds a conflict
    /// that git left. If the check fits, the error itself is returned.
    fn explain(&mut self, error: FormatError) -> io::Result<FormatError> {
        use FormatError::{Conflict, Irreparable, Newer, Older};
        if matches!(error, Newer { .. } | Older { .. } | Conflict | Irreparable) {
            return Ok(error);
        }
        self.fill(usize::MAX)?;
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let begin = memrchr(b'\n', line).map_or(0, |end| end + 1);
        Ok(if self.check(begin).is_some() {
            error
        } else if has_conflict(&self.buffer) {
            FormatError::Conflict
        } else if self.lines_before == 0 && !starts_as_state(&self.buffer) {
            error
        } else {
            FormatError::Checksum
        })
    }
}

/// Reads until the buffer has this many bytes, or the end. Returns whether it holds the end.
fn fill(source: &mut impl Read, buffer: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let missing = most.saturating_sub(buffer.len()) as u64;
    let read = source.take(missing).read_to_end(buffer)?;
    Ok((read as u64) < missing)
}

/// Reads the users of these lines, which follow so many others.
fn read_users(
    lines: &[u8],
    lines_before: usize,
    is_last: bool,
    shapes: &Shapes,
    users: &mut Users,
) -> Result<(), FormatError> {
    let chunks = chunks_of(lines);
    let parts = in_parallel(&chunks, |chunk| {
        chunk_users(lines, chunk.clone(), is_last, shapes)
    });
    let at = |place, reason| at(lines_before, lines, place, reason);
    for (chunk, part) in chunks.iter().zip(parts) {
        let mut part = part.map_err(|(place, reason)| at(place, reason))?;
        if let (Some((last, _)), Some((first, _))) = (users.last(), part.first())
            && last >= first
        {
            return Err(at(chunk.start, UNSORTED));
        }
        users.append(&mut part);
    }
    Ok(())
}

fn shapes_of(listed: BTreeMap<String, Vec<String>>) -> Result<Shapes, FormatError> {
    let mut shapes = Shapes::new();
    for (name, paths) in listed {
        let paths: Result<Arc<[FieldPath]>, _> = paths.iter().map(|path| path.parse()).collect();
        match paths {
            Ok(paths) if are_sorted(&paths) => shapes.insert(name, paths),
            _ => {
                return Err(head_error(format!(
                    "shape \"{name}\" is not a sorted list of fields"
                )));
            }
        };
    }
    Ok(shapes)
}

/// Whether a text begins as this version writes a state.
pub(crate) fn starts_as_state(bytes: &[u8]) -> bool {
    bytes.starts_with(format!("{{\"version\":{VERSION},").as_bytes())
}

/// Whether the check at the end of the header fits.
pub(crate) fn is_header_whole(line: &str) -> bool {
    let inner = line.strip_suffix("\",");
    let parts = inner.and_then(|inner| {
        let (before, check) = inner.split_at_checked(inner.len().checked_sub(CHECK_DIGITS)?)?;
        Some((before, check)).filter(|_| before.ends_with(",\"headCheck\":\""))
    });
    parts.is_some_and(|(covered, check)| line_check(covered.as_bytes()) == check)
}

fn has_conflict(bytes: &[u8]) -> bool {
    let is_marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
    bytes.split(|byte| *byte == b'\n').any(is_marker)
}

/// The error for a text that does not begin as a state of this version.
pub(crate) fn other_version(bytes: &[u8]) -> FormatError {
    if has_conflict(bytes) {
        return FormatError::Conflict;
    }
    let version = bytes.strip_prefix(b"{\"version\":").and_then(|rest| {
        let rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        std::str::from_utf8(&rest[..end]).ok()?.parse::<u64>().ok()
    });
    match version {
        Some(found) if found > u64::from(VERSION) => FormatError::Newer { found },
        Some(found) if found < u64::from(VERSION) => FormatError::Older { found },
        _ => head_error("it does not begin as a state".to_owned()),
    }
}

fn head_error(reason: String) -> FormatError {
    FormatError::Unreadable { line: 1, reason }
}

/// An error in one row of a section before the users.
fn row_error(head: &str, section: &str, name: &str, reason: &str) -> FormatError {
    let key = serde_json::to_string(name).unwrap_or_default();
    let section = head.find(&format!("\n \"{section}\": {{")).unwrap_or(0);
    let row = head[section..].find(&format!("\n  {key}: ")).unwrap_or(0);
    at(0, head.as_bytes(), section + row + 1, reason)
}

/// An error at a byte of a text that begins after this many lines.
fn at(lines_before: usize, bytes: &[u8], place: usize, reason: &str) -> FormatError {
    let before = bytes.get(..place).unwrap_or(bytes);
    FormatError::Unreadable {
        line: 1 + lines_before + memchr_iter(b'\n', before).count(),
        reason: reason.to_owned(),
    }
}

/// Everything before the users, read as JSON.
pub(crate) fn head_of(head: &str) -> Result<StateFile, FormatError> {
    let whole = format!("{head}\n\"users\":{{}},\"check\":\"\"}}");
    let file: StateFile =
        serde_json::from_str(&whole).map_err(|error| FormatError::Unreadable {
            line: error.line(),
            reason: error.to_string(),
        })?;
    if file.canonical_form != CANONICAL_FORM {
        return Err(FormatError::CanonicalForm {
            found: file.canonical_form,
        });
    }
    if file.version != VERSION || file.columns != COLUMNS {
        return Err(head_error("its columns are others".to_owned()));
    }
    if !file.users.is_empty() || !file.check.is_empty() {
        return Err(head_error(
            "it has users or a check before the users".to_owned(),
        ));
    }
    Ok(file)
}

pub(crate) fn state_of(file: StateFile, head: &str) -> Result<State, FormatError> {
    let salt = from_hex(&file.salt).filter(|salt| !salt.is_empty());
    let salt = salt.ok_or_else(|| head_error("the salt is damaged".to_owned()))?;
    if file.lineage.is_empty() {
        return Err(head_error("it has no lineage".to_owned()));
    }
    let id = |section: &str, id: &str| {
        MemberId::new(id).map_err(|error| row_error(head, section, id, &error.to_string()))
    };
    let mut state = State {
        serial: file.serial,
        lineage: file.lineage,
        destination: file.destination,
        canonical_form: file.canonical_form,
        salt,
        key_id: file.key_id,
        folded: file.folded,
        files: BTreeMap::new(),
        users: BTreeMap::new(),
        pending: BTreeMap::new(),
        rejected: BTreeMap::new(),
    };
    for (name, line) in file.files {
        let record = line.into_record();
        let record = record.map_err(|reason| row_error(head, "files", &name, &reason))?;
        state.files.insert(name.as_str().into(), record);
    }
    for (name, line) in file.pending {
        let pending = line.into_pending();
        let pending = pending.map_err(|reason| row_error(head, "pending", &name, &reason))?;
        state.pending.insert(id("pending", &name)?, pending);
    }
    for (name, line) in file.rejected {
        let rejection = line.into_rejection();
        let rejection = rejection.map_err(|reason| row_error(head, "rejected", &name, &reason))?;
        state.rejected.insert(id("rejected", &name)?, rejection);
    }
    Ok(state)
}

/// Cuts lines into parts of about one chunk.
fn chunks_of(lines: &[u8]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    while start < lines.len() {
        let from = (start + CHUNK).min(lines.len());
        let stop = memchr(b'\n', &lines[from..]).map_or(lines.len(), |more| from + more + 1);
        chunks.push(start..stop);
        start = stop;
    }
    chunks
}

fn chunk_users(
    inside: &[u8],
    chunk: Range<usize>,
    ends_users: bool,
    shapes: &Shapes,
) -> Result<Users, (usize, &'static str)> {
    let mut users = Users::new();
    let mut times = Times::default();
    let mut start = chunk.start;
    while start < chunk.end {
        let length = memchr(b'\n', &inside[start..]).unwrap_or(inside.len() - start);
        let line = &inside[start..start + length];
        let is_last = ends_users && start + length == inside.len();
        let line = if is_last {
            Some(line)
        } else {
            line.strip_suffix(b",")
        };
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        let user = line.and_then(|line| user(line, shapes, &mut times));
        let (id, entry) = user.ok_or((start, "not the line of a user"))?;
        if users.last().is_some_and(|(last, _)| *last >= id) {
            return Err((start, UNSORTED));
        }
        users.push((id, Box::new(entry)));
        start += length + 1;
    }
    Ok(users)
}
