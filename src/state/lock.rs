//! Who may write: a kernel lock on a file beside the state, with the holder's name in it.
//!
//! The kernel drops the lock when its holder dies, so nobody ever has to clean up after a crash; the
//! text in the file only says who it is. The file is removed on release, while the lock is
//! still held; who then gets a lock on the removed file notices and starts over.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::state::regular_file;
use crate::state::regular_file::{NotRegular, OpenError};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Who holds a lock, as they wrote it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockOwner {
    /// A random name of this holding.
    pub id: String,
    /// The user account.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub pid: u32,
    /// What it runs.
    pub command: String,
    /// Since when, in RFC 3339.
    pub since: String,
    /// The address of the CI run, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl std::fmt::Display for LockOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            id,
            who,
            host,
            pid,
            command,
            since,
            run,
        } = self;
        write!(
            f,
            "{who} on {host} (process {pid}) since {since}: `{command}`, lock {id}"
        )?;
        run.iter().try_for_each(|run| write!(f, ", {run}"))
    }
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else writes.
    #[error("the state is locked by {}", .holder.as_ref().map_or_else(|| "somebody who left no name".to_owned(), std::string::ToString::to_string))]
    Held {
        /// Who, where it can be read.
        holder: Option<Box<LockOwner>>,
    },
    /// The file system of the state has no locks.
    #[error("the folder of {path} has no file locks ({cause}); keep the state on a local disk")]
    Unsupported {
        /// The lock's file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Something other than a regular file is in the place of the lock's file.
    #[error(transparent)]
    NotRegular(NotRegular),
    /// The lock's file cannot be made or written.
    #[error("cannot lock {path}: {cause}")]
    File {
        /// The lock's file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// The right to write. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    id: String,
}

impl Lock {
    /// Takes the lock, trying for as long as `timeout` says (0: once).
    ///
    /// # Errors
    ///
    /// Another process holds the lock until the timeout, the file system has no locks, or the file cannot be
    /// opened.
    pub fn acquire(path: &Path, holder: &LockOwner, timeout: Duration) -> Result<Self, LockError> {
        let failed = |cause| LockError::File {
            path: path.to_owned(),
            cause,
        };
        let mut left = timeout;
        loop {
            let mut file = open(path).map_err(|error| match error {
                OpenError::NotRegular(found) => LockError::NotRegular(found),
                OpenError::Io(cause) => failed(cause),
            })?;
            match file.try_lock() {
                Ok(()) if is_still_there(&file, path) => {
                    write_holder(&mut file, holder).map_err(failed)?;
                    return Ok(Self {
                        path: path.to_owned(),
                        file,
                        id: holder.id.clone(),
                    });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if left.is_zero() => {
                    return Err(LockError::Held {
                        // Who has just taken it may be about to write.
                        holder: read_holder(&mut file).or_else(|| {
                            thread::sleep(PAUSE);
                            read_holder(&mut file)
                        }),
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    let pause = PAUSE.min(left);
                    thread::sleep(pause);
                    left -= pause;
                }
                Err(TryLockError::Error(cause)) => {
                    return Err(LockError::Unsupported {
                        path: path.to_owned(),
                        cause,
                    });
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let is_own = read_holder(&mut self.file).is_some_and(|holder| holder.id == self.id)
            && is_still_there(&self.file, &self.path)
            // The target of a link would stay, and the link is somebody else's.
            && fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        if is_own {
            // A file that stays behind is harmless: without the kernel's lock it says nothing.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    regular_file::open(path, &mut options)?
        .ok_or_else(|| OpenError::Io(io::ErrorKind::NotFound.into()))
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn write_holder(file: &mut File, holder: &LockOwner) -> io::Result<()> {
    regular_file::make_private(file)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let mut text = serde_json::to_string(holder)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

fn read_holder(file: &mut File) -> Option<Box<LockOwner>> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(64 * 1024).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
