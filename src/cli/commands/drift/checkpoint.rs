//! Continues an interrupted drift: keeps a file of the users that were found as applied.
//!
//! The file only saves requests. If it is missing, damaged, too old or made for another scope, every
//! user is read again.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::args::SelectOptions;
use crate::cli::clock::now;
use crate::cli::files;
use crate::cli::files::Lines;
use crate::cli::output;
use crate::cli::project::{LoadedProject, SANDBOX_FOLDER};
use crate::cli::terminal::Terminal;
use talkform::model::digest::digests::to_hex;
use talkform::model::{ChannelId, MemberId, PlanDigest, State};
use talkform::state::{DriftCheckpoint, record_line};

/// A checkpoint that is older is ignored, because Channel may have changed since.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Which users a drift reads.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// Which users are read.
    #[command(flatten)]
    pub selection: SelectOptions,
    /// Read only N users, chosen at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "TALKFORM_SAMPLE")]
    pub sample: Option<u32>,
    /// Choose the same users as the run that printed this seed
    #[arg(
        long,
        value_name = "N",
        requires = "sample",
        env = "TALKFORM_SEED",
        hide_short_help = true
    )]
    pub seed: Option<u64>,
    /// Start over instead of continuing an interrupted run
    #[arg(long, env = "TALKFORM_RESTART")]
    pub restart: bool,
}

/// The checkpoint of one drift, and the file that keeps it.
pub(crate) struct CheckpointFile<'a> {
    path: PathBuf,
    state: &'a State,
    checkpoint: DriftCheckpoint,
    lines: Option<Lines>,
}

impl<'a> CheckpointFile<'a> {
    /// Reads the checkpoint of an interrupted drift of the same scope, or starts a new one.
    pub(crate) fn find(
        settings: &LoadedProject,
        scope: &Scope,
        state: &'a State,
        channel_id: &ChannelId,
        terminal: Terminal,
    ) -> Self {
        let name = scope_name(settings, scope, state, channel_id);
        let folder = settings.root.join(SANDBOX_FOLDER);
        let path = folder.join(format!("drift-{name}.progress"));
        let bytes = files::read(&path).unwrap_or_else(|error| {
            terminal.talk(&format!(
                "warning: cannot read {}: {error}; every user is read again",
                path.display()
            ));
            None
        });
        let found = bytes
            .filter(|_| !scope.restart)
            .and_then(|bytes| DriftCheckpoint::parse(&bytes))
            .filter(|found| found.head.scope == name && is_fresh(found));
        let checkpoint = if let Some(mut checkpoint) = found {
            // A user that was applied since has another digest and is read again.
            checkpoint.users.retain(|id, digest| {
                let entry = state.users.get(id);
                entry.is_some_and(|entry| entry.digest == *digest)
            });
            terminal.talk(&format!(
                "Continuing the interrupted drift of {}: {} already found as applied. Use --restart to start over.",
                checkpoint.head.since,
                output::counted(checkpoint.users.len(), "user was", "users were")
            ));
            checkpoint
        } else {
            let seed = match (scope.sample, scope.seed) {
                (None, _) => None,
                (Some(_), Some(seed)) => Some(seed),
                // 32 bits, so that a person can type the number again.
                (Some(_), None) => Some(fastrand::u32(..).into()),
            };
            DriftCheckpoint::new(name, seed, now())
        };
        Self {
            path,
            state,
            checkpoint,
            lines: None,
        }
    }

    /// The seed of the sample; 0 without a sample.
    pub(crate) fn seed(&self) -> u64 {
        self.checkpoint.head.seed.unwrap_or_default()
    }

    /// Whether the interrupted drift found this user as applied.
    pub(crate) fn contains(&self, id: &MemberId) -> bool {
        self.checkpoint.users.contains_key(id)
    }

    /// Writes the file and keeps it open. A failure is reported and does not stop the drift.
    pub(crate) fn begin(&mut self, terminal: Terminal) {
        let begun = files::make_folder_of(&self.path)
            .and_then(|()| Lines::begin(&self.path, &self.checkpoint.write()));
        match begun {
            Ok(lines) => self.lines = Some(lines),
            Err(failure) => {
                output::failure(terminal, &failure);
                terminal.talk("If this run is interrupted, the next one starts over.");
            }
        }
    }

    /// Records that a user is as applied.
    pub(crate) fn record(&mut self, id: &MemberId, terminal: Terminal) {
        let (Some(lines), Some(entry)) = (&mut self.lines, self.state.users.get(id)) else {
            return;
        };
        if let Err(error) = lines.add(&record_line(id, entry.digest)) {
            terminal.talk(&format!(
                "warning: cannot write {}: {error}; if this run is interrupted, the next one reads some users again",
                self.path.display()
            ));
            self.lines = None;
        }
    }

    /// Removes the file, after every user was read.
    pub(crate) fn remove(&mut self, terminal: Terminal) {
        self.lines = None;
        if let Err(error) = files::remove(&self.path) {
            terminal.talk(&format!(
                "warning: cannot remove {}: {error}",
                self.path.display()
            ));
        }
    }
}

fn is_fresh(checkpoint: &DriftCheckpoint) -> bool {
    let age = Duration::try_from(now().duration_since(checkpoint.head.since));
    age.is_ok_and(|age| age < MAX_AGE)
}

/// Names a scope in 16 hex digits: the selection and sample, the state, the channel and the API
/// version.
fn scope_name(
    settings: &LoadedProject,
    scope: &Scope,
    state: &State,
    channel_id: &ChannelId,
) -> String {
    let channel_id = channel_id.as_str();
    let mut select = scope.selection.patterns();
    select.sort();
    let sample = format!("{:?} {:?}", scope.sample, scope.seed);
    let api = settings.project.channel.api.as_str();
    let mut parts = vec!["talkform drift 1", &state.lineage, channel_id, api, &sample];
    parts.extend(select.iter().map(String::as_str));
    let whole = PlanDigest::over(parts.into_iter().map(str::as_bytes));
    to_hex(&whole.as_bytes()[..8])
}
