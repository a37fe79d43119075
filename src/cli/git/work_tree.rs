//! Finds the commit that is checked out, and whether files differ from it.

use std::path::Path;

use crate::cli::git::command::git;
use talkform::plan::Revision;

/// The commit that is checked out, and whether a file that `is_of_project` accepts differs from it or is not in it.
/// Names use `/` and are relative to `root`. `None` if the folder is in no repository or git cannot tell.
pub(crate) fn revision(root: &Path, is_of_project: &dyn Fn(&str) -> bool) -> Option<Revision> {
    let commit = run(root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    let commit = String::from_utf8(commit).ok()?.trim().to_owned();
    if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let differing = run(
        root,
        &[
            "diff",
            "-z",
            "--name-only",
            "--relative",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=all",
            "--end-of-options",
            &commit,
            "--",
            ".",
        ],
    )?;
    // Ignored files too: a manifest that git ignores is in no commit.
    let untracked = run(root, &["ls-files", "-z", "--others", "--", "."])?;
    let names = [differing, untracked].concat();
    let uncommitted_changes = names
        .split(|byte| *byte == 0)
        .any(|name| is_of_project(&String::from_utf8_lossy(name)));
    Some(Revision {
        commit,
        uncommitted_changes,
    })
}

/// The stdout of a git command that succeeds.
fn run(root: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = git(root).args(arguments).output().ok()?;
    output.status.success().then_some(output.stdout)
}
