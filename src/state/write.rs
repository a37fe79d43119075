//! Writes a state: a header, then one user a line, by id, and a checksum line.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3Default;

use crate::model::digest::digests::{checksum, to_hex};
use crate::model::{CANONICAL_FORM, Destination, Entry, FieldPath, MemberId, State, file_record};
use crate::parallel::{in_parallel, shares};
use crate::state::answer_line::AnswerLine;
use crate::state::disk::DiskFile;
use crate::state::format::{COLUMNS, VERSION, base64, line_check, rows_check};
use crate::state::line_text::PendingText;
use crate::state::records::{FileLine, RejectionLine};

/// Everything before the sections.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    version: u32,
    serial: u64,
    lineage: &'a str,
    destination: &'a Destination,
    canonical_form: u32,
    salt: String,
    key_id: Option<&'a str>,
    folded: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_check: Option<String>,
    columns: [&'static str; COLUMNS.len()],
}

/// Writes a state to a file.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn to_file(state: &State, file: &dyn DiskFile) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 20, file);
    write(state, &mut out)?;
    out.flush()
}

/// Writes a state. Records of files whose users are not recorded as they were then are left out.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(state: &State, out: &mut dyn io::Write) -> io::Result<()> {
    let State {
        serial,
        lineage,
        destination,
        canonical_form,
        salt,
        key_id,
        folded,
        files,
        users,
        pending,
        rejected,
    } = state;
    debug_assert_eq!(*canonical_form, CANONICAL_FORM);
    let mut out = Hashed {
        out,
        hasher: Xxh3Default::new(),
    };
    let pending_rows = pending.iter();
    let pending_rows = pending_rows.map(|(id, pending)| row(id, &PendingText::of(pending)));
    let pending_rows: Vec<String> = pending_rows.collect();
    let header = Header {
        version: VERSION,
        serial: *serial,
        lineage,
        destination,
        canonical_form: *canonical_form,
        salt: to_hex(salt),
        key_id: key_id.as_deref(),
        folded,
        pending_check: rows_check(pending_rows.iter().map(String::as_str)),
        columns: COLUMNS,
    };
    let mut head = json(&header);
    head.pop();
    head.push_str(",\"headCheck\":\"");
    let check = line_check(head.as_bytes());
    head.push_str(&check);
    head.push_str("\",\n");
    out.write(head.as_bytes())?;

    let shapes = shapes(users.values().map(Box::as_ref));
    let by_name: BTreeMap<&String, &Arc<[FieldPath]>> =
        shapes.iter().map(|(paths, name)| (name, paths)).collect();
    let rows = by_name.into_iter().map(|(name, paths)| row(name, &**paths));
    section(&mut out, "shapes", rows)?;
    let sums = file_record::sums(state);
    let rows = files.iter().map(|(name, record)| {
        let content = record.content.as_ref();
        let content = content.filter(|content| file_record::matches(record.number, content, &sums));
        row(&**name, &FileLine::of(record.number, content))
    });
    section(&mut out, "files", rows)?;
    section(&mut out, "pending", pending_rows.into_iter())?;
    let rows = rejected.iter();
    let rows = rows.map(|(id, rejection)| row(id, &RejectionLine::of(rejection)));
    section(&mut out, "rejected", rows)?;
    write_users(&mut out, users, &shapes)?;
    let check = to_hex(&out.hasher.digest().to_be_bytes());
    writeln!(out.out, " \"check\": \"{check}\"}}")
}

/// Hashes the bytes that it passes on.
struct Hashed<'a> {
    out: &'a mut dyn io::Write,
    hasher: Xxh3Default,
}

impl Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }
}

/// One row of a section.
fn row(key: &(impl Serialize + ?Sized), value: &(impl Serialize + ?Sized)) -> String {
    format!("{}: {}", json(key), json(value))
}

fn section(out: &mut Hashed<'_>, name: &str, rows: impl Iterator<Item = String>) -> io::Result<()> {
    let mut text = format!(" \"{name}\": {{");
    let mut separator = "\n  ";
    for row in rows {
        text.push_str(separator);
        text.push_str(&row);
        separator = ",\n  ";
        if text.len() > 1 << 16 {
            out.write(text.as_bytes())?;
            text.clear();
        }
    }
    text.push_str(if separator.starts_with(',') {
        "\n },\n"
    } else {
        "},\n"
    });
    out.write(text.as_bytes())
}

type Shapes = BTreeMap<Arc<[FieldPath]>, String>;

/// A short name for each list of paths. It is a digest of the list, so that a new list changes no other name.
fn shapes<'e>(entries: impl Iterator<Item = &'e Entry>) -> Shapes {
    let mut shapes = Shapes::new();
    let mut last: Option<&Arc<[FieldPath]>> = None;
    for entry in entries {
        let paths = entry.fields.paths();
        // Users share their list of paths, so most need no lookup in the map.
        if last.is_some_and(|last| Arc::ptr_eq(last, paths)) {
            continue;
        }
        last = Some(paths);
        if !shapes.contains_key(paths) {
            shapes.insert(Arc::clone(paths), String::new());
        }
    }
    let mut taken = std::collections::HashSet::new();
    for (paths, name) in &mut shapes {
        let mut digest = checksum::<32>(json(&**paths).as_bytes());
        *name = base64(&digest[..6]);
        while !taken.insert(name.clone()) {
            digest = checksum(&digest);
            *name = base64(&digest[..6]);
        }
    }
    shapes
}

/// How many users are made lines of at a time.
const CHUNK: usize = 1 << 15;

/// Several threads make the lines, a chunk of users after the other.
fn write_users(
    out: &mut Hashed<'_>,
    users: &BTreeMap<MemberId, Box<Entry>>,
    shapes: &Shapes,
) -> io::Result<()> {
    out.write(b" \"users\": {")?;
    let mut waiting = users.iter().map(|(id, entry)| (id, &**entry)).peekable();
    let mut is_first = true;
    while waiting.peek().is_some() {
        let chunk: Vec<(&MemberId, &Entry)> = waiting.by_ref().take(CHUNK).collect();
        for text in in_parallel(&shares(&chunk, 1024), |part| user_lines(part, shapes)) {
            // Each line begins with its separator, which the first line does not need.
            out.write(&text.as_bytes()[usize::from(is_first)..])?;
            is_first = false;
        }
    }
    out.write(if users.is_empty() {
        b"},\n"
    } else {
        b"\n },\n"
    })
}

fn user_lines(users: &[(&MemberId, &Entry)], shapes: &Shapes) -> String {
    let mut text = String::with_capacity(users.len() * 260);
    let mut last: Option<(&Arc<[FieldPath]>, &str)> = None;
    for (id, entry) in users {
        let Entry {
            digest,
            at,
            file,
            fields,
            remote_id,
            unconfirmed,
            shown_instead,
        } = entry;
        let shape = match last {
            Some((paths, name)) if Arc::ptr_eq(paths, fields.paths()) => name,
            _ => shapes.get(fields.paths()).map_or("", String::as_str),
        };
        last = Some((fields.paths(), shape));
        text.push_str(",\n ");
        let start = text.len();
        let digests: Vec<u8> = fields
            .digests()
            .iter()
            .flat_map(|digest| *digest.as_bytes())
            .collect();
        let file = file.map_or_else(|| "null".to_owned(), |file| file.to_string());
        let remote = remote_id.map_or_else(
            || "null".to_owned(),
            |id| format!("\"{}\"", base64(id.as_bytes())),
        );
        let unconfirmed = if unconfirmed.is_empty() && shown_instead.is_empty() {
            "null".to_owned()
        } else {
            json(&AnswerLine::of(entry))
        };
        for part in [
            &json(id),
            ":[\"",
            &base64(digest.as_bytes()),
            "\",\"",
            shape,
            "\",\"",
            &base64(&digests),
            "\",",
            &file,
            ",\"",
            &at.to_string(),
            "\",",
            &remote,
            ",",
            &unconfirmed,
            ",\"",
        ] {
            text.push_str(part);
        }
        let check = line_check(&text.as_bytes()[start..]);
        text.push_str(&check);
        text.push_str("\"]");
    }
    text
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys is always JSON")
}
