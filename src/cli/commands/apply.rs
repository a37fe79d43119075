//! Runs `talkform apply`: sends the changes of a plan.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::approval::{Approval, ReviewedPlan};
use crate::cli::args::{DataFormat, Global, Planning, RequestOptions, duration};
use crate::cli::clock::now;
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::planning::{Knowledge, decide};
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::suggest::apply_command::ApplyCommand;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, github, lock_owner, output, planning, signals};
use talkform::apply;
use talkform::apply::{
    Finished, Options, Pace, Report, RunSettings, SaveError, Start, Target, Uncertain,
};
use talkform::model::{Desired, Plan, State, known_ids};
use talkform::remote::Policy;
use talkform::render::{Commands, PlanView};
use talkform::state::{Loaded, Lock};

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// A plan file: apply this plan and no other
    ///
    /// `plan --out` writes it. An apply of a plan file does not ask, because the review was the question.
    #[arg(value_name = "PLAN", conflicts_with = "expect")]
    pub plan: Option<PathBuf>,
    /// What goes into the plan.
    #[command(flatten)]
    pub planning: Planning,
    /// The approvals.
    #[command(flatten)]
    pub approval: Approval,
    /// Stop at the first user that fails
    #[arg(long, env = "TALKFORM_FAIL_FAST", hide_short_help = true)]
    pub fail_fast: bool,
    /// How long to wait for another run that holds the lock: `0s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", env = "TALKFORM_LOCK_TIMEOUT", hide_short_help = true)]
    pub lock_timeout: Duration,
    /// The format of the report: text or json
    #[arg(long, value_enum, default_value_t, env = "TALKFORM_REPORT_FORMAT")]
    pub format: DataFormat,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

impl ApplyArguments {
    /// The plan file, if one is named.
    fn reviewed(&self, settings: &LoadedProject) -> Result<Option<ReviewedPlan>, Failure> {
        self.plan
            .as_deref()
            .map(|path| ReviewedPlan::read(path, &self.planning, &settings.invocation))
            .transpose()
    }

    /// Fails if a pattern of --select matches nobody. A plan file has a selection of its own.
    fn check_selection(
        &self,
        reviewed: Option<&ReviewedPlan>,
        desired: &Desired,
        state: &State,
    ) -> Result<(), Failure> {
        if reviewed.is_some() {
            return Ok(());
        }
        let known = known_ids(desired, state);
        self.planning.selection.check(known.into_iter())
    }

    fn command(&self, settings: &LoadedProject) -> ApplyCommand {
        let mut words = vec!["apply".to_owned()];
        match &self.plan {
            Some(path) => words.push(path.display().to_string()),
            None => words.extend(self.planning.flags()),
        }
        if self.approval.auto_approve {
            words.push("--auto-approve".to_owned());
        }
        if let Some(digest) = &self.approval.expect {
            words.extend(["--expect".to_owned(), digest.to_string()]);
        }
        ApplyCommand {
            invocation: settings.invocation.clone(),
            words,
            limits: self
                .approval
                .approve_limits
                .as_ref()
                .map(ToString::to_string),
            deletes: self.approval.allow_deletes,
        }
    }
}

/// Locks the state, plans, asks, sends, saves and reports.
pub(crate) fn run(
    global: &Global,
    arguments: &ApplyArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let reviewed = arguments.reviewed(&settings)?;
    let patterns = arguments.planning.selection.patterns();
    let (select, refresh) = match &reviewed {
        Some(reviewed) => (&reviewed.file.select, reviewed.file.refreshed),
        None => (&patterns, arguments.planning.refresh),
    };
    let _lock = lock(&settings, arguments.lock_timeout)?;
    let loaded = settings.load()?;
    let depth = arguments.planning.depth(refresh);
    let (desired, warnings) = settings.desired_for(&loaded, depth)?;
    output::warn(terminal, &settings.root, &warnings);
    output::replayed(terminal, &loaded);
    let recorded = settings.recorded(&loaded);
    arguments.check_selection(reviewed.as_ref(), &desired, &recorded)?;
    let described = recorded.destination.channel_id.clone();
    let requests = &arguments.traffic;
    let open = |credentials| {
        let described = described.as_ref();
        Connection::open(credentials, &settings, requests, described, terminal)
    };
    let mut connection = None;
    let observed = if refresh {
        let opened = connection.insert(open(Credentials::require(&settings, requests)?)?);
        Some(planning::refresh(opened, &desired, &recorded, select)?)
    } else {
        None
    };
    let knowledge = Knowledge {
        base: None,
        observed: observed.as_ref(),
    };
    let plan = decide(&settings, select, &desired, &recorded, knowledge)?;
    let approval = &arguments.approval;
    approval.check_expected(
        &plan,
        reviewed.as_ref(),
        &arguments.planning,
        &settings.invocation,
    )?;
    let visibility = settings.visibility()?;
    let view = PlanView::new(&plan, &visibility, knowledge.of_users());
    let commands = Commands {
        apply: &arguments.command(&settings).without_limits(),
        refresh: &settings.command(&Planning::refreshed(&patterns)),
    };
    show(terminal, &settings, arguments, commands, &view)?;
    let asks = approval.asks(reviewed.as_ref());
    let deletions = approval.check_size(&plan, asks, &arguments.command(&settings))?;
    let rescue_folder = std::env::temp_dir();
    let target = Target {
        store: &settings.store,
        key: &settings.digest_key(&recorded)?,
        desired: &desired,
        rescue_folder: &rescue_folder,
    };
    drop(recorded);
    if plan.is_empty() {
        let nothing = clean_up(&settings, &target, loaded, &plan)?;
        output::warn_on_failure(
            terminal,
            github::applied(&settings, &nothing, &plan, commands),
        );
        report(terminal, &settings, arguments, commands, &nothing);
        return Ok(Exit::Done);
    }
    check_can_ask(terminal, asks)?;
    let credentials = Credentials::require(&settings, requests)?;
    check_room(&settings, &loaded, &desired, &plan)?;
    let mut connection = match connection {
        Some(opened) => opened,
        None => open(credentials)?,
    };
    connection.exit_on_signal();
    agree(terminal, &settings, &connection, asks.then_some(deletions))?;
    let finished = send(
        connection,
        &settings,
        arguments,
        loaded,
        (&plan, target),
        terminal,
    );
    // The report comes before the failure of a save, which must not hide what was done.
    let Finished {
        report: ended,
        saved,
    } = finished?;
    report(terminal, &settings, arguments, commands, &ended);
    output::warn_on_failure(
        terminal,
        github::applied(&settings, &ended, &plan, commands),
    );
    Ok(match saved {
        Ok(()) => exit(&ended),
        Err(error) => {
            output::failure(terminal, &unsaved(&settings, &error));
            Exit::Stopped
        }
    })
}

/// Ends the apply of an empty plan. Writes the state only if it needs a cleanup.
fn clean_up(
    settings: &LoadedProject,
    target: &Target<'_>,
    loaded: Loaded,
    plan: &Plan,
) -> Result<Report, Failure> {
    target
        .clean_up(loaded, plan)
        .map_err(|error| unsaved(settings, &error))?;
    let uncertain = Uncertain {
        pending: plan.pending,
        unconfirmed: plan.unconfirmed.users,
    };
    Ok(Report::nothing(
        plan.destination.clone(),
        plan.unchanged,
        uncertain,
    ))
}

fn check_room(
    settings: &LoadedProject,
    loaded: &Loaded,
    desired: &Desired,
    plan: &Plan,
) -> Result<(), Failure> {
    settings
        .store
        .check_room(loaded, desired, apply::most_written(plan, now()))
        .map_err(|error| settings.state_failure(&error))
}

fn check_can_ask(terminal: Terminal, asks: bool) -> Result<(), Failure> {
    if !asks || terminal.can_ask() {
        return Ok(());
    }
    Err(Failure::with_hint(
        "cannot ask for approval: stdin or stderr is not a terminal",
        "run apply in a terminal, or use --auto-approve or a plan file (in CI, after the plan was reviewed)",
    ))
}

/// Asks a person to approve the channel that answers, and a number of deletions. With `None` no person is asked,
/// and the project must name the channel.
fn agree(
    terminal: Terminal,
    settings: &LoadedProject,
    connection: &Connection<'_>,
    deletions: Option<usize>,
) -> Result<(), Failure> {
    let (destination, answering) = (settings.destination(), &connection.answering);
    match deletions {
        Some(deletions) => {
            let channel = destination::in_words(&destination, answering);
            Approval::ask(terminal, &channel, deletions)
        }
        None => destination::require_channel_id(&destination, answering),
    }
}

/// Sends the changes of a plan. `target` gets the key of the first state, if there was none.
fn send(
    mut connection: Connection<'_>,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    loaded: Loaded,
    (plan, target): (&Plan, Target<'_>),
    terminal: Terminal,
) -> Result<Finished, Failure> {
    let time_left = connection.begin_sending();
    let options = options(settings, arguments, Arc::clone(&connection.pace));
    let start = Start::new(loaded, || settings.first_state())?;
    let target = Target {
        key: &settings.digest_key(start.state())?,
        ..target
    };
    let mut progress = Progress::new(terminal);
    let finished = connection.block_on(async {
        let (stop, watching) = signals::watch(time_left);
        let run = RunSettings {
            channel: connection.channel(),
            channel_id: connection.answering.id.clone(),
            options: &options,
            clock: now,
            stop: &stop,
        };
        let finished = apply::run(&target, start, plan, run, &mut |event| {
            progress.on_event(&event);
        })
        .await;
        watching.abort();
        finished
    });
    progress.finish();
    connection.close();
    finished.map_err(|error| settings.state_failure(&error))
}

/// Prints the plan, unless stdout is for the report alone. A plan that cannot be printed stops the command only
/// if a person is about to be asked about it.
fn show(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    commands: Commands<'_>,
    view: &PlanView<'_>,
) -> Result<(), Failure> {
    if arguments.format == DataFormat::Json {
        return Ok(());
    }
    match output::plan_text(terminal, settings, arguments.planning.full, commands, view) {
        Err(failure) if arguments.approval.auto_approve || view.is_empty() => {
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
    commands: Commands<'_>,
    report: &Report,
) {
    // An empty plan has printed "No changes" already.
    if arguments.format != DataFormat::Json && report.outcomes.is_empty() && report.api.is_none() {
        return;
    }
    if let Err(failure) = output::report(
        terminal,
        settings,
        report,
        commands,
        arguments.format == DataFormat::Json,
    ) {
        output::failure(terminal, &failure);
    }
}

fn lock(settings: &LoadedProject, timeout: Duration) -> Result<Lock, Failure> {
    settings.create_state_folder()?;
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
        reveals_values: settings.show_sensitive,
    }
}

/// The failure of a save after users were sent.
fn unsaved(settings: &LoadedProject, error: &SaveError) -> Failure {
    let store = &settings.store;
    let (path, journal) = (store.path().display(), store.journal_path());
    let journal = journal.display();
    match error {
        SaveError::Rescued { copy, .. } => Failure::with_hint(
            format!(
                "{error}; what was applied is kept in the journal {journal}, and the whole new state in {}",
                copy.display()
            ),
            format!(
                "free disk space, run `mv {} {path}`, then run `{}` again; without the copy the journal is replayed, and users that it lacks are sent again",
                copy.display(),
                settings.command(&["apply"])
            ),
        ),
        SaveError::NotRescued { .. } => Failure::with_hint(
            format!("{error}; what was applied is kept in the journal {journal}"),
            format!(
                "free disk space and run `{}` again: the journal is replayed, and users that it lacks are sent again",
                settings.command(&["apply"])
            ),
        ),
        SaveError::Conflict(error) | SaveError::Journal(error) => settings.state_failure(error),
    }
}

fn exit(report: &Report) -> Exit {
    if report.stopped.is_some() {
        Exit::Stopped
    } else if report.failed() > 0 || report.different() > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}
