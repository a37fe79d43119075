//! Runs `talkform state versions` and `restore`: lists earlier states, and goes back to one.

use std::time::Duration;

use crate::cli::clock::now;
use crate::cli::failure::Failure;
use crate::cli::lock_owner::lock;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, output};
use talkform::render::common::escape;
use talkform::state::{Restored, Version};

/// Fails if the state is in a file.
fn check_place(settings: &LoadedProject) -> Result<(), Failure> {
    if settings.store.is_remote() {
        return Ok(());
    }
    let path = escape::terminal(&settings.store.path().display().to_string()).into_owned();
    let push = settings.command(&["state", "push", "--force", "old.json"]);
    let hint = if settings.sandbox {
        format!("keep copies of it yourself; `{push}` goes back to one")
    } else {
        format!(
            "git does, if the state is committed: `git log` with the name of the file lists them, `git show REVISION:./FILE > old.json` fetches one, and `{push}` goes back to it"
        )
    };
    Err(Failure::with_hint(
        format!("{path} is a file, and talkform keeps no earlier states of it"),
        hint,
    ))
}

pub(super) fn list(settings: &LoadedProject, terminal: Terminal) -> Result<(), Failure> {
    check_place(settings)?;
    let found = settings.store.versions();
    let found = found.map_err(|error| settings.state_failure(&error))?;
    if found.is_empty() {
        let path = settings.store.path().display();
        return terminal.result(&format!("No earlier state of {path} is kept yet.\n"));
    }
    let lines: Vec<String> = found.iter().map(line).collect();
    terminal.result(&lines.concat())
}

/// One version as a line.
fn line(version: &Version) -> String {
    let by = version.saved.as_ref().map_or_else(
        || "saved by an unknown run".to_owned(),
        |saved| format!("saved {} by {}", saved.at, escape::terminal(&saved.by)),
    );
    format!(
        "{:<20} {:>10}  {by}, replaced {}\n",
        version.id.to_string(),
        size(version.length),
        version.replaced
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

pub(super) fn restore(
    settings: &LoadedProject,
    text: &str,
    (is_agreed, lock_timeout): (bool, Duration),
    terminal: Terminal,
) -> Result<(), Failure> {
    check_place(settings)?;
    if !is_agreed && !terminal.can_ask() {
        return Err(Failure::with_hint(
            "restoring an earlier state has to be agreed to, and nobody can be asked here; nothing was changed",
            format!(
                "agree with `{}`",
                settings.command(&["state", "restore", text, "--auto-approve"])
            ),
        ));
    }
    let _lock = lock(settings, "state restore", lock_timeout)?;
    let failed = |error| settings.state_failure(&error);
    let found = settings.store.versions().map_err(failed)?;
    let version = chosen(settings, &found, text)?;
    let restored = settings.store.restore(version, now()).map_err(failed)?;
    let retarget = settings.command(&["state", "retarget"]);
    let path = settings.store.path();
    destination::check_state(&settings.destination(), &restored.state, path, &retarget)?;
    settings.check_key_for(&settings.store, &restored.state, path)?;
    let meaning = meaning(settings, &restored);
    if !is_agreed {
        let line = line(version);
        terminal.approve(&format!(
            "Restore this state of {}?\n  {line}  {meaning}",
            path.display()
        ))?;
    }
    settings.save(&restored.state)?;
    terminal.result(&format!(
        "Restored the state {} of {} with the new serial {}.\n{meaning}\nRun `{}`.\n",
        version.id,
        path.display(),
        restored.state.serial,
        settings.command(&["plan"])
    ))
}

/// The version that a person's text means.
fn chosen<'v>(
    settings: &LoadedProject,
    found: &'v [Version],
    text: &str,
) -> Result<&'v Version, Failure> {
    let meant: Vec<&Version> = found
        .iter()
        .filter(|version| version.id.is_meant_by(text))
        .collect();
    match meant.as_slice() {
        [version] => Ok(version),
        [] => Err(Failure::with_hint(
            format!("no earlier state {} is kept", escape::terminal(text)),
            format!("`{}` lists them", settings.command(&["state", "versions"])),
        )),
        several => Err(Failure::with_details(
            format!("several states have the serial {}:", escape::terminal(text)),
            several
                .iter()
                .map(|version| version.id.to_string())
                .collect(),
            "name one of them",
        )),
    }
}

/// What the restored state knows of what was applied since then.
fn meaning(settings: &LoadedProject, restored: &Restored) -> String {
    match restored.differing {
        Some(0) => "It records the same users as the present one.".to_owned(),
        Some(count) => format!(
            "{} pending now, so the next apply sends what is declared again.",
            output::counted(
                count,
                "user differs from the present state and is",
                "users differ from the present state and are"
            )
        ),
        None => format!(
            "The present state cannot be read, so what was applied since then is not known: `{}` asks Channel.",
            settings.command(&["plan", "--refresh"])
        ),
    }
}
