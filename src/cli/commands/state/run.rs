//! Runs `talkform show` and `talkform state`: shows plan files and the state, and changes the state.

use crate::cli::approval::read_plan_file;
use crate::cli::args::{DataFormat, Global, check_patterns};
use crate::cli::clock::now;
use crate::cli::commands::ids::resolved;
use crate::cli::commands::state::arguments::{ShowArguments, StateCommand};
use crate::cli::commands::state::place::{PushCheck, recorded};
use crate::cli::commands::state::{place, versions};
use crate::cli::environment::state_key;
use crate::cli::failure::{Exit, Failure};
use crate::cli::lock_owner::lock;
use crate::cli::project::{LoadedProject, project_file, shown};
use crate::cli::random::random;
use crate::cli::suggest::invocation::Invocation;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, output};
use talkform::model::digest::digests::to_hex;
use talkform::model::{
    DestinationDifference, DestinationPart, DigestKey, MemberId, Selection, ShownIds, State,
};
use talkform::plan;
use talkform::render::common::escape;
use talkform::render::{state, state_json, state_users_json};

/// The most users that an error names.
const MAX_NAMED: usize = 20;

/// Shows a plan file, or a summary of the state.
pub(crate) fn show_all(
    global: &Global,
    arguments: &ShowArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.plan {
        let ids = if project_file::is_in(&global.directory)? {
            LoadedProject::read(global)?.ids()?
        } else {
            ShownIds::Plain
        };
        let file = read_plan_file(path, &Invocation::of(global))?.shown(&ids);
        if arguments.format == DataFormat::Json {
            terminal.stream(|out| state_json::plan_file(out, &file))?;
            return Ok(Exit::Done);
        }
        let style = output::style(terminal);
        terminal.result(&output::text_of(|out| {
            state::plan_file(out, &file, &style)
        })?)?;
        return Ok(Exit::Done);
    }
    let settings = LoadedProject::read(global)?;
    let state = recorded(&settings, terminal)?;
    if arguments.format == DataFormat::Json {
        terminal.stream(|out| state_json::state(out, &state))?;
        return Ok(Exit::Done);
    }
    let style = output::style(terminal);
    terminal.result(&output::text_of(|out| state::state(out, &state, &style))?)?;
    Ok(Exit::Done)
}

/// Runs one subcommand of `state`.
pub(crate) fn run(
    global: &Global,
    command: &StateCommand,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    if let StateCommand::Keygen = command {
        let key = to_hex(&random::<32>()?);
        terminal.result(&format!("{key}\n"))?;
        return Ok(Exit::Done);
    }
    let settings = LoadedProject::read(global)?;
    match command {
        StateCommand::Keygen => {}
        StateCommand::Init { lock_timeout } => init_state(&settings, *lock_timeout, terminal)?,
        StateCommand::Repair { lock_timeout } => repair(&settings, *lock_timeout, terminal)?,
        StateCommand::Retarget { lock_timeout } => retarget(&settings, *lock_timeout, terminal)?,
        StateCommand::List { select, format } => {
            list(
                &settings,
                recorded(&settings, terminal)?,
                select,
                *format,
                terminal,
            )?;
        }
        StateCommand::Show { id, format } => {
            let state = recorded(&settings, terminal)?;
            let id = resolved(&settings, &state, id)?;
            show_user(&settings, &state, &id, *format, terminal)?;
        }
        StateCommand::Forget { ids, lock_timeout } => {
            forget(&settings, ids, *lock_timeout, terminal)?;
        }
        StateCommand::Unlock { id } => place::unlock(&settings, id, terminal)?,
        StateCommand::Pull => place::pull(&settings, terminal)?,
        StateCommand::Push {
            file,
            force,
            lock_timeout,
        } => {
            let check = if *force {
                PushCheck::Any
            } else {
                PushCheck::SameAndNotOlder
            };
            place::push(&settings, file, check, *lock_timeout, terminal)?;
        }
        StateCommand::Migrate { to, lock_timeout } => {
            place::migrate(&settings, to, *lock_timeout, terminal)?;
        }
        StateCommand::Versions => versions::list(&settings, terminal)?,
        StateCommand::Restore {
            version,
            auto_approve,
            lock_timeout,
        } => versions::restore(&settings, version, (*auto_approve, *lock_timeout), terminal)?,
        StateCommand::Rekey {
            without_key,
            lock_timeout,
        } => rekey(&settings, *without_key, *lock_timeout, terminal)?,
    }
    Ok(Exit::Done)
}

fn list(
    settings: &LoadedProject,
    mut state: State,
    select: &[String],
    format: DataFormat,
    terminal: Terminal,
) -> Result<(), Failure> {
    let known = state.users.keys().chain(state.pending.keys());
    check_patterns(select, known, &settings.ids()?)?;
    let selection = Selection::new(select);
    state.users.retain(|id, _| selection.covers(id));
    state.rejected.retain(|id, _| selection.covers(id));
    state.pending.retain(|id, _| selection.covers(id));
    let state = state.shown(&settings.ids()?);
    if format == DataFormat::Json {
        return terminal.stream(|out| state_users_json::users(out, &state, &|_| true));
    }
    let style = output::style(terminal);
    terminal.result(&output::text_of(|out| {
        state::state_list(out, &state, &style)
    })?)
}

fn show_user(
    settings: &LoadedProject,
    state: &State,
    id: &MemberId,
    format: DataFormat,
    terminal: Terminal,
) -> Result<(), Failure> {
    let style = output::style(terminal);
    let mut is_known = false;
    let text = output::text_of(|out| {
        is_known = state::state_user(out, state, id, &style)?;
        Ok(())
    })?;
    if !is_known {
        return Err(not_recorded(settings, &[id]));
    }
    match format {
        DataFormat::Text => terminal.result(&text),
        DataFormat::Json => {
            terminal.stream(|out| state_users_json::users(out, state, &|other| other == id))
        }
    }
}

fn repair(
    settings: &LoadedProject,
    lock_timeout: std::time::Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    let _lock = lock(settings, "state repair", lock_timeout)?;
    let path = settings.store.path().display();
    let Some((repaired, copy)) = settings
        .store
        .repair(now())
        .map_err(|error| settings.state_failure(&error))?
    else {
        return terminal.result(&format!("{path} is whole: nothing to repair.\n"));
    };
    let users = |count| output::counted(count, "user", "users");
    let ids = settings.ids()?;
    let lost = repaired.lost.iter();
    let lost: Vec<String> = lost
        .map(|id| format!("  {}\n", escape::terminal(ids.of(id).as_str())))
        .collect();
    let all_pending = if repaired.is_all_pending {
        "The list of pending users is damaged, so every user is pending now.\n"
    } else {
        ""
    };
    let text = format!(
        "Repaired {path}: {} kept, {} lost and now pending, {} dropped without a readable id.\n{}{all_pending}Records of files and rejections were dropped. The damaged file is kept as {}. Run `{}`.\n",
        users(repaired.state.users.len()),
        users(repaired.lost.len()),
        output::counted(repaired.unreadable, "line", "lines"),
        lost.concat(),
        copy.display(),
        settings.command(&["plan"])
    );
    terminal.result(&text)
}

fn retarget(
    settings: &LoadedProject,
    lock_timeout: std::time::Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    let _lock = lock(settings, "state retarget", lock_timeout)?;
    let mut state = recorded(settings, terminal)?;
    let wanted = settings.destination();
    let differences = destination::differences(&wanted, &state);
    if differences.is_empty() {
        return terminal.result(&format!(
            "The state describes {} already.\n",
            escape::terminal(&state.destination.to_string())
        ));
    }
    let is_channel =
        |difference: &&DestinationDifference| difference.part == DestinationPart::Channel;
    if let Some(channel) = differences.iter().find(is_channel) {
        return Err(Failure::with_details(
            "the state describes another channel, and users do not move between channels; nothing was changed",
            vec![destination::line(channel, "the state", "the project")],
            "correct `channel.id` in talkform.yaml, or give the other channel a `state:` of its own",
        ));
    }
    let lines: Vec<String> = differences
        .iter()
        .map(|difference| destination::line(difference, "the state", "the project"))
        .map(|line| format!("  {}\n", escape::terminal(&line)))
        .collect();
    state.destination.base_url = wanted.base_url;
    state.destination.environment = wanted.environment;
    state.serial += 1;
    settings.save(&state)?;
    terminal.result(&format!(
        "{}The state describes {} now.\n",
        lines.concat(),
        escape::terminal(&state.destination.to_string())
    ))
}

fn init_state(
    settings: &LoadedProject,
    lock_timeout: std::time::Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    settings.create_state_folder()?;
    let _lock = lock(settings, "state init", lock_timeout)?;
    let path = escape::terminal(&shown(settings.store.path())).into_owned();
    if !settings.create_state()? {
        return Err(Failure::refused(format!(
            "{path} is there already; it was left as it is"
        )));
    }
    let commit = if settings.store.is_remote() {
        ""
    } else {
        " Commit it."
    };
    terminal.result(&format!("Created {path}, a state without users.{commit}\n"))
}

fn rekey(
    settings: &LoadedProject,
    without_key: bool,
    lock_timeout: std::time::Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    let secret = state_key("TALKFORM_STATE_KEY_NEW")?;
    match (&secret, without_key) {
        (None, false) => {
            return Err(Failure::Usage(
                "set TALKFORM_STATE_KEY_NEW to the new secret, or give --without-key".to_owned(),
            ));
        }
        (Some(_), true) => {
            return Err(Failure::Usage(
                "--without-key cannot be used while TALKFORM_STATE_KEY_NEW is set".to_owned(),
            ));
        }
        _ => {}
    }
    let (desired, warnings) = settings.desired()?;
    output::warn(terminal, &settings.root, &warnings);
    let _lock = lock(settings, "state rekey", lock_timeout)?;
    let state = place::folded(settings, terminal)?;
    let old = settings.digest_key(&state)?;
    let salt = random::<16>()?;
    let new = DigestKey::new(&salt, secret.as_deref());
    let ids = settings.ids()?;
    let renewed =
        plan::rekey(&state, &desired, &old, (&new, salt.to_vec())).map_err(|lost| {
            let mut details: Vec<String> =
                lost.iter().take(MAX_NAMED).map(|id| ids.of(id).to_string()).collect();
            if lost.len() > MAX_NAMED {
                details.push(format!("and {} more", lost.len() - MAX_NAMED));
            }
            Failure::with_details(
                "cannot recompute the digests: they are computed from the manifests, and these users are not declared as they were applied:",
                details,
                format!(
                    "run `{}` first, so that `{}` shows no changes",
                    settings.command(&["apply"]),
                    settings.command(&["plan"])
                ),
            )
        })?;
    settings.store.encrypt_with(secret.as_deref());
    settings.save(&renewed)?;
    terminal.result(&format!(
        "Recomputed the digests of {}: {}.\n",
        output::counted(renewed.users.len(), "user", "users"),
        if without_key {
            "they use no secret now"
        } else {
            "they use the new secret now; set TALKFORM_STATE_KEY to it"
        }
    ))
}

fn forget(
    settings: &LoadedProject,
    ids: &[String],
    lock_timeout: std::time::Duration,
    terminal: Terminal,
) -> Result<(), Failure> {
    let _lock = lock(settings, "state forget", lock_timeout)?;
    let mut state = recorded(settings, terminal)?;
    let ids = ids.iter().map(|id| resolved(settings, &state, id));
    let ids: Vec<MemberId> = ids.collect::<Result<_, _>>()?;
    let missing: Vec<&MemberId> = ids.iter().filter(|id| !state.knows(id)).collect();
    if !missing.is_empty() {
        return Err(not_recorded(settings, &missing));
    }
    for id in &ids {
        state.forget(id);
    }
    state.serial += 1;
    settings.save(&state)?;
    terminal.result(&format!(
        "Removed {} from the state. Channel keeps them.\n",
        output::counted(ids.len(), "user", "users")
    ))
}

fn not_recorded(settings: &LoadedProject, ids: &[&MemberId]) -> Failure {
    let shown = settings.ids().unwrap_or(ShownIds::Hidden);
    let ids: Vec<String> = ids
        .iter()
        .map(|id| escape::terminal(shown.of(id).as_str()).into_owned())
        .collect();
    Failure::with_hint(
        format!("not in the state: {}", ids.join(", ")),
        format!(
            "`{}` lists the recorded users",
            settings.command(&["state", "list"])
        ),
    )
}
