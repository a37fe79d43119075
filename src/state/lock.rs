//! Locks a state for writing: a kernel lock on a file beside the state, with the owner's name in it.
//!
//! The kernel drops the lock when its owner dies, so no crash leaves a lock behind. The text in the file only
//! names the owner. The file is removed on release, while the lock is still held. A run that then locks the
//! removed file notices that and starts over.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::regular_file::{NotRegular, OpenError};
use crate::state::disk::{Access, Disk, DiskFile};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// The owner of a lock, as the owner wrote it into the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockOwner {
    /// A random name of this lock.
    pub id: String,
    /// The user account.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub pid: u32,
    /// The command that it runs.
    pub command: String,
    /// The time at which the lock was taken, in RFC 3339.
    pub since: String,
    /// The address of the CI run, if there is one.
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

/// Why the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds the lock.
    #[error("the state is locked by {}", .holder.as_ref().map_or_else(|| "a run that left no name".to_owned(), std::string::ToString::to_string))]
    Held {
        /// The owner, if the file can be read.
        holder: Option<Box<LockOwner>>,
    },
    /// The file system of the state has no locks.
    #[error("the folder of {path} has no file locks ({cause}); keep the state on a local disk")]
    Unsupported {
        /// The lock's file.
        path: PathBuf,
        /// The error of the system.
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
        /// The error of the system.
        cause: io::Error,
    },
}

/// A held lock. Dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    id: String,
}

impl Lock {
    /// Takes the lock. Tries again until `timeout` has passed; with 0 it tries once.
    ///
    /// # Errors
    ///
    /// Another process holds the lock until the timeout, the file system has no locks, or the file cannot be
    /// opened.
    pub(crate) fn acquire(
        disk: &Arc<dyn Disk>,
        path: &Path,
        holder: &LockOwner,
        timeout: Duration,
    ) -> Result<Self, LockError> {
        let failed = |cause| LockError::File {
            path: path.to_owned(),
            cause,
        };
        let mut left = timeout;
        loop {
            let file = open(&**disk, path).map_err(|error| match error {
                OpenError::NotRegular(found) => LockError::NotRegular(found),
                OpenError::Io(cause) => failed(cause),
            })?;
            match file.try_lock() {
                Ok(()) if is_still_there(&**disk, &*file, path) => {
                    write_holder(&*file, holder).map_err(failed)?;
                    return Ok(Self {
                        disk: Arc::clone(disk),
                        path: path.to_owned(),
                        file,
                        id: holder.id.clone(),
                    });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if left.is_zero() => {
                    return Err(LockError::Held {
                        // The run that took the lock may not have written the file yet.
                        holder: read_holder(&*file).or_else(|| {
                            thread::sleep(PAUSE);
                            read_holder(&*file)
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
        let is_own = read_holder(&*self.file).is_some_and(|holder| holder.id == self.id)
            && is_still_there(&*self.disk, &*self.file, &self.path)
            // A link is not talkform's own file, so it stays.
            && !self.disk.is_link(&self.path);
        if is_own {
            // A file that stays behind is harmless, because only the kernel's lock counts.
            let _ = self.disk.remove(&self.path);
        }
    }
}

fn open(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskFile>, OpenError> {
    disk.open(path, Access::Lock)?
        .ok_or_else(|| OpenError::Io(io::ErrorKind::NotFound.into()))
}

fn is_still_there(disk: &dyn Disk, file: &dyn DiskFile, path: &Path) -> bool {
    let Ok(Some(named)) = disk.open(path, Access::Read) else {
        return false;
    };
    match (file.identity(), named.identity()) {
        (Ok(held), Ok(named)) => held.is_same_file(&named),
        _ => false,
    }
}

fn write_holder(file: &dyn DiskFile, holder: &LockOwner) -> io::Result<()> {
    file.make_private()?;
    file.truncate(0)?;
    let mut text = serde_json::to_string(holder)?;
    text.push('\n');
    file.append(text.as_bytes())
}

fn read_holder(file: &dyn DiskFile) -> Option<Box<LockOwner>> {
    let text = file.read_from(0).ok()?;
    serde_json::from_slice(&text).ok()
}
