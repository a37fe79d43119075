//! What decides the meaning of a file besides its bytes, as bytes: a file is known by both.

use crate::manifest::options::ReadSettings;

/// Raised whenever a reader of manifests takes any text another way than before.
const READING: u32 = 1;

/// The version of the program and of its reading, the API version, and the project's rules. Patterns, and
/// what is masked in diagnostics, play no part: a file that has any diagnostic is read every time.
pub(crate) fn of(settings: &ReadSettings) -> Vec<u8> {
    let mut meaning = format!(
        "talkform {} reading {READING} api {} form {}\n",
        env!("CARGO_PKG_VERSION"),
        settings.api,
        crate::model::CANONICAL_FORM,
    )
    .into_bytes();
    if let Some(rules) = &settings.rules {
        meaning.extend(rules.text().into_bytes());
    }
    meaning
}
