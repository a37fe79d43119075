//! Sends the changes of a plan, with progress and signals.

use std::sync::Arc;

use crate::cli::args::RequestOptions;
use crate::cli::clock::now;
use crate::cli::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply;
use talkform::apply::{Finished, Options, RunSettings, Start, Target};
use talkform::model::{Desired, Plan};
use talkform::remote::Policy;
use talkform::state::Loaded;

/// Sends the changes of a plan. The digests are those of the first state, if there was none. `fail_fast` says whether
/// the first failure stops the run.
pub(crate) fn send(
    mut connection: Connection<'_>,
    settings: &LoadedProject,
    (traffic, fail_fast): (&RequestOptions, bool),
    loaded: Loaded,
    (plan, desired): (&mut Plan, &Desired),
    terminal: Terminal,
) -> Result<Finished, Failure> {
    let time_left = connection.begin_sending();
    let ids = connection.ids().clone();
    let options = Options {
        api: plan.destination.api,
        parallelism: traffic.parallelism.into(),
        pace: Arc::clone(&connection.pace),
        policy: Policy::pausing(traffic.retry_pause),
        fail_fast,
        visibility: settings.visibility()?,
    };
    let start = Start::new(loaded, || settings.first_state())?;
    let target = Target {
        store: &settings.store,
        key: &settings.digest_key(start.state())?,
        desired,
        rescue_folder: &std::env::temp_dir(),
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
