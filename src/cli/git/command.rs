//! Starts git so that it reads one repository, gets no secret and runs no program of that repository.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::failure::Failure;

/// The variables that git gets. All others are left out: credentials under any name, the variables with which a
/// hook points git at another repository or index, and settings of `GIT_CONFIG_COUNT`, which may contain a token.
const KEPT: &[&str] = &[
    // The places of git, its parts and its temporary files.
    "PATH",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SystemRoot",
    "PATHEXT",
    // The files of a person's configuration: without `safe.directory` there, git refuses the repository of
    // another user. With sudo, git takes the repository of the user who called it.
    "HOME",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "SUDO_UID",
    // Git does not search for a repository above these folders.
    "GIT_CEILING_DIRECTORIES",
];

/// Settings that override those of the repository.
const SETTINGS: &[&str] = &[
    // A bare repository inside of a checkout may be planted; its configuration can run programs.
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
];

/// A git command in `root` that reads this repository alone and offline.
pub(crate) fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if !KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept)) {
            command.env_remove(name);
        }
    }
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
        .args(["--no-pager", "--no-optional-locks", "-C"])
        .arg(root)
        // A plan is offline: a partial clone must not fetch what it lacks.
        .env("GIT_NO_LAZY_FETCH", "1")
        // Messages are matched, so they must not be translated.
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// The failure of starting git.
pub(crate) fn not_started(error: &io::Error) -> Failure {
    Failure::with_hint(
        format!("cannot run git: {error}"),
        "--base reads old values through git: install it, or leave --base out",
    )
}
