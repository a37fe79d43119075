//! Describes the state as text: JSON that people can read and git can diff, one user a line.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Destination;
use crate::model::FieldPath;
use crate::model::digest::digests::checksum;
use crate::state::records::{FileLine, PendingLine, RejectionLine, UserLine, without_repeats};

/// The version of the form that this program reads and writes.
pub const VERSION: u32 = 3;

/// The items of a user's line, in order.
pub(crate) const COLUMNS: [&str; 8] = [
    "digest",
    "shape",
    "fields",
    "file",
    "at",
    "remoteId",
    "unconfirmed",
    "check",
];

/// The length of the check of a line, in characters.
pub(crate) const CHECK_DIGITS: usize = 6;

/// Why a text is not a state.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A newer program wrote it.
    #[error(
        "it has version {found}, this program knows {VERSION}; use the version of talkform that wrote it, or a newer one"
    )]
    Newer {
        /// The version it names.
        found: u64,
    },
    /// It was written before the first release.
    #[error("it has version {found}, which no released talkform wrote")]
    Older {
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
    /// It contains conflict markers of git.
    #[error(
        "it holds git conflict markers; take one side whole (`git checkout --ours` or `--theirs`); the next apply sends again what only the other side records"
    )]
    Conflict,
    /// The bytes were changed after they were written.
    #[error(
        "its checksum does not fit: it was edited, merged or damaged after talkform wrote it. It is never treated as empty"
    )]
    Checksum,
    /// The header cannot be trusted.
    #[error(
        "its first line, the header, is damaged, so nothing of it can be repaired; restore it from git or a backup"
    )]
    Irreparable,
    /// It is another state than its name says.
    #[error(
        "it holds the state with serial {serial}, and its name says another one; choose another version"
    )]
    OtherState {
        /// The serial of the state.
        serial: u64,
    },
    /// It is not a state, or a damaged one.
    #[error("line {line}: {reason}; restore it from git or a backup. It is never treated as empty")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// What does not fit.
        reason: String,
    },
}

impl FormatError {
    /// What to do, if the message does not contain it. `command` writes a whole command line around the words of
    /// a talkform command.
    pub fn hint(&self, command: &dyn Fn(&[&str]) -> String) -> Option<String> {
        match self {
            Self::Older { .. } => Some(format!(
                "move it away and run `{}`: every user is then sent again, and what is no longer declared stays on Channel",
                command(&["apply"])
            )),
            Self::Checksum => Some(format!(
                "restore it from git or a backup, or run `{}`, which keeps what can be trusted",
                command(&["state", "repair"])
            )),
            Self::Newer { .. }
            | Self::CanonicalForm { .. }
            | Self::Conflict
            | Self::Irreparable
            | Self::OtherState { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}

/// The shape of the file. It is separate from the model, so that the file changes only on purpose.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "State")]
pub(crate) struct StateFile {
    /// The version of this form.
    pub(crate) version: u32,
    /// Counts the changes of content.
    pub(crate) serial: u64,
    /// The random name of this state.
    pub(crate) lineage: String,
    /// Where the users were sent.
    pub(crate) destination: Destination,
    /// The canonical form and key derivation of its digests.
    pub(crate) canonical_form: u32,
    /// The random salt of its digests, in hexadecimal digits.
    pub(crate) salt: String,
    /// Which `TALKFORM_STATE_KEY` its digests were made with.
    pub(crate) key_id: Option<String>,
    /// The ids of the journals that were folded in last, the latest at the end.
    pub(crate) folded: Vec<String>,
    /// A check of the rows of `pending`; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending_check: Option<String>,
    /// The items of a user's line, in order.
    pub(crate) columns: Vec<String>,
    /// A check of the header, over everything before it.
    #[expect(
        dead_code,
        reason = "the readers take it from the bytes that it covers"
    )]
    pub(crate) head_check: String,
    /// Lists of field paths that users share, by a digest of the list.
    #[serde(deserialize_with = "without_repeats")]
    pub(crate) shapes: BTreeMap<String, Vec<String>>,
    /// What is remembered of the manifest files, by name.
    #[serde(deserialize_with = "without_repeats")]
    pub(crate) files: BTreeMap<String, FileLine>,
    /// Users of whom the last request has no known result.
    #[serde(deserialize_with = "without_repeats")]
    pub(crate) pending: BTreeMap<String, PendingLine>,
    /// Users that Channel rejected.
    #[serde(deserialize_with = "without_repeats")]
    pub(crate) rejected: BTreeMap<String, RejectionLine>,
    /// The applied users by member id.
    pub(crate) users: BTreeMap<String, UserLine>,
    /// XXH3 over every byte before its line.
    pub(crate) check: String,
}

/// Bytes as base64 for URLs, without padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Fills a slice from base64. `false` for any other length, and for text that [`base64()`] does not write.
pub(crate) fn from_base64(text: &str, bytes: &mut [u8]) -> bool {
    URL_SAFE_NO_PAD
        .decode_slice_unchecked(text, bytes)
        .is_ok_and(|length| length == bytes.len())
}

/// The check of a whole state, read from the end of its text and not verified.
pub(crate) fn check_of(text: &[u8]) -> Option<String> {
    let inner = text.strip_suffix(b"\"}\n")?;
    let begin = memchr::memrchr(b'"', inner)? + 1;
    String::from_utf8(inner[begin..].to_vec()).ok()
}

/// The check of a line, over everything before it: XXH3 in base64. It detects damage, but no deliberate change.
pub fn line_check(line: &[u8]) -> String {
    base64(&xxhash_rust::xxh3::xxh3_64(line).to_be_bytes()[..4])
}

/// The check of the rows of a section; `None` if there are none.
pub(crate) fn rows_check<'r>(rows: impl Iterator<Item = &'r str>) -> Option<String> {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    let mut is_empty = true;
    for row in rows {
        hasher.update(row.as_bytes());
        hasher.update(b"\n");
        is_empty = false;
    }
    (!is_empty).then(|| base64(&hasher.digest().to_be_bytes()))
}

/// The name of a list of paths: a digest of it.
pub(crate) fn shape_name(paths: &[FieldPath]) -> String {
    let text = serde_json::to_string(paths).expect("plain data with text keys is always JSON");
    base64(&checksum::<6>(text.as_bytes()))
}

/// The JSON Schema of the state file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(StateFile).to_value()
}
