//! Checks, before anything is sent, that a run has room for what it writes.

use std::io;
use std::path::Path;

/// Takes this many bytes in a folder and gives them back at once. The file has no name, so a killed run leaves
/// nothing behind.
///
/// # Errors
///
/// The folder cannot hold a file of that size.
pub(crate) fn check_available(folder: &Path, bytes: u64) -> io::Result<()> {
    reserve(&tempfile::tempfile_in(folder)?, bytes)
}

/// Reserves the bytes: quotas and thin disks show in the numbers of `statvfs` only in part.
#[cfg(target_os = "linux")]
fn reserve(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        // Not every file system can reserve.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => ask_statvfs(file, bytes),
        reserved => Ok(reserved?),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn reserve(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    ask_statvfs(file, bytes)
}

#[cfg(unix)]
fn ask_statvfs(file: &std::fs::File, bytes: u64) -> io::Result<()> {
    let system = rustix::fs::fstatvfs(file)?;
    // A file system that names no size, such as a remote one, is taken to have room.
    if system.f_blocks > 0 && system.f_bavail.saturating_mul(system.f_frsize) < bytes {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}

#[cfg(not(unix))]
fn reserve(_file: &std::fs::File, _bytes: u64) -> io::Result<()> {
    Ok(())
}
