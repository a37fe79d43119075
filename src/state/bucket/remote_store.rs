//! Opens the store of a state in a bucket, and releases the lock of another run there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::StateStore;
use crate::state::bucket::address::Address;
use crate::state::bucket::bucket_disk::BucketDisk;
use crate::state::encryption::policy::Encryption;
use crate::state::store::Store;
use crate::state::store_error::LockOwner;
use crate::state::store_error::StoreError;

impl Store {
    /// A state in a bucket, at an address such as `s3://bucket/state.json`. It need not exist, and nothing is sent yet.
    /// With a secret everything there is encrypted, except the lock.
    ///
    /// # Errors
    ///
    /// The address is not valid, or the settings or the credentials of the cloud cannot be used.
    pub fn in_bucket(
        address: &str,
        settings: &StateStore,
        secret: Option<&str>,
    ) -> Result<Self, StoreError> {
        let failed = |cause| StoreError::File {
            doing: "connect to",
            path: PathBuf::from(address),
            cause,
        };
        let parsed = Address::parse(address).map_err(|error| failed(io::Error::other(error)))?;
        let journal = PathBuf::from(format!("{address}.journal"));
        let encryption = Encryption::new(secret);
        let disk = BucketDisk::open(&parsed, journal, settings, encryption).map_err(failed)?;
        Ok(Self::remote(Arc::new(disk), PathBuf::from(address)))
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
