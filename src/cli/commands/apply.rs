//! `apply`

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

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
use talkform::apply::{Options, Pace, Record, Report};
use talkform::model::{Desired, LimitKind, MemberId, Plan, PlanDigest, State, StopCause};
use talkform::plan;
use talkform::remote::{Channel, Policy};
use talkform::state::{JournalWriter, Loaded, Lock, Store, StoreError};

/// Reads, plans, asks, sends, records, reports.
pub(crate) fn run(
    global: &Global,
    arguments: &ApplyArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let mut loaded = settings.store.load()?;
    let reviewed = match &arguments.plan {
        Some(path) => Some(Reviewed::read(path, arguments)?),
        None => None,
    };
    let refresh = arguments.planning.refresh || reviewed.as_ref().is_some_and(|r| r.file.refreshed);
    let depth = arguments.planning.depth(refresh);
    let (mut desired, warnings) = settings.desired_for(&loaded, depth)?;
    output::warn(terminal, &settings.root, &warnings);
    let select = match &reviewed {
        Some(reviewed) => reviewed.file.select.clone(),
        None => arguments.planning.select.clone(),
    };
    let mut planned = None;
    if !refresh && !is_due(&loaded, &desired) {
        let plan = offline(&settings, &select, (&loaded, &desired))?;
        if plan.is_empty() {
            nothing_to_do(&settings, arguments, reviewed.as_ref(), &plan, terminal)?;
            return Ok(Exit::Done);
        }
        planned = Some(plan);
    }

    let _lock = lock(&settings, arguments.lock_timeout)?;
    if !settings.store.is_as_loaded(&loaded)? {
        planned = None;
        loaded = settings.store.load()?;
        (desired, _) = settings.desired_for(&loaded, depth)?;
    }
    output::replayed(terminal, &loaded);
    let recorded = settings.recorded(&loaded);
    let described = recorded.destination.channel_id.clone();
    let session = Session::new(&settings, &arguments.traffic, terminal);
    let ids = refresh.then(|| selected(&desired, &select));
    let (mut session, observed) = session.look(ids.as_deref(), described.as_deref())?;
    let look = Look::at_channel(observed.as_ref());
    let plan = match planned {
        Some(plan) => plan,
        None => decide(&settings, &select, &desired, &recorded, look)?,
    };
    check_expected(&plan, arguments, reviewed.as_ref())?;
    show(terminal, &settings, arguments, &plan)?;
    check_limits(&plan, arguments)?;
    let deletions = Deletions::of(&plan, arguments)?;
    if plan.is_empty() {
        tidy(&settings, loaded, &desired, &plan)?;
        let nothing = Report::nothing(plan.unchanged);
        output::warn_on_failure(terminal, github::applied(&nothing, &plan));
        report(terminal, &settings, arguments, &nothing);
        return Ok(Exit::Done);
    }
    session.find()?;
    settings
        .store
        .check_room(&loaded, &desired, apply::most_written(&plan, now()))?;
    drop(recorded);
    if !arguments.auto_approve {
        terminal.approve(&format!("Apply these changes to {}?", Way::name(&settings)))?;
        deletions.confirm(terminal, &Way::name(&settings))?;
    }

    let mut opened = session.open(described.as_deref())?;
    let left = opened.set_out(&arguments.traffic);
    let Opened {
        runtime,
        open,
        channel_id,
        pace,
        ..
    } = opened;
    runtime.block_on(async {
        let about = (select.as_slice(), &desired, look);
        let (plan, mut state) = begin(&settings, about, loaded, plan, channel_id)?;
        let mut journal = settings.store.open_journal(&state)?;
        let (stop, watching) = signals::watch(left);
        let record = Record {
            state: &mut state,
            journal: &mut journal,
        };
        let channel = Arc::clone(&open.channel);
        let options = options(&settings, arguments, pace);
        let carried_out = carry_out(&plan, record, channel, &options, &stop, terminal);
        let ended = carried_out.await;
        open.close();
        // From here on no failure may hide what was done: it is reported, and then the trouble.
        let wanted = (&desired, &plan);
        let kept = finish(&settings, &mut state, journal, wanted, &ended);
        watching.abort();
        report(terminal, &settings, arguments, &ended);
        output::warn_on_failure(terminal, github::applied(&ended, &plan));
        Ok(match kept {
            Ok(()) => exit(&ended),
            Err(failure) => {
                output::failure(terminal, &failure);
                Exit::Stopped
            }
        })
    })
}

/// Whether the record has to be put in order, whatever the manifests say.
fn is_due(loaded: &Loaded, desired: &Desired) -> bool {
    let state = loaded.state.as_ref();
    loaded.replay.replayed > 0
        || state.is_some_and(|state| outlived(state, desired).next().is_some())
}

/// The plan without a look at Channel.
fn offline(
    settings: &LoadedProject,
    select: &[String],
    (loaded, desired): (&Loaded, &Desired),
) -> Result<Plan, Failure> {
    let recorded = settings.recorded(loaded);
    let plan = decide(settings, select, desired, &recorded, Look::default())?;
    Ok(plan)
}

/// What is said where the manifests are as recorded and no journal waits: then not even the lock is taken.
fn nothing_to_do(
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    reviewed: Option<&Reviewed>,
    plan: &Plan,
    terminal: Terminal,
) -> Result<(), Failure> {
    let nothing = Report::nothing(plan.unchanged);
    output::warn_on_failure(terminal, github::applied(&nothing, plan));
    check_expected(plan, arguments, reviewed)?;
    check_limits(plan, arguments)?;
    show(terminal, settings, arguments, plan)?;
    report(terminal, settings, arguments, &nothing);
    Ok(())
}

/// Prints the plan, unless stdout is for the report alone. Who approved it already wants it done, read
/// or not; who is about to be asked must have seen it.
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

/// Prints the report. That nobody reads it changes nothing of what was done.
fn report(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    report: &Report,
) {
    // A plan without changes has said so itself.
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
        .lock(&lock_owner::this_run("apply")?, timeout)?)
}

/// Danger is agreed to for one plan, never for all.
fn check_limits(plan: &Plan, arguments: &ApplyArguments) -> Result<(), Failure> {
    if plan.tripped().next().is_none() {
        return Ok(());
    }
    if plan
        .tripped()
        .any(|check| check.kind == LimitKind::MinUsers)
    {
        return Err(Failure::with_hint(
            "there are fewer users than limits.minUsers; nothing was sent",
            "if manifests are missing, bring them back; if so few are meant, lower limits.minUsers in the project file",
        ));
    }
    if let Some(approved) = &arguments.approve_limits {
        let approved: PlanDigest = parse_digest("--approve-limits", approved)?;
        if approved == plan.digest {
            return Ok(());
        }
        return Err(Failure::with_hint(
            format!(
                "--approve-limits agrees to {approved}, this plan is {}",
                plan.digest
            ),
            "look at the plan again, and agree to its digest if it is what you want",
        ));
    }
    Err(Failure::with_hint(
        "the plan exceeds the project's limits; nothing was sent",
        format!("if this is what you want: --approve-limits {}", plan.digest),
    ))
}

pub(crate) fn parse_digest(flag: &str, text: &str) -> Result<PlanDigest, Failure> {
    text.parse()
        .map_err(|error| Failure::Usage(format!("{flag}: {error}")))
}

/// Makes the state ready to be written: a first one is made, a journal that was left behind is
/// folded in. The plan's decisions stay; its digests get the first state's salt.
fn begin(
    settings: &LoadedProject,
    (select, desired, look): (&[String], &Desired, Look<'_>),
    loaded: Loaded,
    plan: Plan,
    channel_id: String,
) -> Result<(Plan, State), Failure> {
    let is_first = loaded.state.is_none();
    let mut state = match loaded.state {
        Some(state) => state,
        None => settings.first_state()?,
    };
    let must_be_saved = is_first
        || loaded.replay.replayed > 0
        || state.destination.channel_id.as_ref() != Some(&channel_id)
        || state.destination.api != settings.project.channel.api;
    state.destination.channel_id = Some(channel_id);
    state.destination.api = settings.project.channel.api;
    if must_be_saved {
        state.serial += 1;
        settings.store.save(&state)?;
    }
    let plan = if is_first {
        decide(settings, select, desired, &state, look)?
    } else {
        plan
    };
    Ok((plan, state))
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

async fn carry_out(
    plan: &Plan,
    record: Record<'_>,
    channel: Arc<Channel>,
    options: &Options,
    stop: &watch::Sender<Option<StopCause>>,
    terminal: Terminal,
) -> Report {
    let mut progress = Progress::new(terminal);
    let report = apply::execute(plan, channel, options, record, stop, now, &mut |event| {
        progress.on_event(&event);
    })
    .await;
    progress.finish();
    report
}

/// Refusals that say nothing any more.
fn outlived<'s>(state: &'s State, desired: &Desired) -> impl Iterator<Item = &'s MemberId> {
    let refused = state.rejected.keys();
    refused.filter(|id| is_outlived(id, state, desired))
}

/// Of users who are neither declared nor recorded, and of deletions that nobody wants any more: what
/// was refused then is what is recorded now.
fn is_outlived(id: &MemberId, state: &State, desired: &Desired) -> bool {
    match (desired.declares(id, state), state.users.get(id)) {
        (false, None) => true,
        (true, Some(entry)) => {
            let refused = state.rejected.get(id);
            refused.is_some_and(|refused| refused.digest == entry.digest)
        }
        (false, Some(_)) | (true, None) => false,
    }
}

/// Keeps the record in order where nothing is to be sent: folds a journal that was left behind.
fn tidy(
    settings: &LoadedProject,
    loaded: Loaded,
    desired: &Desired,
    plan: &Plan,
) -> Result<(), Failure> {
    let Some(mut state) = loaded.state else {
        return Ok(());
    };
    if loaded.replay.replayed > 0 || outlived(&state, desired).next().is_some() {
        save(settings, &mut state, (desired, plan))?;
    }
    Ok(settings.store.remove_journal()?)
}

fn save(
    settings: &LoadedProject,
    state: &mut State,
    (desired, plan): (&Desired, &Plan),
) -> Result<(), Failure> {
    let outlived: Vec<MemberId> = outlived(state, desired).cloned().collect();
    for id in outlived {
        state.rejected.remove(&id);
    }
    let key = settings.digest_key(state)?;
    plan::record_files(state, desired, plan, &key);
    state.serial += 1;
    settings
        .store
        .save(state)
        .map_err(|error| rescue(settings, state, &error))
}

/// Folds the journal into the state and removes it.
fn finish(
    settings: &LoadedProject,
    state: &mut State,
    journal: JournalWriter,
    wanted: (&Desired, &Plan),
    report: &Report,
) -> Result<(), Failure> {
    if let Err(error) = journal.close() {
        // The closing save is what counts now; it says so itself if it fails.
        tracing::warn!("cannot flush the journal: {error}");
    }
    if report.changes_state() || outlived(state, wanted.0).next().is_some() {
        save(settings, state, wanted)?;
    }
    if let Err(error) = settings.store.remove_journal() {
        // It is older than the state now, and is passed over.
        tracing::warn!("{error}");
    }
    Ok(())
}

/// What to do when the state cannot be saved although users were sent: one more copy, and words.
fn rescue(settings: &LoadedProject, state: &State, error: &StoreError) -> Failure {
    let (path, journal) = (settings.store.path(), settings.store.journal_path());
    let (path, journal) = (path.display(), journal.display());
    match Store::save_elsewhere(state, &std::env::temp_dir()) {
        Ok(copy) => Failure::with_hint(
            format!(
                "{error}; what was applied is kept in the journal {journal}, and the whole new state in {}",
                copy.display()
            ),
            format!(
                "make room, then `mv {} {path}` and run apply again; without the copy the journal is read, and what it lacks is sent again, which is harmless",
                copy.display()
            ),
        ),
        Err(second) => Failure::with_hint(
            format!("{error}; {second}; what was applied is kept in the journal {journal}"),
            "make room and run apply again: the journal is read, and what it lacks is sent again, which is harmless",
        ),
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
