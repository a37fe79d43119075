//! Runs `talkform import`.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use crate::cli::args::{DataFormat, Global};
use crate::cli::clock::now;
use crate::cli::commands::import::arguments::ImportArguments;
use crate::cli::commands::import::sources::Sources;
use crate::cli::commands::import::summary::{Imported, Messages};
use crate::cli::commands::import::targets;
use crate::cli::commands::import::targets::{PlannedFile, Target};
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::lock_owner::lock;
use crate::cli::output;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply::ReadReport;
use talkform::manifest;
use talkform::manifest::{Adopted, ReadSettings};
use talkform::model::{
    Attributes, ChannelId, Desired, Diagnostic, Entry, FieldPath, MemberId, RemoteUser, State,
    Unread,
};
use talkform::plan;
use talkform::render::common::stop_cause::why_stopped;
use talkform::render::import_json;
use talkform::state::{JournalRecord, Loaded, StoreError};
use talkform::words::first;

/// The most mistakes that --strict names.
const MOST_NAMED: usize = 50;

/// Reads users from Channel, writes manifests that declare them, and records them in the state, so that
/// the next plan has no changes for them.
pub(crate) fn run(
    global: &Global,
    arguments: &ImportArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let wanted = wanted(&arguments.fields)?;
    let settings = LoadedProject::read(global)?;
    let target = Target::find(&settings, arguments)?;
    let desired = declared(&settings)?;
    let shown = settings.ids()?;
    let sources = Sources::read(arguments, settings.project.channel.api, &shown)?;
    let mut talk = Messages::new(terminal, shown);
    talk.sources(&sources);
    if arguments.strict {
        check_strictly(&sources)?;
    }
    if arguments.table.values_from_csv {
        return from_values(&settings, arguments, &target, &desired, &sources, talk);
    }

    let is_recorded = !arguments.no_record;
    let _lock = if is_recorded {
        settings.create_state_folder()?;
        Some(lock(&settings, "import", arguments.lock_timeout)?)
    } else {
        None
    };
    let loaded = settings.load()?;
    output::replayed(terminal, &loaded, &settings.ids()?);
    let ids = to_read(
        &settings,
        &sources,
        &desired,
        &loaded,
        is_recorded,
        &mut talk,
    )?;
    if ids.is_empty() {
        talk.print();
        return nothing(arguments, &sources, &talk);
    }
    let (report, readings, channel_id) = read(&settings, arguments, &loaded, &ids, terminal)?;
    if let Some(cause) = report.stopped {
        talk.failed(readings);
        talk.print();
        let left = output::counted(report.failed + report.skipped, "user", "users");
        terminal.talk(&format!(
            "error: {}; {left} not read; nothing was written. Run it again.",
            why_stopped(cause)
        ));
        return Ok(Exit::Stopped);
    }
    let imported = take_over(&settings, &desired, readings, &wanted, &mut talk);
    talk.print();
    if imported.is_empty() {
        return nothing(arguments, &sources, &talk);
    }
    let written = texts(&settings, &target, &imported, terminal)?;
    if is_recorded {
        // Manifests first: another import records users that are declared and not recorded yet.
        let state = next_state(&settings, loaded, channel_id, &desired, &imported)?;
        targets::write(&settings, &target, &written)?;
        settings
            .store
            .save(&state)
            .and_then(|()| settings.store.remove_journal())
            .map_err(|error| match error {
                StoreError::Conflict { .. } => settings.state_failure(&error),
                _ => Failure::with_hint(
                    format!("the manifests were written, but the state was not updated: {error}"),
                    "run the same import again: it records users that are declared as Channel has them",
                ),
            })?;
    } else {
        targets::write(&settings, &target, &written)?;
    }
    print(
        &settings,
        arguments,
        &imported,
        (&written, is_recorded),
        &talk,
    )?;
    Ok(exit(&talk))
}

/// Fails with all that is wrong with the sources, if anything is.
fn check_strictly(sources: &Sources) -> Result<(), Failure> {
    let cells = sources
        .left_out
        .iter()
        .map(|(id, path, reason)| format!("{id}: {path}: {reason}"));
    let all = sources.wrong.iter().cloned().chain(cells);
    let details = first(all, MOST_NAMED);
    if details.is_empty() {
        return Ok(());
    }
    Err(Failure::with_details(
        "the sources have mistakes; nothing was imported",
        details,
        "correct them, or leave out --strict to import the others",
    ))
}

/// Sorts the users that were read into those to declare, those only to record, and those to report.
fn take_over(
    settings: &LoadedProject,
    desired: &Desired,
    readings: Users,
    wanted: &dyn Fn(&str) -> bool,
    talk: &mut Messages,
) -> Imported {
    let mut imported = Imported::default();
    for (id, reading) in readings {
        let Ok(RemoteUser::Present(observed)) = reading else {
            talk.unread(&id, reading);
            continue;
        };
        let Some(user) = desired.users.get(&id) else {
            let Adopted {
                attributes,
                left_out,
            } = manifest::adopt(&observed, settings.project.channel.api, wanted);
            talk.left_out(&id, left_out);
            imported.added.insert(id, attributes);
            continue;
        };
        let differing = plan::differing(&user.attributes, &observed);
        if differing.is_empty() {
            imported
                .recorded
                .insert(id, Attributes::clone(&user.attributes));
        } else {
            talk.differing(settings, &id, &differing);
        }
    }
    imported
}

/// Prints the result. `is_recorded` says that the state records the users.
fn print(
    settings: &LoadedProject,
    arguments: &ImportArguments,
    imported: &Imported,
    (written, is_recorded): (&[PlannedFile], bool),
    talk: &Messages,
) -> Result<(), Failure> {
    let terminal = talk.terminal();
    match arguments.format {
        DataFormat::Text => terminal.result(&imported.summary(settings, written, is_recorded)),
        DataFormat::Json => {
            let view = imported.view(written, is_recorded, talk);
            terminal.stream(|out| import_json::write(out, &view))
        }
    }
}

fn exit(talk: &Messages) -> Exit {
    if talk.has_trouble() {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}

/// Imports the values of a CSV. Channel is not asked, so nothing is recorded.
fn from_values(
    settings: &LoadedProject,
    arguments: &ImportArguments,
    target: &Target,
    desired: &Desired,
    sources: &Sources,
    mut talk: Messages,
) -> Result<Exit, Failure> {
    let mut imported = Imported::default();
    for (id, path, reason) in &sources.left_out {
        talk.left_out(id, vec![(path.clone(), reason)]);
    }
    for (id, attributes) in &sources.users {
        match desired.users.get(id) {
            Some(user) => talk.declared(id, &user.origin),
            None => {
                imported.added.insert(id.clone(), attributes.clone());
            }
        }
    }
    talk.print();
    let terminal = talk.terminal();
    if imported.is_empty() {
        return nothing(arguments, sources, &talk);
    }
    let written = texts(settings, target, &imported, terminal)?;
    targets::write(settings, target, &written)?;
    print(settings, arguments, &imported, (&written, false), &talk)?;
    Ok(exit(&talk))
}

/// The manifests to write. Fails if they break the project's rules.
fn texts(
    settings: &LoadedProject,
    target: &Target,
    imported: &Imported,
    terminal: Terminal,
) -> Result<Vec<PlannedFile>, Failure> {
    imported.texts(settings, target).inspect_err(|failure| {
        if matches!(failure, Failure::Diagnostics(_)) {
            terminal.talk(
                "The users break the project's rules; nothing was written. The places below are where they would have been written.",
            );
        }
    })
}

/// Which fields are imported. A pattern that no field can match is an error.
fn wanted(patterns: &[String]) -> Result<impl Fn(&str) -> bool + use<>, Failure> {
    for pattern in patterns {
        let is_exact = !pattern.contains(['*', '?']);
        match pattern.parse::<FieldPath>() {
            Ok(FieldPath::ProfileOnce(_)) => {
                return Err(Failure::Usage(format!(
                    "--fields: `{pattern}`: Channel does not return profileOnce, only its effect on the profile"
                )));
            }
            Err(_) if is_exact => {
                return Err(Failure::Usage(format!(
                    "--fields: `{pattern}` is not a field of a user; did you mean `profile.{pattern}`?"
                )));
            }
            _ => {}
        }
    }
    let patterns: Vec<WildMatch> = patterns.iter().map(|text| WildMatch::new(text)).collect();
    Ok(move |path: &str| patterns.is_empty() || patterns.iter().any(|p| p.matches(path)))
}

/// The users that are declared already. A pattern that matches no file is not an error, because import may
/// write the first manifest.
fn declared(settings: &LoadedProject) -> Result<Desired, Failure> {
    const NO_FILE: &str = "pattern-matches-nothing";
    let found = match settings.desired() {
        Ok((desired, _)) => return Ok(desired),
        Err(Failure::Diagnostics(found)) => found,
        Err(other) => return Err(other),
    };
    let errors = || found.iter().filter(|diagnostic| diagnostic.is_error());
    if errors().any(|diagnostic| diagnostic.code != NO_FILE) {
        return Err(Failure::Diagnostics(found));
    }
    let is_idle = |pattern: &str| errors().any(|diagnostic| &*diagnostic.origin.file == pattern);
    let mut read: ReadSettings = settings.read_settings()?;
    read.patterns
        .retain(|pattern| !is_idle(pattern.strip_prefix("./").unwrap_or(pattern)));
    let reading = manifest::load(&settings.root, &read, None);
    if reading.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::Diagnostics(reading.diagnostics));
    }
    Ok(reading.desired)
}

/// Ends an import that adds nobody: a success if every user is declared already, as after the same import.
fn nothing(
    arguments: &ImportArguments,
    sources: &Sources,
    talk: &Messages,
) -> Result<Exit, Failure> {
    let terminal = talk.terminal();
    let count = sources.users.len();
    if count > 0 && !talk.has_trouble() && !talk.has_differing() {
        match arguments.format {
            DataFormat::Text => {
                let users = output::counted(count, "user is", "users are");
                terminal.result(&format!("Nothing to import: {users} declared already.\n"))?;
            }
            DataFormat::Json => {
                let nobody = Imported::default();
                let view = nobody.view(&[], !arguments.no_record, talk);
                terminal.stream(|out| import_json::write(out, &view))?;
            }
        }
        return Ok(Exit::Done);
    }
    let named = output::counted(count, "user was", "users were");
    Err(Failure::refused(format!(
        "nothing to import: {named} named; nothing was written"
    )))
}

/// The users to read: those that are not declared, and those that are declared but not recorded, because
/// an earlier import may have ended between writing the manifests and the state.
fn to_read(
    settings: &LoadedProject,
    sources: &Sources,
    desired: &Desired,
    loaded: &Loaded,
    is_recorded: bool,
    talk: &mut Messages,
) -> Result<Vec<MemberId>, Failure> {
    let state = settings.recorded(loaded);
    let key = settings.digest_key(&state)?;
    let mut ids = Vec::with_capacity(sources.users.len());
    for id in sources.users.keys() {
        if let Some(user) = desired.users.get(id) {
            talk.declared(id, &user.origin);
            let digest = || key.for_user(id).user_digest(&user.attributes);
            let is_known = state
                .users
                .get(id)
                .is_some_and(|entry| entry.digest == digest());
            if is_known || !is_recorded {
                continue;
            }
        }
        ids.push(id.clone());
    }
    Ok(ids)
}

type Users = BTreeMap<MemberId, Result<RemoteUser, Unread>>;

/// Reads the users. Also returns the id of the channel that answered.
fn read(
    settings: &LoadedProject,
    arguments: &ImportArguments,
    loaded: &Loaded,
    ids: &[MemberId],
    terminal: Terminal,
) -> Result<(ReadReport, Users, ChannelId), Failure> {
    let state = loaded.state.as_ref();
    let recorded = state.and_then(|state| state.destination.channel_id.as_ref());
    let requests = &arguments.traffic;
    let credentials = Credentials::require(settings, requests)?;
    let mut connection = Connection::open(credentials, settings, requests, recorded, terminal)?;
    let mut users = Users::new();
    let report = connection.read_users(ids, &mut |id, user| {
        users.insert(id.clone(), user);
    });
    let channel_id = connection.answering.id.clone();
    connection.close();
    Ok((report, users, channel_id))
}

/// The state that records the imported users as applied.
fn next_state(
    settings: &LoadedProject,
    mut loaded: Loaded,
    channel_id: ChannelId,
    desired: &Desired,
    imported: &Imported,
) -> Result<State, Failure> {
    let recorded = loaded.state.take();
    let mut state = match recorded {
        Some(state) => state,
        None => settings.first_state()?,
    };
    let key = settings.digest_key(&state)?;
    let at = now();
    let entries: Vec<(MemberId, Entry)> = imported
        .users()
        .map(|(id, user)| (id.clone(), Entry::new(&key.for_user(id).digests(user), at)))
        .collect();
    let records = entries
        .iter()
        .map(|(id, entry)| JournalRecord::Applied(id.clone(), entry.clone()));
    settings
        .store
        .check_room(&loaded, desired, records)
        .map_err(|error| settings.state_failure(&error))?;
    for (id, entry) in entries {
        state.rejected.remove(&id);
        state.record(id, entry);
    }
    state.destination.channel_id = Some(channel_id);
    state.serial += 1;
    Ok(state)
}
