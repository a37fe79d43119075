//! `apply`

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::apply::{self, Options, Record, Report};
use crate::cli::args::{ApplyArguments, Global};
use crate::cli::channel::{Open, Way, make_state_folder};
use crate::cli::commands::plan::decide;
use crate::cli::failure::{Exit, Failure};
use crate::cli::settings::Settings;
use crate::cli::terminal::Terminal;
use crate::cli::{holder, output, signals};
use crate::model::{Change, Desired, LimitKind, Plan, PlanDigest, Rate, State};
use crate::remote::Policy;
use crate::state::{Loaded, Lock, StoreError};

/// Reads, plans, asks, sends, records, reports.
pub(crate) fn run(
    global: &Global,
    arguments: &ApplyArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = Settings::read(global)?;
    let (desired, warnings) = settings.desired()?;
    output::warn(terminal, &warnings);
    if nothing_to_do(&settings, arguments, &desired, terminal)? {
        return Ok(Exit::Done);
    }

    let _lock = lock(&settings, arguments.lock_timeout)?;
    let loaded = settings.store.load()?;
    output::replayed(terminal, &loaded);
    let recorded = settings.recorded(&loaded);
    let plan = decide(&settings, &arguments.planning, &desired, &recorded)?;
    check_expected(&plan, arguments)?;
    show(terminal, &settings, arguments, &plan)?;
    check_limits(&plan, arguments)?;
    let way = Way::find(&settings, arguments)?;
    if !arguments.auto_approve && !plan.is_empty() {
        terminal.approve(&format!("Apply these changes to {}?", way.name(&settings)))?;
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let open = way.open(&settings).await?;
        let channel_id = open.check(&settings, &recorded).await?;
        let (plan, mut state) = begin(&settings, arguments, &desired, loaded, plan, channel_id)?;
        let report = carry_out(&plan, &mut state, &settings, arguments, &open, terminal).await?;
        open.close();
        let recorded = finish(&settings, &mut state, &desired, &plan);
        match output::report(terminal, &settings, &report, arguments.json) {
            // Who does not listen any more does not change what was done.
            Ok(()) | Err(Failure::BrokenPipe) => {}
            Err(other) => return Err(other),
        }
        match recorded {
            Ok(()) => Ok(exit(&report)),
            Err(error) => {
                output::failure(terminal, &unrecorded(&settings, &state, &error));
                Ok(Exit::Stopped)
            }
        }
    })
}

/// Whether the manifests are as recorded and no journal waits: then not even the lock is taken.
fn nothing_to_do(
    settings: &Settings,
    arguments: &ApplyArguments,
    desired: &Desired,
    terminal: Terminal,
) -> Result<bool, Failure> {
    let loaded = settings.store.load()?;
    if loaded.replay.replayed > 0 {
        return Ok(false);
    }
    let recorded = settings.recorded(&loaded);
    let plan = decide(settings, &arguments.planning, desired, &recorded)?;
    let idle = plan.is_empty();
    if idle {
        check_expected(&plan, arguments)?;
        check_limits(&plan, arguments)?;
        show(terminal, settings, arguments, &plan)?;
        if arguments.json {
            output::report(terminal, settings, &Report::nothing(plan.unchanged), true)?;
        }
    }
    Ok(idle)
}

/// Prints the plan, unless stdout is for the report alone.
fn show(
    terminal: Terminal,
    settings: &Settings,
    arguments: &ApplyArguments,
    plan: &Plan,
) -> Result<(), Failure> {
    if arguments.json {
        return Ok(());
    }
    output::plan_text(terminal, settings, arguments.planning.full, plan)
}

fn lock(settings: &Settings, timeout: Duration) -> Result<Lock, Failure> {
    make_state_folder(settings)?;
    Ok(settings.store.lock(&holder::this_run("apply")?, timeout)?)
}

/// What was reviewed is what runs.
fn check_expected(plan: &Plan, arguments: &ApplyArguments) -> Result<(), Failure> {
    let Some(expected) = &arguments.expect else {
        return Ok(());
    };
    let expected: PlanDigest = parse_digest("--expect", expected)?;
    if expected == plan.digest {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!(
            "the plan is not the expected one: it has digest {}, --expect says {expected}",
            plan.digest
        ),
        "manifests or state have changed since; look at the new plan with `talkform plan`",
    ))
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

fn parse_digest(flag: &str, text: &str) -> Result<PlanDigest, Failure> {
    text.parse()
        .map_err(|error| Failure::Usage(format!("{flag}: {error}")))
}

/// Makes the state ready to be written: a first one is made, a journal that was left behind is
/// folded in. The plan's decisions stay; its digests get the first state's salt.
fn begin(
    settings: &Settings,
    arguments: &ApplyArguments,
    desired: &Desired,
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
        || state.channel_id.as_ref() != Some(&channel_id)
        || state.api != settings.project.channel.api;
    state.channel_id = Some(channel_id);
    state.api = settings.project.channel.api;
    if must_be_saved {
        state.serial += 1;
        settings.store.save(&state)?;
    }
    let plan = if is_first {
        decide(settings, &arguments.planning, desired, &state)?
    } else {
        plan
    };
    Ok((plan, state))
}

async fn carry_out(
    plan: &Plan,
    state: &mut State,
    settings: &Settings,
    arguments: &ApplyArguments,
    open: &Open,
    terminal: Terminal,
) -> Result<Report, Failure> {
    settings.store.check_room(room_for(plan))?;
    let mut journal = settings.store.open_journal(state)?;
    let (stop, watching) = signals::watch(arguments.max_duration);
    let mut progress = output::Progress::new(terminal);
    let options = Options {
        api: settings.project.channel.api,
        parallelism: arguments.parallelism.into(),
        rate: Rate {
            per_second: arguments
                .rate
                .unwrap_or(settings.project.channel.rate.per_second),
            ..settings.project.channel.rate
        },
        policy: Policy {
            first_pause: arguments.retry_pause,
            ..Policy::default()
        },
        fail_fast: arguments.fail_fast,
    };
    let report = apply::execute(
        plan,
        Arc::clone(&open.channel),
        &options,
        Record {
            state,
            journal: &mut journal,
        },
        &stop,
        now,
        &mut |event| progress.on_event(&event),
    )
    .await;
    progress.finish();
    watching.abort();
    if let Err(error) = journal.close() {
        // The closing save is what counts now; it says so itself if it fails.
        tracing::warn!("cannot flush the journal: {error}");
    }
    Ok(report)
}

/// About how many bytes the journal takes, and the new state more than the old one.
fn room_for(plan: &Plan) -> u64 {
    const OF_A_USER: usize = 250;
    const OF_A_FIELD: usize = 64;
    let line = |change: &Change| match change {
        Change::Create { digests, .. } | Change::Update { digests, .. } => {
            OF_A_USER + digests.fields.len() * OF_A_FIELD
        }
        Change::Forget { .. } | Change::Delete { .. } => OF_A_USER,
    };
    let lines: usize = plan
        .changes
        .iter()
        .map(|planned| line(&planned.change))
        .sum();
    2 * lines as u64
}

/// Folds the journal into the state and removes it.
fn finish(
    settings: &Settings,
    state: &mut State,
    desired: &Desired,
    plan: &Plan,
) -> Result<(), StoreError> {
    if !plan.is_empty() {
        state
            .rejected
            .retain(|id, _| desired.users.contains_key(id));
        state.serial += 1;
        settings.store.save(state)?;
    }
    settings.store.remove_journal()
}

/// What to say when the state cannot be written at the end: where everything is, and how to go on.
fn unrecorded(settings: &Settings, state: &State, error: &StoreError) -> Failure {
    let journal = settings.store.journal_path();
    let hint = match settings.store.save_copy(state, &std::env::temp_dir()) {
        Ok(copy) => format!(
            "the whole state is in {}: make room, or mend what the message says, and move it to {}; then remove {}",
            copy.display(),
            settings.store.path().display(),
            journal.display()
        ),
        Err(_) => format!(
            "what was accepted is in {}: make room, or mend what the message says, and run apply again; it reads the journal back",
            journal.display()
        ),
    };
    Failure::with_hint(error.to_string(), hint)
}

#[expect(clippy::disallowed_methods, reason = "this is where the clock lives")]
fn now() -> Timestamp {
    // Whole seconds: a state is for people too.
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
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
