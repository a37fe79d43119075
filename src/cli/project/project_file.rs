//! Finds the file of a project.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::files;

/// The name of the project file.
pub(crate) const PROJECT_FILE: &str = "talkform.yaml";

/// The names that a project file may have.
pub(crate) const PROJECT_FILES: [&str; 2] = [PROJECT_FILE, "talkform.yml"];

/// The name of the project file in a folder. Two of them are an error: one would be read in silence.
pub(crate) fn name(root: &Path) -> Result<&'static str, Failure> {
    let mut found = PROJECT_FILES
        .into_iter()
        .filter(|name| files::exists(&root.join(name)));
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => Err(Failure::with_hint(
            format!("{} has both {one} and {other}", root.display()),
            "remove one of them",
        )),
        (name, _) => Ok(name.unwrap_or(PROJECT_FILE)),
    }
}

/// Whether there is a project file. A folder in which nobody can look for one is an error: what a project hides would
/// be shown.
pub(crate) fn is_in(folder: &Path) -> Result<bool, Failure> {
    for name in PROJECT_FILES {
        let path = folder.join(name);
        if files::is_there(&path).map_err(|error| files::unread(&path, &error))? {
            return Ok(true);
        }
    }
    Ok(false)
}
