//! `apply`

use std::sync::Arc;
use std::time::Duration;

use crate::cli::approval::check_limits;
use crate::cli::args::{ApplyArguments, Global};
use crate::cli::channel::{Way, make_state_folder};
use crate::cli::clock::now;
use crate::cli::commands::plan::{Look, decide, selected};
use crate::cli::deletions::Deletions;
use crate::cli::failure::{Exit, Failure};
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::reviewed::{Reviewed, check_expected};
use crate::cli::session::{Opened, Session};
use crate::cli::terminal::Terminal;
use crate::cli::{github, lock_owner, output, signals};
use talkform::apply;
use talkform::apply::{Finished, Options, Pace, Report, RunSettings, SaveError, Start, Target};
use talkform::model::Plan;
use talkform::remote::Policy;
use talkform::state::{Lock, Store};

/// Locks the state, plans, asks, sends, saves and reports.
pub(crate) fn run(
    global: &Global,
    arguments: &ApplyArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let reviewed = match &arguments.plan {
        Some(path) => Some(Reviewed::read(path, arguments)?),
        None => None,
    };
    let (select, refresh) = match &reviewed {
        Some(reviewed) => (&reviewed.file.select, reviewed.file.refreshed),
        None => (&arguments.planning.select, arguments.planning.refresh),
    };
    let _lock = lock(&settings, arguments.lock_timeout)?;
    let loaded = settings.store.load()?;
    let depth = arguments.planning.depth(refresh);
    let (desired, warnings) = settings.desired_for(&loaded, depth)?;
    output::warn(terminal, &settings.root, &warnings);
    output::replayed(terminal, &loaded);
    let recorded = settings.recorded(&loaded);
    let described = recorded.destination.channel_id.clone();
    let session = Session::new(&settings, &arguments.traffic, terminal);
    let ids = refresh.then(|| selected(&desired, select));
    let (mut session, observed) = session.look(ids.as_deref(), described.as_deref())?;
    let look = Look::at_channel(observed.as_ref());
    let plan = decide(&settings, select, &desired, &recorded, look)?;
    check_expected(&plan, arguments, reviewed.as_ref())?;
    show(terminal, &settings, arguments, &plan)?;
    check_limits(&plan, arguments.approve_limits.as_deref())?;
    let deletions = Deletions::of(&plan, arguments)?;
    let rescue_folder = std::env::temp_dir();
    let mut target = Target {
        store: &settings.store,
        key: &settings.digest_key(&recorded)?,
        desired: &desired,
        rescue_folder: &rescue_folder,
    };
    drop(recorded);
    if plan.is_empty() {
        target
            .clean_up(loaded, &plan)
            .map_err(|error| unsaved(&settings.store, &error))?;
        let nothing = Report::nothing(plan.unchanged);
        output::warn_on_failure(terminal, github::applied(&nothing, &plan));
        report(terminal, &settings, arguments, &nothing);
        return Ok(Exit::Done);
    }
    session.find()?;
    let records = apply::most_written(&plan, now());
    settings.store.check_room(&loaded, &desired, records)?;
    if !arguments.auto_approve {
        terminal.approve(&format!("Apply these changes to {}?", Way::name(&settings)))?;
        deletions.confirm(terminal, &Way::name(&settings))?;
    }

    let mut opened = session.open(described.as_deref())?;
    let time_left = opened.set_out(&arguments.traffic);
    let Opened {
        runtime,
        open,
        channel_id,
        pace,
        ..
    } = opened;
    let options = options(&settings, arguments, pace);
    let start = Start::new(loaded, || settings.first_state())?;
    let key = settings.digest_key(start.state())?;
    target.key = &key;
    let mut progress = Progress::new(terminal);
    let finished = runtime.block_on(async {
        let (stop, watching) = signals::watch(time_left);
        let run = RunSettings {
            channel: open.channel.clone(),
            channel_id,
            options: &options,
            clock: now,
            stop: &stop,
        };
        let finished = apply::run(&target, start, &plan, run, &mut |event| {
            progress.on_event(&event);
        })
        .await;
        open.close();
        watching.abort();
        finished
    });
    progress.finish();
    // A failed save must not hide what was done: the report comes first.
    let Finished {
        report: ended,
        saved,
    } = finished?;
    report(terminal, &settings, arguments, &ended);
    output::warn_on_failure(terminal, github::applied(&ended, &plan));
    Ok(match saved {
        Ok(()) => exit(&ended),
        Err(error) => {
            output::failure(terminal, &unsaved(&settings.store, &error));
            Exit::Stopped
        }
    })
}

/// Prints the plan, unless stdout is for the report alone. A plan that cannot be printed stops the command
/// only where a person is about to be asked about it.
fn show(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    plan: &Plan,
) -> Result<(), Failure> {
    if arguments.json {
        return Ok(());
    }
    match output::plan_text(terminal, settings, arguments.planning.full, plan) {
        Err(failure) if arguments.auto_approve || plan.is_empty() => {
            output::failure(terminal, &failure);
            Ok(())
        }
        shown => shown,
    }
}

/// Prints the report. A report that cannot be printed does not change the exit code.
fn report(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    report: &Report,
) {
    // An empty plan has printed "No changes" already.
    if !arguments.json && report.outcomes.is_empty() && report.api.is_none() {
        return;
    }
    if let Err(failure) = output::report(terminal, settings, report, arguments.json) {
        output::failure(terminal, &failure);
    }
}

fn lock(settings: &LoadedProject, timeout: Duration) -> Result<Lock, Failure> {
    make_state_folder(settings)?;
    Ok(settings
        .store
        .lock(&lock_owner::current("apply")?, timeout)?)
}

fn options(settings: &LoadedProject, arguments: &ApplyArguments, pace: Arc<Pace>) -> Options {
    Options {
        api: settings.project.channel.api,
        parallelism: arguments.traffic.parallelism.into(),
        pace,
        policy: Policy::pausing(arguments.traffic.retry_pause),
        fail_fast: arguments.fail_fast,
    }
}

/// What to do when the state cannot be saved although users were sent.
fn unsaved(store: &Store, error: &SaveError) -> Failure {
    let (path, journal) = (store.path().display(), store.journal_path());
    let journal = journal.display();
    match error {
        SaveError::Rescued { copy, .. } => Failure::with_hint(
            format!(
                "{error}; what was applied is kept in the journal {journal}, and the whole new state in {}",
                copy.display()
            ),
            format!(
                "make room, then `mv {} {path}` and run apply again; without the copy the journal is read, and what it lacks is sent again, which is harmless",
                copy.display()
            ),
        ),
        SaveError::NotRescued { .. } => Failure::with_hint(
            format!("{error}; what was applied is kept in the journal {journal}"),
            "make room and run apply again: the journal is read, and what it lacks is sent again, which is harmless",
        ),
        SaveError::Journal(error) => Failure::refused(error.to_string()),
    }
}

fn exit(report: &Report) -> Exit {
    if report.stopped.is_some() {
        Exit::Stopped
    } else if report.failed() > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}
