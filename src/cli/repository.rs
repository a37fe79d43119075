//! Finds where a project lies in its repository, and the repository's addresses in CI.

use std::path::{Path, PathBuf};

use crate::cli::files;

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
    // What cannot be looked at may be one.
    root.ancestors()
        .find(|folder| files::is_there(&folder.join(".git")).unwrap_or(true))
}

/// The folder into which a runner of GitHub Actions checks the repository out.
fn workspace() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_WORKSPACE").filter(|value| !value.is_empty())?;
    std::fs::canonicalize(path).ok()
}

/// The address below which the files of the project in this commit can be read, with `/` at its end; empty outside of
/// GitHub Actions and GitLab CI. `project` is its path in the repository.
pub(crate) fn files_address(project: &str) -> String {
    let commit = match (
        address(&["GITHUB_SERVER_URL", "GITHUB_REPOSITORY"]),
        address(&["CI_PROJECT_URL"]),
    ) {
        (Some(repository), _) => {
            variable("GITHUB_SHA").map(|commit| format!("{repository}/blob/{commit}"))
        }
        (None, Some(repository)) => {
            variable("CI_COMMIT_SHA").map(|commit| format!("{repository}/-/blob/{commit}"))
        }
        (None, None) => None,
    };
    let Some(commit) = commit else {
        return String::new();
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    // A path with other letters has no link: its files would need an encoding of their own.
    match project {
        "" => format!("{commit}/"),
        path if path.bytes().all(is_plain) => format!("{commit}/{path}/"),
        _ => String::new(),
    }
}

/// The address of the CI run; `None` outside of GitHub Actions and GitLab CI.
pub(crate) fn run_address() -> Option<String> {
    let run = || {
        let repository = address(&["GITHUB_SERVER_URL", "GITHUB_REPOSITORY"])?;
        Some(format!(
            "{repository}/actions/runs/{}",
            variable("GITHUB_RUN_ID")?
        ))
    };
    run().or_else(|| address(&["CI_JOB_URL"]))
}

/// The values of these variables with `/` between them, if they are an address without anything that ends a Markdown link.
fn address(names: &[&str]) -> Option<String> {
    let parts: Option<Vec<String>> = names.iter().map(|name| variable(name)).collect();
    let address = parts?.join("/");
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    is_web.then_some(address)
}

/// A variable of the runner that consists of letters for addresses only.
fn variable(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty() && value.bytes().all(is_plain))
}
