//! Holds a file in memory: what was read from a bucket, and what is about to be written there as a whole.

use std::fs::TryLockError;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::disk::{DiskFile, FileIdentity, ObjectVersion};

/// The bytes of a file, shared by those who write and who send them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content(Arc<Mutex<Vec<u8>>>);

impl Content {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(bytes)))
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn len(&self) -> u64 {
        self.bytes().len() as u64
    }

    #[cfg(feature = "buckets")]
    pub(crate) fn copy(&self) -> Vec<u8> {
        self.bytes().clone()
    }
}

/// A file in memory.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    content: Content,
    /// The version of the object that was read; `None` for a file that is not written yet.
    version: Option<ObjectVersion>,
    /// The length of an object whose content was not read.
    length: Option<u64>,
}

impl MemoryFile {
    /// A file that is not written yet.
    pub(crate) fn new(content: Content) -> Self {
        Self {
            content,
            version: None,
            length: None,
        }
    }

    /// An object that was read.
    pub(crate) fn read(bytes: Vec<u8>, version: ObjectVersion) -> Self {
        Self {
            version: Some(version),
            ..Self::new(Content::new(bytes))
        }
    }

    /// An object of which only the version and the length are known.
    #[cfg(feature = "buckets")]
    pub(crate) fn inspected(length: u64, version: ObjectVersion) -> Self {
        Self {
            length: Some(length),
            ..Self::read(Vec::new(), version)
        }
    }
}

impl DiskFile for MemoryFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        let length = self.length.unwrap_or_else(|| self.content.len());
        Ok(FileIdentity::of_object(length, self.version.clone()))
    }

    fn read_from(&self, position: u64) -> io::Result<Vec<u8>> {
        let bytes = self.content.bytes();
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(bytes.get(start..).unwrap_or_default().to_vec())
    }

    fn read_into(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.content.bytes();
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        io::Read::read(&mut bytes.get(start..).unwrap_or_default(), buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.content.bytes().extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.content.bytes().truncate(length);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
    }
}
