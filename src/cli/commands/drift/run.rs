//! Runs `talkform drift`: shows how Channel differs from what was applied.

use clap::Args;

use crate::cli::args::{DriftFormat, FormatOptions, Global, RequestOptions};
use crate::cli::commands::drift::checkpoint::{CheckpointFile, Scope};
use crate::cli::connection::{Connection, Credentials};
use crate::cli::failure::{Exit, Failure};
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{github, output};
use talkform::model::{Destination, MemberId, Selection, State};
use talkform::plan::{DriftCollector, DriftReport, Sample};
use talkform::render::DriftView;

/// The arguments of `drift`.
#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    /// Which users to read.
    #[command(flatten)]
    pub scope: Scope,
    /// How the result is printed.
    #[command(flatten)]
    pub output: FormatOptions<DriftFormat>,
    /// Exit with 2 if there is drift
    ///
    /// Consent that a person changed counts.
    #[arg(long, env = "TALKFORM_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
    /// Show every user, even where many are alike
    #[arg(long, env = "TALKFORM_FULL")]
    pub full: bool,
    /// How requests are sent.
    #[command(flatten)]
    pub traffic: RequestOptions,
}

/// Reads every recorded user from Channel and shows which differ from what was applied. Changes
/// nothing.
pub(crate) fn run(
    global: &Global,
    arguments: &DriftArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let (desired, warnings) = settings.desired()?;
    output::warn(terminal, &settings.root, &warnings);
    let visibility = settings.visibility()?;
    let credentials = Credentials::require(&settings, &arguments.traffic)?;
    let loaded = settings.load()?;
    output::replayed(terminal, &loaded, &settings.ids()?);
    let Some(state) = &loaded.state else {
        let path = settings.store.path().display();
        return Err(Failure::with_hint(
            format!("no state at {path} yet: nothing was applied that could drift"),
            format!("the first `{}` creates it", settings.command(&["apply"])),
        ));
    };
    let ids = settings.ids()?;
    arguments.scope.selection.check(state.users.keys(), &ids)?;
    let mut collector = DriftCollector {
        state,
        desired: &desired,
        key: &settings.digest_key(state)?,
        report: DriftReport::default(),
    };

    let mut connection = Connection::open(
        credentials,
        &settings,
        &arguments.traffic,
        state.destination.channel_id.as_ref(),
        terminal,
    )?;
    let mut checkpoint = CheckpointFile::find(
        &settings,
        &arguments.scope,
        state,
        &connection.answering.id,
        terminal,
    );
    let ids = scope(state, arguments, &mut checkpoint, &mut collector.report);
    checkpoint.begin(terminal);
    let read = connection.read_users(&ids, &mut |id, user| {
        if collector.add(id, user) {
            checkpoint.record(id, terminal);
        }
    });
    let answering = connection.answering.id.clone();
    connection.close();
    collector.report.stopped = read.stopped;
    if read.stopped.is_none() {
        checkpoint.remove(terminal);
    }
    let report = collector.report.in_order();
    let destination = Destination {
        channel_id: Some(answering),
        ..settings.destination()
    };
    let view = DriftView::new(&report, &destination, &visibility, &desired);
    output::warn_on_failure(
        terminal,
        github::drifted(&settings, &report, &view, arguments.output.title.as_deref()),
    );
    output::drift(
        terminal,
        &settings,
        &arguments.output,
        arguments.full,
        &view,
    )?;
    Ok(exit(arguments, &report))
}

/// The users to read: the recorded users or a sample of them, without those that an interrupted run
/// found as applied.
fn scope(
    state: &State,
    arguments: &DriftArguments,
    checkpoint: &mut CheckpointFile<'_>,
    report: &mut DriftReport,
) -> Vec<MemberId> {
    let selection = Selection::new(&arguments.scope.selection.patterns());
    report.selected = selection.of(state.users.keys());
    let selected = state.users.keys().filter(|id| selection.covers(id));
    let mut ids: Vec<&MemberId> = selected.collect();
    if let Some(size) = arguments.scope.sample {
        let of = ids.len();
        let seed = checkpoint.seed();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        ids = fastrand::Rng::with_seed(seed).choose_multiple(ids, size);
        ids.sort();
        report.sample = Some(Sample { of, seed });
    }
    report.users = ids.len();
    let rest: Vec<MemberId> = ids
        .into_iter()
        .filter(|id| !checkpoint.contains(id))
        .cloned()
        .collect();
    report.earlier = report.users - rest.len();
    report.as_applied = report.earlier;
    rest
}

fn exit(arguments: &DriftArguments, report: &DriftReport) -> Exit {
    if report.stopped.is_some() {
        Exit::Stopped
    } else if !report.failed.is_empty() {
        Exit::SomeFailed
    } else if arguments.detailed_exitcode && report.has_drift() {
        Exit::Changes
    } else {
        Exit::Done
    }
}
