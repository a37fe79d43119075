//! Opens the store of a state in a bucket, and releases the lock of another run there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::StateStore;
#[cfg(feature = "buckets")]
use crate::state::bucket::{address::Address, bucket_disk::BucketDisk};
use crate::state::disk::Disk;
use crate::state::encryption::policy::Encryption;
use crate::state::store::Store;
use crate::state::store_error::{LockOwner, StoreError};

impl Store {
    /// A state in a bucket, at an address such as `s3://bucket/state.json`. It need not exist, and nothing is sent yet.
    /// With a secret everything there is encrypted, except the lock.
    ///
    /// # Errors
    ///
    /// The address is not valid, this build lacks the feature `buckets`, or the settings or the credentials of the cloud
    /// cannot be used.
    pub fn in_bucket(
        address: &str,
        settings: &StateStore,
        secret: Option<&str>,
    ) -> Result<Self, StoreError> {
        let disk = open_disk(address, settings, Encryption::new(secret));
        let disk = disk.map_err(|cause| StoreError::File {
            doing: "connect to",
            path: PathBuf::from(address),
            cause,
        })?;
        Ok(Self::remote(disk, PathBuf::from(address)))
    }

    /// Releases the lock with this id that another run left behind in a bucket, and returns its owner. `None` if no
    /// run holds such a lock.
    ///
    /// # Errors
    ///
    /// The state is on a disk, where locks end with their owner, or the lock cannot be read or written.
    pub fn unlock(&self, id: &str) -> Result<Option<LockOwner>, StoreError> {
        let path = self.beside(".lock");
        let released = self.disk().release_lease(&path, id);
        released.map_err(|cause| StoreError::File {
            doing: "unlock",
            path,
            cause,
        })
    }
}

#[cfg(feature = "buckets")]
fn open_disk(
    address: &str,
    settings: &StateStore,
    encryption: Encryption,
) -> io::Result<Arc<dyn Disk>> {
    let parsed = Address::parse(address).map_err(io::Error::other)?;
    let journal = PathBuf::from(format!("{address}.journal"));
    let disk = BucketDisk::open(&parsed, journal, settings, encryption)?;
    Ok(Arc::new(disk))
}

#[cfg(not(feature = "buckets"))]
fn open_disk(_: &str, _: &StateStore, _: Encryption) -> io::Result<Arc<dyn Disk>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this build of talkform lacks the feature `buckets`",
    ))
}
