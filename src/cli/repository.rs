//! Finds where a project lies in its repository.

use std::path::{Path, PathBuf};

/// The path from the top of the repository to the project, with `/` and without one at the end; empty at the top, and
/// where there is no repository.
///
/// The top is the nearest folder with `.git`, else the workspace of the CI runner.
pub(crate) fn path_in_repository(root: &Path) -> String {
    let Ok(root) = std::fs::canonicalize(root) else {
        return String::new();
    };
    let top = root.ancestors().find(|folder| folder.join(".git").exists());
    let top = top.map(Path::to_owned).or_else(workspace);
    let Some(below) = top.as_ref().and_then(|top| root.strip_prefix(top).ok()) else {
        return String::new();
    };
    let parts = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// The folder into which a runner of GitHub Actions checks the repository out.
fn workspace() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_WORKSPACE").filter(|value| !value.is_empty())?;
    std::fs::canonicalize(path).ok()
}
