//! Decides whether a path stays inside of a project's folder.

use std::fs;
use std::path::{Component, Path};

/// Whether a path ends up in a folder once its links are followed, and not in its `.git`, whose files may hold
/// credentials. Of a file that does not exist yet, the nearest folder above it counts. What cannot be looked up is
/// inside: reading it fails with a reason of its own.
pub fn is_inside(folder: &Path, path: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder) else {
        return true;
    };
    let mut existing = path;
    while fs::symlink_metadata(existing).is_err() {
        existing = match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if existing == Path::new(".") {
            break;
        }
    }
    fs::canonicalize(existing).map_or(true, |real| {
        let below = real.strip_prefix(&folder);
        below.is_ok_and(|below| !below.components().any(is_git))
    })
}

fn is_git(part: Component<'_>) -> bool {
    part.as_os_str().eq_ignore_ascii_case(".git")
}

/// Whether a name, relative to the project, leads out of its folder by itself, or into `.git`.
pub(crate) fn leads_out(name: &str) -> bool {
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    let mut parts = name.split(['/', '\\']);
    name.starts_with(['/', '\\', '~'])
        || has_drive
        || parts.any(|part| part == ".." || part.eq_ignore_ascii_case(".git"))
}
