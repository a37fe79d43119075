//! Runs `talkform apply`: locks the state, plans, asks for approval, sends, saves and reports.

use crate::cli::approval::Approval;
use crate::cli::args::{DataFormat, Global, Planning};
use crate::cli::clock::now;
use crate::cli::commands::apply::arguments::ApplyArguments;
use crate::cli::commands::apply::failed_save::unsaved;
use crate::cli::commands::apply::output::{report, show};
use crate::cli::commands::apply::send::send;
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::lock_owner::lock;
use crate::cli::planning::{Knowledge, decide};
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{destination, github, output, planning};
use talkform::apply;
use talkform::apply::{Finished, Report, Target, Uncertain};
use talkform::model::{Desired, Plan};
use talkform::render::{Commands, PlanView};
use talkform::state::Loaded;

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
    settings.create_state_folder()?;
    let _lock = lock(&settings, "apply", arguments.lock_timeout)?;
    let loaded = settings.load()?;
    let depth = arguments.planning.depth(refresh);
    let (desired, warnings) = settings.desired_for(&loaded, depth)?;
    output::warn(terminal, &settings.root, &warnings);
    output::replayed(terminal, &loaded, &settings.ids()?);
    output::large_state(terminal, &settings.store, &loaded);
    let recorded = settings.recorded(&loaded);
    arguments.check_selection(reviewed.as_ref(), &desired, &recorded, &settings.ids()?)?;
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
    let mut plan = decide(&settings, select, &desired, &recorded, knowledge)?;
    let approval = &arguments.approval;
    approval.check_expected(
        &plan,
        reviewed.as_ref(),
        &arguments.planning,
        &settings.invocation,
        &settings.ids()?,
    )?;
    let commands = Commands {
        apply: &arguments.command(&settings).without_limits(),
        refresh: &settings.command(&Planning::refreshed(&patterns)),
    };
    // With JSON, stdout is for the report alone.
    if arguments.format == DataFormat::Text {
        let visibility = settings.visibility()?;
        let view = PlanView::new(&plan, &visibility, knowledge.of_users());
        show(terminal, &settings, arguments, commands, &view)?;
    }
    let asks = approval.asks(reviewed.as_ref());
    let deletions = approval.check_size(&plan, asks, &arguments.command(&settings))?;
    let key = settings.digest_key(&recorded)?;
    drop(recorded);
    if plan.is_empty() {
        let target = Target {
            store: &settings.store,
            key: &key,
            desired: &desired,
            rescue_folder: &std::env::temp_dir(),
        };
        let nothing = clean_up(&settings, &target, loaded, &plan)?;
        tell_github(terminal, &settings, &nothing, &plan, commands);
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
        (requests, arguments.fail_fast),
        loaded,
        (&mut plan, &desired),
        terminal,
    );
    // The report comes before the failure of a save, which must not hide what was done.
    let Finished {
        report: ended,
        saved,
    } = finished?;
    report(terminal, &settings, arguments, commands, &ended);
    tell_github(terminal, &settings, &ended, &plan, commands);
    Ok(match saved {
        Ok(()) => exit(&ended),
        Err(error) => {
            output::failure(terminal, &unsaved(&settings, &error));
            Exit::Stopped
        }
    })
}

/// Writes the outputs and the summary of GitHub Actions. A failure does not change the exit code.
fn tell_github(
    terminal: Terminal,
    settings: &LoadedProject,
    report: &Report,
    plan: &Plan,
    commands: Commands<'_>,
) {
    let written = github::applied(settings, report, plan, commands);
    output::warn_on_failure(terminal, written);
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

fn exit(report: &Report) -> Exit {
    if report.stopped.is_some() {
        Exit::Stopped
    } else if report.failed() > 0 || report.different() > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}
