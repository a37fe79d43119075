//! `drift`

use std::sync::Arc;

use crate::cli::args::{DriftArguments, Global};
use crate::cli::clock::now;
use crate::cli::drift_checkpoint::DriftProgress;
use crate::cli::failure::{Exit, Failure};
use crate::cli::project::LoadedProject;
use crate::cli::session::{Opened, Session};
use crate::cli::terminal::Terminal;
use crate::cli::{github, output, signals};
use talkform::apply;
use talkform::apply::{DriftCollector, DriftReport, Sample};
use talkform::model::{MemberId, Selection, State};

/// Reads every recorded user and shows who is on Channel otherwise than applied. Changes nothing.
pub(crate) fn run(
    global: &Global,
    arguments: &DriftArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = LoadedProject::read(global)?;
    let (desired, warnings) = settings.desired()?;
    output::warn(terminal, &settings.root, &warnings);
    let mut session = Session::new(&settings, &arguments.traffic, terminal);
    session.find()?;
    let loaded = settings.store.load()?;
    output::replayed(terminal, &loaded);
    let Some(state) = &loaded.state else {
        let path = settings.store.path().display();
        return Err(Failure::with_hint(
            format!("there is no state at {path} yet: nothing was applied that could drift"),
            "the first apply makes it",
        ));
    };
    let mut survey = DriftCollector {
        state,
        desired: &desired,
        key: &settings.digest_key(state)?,
        report: DriftReport::default(),
    };

    let opened = session.open(state.channel_id.as_deref())?;
    let mut resume = DriftProgress::find(&settings, arguments, state, &opened.channel_id, terminal);
    let ids = scope(state, arguments, &mut resume, &mut survey.report);
    resume.begin(terminal);
    let options = opened.read_options(&settings, &arguments.traffic);
    let Opened { runtime, open, .. } = opened;
    runtime.block_on(async {
        let (stop, watching) = signals::watch(arguments.traffic.max_duration);
        let mut progress = output::Progress::new(terminal);
        let read = apply::read_users(
            &ids,
            Arc::clone(&open.channel),
            &options,
            &stop,
            now,
            &mut |event| progress.on_event(&event),
            &mut |id, reading| {
                if survey.take(id, reading) {
                    resume.note(id, terminal);
                }
            },
        )
        .await;
        progress.finish();
        watching.abort();
        open.close();
        if let Err(error) = loaded.check() {
            // Whoever was compared with what could not be read back counts as not looked at.
            resume.end(terminal);
            return Err(error.into());
        }
        survey.report.stopped = read.stopped;
        if read.stopped.is_none() {
            resume.end(terminal);
        }
        let report = survey.report.in_order();
        github::drifted(terminal, &settings, &report);
        output::drift(terminal, &settings, arguments, &report)?;
        Ok(exit(arguments, &report))
    })
}

/// Whom to read: the recorded users, or a sample, less who was found as applied by the run before.
fn scope(
    state: &State,
    arguments: &DriftArguments,
    resume: &mut DriftProgress<'_>,
    report: &mut DriftReport,
) -> Vec<MemberId> {
    let selection = Selection::new(&arguments.select);
    let selected = state.users.keys().filter(|id| selection.covers(id));
    let mut ids: Vec<&MemberId> = selected.collect();
    if let Some(size) = arguments.sample {
        let of = ids.len();
        let seed = resume.seed();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        ids = fastrand::Rng::with_seed(seed).choose_multiple(ids, size);
        ids.sort();
        report.sample = Some(Sample { of, seed });
    }
    report.users = ids.len();
    let rest: Vec<MemberId> = ids
        .into_iter()
        .filter(|id| !resume.has_seen(id))
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
