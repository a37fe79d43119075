//! One run's way to Channel, opened when it is first needed and kept to the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::cli::args::RequestOptions;
use crate::cli::channel::{Open, Way};
use crate::cli::clock::now;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use crate::cli::{output, signals};
use talkform::apply;
use talkform::apply::{Pace, ReadOptions, ReadReport};
use talkform::model::{MemberId, RemoteUser, Unread};
use talkform::remote::Policy;
use talkform::render::report::text::why_stopped;

/// How many users that could not be read a refusal names.
const MOST_NAMED: usize = 20;

/// A way that may be open.
pub(crate) struct Session<'s> {
    settings: &'s LoadedProject,
    traffic: &'s RequestOptions,
    terminal: Terminal,
    way: Option<Way>,
    opened: Option<Opened>,
}

/// An open way to the right channel.
pub(crate) struct Opened {
    /// What runs it.
    pub runtime: Runtime,
    /// The client.
    pub open: Open,
    /// The channel that answers.
    pub channel_id: String,
    /// The budget, over everything that this run sends.
    pub pace: Arc<Pace>,
    /// How much of `--max-duration` was spent already.
    spent: Duration,
    /// Ends the process while nothing is under way.
    idle: Option<JoinHandle<()>>,
}

impl<'s> Session<'s> {
    /// Nothing is looked for yet.
    pub(crate) fn new(
        settings: &'s LoadedProject,
        traffic: &'s RequestOptions,
        terminal: Terminal,
    ) -> Self {
        Self {
            settings,
            traffic,
            terminal,
            way: None,
            opened: None,
        }
    }

    /// Looks whether everything that is needed is there, credentials for one.
    pub(crate) fn find(&mut self) -> Result<(), Failure> {
        if self.way.is_none() && self.opened.is_none() {
            self.way = Some(Way::find(self.settings, self.traffic)?);
        }
        Ok(())
    }

    /// Opens it, and asks which channel it is: with the keys of another one, nothing is done.
    pub(crate) fn open(mut self, recorded: Option<&str>) -> Result<Opened, Failure> {
        self.find()?;
        if let Some(opened) = self.opened {
            return Ok(opened);
        }
        let Some(way) = self.way else {
            return Err(Failure::refused("cannot find a way to Channel"));
        };
        let runtime =
            Runtime::new().map_err(|error| Failure::refused(format!("cannot start: {error}")))?;
        let policy = Policy::pausing(self.traffic.retry_pause);
        let (open, (channel_id, budget)) = runtime.block_on(async {
            let open = way.open(self.settings).await?;
            let checked = open.check(self.settings, recorded, &policy, self.terminal);
            let checked = checked.await?;
            Ok::<_, Failure>((open, checked))
        })?;
        let pace = Arc::new(Pace::new(self.settings.rate(self.traffic.rate)));
        pace.learn(&budget);
        Ok(Opened {
            runtime,
            open,
            channel_id,
            pace,
            spent: Duration::ZERO,
            idle: None,
        })
    }

    /// Reads users from Channel, where any are to be read: every one or none, for nothing is planned
    /// from a partial reading.
    pub(crate) fn look(
        self,
        ids: Option<&[MemberId]>,
        recorded: Option<&str>,
    ) -> Result<(Self, Option<BTreeMap<MemberId, RemoteUser>>), Failure> {
        let Some(ids) = ids else {
            return Ok((self, None));
        };
        let Self {
            settings,
            traffic,
            terminal,
            ..
        } = self;
        let mut opened = self.open(recorded)?;
        let mut sightings = BTreeMap::new();
        let mut failed = Vec::new();
        let mut progress = Progress::new(terminal);
        let options = opened.read_options(settings, traffic);
        let report = opened.runtime.block_on(async {
            let (stop, watching) = signals::watch(traffic.max_duration);
            let channel = Arc::clone(&opened.open.channel);
            let report = apply::read_users(
                ids,
                channel,
                &options,
                &stop,
                now,
                &mut |event| progress.on_event(&event),
                &mut |id, user| match user {
                    Ok(user) => {
                        sightings.insert(id.clone(), user);
                    }
                    Err(Unread::Failed { message }) => failed.push((id.clone(), message)),
                    Err(Unread::Skipped { .. }) => {}
                },
            )
            .await;
            watching.abort();
            report
        });
        progress.finish();
        opened.spent = report.elapsed;
        opened.idle = Some(opened.runtime.spawn(signals::leave()));
        if !report.is_whole() {
            return Err(partial(&report, failed, ids.len()));
        }
        let session = Self {
            opened: Some(opened),
            ..Self::new(settings, traffic, terminal)
        };
        Ok((session, Some(sightings)))
    }
}

impl Opened {
    /// How users are read over it.
    pub(crate) fn read_options(
        &self,
        settings: &LoadedProject,
        traffic: &RequestOptions,
    ) -> ReadOptions {
        ReadOptions {
            api: settings.project.channel.api,
            parallelism: traffic.parallelism.into(),
            pace: Arc::clone(&self.pace),
            policy: Policy::pausing(traffic.retry_pause),
            channel_id: Some(self.channel_id.clone()),
        }
    }

    /// From here on signals are watched by whoever sends: they no longer end the process at once.
    /// Returns what is left of `--max-duration`.
    pub(crate) fn set_out(&mut self, traffic: &RequestOptions) -> Option<Duration> {
        if let Some(idle) = self.idle.take() {
            idle.abort();
        }
        let whole = traffic.max_duration?;
        Some(whole.saturating_sub(self.spent))
    }
}

fn partial(report: &ReadReport, mut failed: Vec<(MemberId, String)>, all: usize) -> Failure {
    failed.sort();
    let mut details: Vec<String> = failed
        .iter()
        .take(MOST_NAMED)
        .map(|(id, message)| format!("{id}: {message}"))
        .collect();
    if failed.len() > MOST_NAMED {
        details.push(format!("and {} more", failed.len() - MOST_NAMED));
    }
    let unread = report.failed + report.skipped;
    let why = report
        .stopped
        .map_or(String::new(), |cause| format!(" ({})", why_stopped(cause)));
    Failure::with_details(
        format!(
            "{unread} of {} could not be read from Channel{why}; nothing was sent",
            output::counted(all, "user", "users")
        ),
        details,
        "nothing is planned from a partial reading: run it again, or leave out --refresh",
    )
}
