//! Checks whether a file is still the one that was read or written, by device, inode, length, time and last bytes.

use std::io;
use std::path::Path;

use crate::regular_file::OpenError;
use crate::state::disk::{Access, Disk, DiskFile, FileIdentity};

/// How many bytes at the end of a file belong to its stamp: at least the checksum line of a state.
const TAIL: u64 = 32;

/// How often a file that changes while it is read is read again.
const MOST_READINGS: usize = 5;

/// The identity of one file at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    identity: FileIdentity,
    /// The last bytes. An edit in place may keep length and time, but the checksum line of a state then differs.
    tail: Vec<u8>,
}

impl FileStamp {
    /// The stamp of an open file.
    pub(crate) fn of(file: &dyn DiskFile) -> io::Result<Self> {
        let identity = file.identity()?;
        if identity.version.is_some() {
            // The version tells its content from every other.
            return Ok(Self::new(identity));
        }
        let mut tail = file.read_from(identity.length.saturating_sub(TAIL))?;
        tail.truncate(usize::try_from(TAIL).unwrap_or(usize::MAX));
        Ok(Self { identity, tail })
    }

    /// The stamp of a file whose identity says all.
    pub(crate) fn new(identity: FileIdentity) -> Self {
        let tail = Vec::new();
        Self { identity, tail }
    }

    /// The identity of the file.
    pub(crate) fn identity(&self) -> &FileIdentity {
        &self.identity
    }

    /// The stamp of the file at this path; `None` if nothing is there.
    pub(crate) fn at(disk: &dyn Disk, path: &Path) -> Result<Option<Self>, OpenError> {
        let file = disk.open(path, Access::Inspect)?;
        Ok(file.map(|file| Self::of(&*file)).transpose()?)
    }

    /// The length of the file in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.identity.length
    }

    /// Reads a file with the stamp that belongs to its bytes; `None` if nothing is there.
    pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<(Self, Vec<u8>)>, OpenError> {
        let read = Self::read_with(disk, path, |file, _| file.read_from(0))?;
        let read = read.map(|(stamp, bytes)| Ok((stamp, bytes?)));
        read.transpose()
    }

    /// Reads a file in the caller's own way, with the stamp that belongs to its bytes; `None` if nothing is
    /// there. `read` gets the file and its length in bytes. It is called again if the file
    /// changed while it was read.
    pub(crate) fn read_with<T>(
        disk: &dyn Disk,
        path: &Path,
        mut read: impl FnMut(&dyn DiskFile, u64) -> T,
    ) -> Result<Option<(Self, T)>, OpenError> {
        let Some(file) = disk.open(path, Access::Read)? else {
            return Ok(None);
        };
        for _ in 0..MOST_READINGS {
            let before = Self::of(&*file)?;
            let result = read(&*file, before.length());
            if Self::of(&*file)? == before {
                return Ok(Some((before, result)));
            }
        }
        Err(OpenError::Io(io::Error::other(
            "it changes while it is read; run again when no other program writes it",
        )))
    }
}

/// The state's files as they were read; `None` for a file that was not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamps {
    pub(crate) state: Option<FileStamp>,
    pub(crate) journal: Option<FileStamp>,
}

impl FileStamps {
    /// The length of both files in bytes.
    pub(crate) fn length(&self) -> u64 {
        let files = [&self.state, &self.journal].into_iter().flatten();
        files.map(FileStamp::length).sum()
    }
}
