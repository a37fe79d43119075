//! Deletes one user on Channel, with a journal as an apply.

use crate::cli::clock::now;
use crate::cli::commands::apply::failed_save::unsaved;
use crate::cli::commands::apply::send::send;
use crate::cli::commands::erase::arguments::EraseArguments;
use crate::cli::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{approval, destination};
use talkform::apply;
use talkform::apply::{Finished, Outcome};
use talkform::model::{Desired, MemberId, Plan};
use talkform::plan;
use talkform::render::common::escape;
use talkform::render::erasure::ChannelEnding;
use talkform::sandbox;
use talkform::state::Loaded;

/// Asks a person to agree to the deletion, or checks that the project names its channel if nobody is asked.
pub(crate) fn agree(
    terminal: Terminal,
    settings: &LoadedProject,
    connection: &Connection<'_>,
    arguments: &EraseArguments,
    shown: &str,
) -> Result<(), Failure> {
    let (wanted, answering) = (settings.destination(), &connection.answering);
    if !arguments.asks() {
        return destination::require_channel_id(&wanted, answering);
    }
    let shown = escape::terminal(shown);
    let question = format!(
        "{shown} will be deleted from {}, and the declaration and the record of the user are removed. This cannot be undone.",
        destination::in_words(&wanted, answering)
    );
    terminal.approve_in_words(&question, "delete 1")
}

/// How a deletion ended.
pub(crate) struct Deletion {
    /// What became of the user.
    pub ending: ChannelEnding,
    /// Whether the run stopped early.
    pub is_stopped: bool,
    /// Why the state could not be saved.
    pub saved: Result<(), Failure>,
}

impl Deletion {
    /// Nothing was sent.
    pub(crate) fn kept() -> Self {
        Self {
            ending: ChannelEnding::Kept,
            is_stopped: false,
            saved: Ok(()),
        }
    }
}

/// Deletes the user on Channel and drops what the state records.
pub(crate) fn delete(
    connection: Connection<'_>,
    settings: &LoadedProject,
    arguments: &EraseArguments,
    loaded: Loaded,
    of_plan: (&mut Plan, &Desired),
    terminal: Terminal,
) -> Result<Deletion, Failure> {
    let channel = destination::in_words(&settings.destination(), &connection.answering);
    let traffic = (&arguments.traffic, false);
    let finished = send(connection, settings, traffic, loaded, of_plan, terminal);
    if settings.sandbox {
        // Its file is a log, which still holds what was sent of the user.
        sandbox::compact(&settings.sandbox_users()).map_err(|error| {
            Failure::refused(format!("cannot rewrite the sandbox's users: {error}"))
        })?;
    }
    let Finished { report, saved } = finished?;
    let mut outcomes = report.outcomes.into_iter();
    let outcome = outcomes.next().map(|user| user.outcome);
    let ending = match outcome {
        Some(Outcome::Applied { .. }) => ChannelEnding::Deleted { channel },
        Some(Outcome::Rejected {
            request: _,
            status,
            code,
            reason,
        }) => ChannelEnding::Rejected {
            status,
            code,
            message: reason.map(|reason| reason.text),
        },
        Some(Outcome::Failed { message, .. }) => ChannelEnding::Failed { message },
        Some(Outcome::Skipped { cause }) => ChannelEnding::Skipped { cause },
        None => {
            return Err(Failure::refused(
                "the plan of an erasure is empty; this is a bug",
            ));
        }
    };
    Ok(Deletion {
        ending,
        is_stopped: report.stopped.is_some(),
        saved: saved.map_err(|error| unsaved(settings, &error)),
    })
}

/// Plans the deletion. Fails if it exceeds a limit that was not approved, if no person can be asked to agree to it, or
/// if the disk has no room for it.
pub(crate) fn planned(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &EraseArguments,
    loaded: &Loaded,
    (id, shown): (&MemberId, &str),
) -> Result<Plan, Failure> {
    let recorded = settings.recorded(loaded);
    let key = settings.digest_key(&recorded)?;
    let (destination, limits) = (settings.destination(), &settings.project.limits);
    let plan = plan::erasure(&recorded, id, now(), (&key, &destination, limits));
    check_limits(settings, arguments, &plan, shown)?;
    check_can_ask(terminal, settings, arguments, shown)?;
    let written = apply::most_written(&plan, now());
    settings
        .store
        .check_room(loaded, &Desired::default(), written)
        .map_err(|error| settings.state_failure(&error))?;
    Ok(plan)
}

fn check_limits(
    settings: &LoadedProject,
    arguments: &EraseArguments,
    plan: &Plan,
    shown: &str,
) -> Result<(), Failure> {
    let command = arguments.command(settings, shown);
    if arguments.approve_limits.is_some() || plan.tripped().next().is_none() {
        return approval::check_limits(plan, arguments.approve_limits.as_ref(), &command);
    }
    let tripped = plan.tripped().map(|check| {
        let allowed = check.allowed.unwrap_or_default();
        let name = check.kind.name();
        format!("limits.{name} allows {allowed}, and this deletes one user")
    });
    Err(Failure::with_details(
        "deleting the user on Channel exceeds the project's limits; nothing was changed",
        tripped.collect(),
        format!(
            "if this is what you want: `{}`",
            command.with_limits(plan.digest.to_string())
        ),
    ))
}

/// Fails if no person can be asked.
fn check_can_ask(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &EraseArguments,
    shown: &str,
) -> Result<(), Failure> {
    if !arguments.asks() || terminal.can_ask() {
        return Ok(());
    }
    Err(Failure::with_hint(
        "the user would be deleted on Channel, and nobody has agreed to that; nothing was changed",
        format!(
            "run it in a terminal; or `{}`, which cannot be undone; or `{}`",
            arguments.command(settings, shown).with_deletes(1),
            settings.command(&["erase", shown, "--keep-on-channel"])
        ),
    ))
}

/// Drops what the state records of the user, and of files that were removed. Nothing is sent.
pub(crate) fn forget(
    settings: &LoadedProject,
    loaded: Loaded,
    id: &MemberId,
    is_file_removed: &dyn Fn(&str) -> bool,
) -> Result<(), Failure> {
    let is_replayed = loaded.replay.changes_state();
    let Some(mut state) = loaded.state else {
        return Ok(());
    };
    let files = state.files.len();
    state.files.retain(|name, _| !is_file_removed(name));
    let is_changed = state.forget(id) || files != state.files.len();
    if is_changed || is_replayed {
        state.serial += 1;
        return settings.save(&state);
    }
    // A journal that is folded in already may still name the user.
    let removed = settings.store.remove_journal();
    removed.map_err(|error| settings.state_failure(&error))
}
