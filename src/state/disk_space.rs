//! Whether a run will be able to write what it has to, asked before anything is sent.

use std::io;
use std::path::Path;

/// Takes so many bytes in this folder and gives them back at once.
///
/// # Errors
///
/// The folder takes no files, or not that much.
pub(crate) fn try_out(folder: &Path, bytes: u64) -> io::Result<()> {
    let file = tempfile::Builder::new()
        .prefix(".talkform-room-")
        .tempfile_in(folder)?;
    reserve(file.as_file(), bytes)
}

/// Quotas and thin disks tell the truth only to who really takes the room.
#[cfg(target_os = "linux")]
fn reserve(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        // Not every file system can; then its own word is what there is.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => by_its_word(file, bytes),
        reserved => Ok(reserved?),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn reserve(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    by_its_word(file, bytes)
}

#[cfg(unix)]
fn by_its_word(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    let system = rustix::fs::fstatvfs(file)?;
    // A system that names no size, a remote one for instance, is taken at its best.
    if system.f_blocks > 0 && system.f_bavail.saturating_mul(system.f_frsize) < bytes {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}

#[cfg(not(unix))]
fn reserve(_file: &std::fs::File, _bytes: u64) -> io::Result<()> {
    Ok(())
}
