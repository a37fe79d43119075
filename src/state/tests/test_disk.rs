//! The real disk, with a list of what was done to names in its folders. It can be made full, and unable to flush.

use std::ffi::{OsStr, OsString};
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::regular_file::OpenError;
use crate::state::disk::{Access, Background, Disk, DiskFile, FileIdentity, Flushing, Running};
use crate::state::store::Store;
use crate::state::system_disk::SystemDisk;

/// Clones share the list and the switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestDisk {
    done: Arc<Mutex<Vec<&'static str>>>,
    is_full: Arc<AtomicBool>,
    fails_to_flush: Arc<AtomicBool>,
}

#[derive(Debug)]
struct TestFile {
    file: Box<dyn DiskFile>,
    is_full: Arc<AtomicBool>,
    fails_to_flush: Arc<AtomicBool>,
}

impl TestDisk {
    /// The state of another store, on this disk.
    pub(crate) fn store(&self, other: &Store) -> Store {
        Store::on(Arc::new(self.clone()), other.path())
    }

    /// What was done to names since the last call.
    pub(crate) fn take_done(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.done.lock().expect("not poisoned"))
    }

    /// While the disk is full, a write fails after its first half.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// From now on, no flush beside the writer succeeds.
    pub(crate) fn fail_to_flush(&self) {
        self.fails_to_flush.store(true, Ordering::Relaxed);
    }

    fn note(&self, what: &'static str) {
        self.done.lock().expect("not poisoned").push(what);
    }
}

impl Disk for TestDisk {
    fn follow_links(&self, path: &Path) -> PathBuf {
        SystemDisk.follow_links(path)
    }

    fn is_link(&self, path: &Path) -> bool {
        SystemDisk.is_link(path)
    }

    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError> {
        if access == Access::Replace {
            self.note("empties the journal");
        }
        let file = SystemDisk.open(path, access)?;
        Ok(file.map(|file| {
            Box::new(TestFile {
                file,
                is_full: Arc::clone(&self.is_full),
                fails_to_flush: Arc::clone(&self.fails_to_flush),
            }) as Box<dyn DiskFile>
        }))
    }

    fn create_temporary(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        SystemDisk.create_temporary(folder, prefix, suffix)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note("renames the state");
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note("removes the journal");
        SystemDisk.remove(path)
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemDisk.files_in(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.note("flushes the folder");
        SystemDisk.sync_folder(folder)
    }

    fn check_available(&self, folder: &Path, bytes: u64) -> io::Result<()> {
        SystemDisk.check_available(folder, bytes)
    }

    fn random_id(&self) -> io::Result<u64> {
        SystemDisk.random_id()
    }

    fn run_beside(&self, name: &str, work: Background) -> io::Result<Box<dyn Running>> {
        SystemDisk.run_beside(name, work)
    }
}

impl DiskFile for TestFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        self.file.identity()
    }

    fn read_from(&self, position: u64) -> io::Result<Vec<u8>> {
        self.file.read_from(position)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_full.load(Ordering::Relaxed) {
            return self.file.append(bytes);
        }
        self.file.append(&bytes[..bytes.len() / 2])?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn flush(&self) -> Flushing<'_> {
        if self.fails_to_flush.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err(io::ErrorKind::Other.into())));
        }
        self.file.flush()
    }

    fn make_private(&self) -> io::Result<()> {
        self.file.make_private()
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        self.file.try_lock()
    }
}
