//! Opens the state's files without blocking. Only regular files and links to them are accepted.

use std::fmt;
use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The kind of a path that is not a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A link whose target does not exist.
    DanglingLink,
    /// A folder.
    Folder,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// Anything else that is not a regular file.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DanglingLink => "a link whose target does not exist",
            Self::Folder => "a folder",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "not a regular file",
        })
    }
}

/// A path that names something other than a regular file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use {path}: it is {kind}; remove it, or put a regular file in its place")]
pub struct NotRegular {
    /// The path.
    pub path: PathBuf,
    /// The kind.
    pub kind: FileKind,
}

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path names something other than a regular file.
    #[error(transparent)]
    NotRegular(#[from] NotRegular),
    /// The system returned an error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Fails if the path names something other than a regular file. Opens nothing.
fn check(path: &Path) -> Result<(), OpenError> {
    let kind = match fs::metadata(path) {
        Ok(found) => kind(found.file_type()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The path is a link whose target does not exist.
            fs::symlink_metadata(path)
                .is_ok()
                .then_some(FileKind::DanglingLink)
        }
        Err(error) => return Err(error.into()),
    };
    match kind {
        None => Ok(()),
        Some(kind) => Err(OpenError::NotRegular(NotRegular {
            path: path.to_owned(),
            kind,
        })),
    }
}

/// Opens a regular file, or a link to one. `None` if the path names nothing and the options create no file.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> Result<Option<File>, OpenError> {
    check(path)?;
    // Another program may replace the file after the check. What it put there is opened without waiting and is
    // refused below.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY)
            .bits()
            .cast_signed(),
    );
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match kind(file.metadata()?.file_type()) {
        None => Ok(Some(file)),
        Some(kind) => Err(OpenError::NotRegular(NotRegular {
            path: path.to_owned(),
            kind,
        })),
    }
}

/// Opens a regular file, or a link to one, for reading.
///
/// # Errors
///
/// Nothing is there, something else is there, or the system refuses.
pub fn existing(path: &Path) -> io::Result<File> {
    match open(path, OpenOptions::new().read(true)) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(io::ErrorKind::NotFound.into()),
        Err(OpenError::Io(error)) => Err(error),
        Err(OpenError::NotRegular(NotRegular { path: _, kind })) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("it is {kind}, and only regular files are read"),
        )),
    }
}

/// `None` for a regular file.
fn kind(found: FileType) -> Option<FileKind> {
    if found.is_file() {
        return None;
    }
    if found.is_dir() {
        return Some(FileKind::Folder);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if found.is_fifo() {
            return Some(FileKind::Fifo);
        }
        if found.is_socket() {
            return Some(FileKind::Socket);
        }
        if found.is_block_device() || found.is_char_device() {
            return Some(FileKind::Device);
        }
    }
    Some(FileKind::Other)
}
