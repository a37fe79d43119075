//! Implements [`Disk`] with the files of the system.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crate::regular_file;
use crate::regular_file::OpenError;
use crate::state::disk::{Access, Background, Disk, DiskFile, FileIdentity, Running};
use crate::state::disk_space;

/// The files of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemDisk;

/// How many random letters and digits the name of a temporary file has.
const RANDOM: usize = 8;

impl Disk for SystemDisk {
    fn follow_links(&self, path: &Path) -> PathBuf {
        fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
    }

    fn is_link(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
    }

    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read | Access::Inspect => options.read(true),
            Access::Append => options.append(true),
            Access::Replace => options.write(true).create(true).truncate(true),
            Access::Lock => options.read(true).write(true).create(true).truncate(false),
        };
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = regular_file::open(path, &mut options)?;
        Ok(file.map(|file| Box::new(SystemFile(file)) as Box<dyn DiskFile>))
    }

    fn create_temporary(
        &self,
        folder: &Path,
        prefix: &OsStr,
        suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        let made = tempfile::Builder::new()
            .prefix(prefix)
            .suffix(suffix)
            .rand_bytes(RANDOM)
            .tempfile_in(folder)?;
        let (file, path) = made.keep().map_err(|error| error.error)?;
        let file = SystemFile(file);
        match file.make_private() {
            Ok(()) => Ok((path, Box::new(file))),
            Err(error) => {
                // A file that stays only takes room.
                let _ = fs::remove_file(path);
                Err(error)
            }
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type().is_ok_and(|found| found.is_file()) {
                names.push(entry.file_name());
            }
        }
        Ok(names)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) {
            File::open(folder)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn check_available(&self, folder: &Path, bytes: u64) -> io::Result<()> {
        disk_space::check_available(folder, bytes)
    }

    fn random_id(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn run_beside(&self, name: &str, work: Background) -> io::Result<Box<dyn Running>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(Box::new(RunningThread(thread)))
    }
}

#[derive(Debug)]
struct RunningThread(JoinHandle<()>);

impl Running for RunningThread {
    fn join(self: Box<Self>) {
        // A panic of the thread shows in the work that is missing.
        let _ = self.0.join();
    }
}

/// An open file of the system.
#[derive(Debug)]
struct SystemFile(File);

impl DiskFile for SystemFile {
    fn identity(&self) -> io::Result<FileIdentity> {
        let data = self.0.metadata()?;
        #[cfg(unix)]
        let (device, inode) = {
            use std::os::unix::fs::MetadataExt;
            (data.dev(), data.ino())
        };
        #[cfg(not(unix))]
        let (device, inode) = (0, 0);
        Ok(FileIdentity {
            device,
            inode,
            length: data.len(),
            modified: data.modified().ok(),
            version: None,
        })
    }

    fn read_from(&self, position: u64) -> io::Result<Vec<u8>> {
        let mut file = &self.0;
        let rest = file.metadata()?.len().saturating_sub(position);
        let mut bytes = Vec::with_capacity(usize::try_from(rest).unwrap_or(0));
        file.seek(SeekFrom::Start(position))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_into(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).seek(SeekFrom::Start(position))?;
        (&self.0).read(buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)?;
        (&self.0).seek(SeekFrom::Start(length))?;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn flush(&self) -> crate::state::disk::Flushing<'_> {
        // The length is flushed, too, and the times need not be.
        Box::pin(std::future::ready(self.0.sync_data()))
    }

    fn make_private(&self) -> io::Result<()> {
        #[cfg(unix)]
        self.0
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        self.0.try_lock()
    }
}
