//! Removes the checkpoints of interrupted drifts that name a user.

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::project::{LoadedProject, SANDBOX_FOLDER};

/// Removes the checkpoints that `names` accepts, and returns their paths, relative to the project. A checkpoint only
/// saves requests, so it is removed as a whole.
pub(crate) fn remove(
    settings: &LoadedProject,
    names: &dyn Fn(&[u8]) -> bool,
) -> Result<Vec<String>, Failure> {
    let folder = settings.root.join(SANDBOX_FOLDER);
    let mut removed = Vec::new();
    let entries = files::entries(&folder).map_err(|error| files::unread(&folder, &error))?;
    for entry in entries {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            continue;
        };
        if !name.starts_with("drift-") || !name.ends_with(".progress") {
            continue;
        }
        let path = entry.path();
        let bytes = files::read(&path).map_err(|error| files::unread(&path, &error))?;
        if bytes.is_some_and(|bytes| names(&bytes)) {
            files::remove(&path).map_err(|error| {
                Failure::refused(format!("cannot remove {}: {error}", path.display()))
            })?;
            removed.push(format!("{SANDBOX_FOLDER}/{name}"));
        }
    }
    removed.sort();
    Ok(removed)
}
