//! The state as text and back: JSON that people can read and git can diff, one user a line.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::digests::{from_hex, to_hex};
use crate::model::{ApiVersion, Destination, Entry, MemberId, State, file_record};
use crate::parallel::{in_parallel, shares};
use crate::state::records::{EntryLine, FileLine, RejectionLine, without_repeats};

/// The version of the form that this program writes. It reads version 1 too, which remembers no files.
pub const VERSION: u32 = 2;

/// Why a text is not a state.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Made by a newer program.
    #[error(
        "it has version {found}, this program knows {VERSION}; use the version of talkform that wrote it, or a newer one"
    )]
    Newer {
        /// The version it names.
        found: u64,
    },
    /// Its digests were made over a canonical form that this program does not know.
    #[error(
        "its digests were made over canonical form {found}, this program knows {known}; use the version of talkform that wrote it, or a newer one",
        known = crate::model::CANONICAL_FORM
    )]
    CanonicalForm {
        /// The form it names.
        found: u32,
    },
    /// Conflict markers of git.
    #[error(
        "it holds git conflict markers; take one side whole (`git checkout --ours` or `--theirs`): sending a user again is harmless"
    )]
    Conflict,
    /// Not a state at all, or a damaged one.
    #[error(
        "it does not read as a state: {0}; restore it from git or a backup. It is never treated as empty"
    )]
    Unreadable(String),
}

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<u64>,
}

/// The file's own shape. Kept apart from [`State`] so that the file changes only on purpose.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "State")]
pub(crate) struct StateFile {
    /// The version of this form.
    version: u32,
    /// Counts the changes of content.
    serial: u64,
    /// The random name of this state.
    #[serde(default)]
    lineage: String,
    /// The channel it describes.
    channel_id: Option<String>,
    /// The API version its users were sent with.
    api: ApiVersion,
    /// The canonical form under its digests.
    canonical_form: u32,
    /// The random salt of its digests, in hexadecimal digits.
    salt: String,
    /// Which `TALKFORM_STATE_KEY` its digests were made with.
    key_id: Option<String>,
    /// What is remembered of the manifest files, by name.
    #[serde(default, deserialize_with = "without_repeats")]
    files: BTreeMap<String, FileLine>,
    /// The applied users by member id.
    #[serde(deserialize_with = "without_repeats")]
    users: BTreeMap<String, EntryLine>,
    /// Users that Channel refused.
    #[serde(default, deserialize_with = "without_repeats")]
    rejected: BTreeMap<String, RejectionLine>,
    /// Over the lines of files and users, as this program writes them: tells an edit by hand or a merge
    /// from what was written. A state without it, or with another, is read all the same, more carefully.
    #[serde(default)]
    check: Option<String>,
}

/// Reads a state that may be written in any way.
pub(crate) fn parse(text: &str) -> Result<State, FormatError> {
    let (mut state, _) = read(text)?;
    file_record::discard_stale_files(&mut state);
    Ok(state)
}

/// The state, its records of files not yet held against its users, and its check.
pub(crate) fn read(text: &str) -> Result<(State, Option<String>), FormatError> {
    let unreadable = |reason: String| FormatError::Unreadable(reason);
    let file: StateFile = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            // Only now worth a second look: what kind of text is it?
            if text
                .lines()
                .any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
            {
                return Err(FormatError::Conflict);
            }
            return match serde_json::from_str::<VersionOnly>(text) {
                Ok(VersionOnly {
                    version: Some(found),
                }) if found > u64::from(VERSION) => Err(FormatError::Newer { found }),
                _ => Err(unreadable(error.to_string())),
            };
        }
    };
    if !(1..=VERSION).contains(&file.version) {
        return Err(FormatError::Newer {
            found: file.version.into(),
        });
    }
    if file.canonical_form != crate::model::CANONICAL_FORM {
        return Err(FormatError::CanonicalForm {
            found: file.canonical_form,
        });
    }
    let salt = from_hex(&file.salt).ok_or_else(|| unreadable("the salt is damaged".to_owned()))?;
    if salt.is_empty() || file.lineage.is_empty() {
        return Err(unreadable("it has no salt or no lineage".to_owned()));
    }
    let mut state = State {
        serial: file.serial,
        lineage: file.lineage,
        destination: Destination {
            channel_id: file.channel_id,
            ..Destination::of_api(file.api)
        },
        canonical_form: file.canonical_form,
        salt,
        key_id: file.key_id,
        folded: None,
        pending: BTreeMap::new(),
        files: BTreeMap::new(),
        users: BTreeMap::new(),
        rejected: BTreeMap::new(),
    };
    for (name, line) in file.files {
        let wrong = |reason: String| unreadable(format!("file «{name}»: {reason}"));
        let record = line.into_record().map_err(wrong)?;
        state.files.insert(name.as_str().into(), record);
    }
    for (id, line) in file.users {
        let wrong = |reason: String| unreadable(format!("user «{id}»: {reason}"));
        let parsed = MemberId::new(&id).map_err(|e| wrong(e.to_string()))?;
        state
            .users
            .insert(parsed, line.into_entry().map_err(wrong)?);
    }
    for (id, line) in file.rejected {
        let wrong = |reason: String| unreadable(format!("rejected user «{id}»: {reason}"));
        let parsed = MemberId::new(&id).map_err(|e| wrong(e.to_string()))?;
        state
            .rejected
            .insert(parsed, line.into_rejection().map_err(wrong)?);
    }
    Ok((state, file.check))
}

/// The header of a state: everything but its users.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    version: u32,
    serial: u64,
    lineage: &'a str,
    channel_id: Option<&'a str>,
    api: ApiVersion,
    canonical_form: u32,
    salt: String,
    key_id: Option<&'a str>,
}

/// Writes a state: one line of header, then one user a line, by id.
pub fn write(state: &State, out: &mut dyn io::Write) -> io::Result<()> {
    let State {
        serial,
        lineage,
        destination,
        canonical_form,
        salt,
        key_id,
        folded: _,
        pending: _,
        files,
        users,
        rejected,
    } = state;
    let header = Header {
        version: VERSION,
        serial: *serial,
        lineage,
        channel_id: destination.channel_id.as_deref(),
        api: destination.api,
        canonical_form: *canonical_form,
        salt: to_hex(salt),
        key_id: key_id.as_deref(),
    };
    let mut head = json(&header);
    head.pop();
    let mut check = Check::default();
    write!(out, "{head},\n \"files\": {{")?;
    let sums = file_record::sums(state);
    let rows = files.iter().map(|(name, record)| {
        let content = record.content.as_ref();
        let content = content.filter(|content| file_record::matches(record.number, content, &sums));
        (json(&**name), json(&FileLine::of(record.number, content)))
    });
    lines(out, rows, &mut check)?;
    write!(out, "}},\n \"users\": {{")?;
    write_users(out, users, &mut check)?;
    write!(out, "}},\n \"rejected\": {{")?;
    let rows = rejected.iter();
    let rows = rows.map(|(id, rejection)| (json(id), json(&RejectionLine::of(rejection))));
    lines(out, rows, &mut Check::default())?;
    writeln!(out, "}},\n \"check\": \"{}\"}}", check.text())
}

/// How many users are made lines of at a time.
const STRETCH: usize = 1 << 15;

/// The lines are made by several threads, a stretch of users after the other.
fn write_users(
    out: &mut dyn io::Write,
    users: &BTreeMap<MemberId, Entry>,
    check: &mut Check,
) -> io::Result<()> {
    let mut waiting = users.iter().peekable();
    let mut is_first = true;
    while waiting.peek().is_some() {
        let stretch: Vec<(&MemberId, &Entry)> = waiting.by_ref().take(STRETCH).collect();
        let texts = in_parallel(&shares(&stretch, 1024), |part| user_lines(part));
        for text in texts {
            let lost = |_| io::Error::other("what was loaded of the state cannot be read back");
            let (text, of_text) = text.map_err(lost)?;
            // Each line begins with what parts it from the one before, and the first has none before it.
            out.write_all(&text.as_bytes()[usize::from(is_first)..])?;
            is_first = false;
            check.and(of_text);
        }
    }
    if !users.is_empty() {
        out.write_all(b"\n ")?;
    }
    Ok(())
}

fn user_lines(users: &[(&MemberId, &Entry)]) -> Result<(String, Check), fmt::Error> {
    let mut check = Check::default();
    let mut text = String::with_capacity(users.len() * 512);
    for (id, entry) in users {
        text.push_str(",\n  ");
        let start = text.len();
        text.push_str(&json(id));
        text.push_str(": ");
        write_entry(&mut text, entry)?;
        check.add(&text.as_bytes()[start..]);
    }
    Ok((text, check))
}

/// A sum over lines, so that several threads can make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check(u64);

impl Check {
    /// Adds a line, without its indentation and without what parts it from the next.
    pub(crate) fn add(&mut self, line: &[u8]) {
        self.0 = self.0.wrapping_add(xxhash_rust::xxh3::xxh3_64(line));
    }

    /// Adds all lines of another.
    pub(crate) fn and(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    pub(crate) fn text(self) -> String {
        to_hex(&self.0.to_be_bytes())
    }
}

/// An entry as [`EntryLine`] is written, its fields copied where they are still text.
fn write_entry(out: &mut String, entry: &Entry) -> fmt::Result {
    if !entry.unconfirmed.is_empty() {
        out.push_str(&json(&EntryLine::of(entry)));
        return Ok(());
    }
    out.push_str("{\"digest\":\"");
    out.push_str(&to_hex(entry.digest.as_bytes()));
    write!(out, "\",\"at\":\"{}\"", entry.at)?;
    if let Some(file) = entry.file {
        write!(out, ",\"file\":{file}")?;
    }
    out.push_str(",\"fields\":{");
    for (number, (path, digest)) in entry.fields.iter().enumerate() {
        let separator = if number == 0 { "" } else { "," };
        write!(out, "{separator}{}:\"{digest}\"", json(path))?;
    }
    out.push_str("}}");
    Ok(())
}

fn lines(
    out: &mut dyn io::Write,
    rows: impl Iterator<Item = (String, String)>,
    check: &mut Check,
) -> io::Result<()> {
    let mut separator = "\n  ";
    let mut line = String::new();
    for (key, value) in rows {
        line.clear();
        line.push_str(&key);
        line.push_str(": ");
        line.push_str(&value);
        check.add(line.as_bytes());
        out.write_all(separator.as_bytes())?;
        out.write_all(line.as_bytes())?;
        separator = ",\n  ";
    }
    if separator.starts_with(',') {
        out.write_all(b"\n ")?;
    }
    Ok(())
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys is always JSON")
}

/// The JSON Schema of the state file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(StateFile).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, DigestKey, Digests, FieldPath, RejectedRequest, Rejection};
    use jiff::Timestamp;

    fn digests() -> Digests {
        let attributes = Attributes {
            profile: [("plan".into(), crate::model::Declared::Set("pro".into()))].into(),
            ..Attributes::default()
        };
        DigestKey::new(b"salt", None)
            .for_user(&MemberId::new("a").expect("an id"))
            .digests(&attributes)
    }

    fn state() -> State {
        let mut state = State::new("lineage".into(), b"salt".to_vec(), None, ApiVersion::V4);
        state.serial = 7;
        state.destination.channel_id = Some("6263".into());
        let mut entry = Entry::new(&digests(), Timestamp::UNIX_EPOCH);
        entry.unconfirmed.insert(FieldPath::Tags);
        for id in ["b", "\"quoted\"", "a"] {
            state
                .users
                .insert(MemberId::new(id).expect("an id"), entry.clone());
        }
        state.rejected.insert(
            MemberId::new("c").expect("an id"),
            Rejection {
                digest: digests().user,
                request: RejectedRequest::Put,
                status: 422,
                code: Some("invalid".into()),
                attempts: 2,
                since: Timestamp::UNIX_EPOCH,
            },
        );
        state
    }

    fn written(state: &State) -> String {
        let mut bytes = Vec::new();
        write(state, &mut bytes).expect("written");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn round_trip() {
        let text = written(&state());
        assert_eq!(parse(&text).expect("a state"), state());
        assert_eq!(text.lines().count(), 11);
    }

    #[test]
    fn an_empty_state_round_trips() {
        let empty = State::new("lineage".into(), b"salt".to_vec(), None, ApiVersion::V5);
        assert_eq!(parse(&written(&empty)).expect("a state"), empty);
    }

    #[test]
    fn refusals() {
        let text = written(&state());
        let newer = text.replacen("\"version\":2", "\"version\":3,\"news\":true", 1);
        assert!(matches!(
            parse(&newer),
            Err(FormatError::Newer { found: 3 })
        ));
        let form = text.replacen("\"canonicalForm\":2", "\"canonicalForm\":9", 1);
        assert!(matches!(
            parse(&form),
            Err(FormatError::CanonicalForm { found: 9 })
        ));
        let conflict = text.replacen('\n', "\n<<<<<<< ours\n", 1);
        assert!(matches!(parse(&conflict), Err(FormatError::Conflict)));
        let twice = text.replacen("\"a\":", "\"b\":", 1);
        assert!(
            matches!(parse(&twice), Err(FormatError::Unreadable(reason)) if reason.contains("twice"))
        );
        for damaged in ["", "{}", "null", "[]", &text[..text.len() / 2]] {
            assert!(matches!(parse(damaged), Err(FormatError::Unreadable(_))));
        }
    }
}
