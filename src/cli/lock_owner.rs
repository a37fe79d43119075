//! Takes the lock of a state, and describes this run to another run that finds the lock.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::failure::Failure;
use crate::cli::project::LoadedProject;
use crate::cli::random::random;
use talkform::model::digest::digests::to_hex;
use talkform::state::{Lock, LockOwner, Store};

/// Takes the lock of a project's state. `command` names the owner to others; it has no arguments, which may hold
/// personal data.
pub(crate) fn lock(
    settings: &LoadedProject,
    command: &str,
    timeout: Duration,
) -> Result<Lock, Failure> {
    settings.check_state_key()?;
    lock_store(&settings.store, command, timeout)
}

/// Takes the lock of a state.
pub(crate) fn lock_store(store: &Store, command: &str, timeout: Duration) -> Result<Lock, Failure> {
    Ok(store.lock(&owner(command)?, timeout)?)
}

#[expect(clippy::disallowed_methods, reason = "this is where the clock lives")]
/// The owner of a lock that this process takes.
fn owner(command: &str) -> Result<LockOwner, Failure> {
    let of = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    Ok(LockOwner {
        id: to_hex(&random::<4>()?),
        who: of(&[
            "GITHUB_ACTOR",
            "GITLAB_USER_LOGIN",
            "USER",
            "USERNAME",
            "LOGNAME",
        ])
        .unwrap_or_else(|| "unknown user".to_owned()),
        host: of(&["HOSTNAME", "COMPUTERNAME"])
            .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
            .map_or_else(|| "unknown host".to_owned(), |name| name.trim().to_owned()),
        pid: std::process::id(),
        command: format!("talkform {command}"),
        since: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        run: ci_run(),
    })
}

fn ci_run() -> Option<String> {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(server), Some(repository), Some(run)) = (
        of("GITHUB_SERVER_URL"),
        of("GITHUB_REPOSITORY"),
        of("GITHUB_RUN_ID"),
    ) {
        return Some(format!("{server}/{repository}/actions/runs/{run}"));
    }
    of("CI_JOB_URL").or_else(|| of("BUILD_URL"))
}
