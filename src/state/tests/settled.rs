//! Tests that the name of a state is on the disk before its journal is emptied or removed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::regular_file::OpenError;
use crate::state::disk::{Access, Background, Disk, DiskFile, Running};
use crate::state::store::Store;
use crate::state::system_disk::SystemDisk;
use crate::state::tests::saved;

/// The real disk, and what was done to names in its folders.
#[derive(Debug)]
struct Watched {
    done: Arc<Mutex<Vec<&'static str>>>,
}

impl Watched {
    fn note(&self, what: &'static str) {
        self.done.lock().expect("not poisoned").push(what);
    }
}

impl Disk for Watched {
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
        SystemDisk.open(path, access)
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

/// The run before may have renamed the state and ended before it flushed the folder. A power cut then brings back the
/// state before, which needs the journal.
#[test]
fn a_state_is_flushed_before_its_journal_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let done = Arc::default();
    let watched = Watched {
        done: Arc::clone(&done),
    };
    let next_run = Store::on(Arc::new(watched), store.path());
    let state = next_run.load().expect("loaded").state.expect("a state");
    let journal = next_run.open_journal(&state).expect("a journal");
    drop(journal);
    let of_opening = std::mem::take(&mut *done.lock().expect("not poisoned"));
    let emptied = [
        "flushes the folder",
        "empties the journal",
        "flushes the folder",
    ];
    assert_eq!(of_opening, emptied);
    next_run.remove_journal().expect("removed");
    let of_removing = done.lock().expect("not poisoned").clone();
    let removed = [
        "flushes the folder",
        "removes the journal",
        "flushes the folder",
    ];
    assert_eq!(of_removing, removed);
}
