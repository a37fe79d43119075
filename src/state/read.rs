//! Reads a state: every line as it is written, in parallel, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::{memchr, memchr_iter, memmem, memrchr};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::digest::digests::{from_hex, to_hex};
use crate::model::recorded_fields::are_rising;
use crate::model::{
    CANONICAL_FORM, Entry, FieldDigest, FieldPath, MemberId, RecordedFields, RemoteIdDigest, State,
    UserDigest, file_record,
};
use crate::parallel::in_parallel;
use crate::state::format::{COLUMNS, FormatError, StateFile, VERSION, from_base64, line_check};

const BEGIN: &[u8] = b"\n \"users\": {";
const CHECK: &str = " \"check\": \"";

/// How long the check of a line is.
const CHECK_DIGITS: usize = 6;

/// Bytes that one thread reads at a time.
const STRETCH: usize = 1 << 20;

/// How many of them are read before their users join the others.
const STRETCHES_AT_ONCE: usize = 32;

/// Reads a state.
///
/// # Errors
///
/// The bytes are not a state as this program writes it.
pub fn parse(bytes: &[u8]) -> Result<State, FormatError> {
    let (mut state, users) = read(bytes)?;
    state.users = users.into_iter().collect();
    file_record::discard_stale_files(&mut state);
    Ok(state)
}

/// Reads a state and frees its bytes before the tree of users is built.
pub(crate) fn parse_owned(bytes: Vec<u8>) -> Result<State, FormatError> {
    let (mut state, users) = read(&bytes)?;
    drop(bytes);
    state.users = users.into_iter().collect();
    file_record::discard_stale_files(&mut state);
    Ok(state)
}

type Users = Vec<(MemberId, Entry)>;
type Shapes<'t> = HashMap<&'t str, Arc<[FieldPath]>>;

fn read(bytes: &[u8]) -> Result<(State, Users), FormatError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !starts_as_state(bytes) {
        return Err(other_version(bytes));
    }
    let end = check_line(bytes).ok_or_else(|| damaged(bytes))?;
    let head_end =
        memmem::find(bytes, BEGIN).ok_or_else(|| at(bytes, end, "no users before it"))?;
    let head = std::str::from_utf8(&bytes[..head_end])
        .map_err(|error| at(bytes, error.valid_up_to(), "not UTF-8"))?;
    let (header, _) = head.split_once('\n').unwrap_or((head, ""));
    if !is_header_whole(header) {
        return Err(head_error(
            "the check of the header does not fit".to_owned(),
        ));
    }
    let file = head_of(head)?;
    let mut shapes = Shapes::new();
    for (name, paths) in &file.shapes {
        let paths: Result<Arc<[FieldPath]>, _> = paths.iter().map(|path| path.parse()).collect();
        match paths {
            Ok(paths) if are_rising(&paths) => shapes.insert(name, paths),
            _ => {
                return Err(head_error(format!(
                    "shape \"{name}\" is not a sorted list of fields"
                )));
            }
        };
    }
    let users = users(bytes, head_end + BEGIN.len(), end, &shapes)?;
    Ok((state_of(file, head)?, users))
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

/// Where the check's line begins, if it is one and fits.
fn check_line(bytes: &[u8]) -> Option<usize> {
    let inner = bytes.strip_suffix(b"\"}\n")?;
    let begin = memrchr(b'\n', inner)? + 1;
    let check = inner[begin..].strip_prefix(CHECK.as_bytes())?;
    (to_hex(&xxh3_64(&bytes[..begin]).to_be_bytes()).as_bytes() == check).then_some(begin)
}

fn has_conflict(bytes: &[u8]) -> bool {
    let is_marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
    bytes.split(|byte| *byte == b'\n').any(is_marker)
}

fn damaged(bytes: &[u8]) -> FormatError {
    if has_conflict(bytes) {
        FormatError::Conflict
    } else {
        FormatError::Checksum
    }
}

/// What a text is that does not begin as a state of this version.
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
    at(
        head.as_bytes(),
        section + row + 1,
        &format!("\"{name}\": {reason}"),
    )
}

/// An error at a byte. Only now are lines counted.
fn at(bytes: &[u8], place: usize, reason: &str) -> FormatError {
    let before = bytes.get(..place).unwrap_or(bytes);
    FormatError::Unreadable {
        line: 1 + memchr_iter(b'\n', before).count(),
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
        destination: file.destination.into_destination(),
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

/// The users between the brace that opens them and the check's line.
fn users(
    bytes: &[u8],
    begin: usize,
    end: usize,
    shapes: &Shapes<'_>,
) -> Result<Users, FormatError> {
    let body = &bytes[begin..end];
    if body == b"},\n" {
        return Ok(Users::new());
    }
    let inside = body
        .strip_prefix(b"\n")
        .and_then(|body| body.strip_suffix(b"\n },\n"));
    let Some(inside) = inside else {
        return Err(at(bytes, begin, "the users do not end before the check"));
    };
    let begin = begin + 1;
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < inside.len() {
        let from = (start + STRETCH).min(inside.len());
        let stop = memchr(b'\n', &inside[from..]).map_or(inside.len(), |more| from + more + 1);
        stretches.push(start..stop);
        start = stop;
    }
    // Every user is a line, so this is how many there are.
    let mut users = Users::with_capacity(1 + memchr_iter(b'\n', inside).count());
    // A group at a time, so that not every user is in memory twice.
    for group in stretches.chunks(STRETCHES_AT_ONCE) {
        let parts = in_parallel(group, |stretch| {
            stretch_users(inside, stretch.clone(), shapes)
        });
        for (stretch, part) in group.iter().zip(parts) {
            let mut part = part.map_err(|(place, reason)| at(bytes, begin + place, reason))?;
            if let (Some((last, _)), Some((first, _))) = (users.last(), part.first())
                && last >= first
            {
                return Err(at(
                    bytes,
                    begin + stretch.start,
                    "the users are not sorted, or one comes twice",
                ));
            }
            users.append(&mut part);
        }
    }
    Ok(users)
}

fn stretch_users(
    inside: &[u8],
    stretch: Range<usize>,
    shapes: &Shapes<'_>,
) -> Result<Users, (usize, &'static str)> {
    let mut users = Users::new();
    let mut times = Times::default();
    let mut start = stretch.start;
    while start < stretch.end {
        let length = memchr(b'\n', &inside[start..]).unwrap_or(inside.len() - start);
        let line = &inside[start..start + length];
        let is_last = start + length == inside.len();
        let line = if is_last {
            Some(line)
        } else {
            line.strip_suffix(b",")
        };
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        let user = line.and_then(|line| user(line, shapes, &mut times));
        let (id, entry) = user.ok_or((start, "not the line of a user"))?;
        if users.last().is_some_and(|(last, _)| *last >= id) {
            return Err((start, "the users are not sorted, or one comes twice"));
        }
        users.push((id, entry));
        start += length + 1;
    }
    Ok(users)
}

/// The last time that was read: many users are recorded in the same second.
#[derive(Default)]
pub(crate) struct Times<'t> {
    last: Option<(&'t str, Timestamp)>,
}

impl<'t> Times<'t> {
    fn read(&mut self, text: &'t str) -> Option<Timestamp> {
        match self.last {
            Some((last, time)) if last == text => Some(time),
            _ => {
                let time: Timestamp = text.parse().ok()?;
                if time.to_string() != text {
                    return None;
                }
                self.last = Some((text, time));
                Some(time)
            }
        }
    }
}

/// ` "id":["digest","shape","fields",7,"2026-01-01T00:00:00Z","remote",null,"check"]`
pub(crate) fn user<'t>(
    line: &'t str,
    shapes: &Shapes<'_>,
    times: &mut Times<'t>,
) -> Option<(MemberId, Entry)> {
    let line = line.strip_prefix(' ')?;
    let inner = line.strip_suffix("\"]")?;
    let (before, check) = inner.split_at_checked(inner.len().checked_sub(CHECK_DIGITS)?)?;
    if line_check(before.as_bytes()) != check {
        return None;
    }
    let (id, rest) = json_text(before)?;
    let id = MemberId::new(&id).ok()?;
    let (digest_text, rest) = until_quote(rest.strip_prefix(":[\"")?)?;
    let mut digest = [0; 32];
    if !from_base64(digest_text, &mut digest) {
        return None;
    }
    let (shape, rest) = until_quote(rest.strip_prefix(",\"")?)?;
    let paths = shapes.get(shape)?;
    let (digests, rest) = until_quote(rest.strip_prefix(",\"")?)?;
    let fields = fields(paths, digests)?;
    let (file, rest) = rest.strip_prefix(',')?.split_once(',')?;
    let file = match file {
        "null" => None,
        number => Some(whole_number(number)?),
    };
    let (at, rest) = until_quote(rest.strip_prefix('"')?)?;
    let rest = rest.strip_prefix(',')?;
    let (remote_id, rest) = if let Some(rest) = rest.strip_prefix("null,") {
        (None, rest)
    } else {
        let (text, rest) = until_quote(rest.strip_prefix('"')?)?;
        let mut id = [0; 4];
        if !from_base64(text, &mut id) {
            return None;
        }
        (Some(RemoteIdDigest::from(id)), rest.strip_prefix(',')?)
    };
    let unconfirmed = match rest.strip_suffix(",\"")? {
        "null" => std::collections::BTreeSet::new(),
        list => serde_json::from_str(list).ok()?,
    };
    let entry = Entry {
        digest: UserDigest::from(digest),
        at: times.read(at)?,
        file,
        fields,
        remote_id,
        unconfirmed,
    };
    Some((id, entry))
}

fn fields(paths: &Arc<[FieldPath]>, text: &str) -> Option<RecordedFields> {
    const DIGEST: usize = 12;
    let mut bytes = [0; 32 * DIGEST];
    let length = paths.len() * DIGEST;
    let mut many = Vec::new();
    let bytes = if let Some(bytes) = bytes.get_mut(..length) {
        bytes
    } else {
        many.resize(length, 0);
        &mut many[..]
    };
    if !from_base64(text, bytes) {
        return None;
    }
    let (digests, _) = bytes.as_chunks::<DIGEST>();
    let digests = digests.iter().map(|digest| FieldDigest::from(*digest));
    RecordedFields::with_paths(Arc::clone(paths), digests.collect())
}

/// A JSON string at the beginning of a text, and what follows it.
pub(crate) fn json_text(text: &str) -> Option<(std::borrow::Cow<'_, str>, &str)> {
    let (plain, rest) = until_quote(text.strip_prefix('"')?)?;
    if !plain.contains('\\') {
        return Some((plain.into(), rest));
    }
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = strings.next()?.ok()?;
    let rest = &text[strings.byte_offset()..];
    Some((value.into(), rest))
}

fn until_quote(text: &str) -> Option<(&str, &str)> {
    let end = memchr(b'"', text.as_bytes())?;
    Some((&text[..end], &text[end + 1..]))
}

/// As JSON writes one.
fn whole_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
