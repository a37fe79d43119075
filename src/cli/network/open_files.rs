//! Checks, before anything is sent, that a run may open as many files and connections as it needs.

use crate::cli::failure::Failure;

/// How many files a run opens besides its connections to Channel: those of the runtimes, of name resolution, of the
/// state with its journal, and of a bucket.
const BESIDES: usize = 24;

/// Fails unless this process can open this many connections, and the files that a run needs besides.
///
/// Later, a missing file would end the run in the middle, or keep it from saving its state.
pub(crate) fn require(connections: usize) -> Result<(), Failure> {
    let needed = BESIDES + connections;
    open_at_once(needed).map_err(|error| {
        Failure::with_hint(
            format!(
                "cannot open the {needed} files and connections that this run needs at once: {error}; nothing was sent"
            ),
            "allow more open files, for example with `ulimit -n 1024`",
        )
    })
}

/// Opens as many files, and closes them.
#[cfg(unix)]
fn open_at_once(number: usize) -> std::io::Result<()> {
    use std::os::fd::AsFd as _;
    allow(number);
    let stderr = std::io::stderr();
    let opened: std::io::Result<Vec<_>> = (0..number)
        .map(|_| stderr.as_fd().try_clone_to_owned())
        .collect();
    opened.map(drop)
}

#[cfg(not(unix))]
fn open_at_once(_number: usize) -> std::io::Result<()> {
    Ok(())
}

/// Raises the soft limit on open files as far as the hard limit allows it. macOS starts a program with 256.
#[cfg(unix)]
fn allow(number: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// Files that are open already, with room for those that a parent has left open.
    const OPEN: u64 = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = number as u64 + OPEN;
    let wanted = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(wanted);
        // What matters is whether the files can be opened, and that is tried next.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
