//! The disk as the program under test sees it.

use std::ffi::{OsStr, OsString};
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use talkform::state::{
    Access, Background, Disk, DiskFile, FileIdentity, Flushing, OpenError, Running,
};
use tokio::task::JoinHandle;

use crate::clock;
use crate::disk::model::{Inner, ModelDisk};
use crate::sabotage::Sabotage;
use crate::steps::Step;

impl Disk for ModelDisk {
    fn follow_links(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn is_link(&self, _path: &Path) -> bool {
        false
    }

    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError> {
        let mut inner = self.inner();
        let step = inner.step(|| format!("open {} ({access:?})", path.display()))?;
        inner.draw(inner.faults.open)?;
        let found = inner.find(path);
        let file = match (access, found) {
            (Access::Read | Access::Inspect | Access::Append, None) => None,
            (Access::Read | Access::Inspect | Access::Append | Access::Lock, Some(file)) => {
                Some(file)
            }
            (Access::Replace | Access::Lock, _) if !inner.is_done(step) => None,
            (Access::Replace, Some(file)) => {
                inner.content(file).set_length(0);
                inner.content(file).modified = clock::file_time();
                Some(file)
            }
            (Access::Replace | Access::Lock, None) => {
                let file = inner.new_file();
                inner.link(path, file);
                Some(file)
            }
        };
        let file = Inner::answer(step, file)?;
        Ok(file.map(|file| self.handle(file)))
    }

    fn create_temporary(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        let mut inner = self.inner();
        let mut name = prefix.to_owned();
        name.push(inner.dice.name(8));
        name.push(suffix);
        let path = folder.join(name);
        let step = inner.step(|| format!("create {}", path.display()))?;
        inner.draw(inner.faults.open)?;
        let file = inner.new_file();
        if inner.is_done(step) {
            inner.link(&path, file);
        }
        Inner::answer(step, (path, self.handle(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        let step = inner.step(|| format!("rename {} to {}", from.display(), to.display()))?;
        inner.draw(inner.faults.rename)?;
        if inner.find(from).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if inner.is_done(step) {
            inner.rename(from, to);
        }
        Inner::answer(step, ())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        let step = inner.step(|| format!("remove {}", path.display()))?;
        inner.draw(inner.faults.remove)?;
        if inner.find(path).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if inner.is_done(step) {
            inner.unlink(path);
        }
        Inner::answer(step, ())
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let inner = self.inner();
        let step = inner.step(|| format!("list {}", folder.display()))?;
        inner.draw(inner.faults.read)?;
        let names = inner.names_in(folder).filter_map(Path::file_name);
        Inner::answer(step, names.map(OsStr::to_owned).collect())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        let step = inner.step(|| format!("flush the folder {}", folder.display()))?;
        inner.draw(inner.faults.sync_folder)?;
        if inner.is_done(step) && inner.sabotage != Sabotage::FoldersAreNotFlushed {
            inner.sync_folder(Some(folder));
        }
        Inner::answer(step, ())
    }

    fn check_available(&self, folder: &Path, bytes: u64) -> io::Result<()> {
        let inner = self.inner();
        let step = inner.step(|| format!("look for {bytes} bytes in {}", folder.display()))?;
        inner.draw(inner.faults.open)?;
        if !inner.has_room(bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Inner::answer(step, ())
    }

    fn random_id(&self) -> io::Result<u64> {
        Ok(self.inner().dice.number())
    }

    fn run_beside(&self, _name: &str, work: Background) -> io::Result<Box<dyn Running>> {
        Ok(Box::new(RunningTask(tokio::spawn(work))))
    }
}

impl ModelDisk {
    fn handle(&self, file: u64) -> Box<dyn DiskFile> {
        Box::new(Handle {
            disk: self.clone(),
            file,
            has_lock: std::sync::atomic::AtomicBool::new(false),
        })
    }
}

#[derive(Debug)]
struct RunningTask(JoinHandle<()>);

impl Running for RunningTask {
    /// The work has nothing left to do that its caller does not do itself.
    fn join(self: Box<Self>) {
        self.0.abort();
    }
}

/// An open file.
#[derive(Debug)]
struct Handle {
    disk: ModelDisk,
    file: u64,
    has_lock: std::sync::atomic::AtomicBool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.has_lock.load(std::sync::atomic::Ordering::Relaxed) {
            self.disk.inner().unlock(self.file);
        }
    }
}

impl Handle {
    /// Flushes the first changes.
    fn sync_first(&self, count: usize) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let step = inner.step(|| format!("flush the file {}", self.file))?;
        if let Err(error) = inner.draw(inner.faults.sync) {
            let dice = inner.dice.clone();
            inner.content(self.file).forsake(&dice);
            return Err(error);
        }
        if inner.is_done(step) && inner.sabotage != Sabotage::FilesAreNotFlushed {
            inner.content(self.file).sync(count);
        }
        Inner::answer(step, ())
    }
}

impl DiskFile for Handle {
    fn identity(&self) -> io::Result<FileIdentity> {
        let mut inner = self.disk.inner();
        let step = inner.step(|| format!("inspect the file {}", self.file))?;
        let content = inner.content(self.file);
        let identity = FileIdentity {
            device: 1,
            inode: self.file,
            length: content.seen().len() as u64,
            modified: Some(content.modified),
            version: None,
        };
        Inner::answer(step, identity)
    }

    fn read_from(&self, position: u64) -> io::Result<Vec<u8>> {
        let mut inner = self.disk.inner();
        let step = inner.step(|| format!("read the file {} from {position}", self.file))?;
        inner.draw(inner.faults.read)?;
        let seen = inner.content(self.file).seen();
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let bytes = seen.get(position..).unwrap_or_default().to_vec();
        Inner::answer(step, bytes)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let step = inner.step(|| {
            let text = String::from_utf8_lossy(bytes);
            let text: String = text.chars().take(160).collect();
            format!("write to the file {}: {}", self.file, text.trim_end())
        })?;
        let fault = inner.draw(inner.faults.write);
        let is_torn = step == Step::Last || fault.is_err();
        let wanted = if is_torn {
            inner.dice.below(bytes.len() + 1)
        } else {
            bytes.len()
        };
        let fits = inner.take_room(wanted);
        let content = inner.content(self.file);
        content.append(&bytes[..fits]);
        content.modified = clock::file_time();
        fault?;
        if fits < wanted {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Inner::answer(step, ())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let step = inner.step(|| format!("cut the file {} to {length}", self.file))?;
        inner.draw(inner.faults.write)?;
        if inner.is_done(step) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let content = inner.content(self.file);
            content.set_length(length);
            content.modified = clock::file_time();
        }
        Inner::answer(step, ())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_first(usize::MAX)
    }

    /// Takes time, in which more may be written. That is not flushed.
    fn flush(&self) -> Flushing<'_> {
        Box::pin(async move {
            let (count, time) = {
                let mut inner = self.disk.inner();
                let time = *inner.dice.pick(&[0, 1, 5, 30, 200]);
                (inner.content(self.file).unsynced(), time)
            };
            if time > 0 {
                tokio::time::sleep(Duration::from_millis(time)).await;
            }
            self.sync_first(count)
        })
    }

    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        let mut inner = self.disk.inner();
        inner
            .step(|| format!("lock the file {}", self.file))
            .map_err(TryLockError::Error)?;
        if !inner.lock(self.file) {
            return Err(TryLockError::WouldBlock);
        }
        self.has_lock
            .store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}
