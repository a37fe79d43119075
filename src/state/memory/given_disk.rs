//! Implements [`Disk`] with one file that was given: a state from standard input, or an encrypted copy of one. It can only
//! be read.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::regular_file::OpenError;
use crate::state::disk::{
    Access, Background, Disk, DiskFile, FileReader, Lease, ObjectVersion, Running,
};
use crate::state::encryption::header::{TELLING, is_encrypted};
use crate::state::encryption::policy::Encryption;
use crate::state::memory::memory_file::MemoryFile;
use crate::state::store::Store;
use crate::state::store_error::{LockError, LockOwner};
use crate::state::system_disk::SystemDisk;

/// The file that was given.
#[derive(Debug)]
struct GivenDisk {
    path: PathBuf,
    bytes: Vec<u8>,
    encryption: Encryption,
}

fn read_only() -> io::Error {
    io::Error::new(
        io::ErrorKind::ReadOnlyFilesystem,
        "a state from standard input, or an encrypted copy of one, can only be read",
    )
}

impl Disk for GivenDisk {
    fn follow_links(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn is_link(&self, _path: &Path) -> bool {
        false
    }

    fn open(&self, path: &Path, access: Access) -> Result<Option<Box<dyn DiskFile>>, OpenError> {
        match access {
            Access::Read | Access::Inspect if path != self.path => Ok(None),
            Access::Read | Access::Inspect => Ok(Some(Box::new(MemoryFile::read(
                self.encryption.copy_in_clear(self.bytes.clone())?,
                ObjectVersion(String::new()),
            )))),
            Access::Append | Access::Replace | Access::Lock => Err(read_only().into()),
        }
    }

    fn create_temporary(
        &self,
        _folder: &Path,
        _prefix: &OsStr,
        _suffix: &str,
    ) -> io::Result<(PathBuf, Box<dyn DiskFile>)> {
        Err(read_only())
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn take_lease(
        &self,
        path: &Path,
        _holder: &LockOwner,
    ) -> Option<Result<Box<dyn Lease>, LockError>> {
        Some(Err(LockError::File {
            path: path.to_owned(),
            cause: read_only(),
        }))
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn files_in(&self, _folder: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn check_available(&self, _folder: &Path, _bytes: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn random_id(&self) -> io::Result<u64> {
        SystemDisk.random_id()
    }

    fn run_beside(&self, name: &str, work: Background) -> io::Result<Box<dyn Running>> {
        SystemDisk.run_beside(name, work)
    }
}

impl Store {
    /// A state with these bytes that can only be read. They may be encrypted with the secret. `name` is what messages
    /// call it.
    pub fn given(name: &Path, bytes: Vec<u8>, secret: Option<&str>) -> Self {
        let path = name.to_owned();
        let disk = GivenDisk {
            path: path.clone(),
            bytes,
            encryption: Encryption::new(secret),
        };
        Self::on(Arc::new(disk), &path)
    }

    /// A state in a file. An encrypted copy of one can only be read: saving it would put it there in clear.
    pub fn in_file(path: &Path, secret: Option<&str>) -> Self {
        match encrypted_file(path) {
            Ok(Some(bytes)) => Self::given(path, bytes, secret),
            // What cannot be read is reported when the state is loaded.
            Ok(None) | Err(_) => Self::new(path),
        }
    }
}

/// The bytes of a file if it is encrypted.
fn encrypted_file(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let Some(file) = SystemDisk.open(path, Access::Read)? else {
        return Ok(None);
    };
    let mut begin = [0; TELLING];
    FileReader::new(&*file).read_exact(&mut begin)?;
    Ok(if is_encrypted(&begin) {
        Some(file.read_from(0)?)
    } else {
        None
    })
}
