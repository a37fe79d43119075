//! Shares the connection of a bucket among the disk, the journal and the lock, with what each has to know of the others.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use object_store::path::Path as Key;

use crate::state::bucket::connection::Connection;
use crate::state::bucket::swap::Objects;
use crate::state::encryption::policy::Encryption;
use crate::state::store_error::LockOwner;

/// What the journal and the lease need, too.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    encryption: Mutex<Encryption>,
    /// The parts of the journal that this run read or wrote.
    parts: Mutex<Vec<Key>>,
    /// Why this run no longer has the lock.
    lost: Mutex<Option<String>>,
    /// Who holds the lock in this run, and since when.
    holder: Mutex<Option<(LockOwner, Started)>>,
}

/// The time at which a run began, by the clock of the system and by one that only goes forward.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started {
    pub(crate) at: Timestamp,
    pub(crate) by_monotonic_clock: Instant,
}

impl Started {
    /// The present time, as far as the clock of the system was right at the beginning.
    pub(crate) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.by_monotonic_clock.elapsed());
        let now = self.at.saturating_add(passed.unwrap_or_default());
        now.unwrap_or(self.at)
    }
}

impl Shared {
    pub(crate) fn new(connection: Connection, encryption: Encryption) -> Self {
        Self {
            connection,
            encryption: Mutex::new(encryption),
            parts: Mutex::default(),
            lost: Mutex::default(),
            holder: Mutex::default(),
        }
    }

    pub(crate) fn objects(&self) -> Objects {
        Objects {
            store: Arc::clone(&self.connection.store),
            scheme: self.connection.scheme,
        }
    }

    /// How what is read and written from now on is encrypted.
    pub(crate) fn encryption(&self) -> Encryption {
        let encryption = self.encryption.lock();
        encryption.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn encrypt_with(&self, encryption: Encryption) {
        let mut own = self.encryption.lock();
        **own.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut()) = encryption;
    }

    pub(crate) fn remember_part(&self, key: Key) {
        self.parts().push(key);
    }

    /// The parts of the journal that this run read or wrote.
    pub(crate) fn parts(&self) -> MutexGuard<'_, Vec<Key>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self) -> MutexGuard<'_, Option<String>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lose_lease(&self, why: String) {
        tracing::error!("{why}");
        *self.lost() = Some(why);
    }

    pub(crate) fn take_lease(&self, owner: LockOwner, started: Started) {
        *self.lost() = None;
        let mut holder = self.holder.lock();
        **holder
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut()) = Some((owner, started));
    }

    /// Who holds the lock in this run, and the present time.
    pub(crate) fn holder(&self) -> Option<(LockOwner, Timestamp)> {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, started) = holder.as_ref()?;
        Some((owner.clone(), started.now()))
    }

    /// Fails if this run lost the lock.
    pub(crate) fn check_lease(&self) -> io::Result<()> {
        self.lost()
            .clone()
            .map_or(Ok(()), |why| Err(io::Error::other(why)))
    }
}
