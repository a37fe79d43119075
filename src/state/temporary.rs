//! Makes the temporary file that becomes the state, and removes those that killed runs left behind.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::state::folder::folder_of;
use crate::state::regular_file;

/// How many random letters and digits end the name.
const RANDOM: usize = 8;

/// Makes an empty file in the folder of this state, for its owner alone.
pub(crate) fn create(state: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(&prefix(state))
        .rand_bytes(RANDOM)
        .tempfile_in(folder_of(state))?;
    regular_file::make_private(file.as_file())?;
    Ok(file)
}

/// Removes the temporary files of this state. The caller holds its lock, so nobody writes one. Those of another
/// state in the same folder stay: its lock is another one.
pub(crate) fn sweep(state: &Path) {
    let prefix = prefix(state);
    let prefix = prefix.as_encoded_bytes();
    let Ok(entries) = fs::read_dir(folder_of(state)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.as_encoded_bytes().strip_prefix(prefix);
        let is_own = random.is_some_and(|random| {
            random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
        });
        if is_own && entry.file_type().is_ok_and(|found| found.is_file()) {
            // A file that stays takes room and harms nothing else.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn prefix(state: &Path) -> OsString {
    let mut prefix = OsString::from(".talkform-state-");
    prefix.push(state.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}
