//! Tells whether a file is still the one that was read or written: device, inode, length, time and last bytes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use crate::state::regular_file;
use crate::state::regular_file::OpenError;

/// How many bytes at the end of a file belong to its stamp: at least the checksum line of a state.
const TAIL: u64 = 32;

/// How often a file that changes while it is read is read again.
const MOST_READINGS: usize = 5;

/// The identity of one file at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
    /// An edit in place may keep length and time; the checksum line of a state then differs.
    tail: Vec<u8>,
}

impl FileStamp {
    /// The stamp of an open file.
    pub(crate) fn of(file: &mut File) -> io::Result<Self> {
        let data = file.metadata()?;
        file.seek(SeekFrom::Start(data.len().saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        #[cfg(unix)]
        let (device, inode) = {
            use std::os::unix::fs::MetadataExt;
            (data.dev(), data.ino())
        };
        #[cfg(not(unix))]
        let (device, inode) = (0, 0);
        Ok(Self {
            device,
            inode,
            length: data.len(),
            modified: data.modified().ok(),
            tail,
        })
    }

    /// The stamp of the file at this path; `None` where nothing is there.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>, OpenError> {
        let file = regular_file::open(path, OpenOptions::new().read(true))?;
        Ok(file.map(|mut file| Self::of(&mut file)).transpose()?)
    }

    /// The length of the file in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads a file with the stamp that belongs to its bytes; `None` where nothing is there.
    pub(crate) fn read(path: &Path) -> Result<Option<(Self, Vec<u8>)>, OpenError> {
        let Some(mut file) = regular_file::open(path, OpenOptions::new().read(true))? else {
            return Ok(None);
        };
        for _ in 0..MOST_READINGS {
            let before = Self::of(&mut file)?;
            file.rewind()?;
            let mut bytes = Vec::with_capacity(usize::try_from(before.length).unwrap_or(0));
            file.read_to_end(&mut bytes)?;
            if Self::of(&mut file)? == before && bytes.len() as u64 == before.length {
                return Ok(Some((before, bytes)));
            }
        }
        Err(OpenError::Io(io::Error::other(
            "it changes while it is read; run again when nobody writes it",
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
