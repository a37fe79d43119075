//! Finds where a project lies in its repository.

use std::path::{Path, PathBuf};

/// The path from the top of the repository to the project, with `/` and without one at the end; empty at the top, and
/// if there is no repository.
///
/// The top is the nearest folder with `.git`, else the workspace of the CI runner.
pub(crate) fn path_in_repository(root: &Path) -> String {
    let Ok(root) = std::fs::canonicalize(root) else {
        return String::new();
    };
    let top = top(&root).map(Path::to_owned).or_else(workspace);
    let Some(below) = top.as_ref().and_then(|top| root.strip_prefix(top).ok()) else {
        return String::new();
    };
    let parts = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// Whether the project lies in a git work tree.
pub(crate) fn is_in_git(root: &Path) -> bool {
    std::fs::canonicalize(root).is_ok_and(|root| top(&root).is_some())
}

fn top(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").exists())
}

/// The folder into which a runner of GitHub Actions checks the repository out.
fn workspace() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_WORKSPACE").filter(|value| !value.is_empty())?;
    std::fs::canonicalize(path).ok()
}
