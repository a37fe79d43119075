//! Writes a journal as parts, each an object that nothing replaces.

use std::fs::TryLockError;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use object_store::path::Path;

use crate::state::bucket::shared::Shared;
use crate::state::bucket::swap::{Condition, Written};
use crate::state::disk::{DiskFile, FileIdentity, Flushing};
use crate::state::encryption::form::Holds;
use crate::state::journal::{Head, seal, unseal};

/// How long records may wait for one part.
const PART_INTERVAL: Duration = Duration::from_secs(3);

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct JournalParts {
    shared: Arc<Shared>,
    folder: Path,
    pending: Arc<Mutex<Pending>>,
}

/// What is not in a part yet.
#[derive(Debug, Default)]
struct Pending {
    head: Option<Head>,
    /// The last part that was begun.
    part: u32,
    bytes: Vec<u8>,
    /// A part could not be written. Later ones would leave a gap.
    has_failed: bool,
}

impl JournalParts {
    pub(crate) fn new(shared: Arc<Shared>, folder: Path) -> Self {
        Self {
            shared,
            folder,
            pending: Arc::default(),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the next part. `None` if there is nothing to write.
    fn next_part(&self) -> io::Result<Option<(Path, Vec<u8>)>> {
        let mut pending = self.pending();
        if pending.has_failed {
            return Err(io::Error::other("an earlier part was not written"));
        }
        if pending.bytes.is_empty() && pending.part > 0 {
            return Ok(None);
        }
        let Some(mut head) = pending.head.clone() else {
            return Ok(None);
        };
        pending.part += 1;
        head.part = Some(pending.part);
        let mut bytes = seal(&head).into_bytes();
        bytes.append(&mut pending.bytes);
        let name = format!("{}-{:06}", head.id, pending.part);
        Ok(Some((self.folder.clone().join(name), bytes)))
    }

    fn write_part(&self) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let next = self.next_part();
        let (shared, pending) = (Arc::clone(&self.shared), Arc::clone(&self.pending));
        async move {
            let Some((key, bytes)) = next? else {
                return Ok(());
            };
            let bytes = shared.encryption().encrypt(Holds::Journal, bytes);
            let result = match bytes {
                Ok(bytes) => write_part(&shared, key, bytes).await,
                Err(error) => Err(error),
            };
            if result.is_err() {
                let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.has_failed = true;
            }
            result
        }
    }
}

async fn write_part(shared: &Shared, key: Path, bytes: Vec<u8>) -> io::Result<()> {
    shared.check_lease()?;
    shared.remember_part(key.clone());
    let objects = shared.objects();
    match objects.write(&key, bytes, &Condition::Absent).await? {
        // The lease may have ended while the part was on its way, and the run that took it over not have seen it.
        Written::Done(_) => shared.check_lease(),
        Written::Foreign => Err(io::Error::other(format!("{key} exists already"))),
    }
}

impl DiskFile for JournalParts {
    fn identity(&self) -> io::Result<FileIdentity> {
        let length = self.pending().bytes.len() as u64;
        Ok(FileIdentity::of_object(length, None))
    }

    fn read_from(&self, _position: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut pending = self.pending();
        if pending.head.is_none() {
            let line = std::str::from_utf8(bytes).ok();
            let head = line.and_then(|line| unseal(line.trim_end_matches('\n')));
            pending.head = Some(head.ok_or(io::ErrorKind::InvalidData)?);
            return Ok(());
        }
        pending.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Nothing is ever cut, because nothing is written in part.
    fn truncate(&self, _length: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.connection.wait(self.write_part())
    }

    fn flush(&self) -> Flushing<'_> {
        let result = self.shared.connection.spawn(self.write_part());
        Box::pin(async move { result.await.map_err(io::Error::other)? })
    }

    fn gathers_for(&self) -> Option<Duration> {
        Some(PART_INTERVAL)
    }

    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
    }
}
