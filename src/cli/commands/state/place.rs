//! Runs the commands of `talkform state` that move a state: pull, push, migrate and unlock.

use std::path::Path;
use std::time::Duration;

use crate::cli::clock::now;
use crate::cli::failure::Failure;
use crate::cli::lock_owner::{lock, lock_store};
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, files, output};
use talkform::model::State;
use talkform::render::common::escape;
use talkform::state;
use talkform::state::Replay;

pub(super) fn unlock(
    settings: &LoadedProject,
    id: &str,
    terminal: Terminal,
) -> Result<(), Failure> {
    let path = settings.store.path().display();
    if !settings.store.is_remote() {
        return Err(Failure::refused(format!(
            "{path} is a file: its lock ends with the run that holds it, so there is nothing to unlock"
        )));
    }
    let released = settings.store.unlock(id);
    match released.map_err(|error| settings.state_failure(&error))? {
        Some(owner) => terminal.result(&format!(
            "Released the lock of {}.\n",
            escape::terminal(&owner.to_string())
        )),
        None => Err(Failure::with_hint(
            format!("no run holds the lock {} of {path}", escape::terminal(id)),
            "a run that is refused names the lock and its owner",
        )),
    }
}

pub(super) fn pull(settings: &LoadedProject, terminal: Terminal) -> Result<(), Failure> {
    let state = recorded(settings, terminal)?;
    terminal.stream(|out| state::write(&state, out))
}

/// What `push` does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushCheck {
    /// The file is of the same lineage and not older.
    SameAndNotOlder,
    /// The file may be of another lineage or older.
    Any,
}

pub(super) fn push(
    settings: &LoadedProject,
    file: &Path,
    check: PushCheck,
    lock_timeout: Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    settings.check_state_key()?;
    let name = escape::terminal(&file.display().to_string()).into_owned();
    let bytes = files::read_bytes(file)
        .map_err(|error| Failure::refused(format!("cannot read {name}: {error}")))?;
    let bytes = settings.copy_in_clear(file, bytes)?;
    let mut pushed = state::parse(&bytes)
        .map_err(|error| Failure::refused(format!("cannot use the state {name}: {error}")))?;
    let retarget = settings.command(&["state", "retarget"]);
    destination::check_state(&settings.destination(), &pushed, file, &retarget)?;
    settings.check_key_for(&settings.store, &pushed, file)?;
    settings.create_state_folder()?;
    let _lock = lock(settings, "state push", lock_timeout)?;
    let loaded = settings.store.load();
    let loaded = loaded.map_err(|error| settings.state_failure(&error))?;
    let path = settings.store.path().display();
    if loaded.replay.changes_state() {
        return Err(Failure::with_hint(
            format!("{path} has a journal that no run has read yet; nothing was changed"),
            format!("run `{}` first", settings.command(&["apply"])),
        ));
    }
    if let Some(present) = &loaded.state {
        if *present == pushed {
            return terminal.result(&format!("{path} is the same already.\n"));
        }
        if check == PushCheck::SameAndNotOlder {
            check_successor(settings, present, (&pushed, &name))?;
        }
        if pushed.lineage == present.lineage && pushed.serial < present.serial {
            // What was applied since then is on Channel.
            pushed = state::restored(pushed, present, now());
        } else {
            pushed.serial = pushed.serial.max(present.serial) + 1;
        }
    }
    settings.save(&pushed)?;
    terminal.result(&format!("Pushed {name} to {path}.\n"))
}

/// Fails if the file is of another lineage than the state, or older.
fn check_successor(
    settings: &LoadedProject,
    present: &State,
    (pushed, name): (&State, &str),
) -> Result<(), Failure> {
    let path = settings.store.path().display();
    let pull = settings.command(&["state", "pull"]);
    if present.lineage != pushed.lineage {
        return Err(Failure::with_hint(
            format!("{name} is not a copy of {path}: their lineages differ; nothing was changed"),
            format!(
                "push a file that `{pull}` wrote from this state; --force replaces the state all the same"
            ),
        ));
    }
    if present.serial > pushed.serial {
        return Err(Failure::with_hint(
            format!(
                "{path} has serial {}, and {name} is older with serial {}; nothing was changed",
                present.serial, pushed.serial
            ),
            format!(
                "pull the state again with `{pull}`; --force goes back to the older one, and everybody who was applied since then is sent again or planned as no longer declared"
            ),
        ));
    }
    Ok(())
}

pub(super) fn migrate(
    settings: &LoadedProject,
    to: &Path,
    lock_timeout: Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    let target = settings.other_store(to)?;
    settings.check_key_of(&target)?;
    if !target.is_remote() {
        files::make_folder_of(target.path())?;
    }
    let _lock = lock(settings, "state migrate", lock_timeout)?;
    let _target_lock = lock_store(&target, "state migrate", lock_timeout)?;
    let state = recorded(settings, terminal)?;
    settings.check_key_for(&target, &state, settings.store.path())?;
    let failed = |error| settings.state_failure(&error);
    let there = target.path().display();
    if target.load().map_err(failed)?.state.is_some() {
        return Err(Failure::with_hint(
            format!("{there} holds a state already; nothing was changed"),
            "name another place, or remove that state if it is of no use",
        ));
    }
    target.save(&state).map_err(failed)?;
    terminal.result(&format!(
        "Copied the state to {there}. Write `state: {there}` in the project file, and remove {} when the next apply has run.\n",
        settings.store.path().display()
    ))
}

/// The recorded state, with a journal that was left behind.
pub(super) fn recorded(settings: &LoadedProject, terminal: Terminal) -> Result<State, Failure> {
    Ok(load(settings, terminal)?.0)
}

/// The recorded state after a journal that was left behind is saved into it and removed. A journal is encrypted with the
/// key of its time, so none may be left when that changes. The caller holds the lock.
pub(super) fn folded(settings: &LoadedProject, terminal: Terminal) -> Result<State, Failure> {
    let (mut state, replay) = load(settings, terminal)?;
    if replay.changes_state() {
        state.serial += 1;
        settings.save(&state)?;
    } else {
        let removed = settings.store.remove_journal();
        removed.map_err(|error| settings.state_failure(&error))?;
    }
    Ok(state)
}

fn load(settings: &LoadedProject, terminal: Terminal) -> Result<(State, Replay), Failure> {
    let loaded = settings
        .store
        .load()
        .map_err(|error| settings.state_failure(&error))?;
    output::replayed(terminal, &loaded, &settings.ids()?);
    output::large_state(terminal, &settings.store, &loaded);
    let state = loaded.state.ok_or_else(|| {
        Failure::with_hint(
            format!("no state at {} yet", settings.store.path().display()),
            format!("the first `{}` creates it", settings.command(&["apply"])),
        )
    })?;
    Ok((state, loaded.replay))
}
