//! Takes and renews a lock that is an object with an expiry. The lock keeps runs apart that would only disturb each
//! other: whether a save may replace the state is decided by the version of the state alone.

use std::io;
use std::sync::{Arc, PoisonError};
use std::sync::{Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::state::bucket::probe::probe;
use crate::state::bucket::shared::{Shared, Started};
use crate::state::bucket::swap::{Condition, Objects, Written};
use crate::state::disk::{Disk, Lease, ObjectVersion};
use crate::state::store_error::{LockOwner, StoreFault};
use crate::state::system_disk::SystemDisk;

/// How long a lock holds that is not renewed.
const LIFETIME: Duration = Duration::from_secs(120);

/// How often a lock is renewed.
const RENEWAL: Duration = Duration::from_secs(30);

/// How far the clocks of two machines may differ.
const SKEW: Duration = Duration::from_secs(10);

/// What the object holds. A lock that was released stays there without an owner, because a store cannot be asked to
/// remove one version of an object and no other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// `None` if the lock was released.
    owner: Option<LockOwner>,
    /// Until when the lock holds, in RFC 3339.
    expires: Option<Timestamp>,
    /// Makes each record another one, so that a write is recognised by its content.
    nonce: u64,
}

impl Record {
    fn released(nonce: u64) -> Self {
        Self {
            owner: None,
            expires: None,
            nonce,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("plain data is always JSON");
        text.push(b'\n');
        text
    }
}

/// What became of taking a lock.
pub(crate) enum Taking {
    /// This run has it.
    Taken(HeldLease),
    /// Another run has it.
    Held(Option<Box<LockOwner>>),
    /// The store ignores conditions.
    Faulty(StoreFault),
}

/// A held lock. Dropping it releases it.
#[derive(Debug)]
pub(crate) struct HeldLease {
    ending: Arc<(Mutex<bool>, Condvar)>,
    renewing: Option<JoinHandle<()>>,
}

impl Lease for HeldLease {}

/// One lock object, as this run wrote it last.
struct Own {
    shared: Arc<Shared>,
    key: Path,
    owner: LockOwner,
    version: ObjectVersion,
    started: Started,
    nonce: u64,
}

fn record(owner: &LockOwner, started: Started, nonce: u64) -> Record {
    let lifetime = SignedDuration::try_from(LIFETIME).unwrap_or_default();
    Record {
        owner: Some(owner.clone()),
        expires: started.now().checked_add(lifetime).ok(),
        nonce,
    }
}

/// Takes the lock, or tells who has it.
pub(crate) fn take(shared: &Arc<Shared>, key: Path, owner: &LockOwner) -> io::Result<Taking> {
    let since = owner.since.parse().map_err(io::Error::other)?;
    let started = Started {
        at: since,
        by_monotonic_clock: Instant::now(),
    };
    let record = record(owner, started, 0);
    let (objects, lock) = (shared.objects(), key.clone());
    let taken = shared
        .connection
        .wait(async move { take_object(&objects, &lock, &record, started).await })?;
    let version = match taken {
        Ok(version) => version,
        Err(taking) => return Ok(taking),
    };
    shared.take_lease(owner.clone(), started);
    let own = Own {
        shared: Arc::clone(shared),
        key,
        owner: owner.clone(),
        version,
        started,
        nonce: 0,
    };
    let ending: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let renewing = {
        let ending = Arc::clone(&ending);
        thread::Builder::new()
            .name("lock".to_owned())
            .spawn(move || own.renew_until(&ending))?
    };
    Ok(Taking::Taken(HeldLease {
        ending,
        renewing: Some(renewing),
    }))
}

async fn take_object(
    objects: &Objects,
    key: &Path,
    record: &Record,
    started: Started,
) -> io::Result<Result<ObjectVersion, Taking>> {
    let bytes = record.bytes();
    let mut written = objects
        .write(key, bytes.clone(), &Condition::Absent)
        .await?;
    if matches!(written, Written::Foreign) {
        let Some((version, found)) = objects.read(key).await? else {
            return Ok(Err(Taking::Held(None)));
        };
        let found: Record = serde_json::from_slice(&found).unwrap_or_default();
        if let Some(owner) = found.owner {
            let skew = SignedDuration::try_from(SKEW).unwrap_or_default();
            let is_over = found
                .expires
                .and_then(|expires| expires.checked_add(skew).ok())
                .is_some_and(|end| end < started.now());
            if !is_over {
                return Ok(Err(Taking::Held(Some(Box::new(owner)))));
            }
            tracing::warn!("the lock of {owner} has expired; this run takes it over");
        }
        written = objects
            .write(key, bytes.clone(), &Condition::Is(version))
            .await?;
    }
    let Written::Done(version) = written else {
        return Ok(Err(Taking::Held(None)));
    };
    match probe(objects, key, &bytes).await {
        Ok(None) => Ok(Ok(version)),
        Ok(Some(fault)) => {
            // Nothing is kept in such a store, so the lock is of no use.
            let _ = objects.remove(key).await;
            Ok(Err(Taking::Faulty(fault)))
        }
        Err(error) => {
            // The run ends here. If the lock cannot be released either, it expires.
            let released = Record::released(random_nonce()?);
            let condition = Condition::Is(version);
            let _ = objects.write(key, released.bytes(), &condition).await;
            Err(error)
        }
    }
}

/// Releases the lock with this id, whoever holds it. Returns its owner; `None` if no such lock is held.
pub(crate) fn release_other(shared: &Shared, key: Path, id: &str) -> io::Result<Option<LockOwner>> {
    let (objects, id) = (shared.objects(), id.to_owned());
    let nonce = random_nonce()?;
    shared.connection.wait(async move {
        let Some((version, found)) = objects.read(&key).await? else {
            return Ok(None);
        };
        let found: Record = serde_json::from_slice(&found).unwrap_or_default();
        let Some(owner) = found.owner.filter(|owner| owner.id == id) else {
            return Ok(None);
        };
        let released = Record::released(nonce);
        let condition = Condition::Is(version);
        match objects.write(&key, released.bytes(), &condition).await? {
            Written::Done(_) => Ok(Some(owner)),
            Written::Foreign => Err(io::Error::other(
                "the lock was renewed meanwhile, so its owner is alive; try again if it is not",
            )),
        }
    })
}

/// A random number that every reader of JSON keeps.
fn random_nonce() -> io::Result<u64> {
    Ok(SystemDisk.random_id()? >> 11)
}

impl Own {
    fn renew_until(mut self, ending: &(Mutex<bool>, Condvar)) {
        let (is_ending, woken) = ending;
        let mut ended = is_ending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = Instant::now();
        while !*ended {
            let rest = RENEWAL.saturating_sub(last.elapsed());
            if !rest.is_zero() {
                let woken = woken.wait_timeout(ended, rest);
                ended = woken.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            drop(ended);
            last = Instant::now();
            self.nonce += 1;
            let record = record(&self.owner, self.started, self.nonce);
            if !self.rewrite(&record) {
                return;
            }
            ended = is_ending.lock().unwrap_or_else(PoisonError::into_inner);
        }
        self.rewrite(&Record::released(random_nonce().unwrap_or_default()));
    }

    /// Writes the lock again. Returns whether this run still has it.
    fn rewrite(&mut self, record: &Record) -> bool {
        let (objects, key) = (self.shared.objects(), self.key.clone());
        let (bytes, condition) = (record.bytes(), Condition::Is(self.version.clone()));
        let write = async move { objects.write(&key, bytes, &condition).await };
        match self.shared.connection.wait(write) {
            Ok(Written::Done(version)) => {
                self.version = version;
                true
            }
            Ok(Written::Foreign) => {
                if record.owner.is_some() {
                    let why = "another run took over the lock of the state";
                    self.shared.lose_lease(why.to_owned());
                }
                false
            }
            Err(error) => {
                // The lock holds for a while, and the next renewal may succeed.
                tracing::warn!("cannot renew the lock of the state: {error}");
                true
            }
        }
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        let (is_ending, woken) = &*self.ending;
        *is_ending.lock().unwrap_or_else(PoisonError::into_inner) = true;
        woken.notify_all();
        if let Some(renewing) = self.renewing.take() {
            // A panic of the thread leaves a lock that expires.
            let _ = renewing.join();
        }
    }
}
