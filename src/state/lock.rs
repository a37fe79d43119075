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

use crate::regular_file::OpenError;
use crate::state::disk::{Access, Disk, DiskFile, Lease};
use crate::state::store_error::{LockError, LockOwner};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// How long to wait between two tries where each is a request.
const LEASE_PAUSE: Duration = Duration::from_secs(2);

/// A held lock. Dropping it releases it.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "a lock is held, and does nothing else")] Held);

#[derive(Debug)]
#[expect(dead_code, reason = "a lock is held, and does nothing else")]
enum Held {
    File(FileLock),
    Lease(Box<dyn Lease>),
}

/// A lock of the kernel on a file.
#[derive(Debug)]
struct FileLock {
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
        while let Some(taken) = disk.take_lease(path, holder) {
            match taken {
                Ok(lease) => return Ok(Self(Held::Lease(lease))),
                Err(LockError::Held { .. }) if !left.is_zero() => {
                    let pause = LEASE_PAUSE.min(left);
                    thread::sleep(pause);
                    left -= pause;
                }
                Err(error) => return Err(error),
            }
        }
        loop {
            let file = open(&**disk, path).map_err(|error| match error {
                OpenError::NotRegular(found) => LockError::NotRegular(found),
                OpenError::Io(cause) => failed(cause),
            })?;
            match file.try_lock() {
                Ok(()) if is_still_there(&**disk, &*file, path).map_err(failed)? => {
                    write_holder(&*file, holder).map_err(failed)?;
                    return Ok(Self(Held::File(FileLock {
                        disk: Arc::clone(disk),
                        path: path.to_owned(),
                        file,
                        id: holder.id.clone(),
                    })));
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

impl Drop for FileLock {
    fn drop(&mut self) {
        let is_own = read_holder(&*self.file).is_some_and(|holder| holder.id == self.id)
            && is_still_there(&*self.disk, &*self.file, &self.path).unwrap_or(false)
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

/// Whether the path still names the locked file. A file that cannot be looked at is an error: trying again would not
/// help if the process may open no more files.
fn is_still_there(disk: &dyn Disk, file: &dyn DiskFile, path: &Path) -> io::Result<bool> {
    match disk.open(path, Access::Read) {
        Ok(None) | Err(OpenError::NotRegular(_)) => Ok(false),
        Ok(Some(named)) => Ok(file.identity()?.is_same_file(&named.identity()?)),
        Err(OpenError::Io(cause)) => Err(cause),
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
