//! Sends the changes of a plan, with progress and signals.

use std::sync::Arc;

use crate::cli::clock::now;
use crate::cli::commands::apply::arguments::ApplyArguments;
use crate::cli::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply;
use talkform::apply::{Finished, Options, Pace, RunSettings, Start, Target};
use talkform::model::Plan;
use talkform::remote::Policy;
use talkform::state::Loaded;

/// Sends the changes of a plan. `target` gets the key of the first state, if there was none.
pub(crate) fn send(
    mut connection: Connection<'_>,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    loaded: Loaded,
    (plan, target): (&Plan, Target<'_>),
    terminal: Terminal,
) -> Result<Finished, Failure> {
    let time_left = connection.begin_sending();
    let ids = connection.ids().clone();
    let options = options(settings, arguments, Arc::clone(&connection.pace))?;
    let start = Start::new(loaded, || settings.first_state())?;
    let target = Target {
        key: &settings.digest_key(start.state())?,
        ..target
    };
    let mut progress = Progress::new(terminal, ids.clone());
    let (stop, watching) = connection.watch(time_left);
    let run = RunSettings {
        channel: connection.channel(),
        channel_id: connection.answering.id.clone(),
        options: &options,
        clock: now,
        stop: &stop,
    };
    let finished = connection.block_on(apply::run(&target, start, plan, run, &mut |event| {
        progress.on_event(event);
    }));
    watching.abort();
    progress.finish();
    connection.close();
    let Finished { report, saved } = finished.map_err(|error| settings.state_failure(&error))?;
    Ok(Finished {
        report: report.shown(&ids),
        saved,
    })
}

fn options(
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    pace: Arc<Pace>,
) -> Result<Options, Failure> {
    Ok(Options {
        api: settings.project.channel.api,
        parallelism: arguments.traffic.parallelism.into(),
        pace,
        policy: Policy::pausing(arguments.traffic.retry_pause),
        fail_fast: arguments.fail_fast,
        visibility: settings.visibility()?,
    })
}
