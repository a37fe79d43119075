//! Makes the temporary file that becomes the state, and removes those that killed runs left behind.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::state::disk::{Disk, DiskFile, FileIdentity, Replaced};
use crate::state::folder::folder_of;

/// How many random letters and digits end the name.
const RANDOM: usize = 8;

/// A file that is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Temporary<'d> {
    disk: &'d dyn Disk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    is_kept: bool,
}

impl<'d> Temporary<'d> {
    /// Makes an empty file in the folder of this state.
    pub(crate) fn create(disk: &'d dyn Disk, state: &Path) -> io::Result<Self> {
        Self::create_in(disk, folder_of(state), &prefix(state), "")
    }

    /// Makes an empty file in this folder.
    pub(crate) fn create_in(
        disk: &'d dyn Disk,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<Self> {
        let (path, file) = disk.create_temporary(folder, prefix, suffix)?;
        Ok(Self {
            disk,
            path,
            file,
            is_kept: false,
        })
    }

    /// The open file.
    pub(crate) fn file(&self) -> &dyn DiskFile {
        &*self.file
    }

    /// Gives the file its final name.
    pub(crate) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.disk.rename(&self.path, path)?;
        self.is_kept = true;
        Ok(())
    }

    /// Puts the file in the place of the state, if the state is still the expected file.
    pub(crate) fn replace(
        &mut self,
        path: &Path,
        expected: Option<&FileIdentity>,
    ) -> io::Result<Replaced> {
        let replaced = self.disk.replace(&self.path, path, expected)?;
        self.is_kept = matches!(replaced, Replaced::Done(_));
        Ok(replaced)
    }

    /// Keeps the file under its random name.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.is_kept = true;
        self.path.clone()
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // A file that stays takes room until the next run removes it.
            let _ = self.disk.remove(&self.path);
        }
    }
}

/// Removes the temporary files of this state. The caller holds its lock, so no other run writes one.
/// Temporary files of another state in the same folder stay, because that state has a lock of its own.
pub(crate) fn sweep(disk: &dyn Disk, state: &Path) {
    let prefix = prefix(state);
    let prefix = prefix.as_encoded_bytes();
    let folder = folder_of(state);
    // A folder that cannot be listed keeps them, and they only take room.
    for name in disk.files_in(folder).unwrap_or_default() {
        let random = name.as_encoded_bytes().strip_prefix(prefix);
        let is_own = random.is_some_and(|random| {
            random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
        });
        if is_own {
            // A file that stays only takes room.
            let _ = disk.remove(&folder.join(name));
        }
    }
}

fn prefix(state: &Path) -> OsString {
    let mut prefix = OsString::from(".talkform-state-");
    prefix.push(state.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}
