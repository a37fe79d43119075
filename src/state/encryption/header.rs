//! Describes the first line of an encrypted object, which is JSON and in clear.

use serde::{Deserialize, Serialize};

use crate::model::digest::digests::{from_hex, to_hex};
use crate::state::encryption::encryption_error::EncryptionError;
use crate::state::encryption::form::{Holds, VERSION};

/// How every version begins.
const BEGIN: &[u8] = b"{\"talkformEncrypted\":";

/// The most bytes of the line.
pub(crate) const MOST: usize = 256;

/// The bytes of a salt.
pub(crate) const SALT: usize = 32;

/// The bytes of the check of a key: with as many, no two keys that somebody searched for have the same.
pub(crate) const CHECK: usize = 32;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    talkform_encrypted: u64,
    holds: Holds,
    salt: String,
    key_check: String,
}

/// The first line.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) holds: Holds,
    pub(crate) salt: [u8; SALT],
    pub(crate) key_check: [u8; CHECK],
}

impl Header {
    /// The line, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        let line = Line {
            talkform_encrypted: VERSION,
            holds: self.holds,
            salt: to_hex(&self.salt),
            key_check: to_hex(&self.key_check),
        };
        let mut line = serde_json::to_vec(&line).expect("plain data is always JSON");
        line.push(b'\n');
        line
    }

    /// Reads a line without its end. Only what [`Header::line`] writes is accepted.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, EncryptionError> {
        let version = line.strip_prefix(BEGIN).and_then(|rest| {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
            std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
        });
        if let Some(found) = version
            && found > VERSION
        {
            return Err(EncryptionError::Newer { found });
        }
        let parsed = serde_json::from_slice::<Line>(line).ok();
        let header = parsed.and_then(|parsed| {
            Some(Self {
                holds: parsed.holds,
                salt: from_hex(&parsed.salt)?.try_into().ok()?,
                key_check: from_hex(&parsed.key_check)?.try_into().ok()?,
            })
        });
        header
            .filter(|header| header.line().strip_suffix(b"\n") == Some(line))
            .ok_or(EncryptionError::Damaged)
    }
}

/// Whether bytes begin as an encrypted object. Too few of them do not.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGIN)
}

/// How many bytes tell whether an object is encrypted.
pub(crate) const TELLING: usize = BEGIN.len();
