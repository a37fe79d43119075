//! Implements [`Disk`] with the objects of a bucket. A path is the address of an object.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use object_store::path::Path as Key;

use crate::model::StateStore;
use crate::regular_file::OpenError;
use crate::state::bucket::address::{Address, key_of};
use crate::state::bucket::connection::Connection;
use crate::state::bucket::download::Download;
use crate::state::bucket::journal_parts::JournalParts;
use crate::state::bucket::lease;
use crate::state::bucket::shared::Shared;
use crate::state::bucket::swap::{Condition, Written};
use crate::state::bucket::version_copies;
use crate::state::disk::{
    Access, Background, Disk, DiskFile, FileIdentity, Lease, ObjectVersion, Replaced, Running,
};
use crate::state::encryption::form::Holds;
use crate::state::encryption::policy::Encryption;
use crate::state::folder::folder_of;
use crate::state::memory::memory_file::{Content, MemoryFile};
use crate::state::store_error::{LockError, LockOwner};
use crate::state::system_disk::SystemDisk;
use crate::state::versions::version::{Saved, VersionCopy};

/// How often the parts of a journal are listed again because one was removed meanwhile.
const MOST_LISTINGS: u32 = 6;

/// The pause before the parts are listed again; it doubles. A store may list an object for a moment after its removal.
const LISTING_PAUSE: Duration = Duration::from_millis(100);

/// The objects of one bucket.
#[derive(Debug)]
pub(crate) struct BucketDisk {
    shared: Arc<Shared>,
    root: PathBuf,
    journal: PathBuf,
    temporary: Mutex<BTreeMap<PathBuf, Content>>,
}

impl BucketDisk {
    /// The bucket of this address. `journal` is the path of the state's journal.
    pub(crate) fn open(
        address: &Address,
        journal: PathBuf,
        settings: &StateStore,
        encryption: Encryption,
    ) -> io::Result<Self> {
        let connection = Connection::open(address, settings)?;
        Ok(Self {
            shared: Arc::new(Shared::new(connection, encryption)),
            root: address.root(),
            journal,
            temporary: Mutex::default(),
        })
    }

    fn key(&self, path: &Path) -> io::Result<Key> {
        key_of(&self.root, path).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not in the bucket", path.display()),
            )
        })
    }

    fn temporary(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Content>> {
        self.temporary
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        let found = Download::begin(&self.shared, self.key(path)?)?;
        Ok(found.map(|download| Box::new(download) as Box<dyn DiskFile>))
    }

    fn inspect(&self, path: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        let (key, objects) = (self.key(path)?, self.shared.objects());
        let inspect = async move { objects.inspect(&key).await };
        let found = self.shared.connection.wait(inspect)?;
        Ok(found.map(|(version, length)| {
            Box::new(MemoryFile::inspected(length, version)) as Box<dyn DiskFile>
        }))
    }

    /// The parts of all journals that were left behind, one after the other.
    fn read_journal(&self) -> io::Result<Option<Box<dyn DiskFile>>> {
        let (folder, objects) = (self.key(&self.journal)?, self.shared.objects());
        let encryption = self.shared.encryption();
        let read = async move {
            let mut pause = LISTING_PAUSE;
            for _ in 0..MOST_LISTINGS {
                let parts = objects.list(&folder).await?;
                let read = objects.read_all(&parts).await?;
                if let Some(read) = read {
                    let mut bytes = Vec::new();
                    for part in read {
                        bytes.append(&mut encryption.decrypt(Holds::Journal, &part)?);
                    }
                    return Ok((parts, bytes));
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(io::Error::other(
                "it changes while it is read; run again when no other program writes it",
            ))
        };
        let (parts, bytes) = self.shared.connection.wait(read)?;
        if parts.is_empty() {
            return Ok(None);
        }
        let names: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        // Parts are never replaced, so their names are their version.
        let version = ObjectVersion(names.join("\n"));
        *self.shared.parts() = parts;
        Ok(Some(Box::new(MemoryFile::read(bytes, version))))
    }

    /// Writes a temporary file to its place. Returns the length of the object as well.
    fn write(&self, from: &Path, to: &Path, condition: Condition) -> io::Result<(Written, u64)> {
        let content = self.temporary().get(from).cloned();
        let bytes = content.ok_or(io::ErrorKind::NotFound)?.copy();
        let bytes = self.sealed(bytes)?;
        let length = bytes.len() as u64;
        let (key, objects) = (self.key(to)?, self.shared.objects());
        let attributes = version_copies::attributes(self.shared.holder());
        let write = async move {
            objects
                .write_with(&key, bytes, &condition, &attributes)
                .await
        };
        Ok((self.shared.connection.wait(write)?, length))
    }
}

impl Disk for BucketDisk {
    fn follow_links(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn is_link(&self, _path: &Path) -> bool {
        false
    }

    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError> {
        let is_journal = path == self.journal;
        Ok(match access {
            Access::Read if is_journal => self.read_journal()?,
            Access::Read => self.read(path)?,
            Access::Inspect => self.inspect(path)?,
            // What may be written there is found out when the lock is taken and the journal begins.
            Access::Append => None,
            Access::Replace if is_journal => Some(Box::new(JournalParts::new(
                Arc::clone(&self.shared),
                self.key(path)?,
            ))),
            Access::Replace | Access::Lock => {
                return Err(io::Error::from(io::ErrorKind::Unsupported).into());
            }
        })
    }

    fn create_temporary(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        let mut name = prefix.to_owned();
        name.push(format!("{:016x}{suffix}", self.random_id()?));
        let path = folder.join(name);
        let content = Content::default();
        self.temporary().insert(path.clone(), content.clone());
        Ok((path, Box::new(MemoryFile::new(content))))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.write(from, to, Condition::Absent)?.0 {
            Written::Done(_) => {
                self.temporary().remove(from);
                Ok(())
            }
            Written::Foreign => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    fn replace(
        &self,
        from: &Path,
        to: &Path,
        expected: Option<&FileIdentity>,
    ) -> io::Result<Replaced> {
        let condition = match expected.map(|expected| &expected.version) {
            None => Condition::Absent,
            Some(Some(version)) => Condition::Is(version.clone()),
            Some(None) => return Err(io::Error::other("the version of the state is not known")),
        };
        let (Written::Done(version), length) = self.write(from, to, condition)? else {
            return Ok(Replaced::Foreign);
        };
        self.temporary().remove(from);
        let identity = FileIdentity::of_object(length, Some(version));
        Ok(Replaced::Done(Some(identity)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.temporary().remove(path).is_some() {
            return Ok(());
        }
        let keys = if path == self.journal {
            self.shared.parts().clone()
        } else {
            vec![self.key(path)?]
        };
        let objects = self.shared.objects();
        let remove = async move { objects.remove_all(&keys).await };
        self.shared.connection.wait(remove)?;
        if path == self.journal {
            self.shared.parts().clear();
        }
        Ok(())
    }

    fn files_in(&self, _folder: &Path) -> io::Result<Vec<OsString>> {
        // Temporary files are in memory, so a killed run leaves none behind.
        Ok(Vec::new())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn check_available(&self, _folder: &Path, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn random_id(&self) -> io::Result<u64> {
        SystemDisk.random_id()
    }

    fn run_beside(&self, name: &str, work: Background) -> io::Result<Box<dyn Running>> {
        SystemDisk.run_beside(name, work)
    }

    fn take_lease(
        &self,
        path: &Path,
        holder: &LockOwner,
    ) -> Option<Result<Box<dyn Lease>, LockError>> {
        let failed = |cause| LockError::File {
            path: path.to_owned(),
            cause,
        };
        let key = match self.key(path) {
            Ok(key) => key,
            Err(cause) => return Some(Err(failed(cause))),
        };
        let place = folder_of(path);
        Some(match lease::take(&self.shared, key, holder) {
            Ok(lease::Taking::Taken(lease)) => Ok(Box::new(lease)),
            Ok(lease::Taking::Held(holder)) => Err(LockError::Held { holder }),
            Ok(lease::Taking::Faulty(fault)) => Err(LockError::Conditions {
                store: place.to_owned(),
                fault,
            }),
            Err(cause) => Err(failed(cause)),
        })
    }

    fn keep_version(&self, state: &Path, to: &Path, length: u64) -> io::Result<()> {
        let (from, to) = (self.key(state)?, self.key(to)?);
        let objects = self.shared.objects();
        let copy = async move { version_copies::keep(&objects, &from, &to, length).await };
        self.shared.connection.wait(copy)
    }

    fn versions(&self, folder: &Path) -> io::Result<Vec<VersionCopy>> {
        let (folder, objects) = (self.key(folder)?, self.shared.objects());
        let list = async move { version_copies::list(&objects, &folder).await };
        self.shared.connection.wait(list)
    }

    fn saved(&self, copy: &Path) -> io::Result<Option<Saved>> {
        let (key, objects) = (self.key(copy)?, self.shared.objects());
        let inspect = async move { version_copies::saved_of(&objects, &key).await };
        self.shared.connection.wait(inspect)
    }

    fn encrypt_with(&self, secret: Option<&str>) {
        self.shared.encrypt_with(Encryption::new(secret));
    }

    fn sealed(&self, state: Vec<u8>) -> io::Result<Vec<u8>> {
        self.shared.encryption().encrypt(Holds::State, state)
    }

    fn release_lease(&self, path: &Path, id: &str) -> io::Result<Option<LockOwner>> {
        lease::release_other(&self.shared, self.key(path)?, id)
    }
}
