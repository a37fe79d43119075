//! Defines the operations on the disk that a state needs.
//! [`SystemDisk`](crate::state::system_disk::SystemDisk) is the real one.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::TryLockError;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use crate::regular_file::OpenError;
use crate::state::store_error::{LockError, LockOwner};
use crate::state::versions::version::{Saved, VersionCopy};

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Learning its identity, without its content.
    Inspect,
    /// Writing at its end.
    Append,
    /// Writing from its beginning. A missing file is created, an existing one is emptied.
    Replace,
    /// Holding a lock. A missing file is created, an existing one keeps its content.
    Lock,
}

/// A flush under way.
pub type Flushing<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

/// Work that runs beside its caller.
pub type Background = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The folders and files in which a state is kept. What was written is safe from a power cut only after it was
/// flushed: the content of a file by the file, its name by the folder.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The file that a path leads to through links; the path itself if it leads to none.
    fn follow_links(&self, path: &Path) -> PathBuf;

    /// Whether the path names a link.
    fn is_link(&self, path: &Path) -> bool;

    /// Opens a regular file, or a link to one. `None` if the path names nothing and `access` creates no file.
    ///
    /// # Errors
    ///
    /// The path names something other than a regular file, or the file cannot be opened.
    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError>;

    /// Makes an empty file for its owner alone. Its name is the prefix, eight random letters and digits, and the
    /// suffix.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    fn create_temporary(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)>;

    /// Gives a file another name in the same folder and replaces the file with that name. A reader finds one of
    /// the two files.
    ///
    /// # Errors
    ///
    /// The file cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Puts a temporary file in the place of the state, if the state is still the expected file. `None` means that no
    /// state is expected. A disk that cannot compare and rename in one step leaves the comparison to the caller.
    ///
    /// # Errors
    ///
    /// The file cannot be replaced, or it is unknown whether it was.
    fn replace(
        &self,
        from: &Path,
        to: &Path,
        _expected: Option<&FileIdentity>,
    ) -> io::Result<Replaced> {
        self.rename(from, to)?;
        Ok(Replaced::Done(None))
    }

    /// Takes a lock that is a record with an expiry. `None` if the files of this disk have locks of the kernel.
    fn take_lease(
        &self,
        _path: &Path,
        _holder: &LockOwner,
    ) -> Option<Result<Box<dyn Lease>, LockError>> {
        None
    }

    /// Releases the lock with this id that another run holds, and returns its owner. `None` if no run holds it.
    ///
    /// # Errors
    ///
    /// The locks of this disk end with their owner, or the lock cannot be read or written.
    fn release_lease(&self, _path: &Path, _id: &str) -> io::Result<Option<LockOwner>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Copies the state that is about to be replaced, with this length, to a path of its own. A disk whose files have
    /// versions elsewhere, as in git, keeps none.
    ///
    /// # Errors
    ///
    /// The copy cannot be made, or it is unknown whether it was.
    fn keep_version(&self, _state: &Path, _to: &Path, _length: u64) -> io::Result<()> {
        Ok(())
    }

    /// The copies of earlier states in a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    fn versions(&self, _folder: &Path) -> io::Result<Vec<VersionCopy>> {
        Ok(Vec::new())
    }

    /// When the state in a copy was saved and by whom; `None` if that is not known.
    ///
    /// # Errors
    ///
    /// The copy cannot be inspected.
    fn saved(&self, _copy: &Path) -> io::Result<Option<Saved>> {
        Ok(None)
    }

    /// Encrypts what is written from now on with this secret, and expects it of what is read. A disk that others cannot
    /// read encrypts nothing.
    fn encrypt_with(&self, _secret: Option<&str>) {}

    /// The bytes of a state as this disk holds them: encrypted, where it encrypts.
    ///
    /// # Errors
    ///
    /// They cannot be encrypted.
    fn sealed(&self, state: Vec<u8>) -> io::Result<Vec<u8>> {
        Ok(state)
    }

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// The file cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the regular files in a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    fn files_in(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Flushes a folder, so that a file made, renamed or removed in it stays so after a power cut.
    ///
    /// # Errors
    ///
    /// The folder cannot be flushed.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Checks that this many bytes can be written in a folder. Leaves no file.
    ///
    /// # Errors
    ///
    /// The folder cannot hold a file of that size.
    fn check_available(&self, folder: &Path, bytes: u64) -> io::Result<()>;

    /// A random number for a new name.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    fn random_id(&self) -> io::Result<u64>;

    /// Starts work beside the caller. The work may use tokio's clock and may block.
    ///
    /// # Errors
    ///
    /// The work cannot be started.
    fn run_beside(&self, name: &str, work: Background) -> io::Result<Box<dyn Running>>;
}

/// Work that was started with [`Disk::run_beside`].
pub trait Running: fmt::Debug + Send + Sync {
    /// Waits for the end of the work.
    fn join(self: Box<Self>);
}

/// A lock that was taken with [`Disk::take_lease`]. Dropping it releases it.
pub trait Lease: fmt::Debug + Send + Sync {}

/// What [`Disk::replace`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The file is in its place. Its identity, if that is another one than before.
    Done(Option<FileIdentity>),
    /// Another file was in its place. Nothing was changed.
    Foreign,
}

/// The version of an object in a bucket. Each write gives another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion(pub String);

/// An open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// The identity of the file.
    ///
    /// # Errors
    ///
    /// The file cannot be inspected.
    fn identity(&self) -> io::Result<FileIdentity>;

    /// Reads from a position to the end.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    fn read_from(&self, position: u64) -> io::Result<Vec<u8>>;

    /// Reads from a position into a buffer, as [`io::Read::read`] does: 0 bytes only at the end.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    fn read_into(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.read_from(position)?[..], buffer)
    }

    /// Writes at the end. After an error any part may be written.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Flushes content and length. After an error it is unknown which part is on the disk.
    ///
    /// # Errors
    ///
    /// The file cannot be flushed.
    fn sync(&self) -> io::Result<()>;

    /// Flushes what was written before the call. Does not block the polling thread if the disk supports that.
    fn flush(&self) -> Flushing<'_> {
        Box::pin(std::future::ready(self.sync()))
    }

    /// How long records are gathered for one flush, if a flush is slow or has a price.
    fn gathers_for(&self) -> Option<Duration> {
        None
    }

    /// Makes the file readable and writable by its owner alone.
    ///
    /// # Errors
    ///
    /// The permissions cannot be changed.
    fn make_private(&self) -> io::Result<()>;

    /// Takes the lock on this file, which ends with the file or the process.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or the file system has no locks.
    fn try_lock(&self) -> Result<(), TryLockError>;
}

/// Identifies an open file, with its length and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The device; 0 if the system reports none.
    pub device: u64,
    /// The number of the file on its device; 0 if the system reports none.
    pub inode: u64,
    /// The length in bytes.
    pub length: u64,
    /// The time of the last change, if the system reports it.
    pub modified: Option<SystemTime>,
    /// The version, if the file is an object in a bucket.
    pub version: Option<ObjectVersion>,
}

impl FileIdentity {
    /// The identity of what is no file of a disk: an object in a bucket, or what is about to become one.
    pub(crate) fn of_object(length: u64, version: Option<ObjectVersion>) -> Self {
        Self {
            device: 0,
            inode: 0,
            length,
            modified: None,
            version,
        }
    }

    /// Whether both are the same file, with any content.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl io::Write for &dyn DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a file from its beginning.
pub(crate) struct FileReader<'f> {
    file: &'f dyn DiskFile,
    position: u64,
}

impl<'f> FileReader<'f> {
    pub(crate) fn new(file: &'f dyn DiskFile) -> Self {
        Self { file, position: 0 }
    }
}

impl io::Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_into(self.position, buffer)?;
        self.position += length as u64;
        Ok(length)
    }
}
