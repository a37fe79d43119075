//! Collects everything besides a file's bytes that affects how it is read. It is hashed with the bytes
//! into the key under which an unchanged file is skipped.

use crate::manifest::options::ReadSettings;

/// The version of the reader. Raise it with every change to how any text is read.
const READER_VERSION: u32 = 1;

/// The version of the program and of its reader, the API version, and the project's rules. The patterns
/// and the masking of diagnostics are left out: a file with any diagnostic is never skipped.
pub(crate) fn reader_fingerprint(settings: &ReadSettings) -> Vec<u8> {
    let mut fingerprint = format!(
        "talkform {} reading {READER_VERSION} api {} form {}\n",
        env!("CARGO_PKG_VERSION"),
        settings.api,
        crate::model::CANONICAL_FORM,
    )
    .into_bytes();
    if let Some(rules) = &settings.rules {
        fingerprint.extend(rules.text().into_bytes());
    }
    fingerprint
}
