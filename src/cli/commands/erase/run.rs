//! Runs `talkform erase`: cuts the declaration, deletes on Channel, drops the record, and searches for the rest.
//!
//! Everything is checked and agreed to before the first write. The order lets a run go on where a killed one ended:
//! the declaration goes first, so that no apply in between creates the user anew, and the record goes last, because it
//! is what the next run knows the user by.

use std::fs;

use crate::cli::args::{DataFormat, Global};
use crate::cli::commands::erase::arguments::EraseArguments;
use crate::cli::commands::erase::channel::Deletion;
use crate::cli::commands::erase::declarations::Declarations;
use crate::cli::commands::erase::{channel, checkpoints, traces};
use crate::cli::commands::ids::resolved;
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::lock_owner::lock;
use crate::cli::output;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::model::text::mentions::Mentions;
use talkform::model::visibility::hidden_texts::HiddenTexts;
use talkform::model::{Desired, MemberId, PendingAction, Plan, ShownIds, State};
use talkform::render::erasure;
use talkform::render::erasure::{ChannelEnding, ErasedFile, Erasure, Remaining};
use talkform::state::Loaded;

/// Removes a person from the manifests, the state and Channel, and names what still names the person.
pub(crate) fn run(
    global: &Global,
    arguments: &EraseArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    settings.create_state_folder()?;
    let _lock = lock(&settings, "erase", arguments.lock_timeout)?;
    let loaded = settings.load()?;
    let shown = settings.ids()?;
    output::replayed(terminal, &loaded, &shown);
    let recorded = settings.recorded(&loaded);
    let id = resolved(&settings, &recorded, &arguments.id)?;
    let shown_id = shown.of(&id).to_string();
    let lineage = loaded.state.as_ref().map(|state| state.lineage.clone());
    let was_recorded = recorded.knows(&id);

    let (mut desired, warnings) = settings.desired()?;
    check_digest(&desired, &recorded, arguments, &id)?;
    output::warn(terminal, &settings.root, &warnings);
    warn_of_unknown(terminal, &settings, &desired, was_recorded, &id);
    let again = |other: &MemberId| {
        let other = shown.of(other);
        arguments
            .command(&settings, other.as_str())
            .without_limits()
    };
    let declarations = Declarations::find(&settings, &desired, &id, &again)?;
    check_moves(&settings, &recorded, &id, &declarations)?;
    drop(recorded);
    let planned = if arguments.keep_on_channel {
        None
    } else {
        let ids = (&id, &*shown_id);
        Some(agreed(terminal, &settings, arguments, &loaded, ids)?)
    };

    let former: Vec<&MemberId> = declarations.former().collect();
    let all: Vec<&MemberId> = std::iter::once(&id).chain(former.clone()).collect();
    let mentions = all.iter().map(|id| Mentions::of(id.as_str()));
    let mentions: Vec<Mentions> = mentions.collect();
    let names = |bytes: &[u8]| mentions.iter().any(|mentions| mentions.are_in(bytes));
    let checkpoints = checkpoints::remove(&settings, &names)?;
    declarations.write(&settings, &mut desired, &id)?;
    let deletion = if let Some((mut plan, connection)) = planned {
        let of_plan = (&mut plan, &desired);
        channel::delete(connection, &settings, arguments, loaded, of_plan, terminal)?
    } else {
        channel::forget(&settings, loaded, &id, &|name| {
            declarations.is_removed(name)
        })?;
        Deletion::kept()
    };
    let after = settings
        .store
        .load()
        .map_err(|error| settings.state_failure(&error))?;
    let is_forgotten = after.state.as_ref().is_none_or(|state| !state.knows(&id));
    let earlier_states = forget_earlier(&settings, &all, terminal);
    let remaining = traces::search(&settings, lineage.as_deref(), &mentions, terminal);
    let erasure = Erasure {
        id: shown_id,
        manifests: manifests(&declarations),
        former_ids: former.iter().map(|id| shown.of(id).to_string()).collect(),
        state: state_name(&settings),
        was_recorded,
        is_forgotten,
        earlier_states,
        channel: deletion.ending,
        checkpoints,
        remaining,
    };
    let erasure = without_ids(erasure, &all, &shown);
    print(terminal, &settings, arguments, &erasure)?;
    Ok(match deletion.saved {
        Ok(()) if deletion.is_stopped => Exit::Stopped,
        Ok(()) => exit(&erasure),
        Err(failure) => {
            output::failure(terminal, &failure);
            Exit::Stopped
        }
    })
}

/// Removes the earlier states in a bucket that record the user under one of these ids.
fn forget_earlier(
    settings: &LoadedProject,
    ids: &[&MemberId],
    terminal: Terminal,
) -> Option<usize> {
    let names = |state: &State| ids.iter().any(|id| state.knows(id));
    match settings.store.remove_versions(names) {
        Ok(removed) => Some(removed),
        Err(error) => {
            output::failure(terminal, &settings.state_failure(&error));
            None
        }
    }
}

/// Plans the deletion on Channel, opens the connection, and has the deletion agreed to.
fn agreed<'s>(
    terminal: Terminal,
    settings: &'s LoadedProject,
    arguments: &'s EraseArguments,
    loaded: &Loaded,
    (id, shown): (&MemberId, &str),
) -> Result<(Plan, Connection<'s>), Failure> {
    let plan = channel::planned(terminal, settings, arguments, loaded, (id, shown))?;
    let credentials = Credentials::require(settings, &arguments.traffic)?;
    let described = loaded.state.as_ref();
    let described = described.and_then(|state| state.destination.channel_id.as_ref());
    let traffic = &arguments.traffic;
    let mut opened = Connection::open(credentials, settings, traffic, described, terminal)?;
    opened.exit_on_signal();
    channel::agree(terminal, settings, &opened, arguments, shown)?;
    Ok((plan, opened))
}

/// Fails if the digest of an id leads to no user: it is not an id itself.
fn check_digest(
    desired: &Desired,
    state: &State,
    arguments: &EraseArguments,
    id: &MemberId,
) -> Result<(), Failure> {
    let is_unresolved = id.as_str() == arguments.id && ShownIds::is_digest(&arguments.id);
    if !is_unresolved || state.knows(id) || desired.users.contains_key(id) {
        return Ok(());
    }
    Err(Failure::with_hint(
        "no declared or recorded user has this digest; nothing was changed",
        "digests are those of the state that made them; name the member id itself",
    ))
}

/// Tells that nothing is known of a user, who may be a slip of the keyboard. An erasure that was interrupted comes
/// here too.
fn warn_of_unknown(
    terminal: Terminal,
    settings: &LoadedProject,
    desired: &Desired,
    was_recorded: bool,
    id: &MemberId,
) {
    if was_recorded || desired.users.contains_key(id) || desired.moved.contains_key(id) {
        return;
    }
    terminal.talk(&format!(
        "warning: no manifest declares this user, and {} records nothing of it; check the id",
        settings.store.path().display()
    ));
}

/// Fails if the user may be on Channel under another id as well, because a move was not applied or has no known
/// result.
fn check_moves(
    settings: &LoadedProject,
    state: &State,
    id: &MemberId,
    declarations: &Declarations,
) -> Result<(), Failure> {
    let is_move = |action: &PendingAction, of_user: bool| match action {
        PendingAction::MoveFrom { from: other, .. } | PendingAction::MoveTo { to: other, .. } => {
            of_user || other == id
        }
        PendingAction::Create
        | PendingAction::Update
        | PendingAction::Delete
        | PendingAction::Unknown => false,
    };
    let mut pending = state.pending.iter();
    let is_moving = pending.any(|(user, pending)| is_move(&pending.action, user == id));
    if !is_moving && !declarations.former().any(|former| state.knows(former)) {
        return Ok(());
    }
    Err(Failure::with_hint(
        "the user moves to another id and that is not applied, so Channel may have the person under either id; nothing was changed",
        format!("run `{}` first", settings.command(&["apply"])),
    ))
}

/// The path of the state, relative to the project if it is inside.
fn state_name(settings: &LoadedProject) -> String {
    let path = settings.store.path();
    let root = fs::canonicalize(&settings.root).unwrap_or_default();
    let below = path.strip_prefix(root).unwrap_or(path);
    below.display().to_string()
}

fn manifests(declarations: &Declarations) -> Vec<ErasedFile> {
    let files = declarations.files().into_iter();
    files
        .map(|(name, erased)| ErasedFile {
            path: name.to_owned(),
            is_removed: erased.text.is_none(),
            comments: erased.comments.clone(),
        })
        .collect()
}

/// The same where a path contains an id that is hidden.
fn without_ids(mut erasure: Erasure, ids: &[&MemberId], shown: &ShownIds) -> Erasure {
    if !shown.hides() {
        return erasure;
    }
    let mut hidden = HiddenTexts::default();
    for id in ids {
        hidden.add_id(id);
    }
    let hide = |path: &mut String| {
        for id in ids {
            *path = path.replace(id.as_str(), shown.of(id).as_str());
        }
        // A name may hold an id in another Unicode form, or with percent escapes as `import` writes them.
        *path = hidden.replaced_in(path);
    };
    erasure
        .manifests
        .iter_mut()
        .for_each(|file| hide(&mut file.path));
    let Remaining { files, history, .. } = &mut erasure.remaining;
    for file in files {
        hide(&mut file.path);
    }
    let commits = history.iter_mut().flat_map(|history| &mut history.commits);
    commits.flat_map(|commit| &mut commit.files).for_each(hide);
    erasure
}

fn print(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &EraseArguments,
    erasure: &Erasure,
) -> Result<(), Failure> {
    if arguments.format == DataFormat::Json {
        return terminal.stream(|out| erasure::json(out, erasure));
    }
    let again = arguments.command(settings, &erasure.id).without_limits();
    let style = output::style(terminal);
    let text = output::text_of(|out| erasure::text(out, erasure, &again, &style))?;
    terminal.result(&text)
}

fn exit(erasure: &Erasure) -> Exit {
    match &erasure.channel {
        _ if erasure.earlier_states.is_none() => Exit::SomeFailed,
        ChannelEnding::Deleted { .. } | ChannelEnding::Kept => Exit::Done,
        ChannelEnding::Rejected { .. } | ChannelEnding::Failed { .. } => Exit::SomeFailed,
        ChannelEnding::Skipped { .. } => Exit::Stopped,
    }
}
