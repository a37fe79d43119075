//! Where an interrupted drift goes on: a file below the project's own folder that notes who was found
//! as applied. It only saves requests; whatever is wrong with it, everybody is read again.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::DriftArguments;
use crate::cli::clock::now;
use crate::cli::files;
use crate::cli::files::Lines;
use crate::cli::output;
use crate::cli::project::{LoadedProject, SANDBOX_FOLDER};
use crate::cli::terminal::Terminal;
use talkform::model::digest::digests::to_hex;
use talkform::model::{MemberId, PlanDigest, State};
use talkform::state::{DriftCheckpoint, record_line};

/// Older than this, a reading says too little of today.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A reading that may have begun before.
pub(crate) struct DriftProgress<'a> {
    path: PathBuf,
    state: &'a State,
    seen: DriftCheckpoint,
    lines: Option<Lines>,
}

impl<'a> DriftProgress<'a> {
    /// Looks for a reading of the same scope that did not end.
    pub(crate) fn find(
        settings: &LoadedProject,
        arguments: &DriftArguments,
        state: &'a State,
        channel_id: &str,
        terminal: Terminal,
    ) -> Self {
        let scope = scope(settings, arguments, state, channel_id);
        let folder = settings.root.join(SANDBOX_FOLDER);
        let path = folder.join(format!("drift-{scope}.progress"));
        let found = files::read(&path)
            .filter(|_| !arguments.restart)
            .and_then(|bytes| DriftCheckpoint::parse(&bytes))
            .filter(|seen| seen.head.scope == scope && is_fresh(seen));
        let seen = if let Some(mut seen) = found {
            // Who was applied since is another user now.
            seen.users.retain(|id, digest| {
                let entry = state.users.get(id);
                entry.is_some_and(|entry| entry.digest == *digest)
            });
            terminal.talk(&format!(
                "Going on from a drift that began at {} and did not end: {} as applied then. --restart begins anew.",
                seen.head.since,
                output::counted(seen.users.len(), "user was", "users were")
            ));
            seen
        } else {
            let seed = match (arguments.sample, arguments.seed) {
                (None, _) => None,
                (Some(_), Some(seed)) => Some(seed),
                // Short enough to be typed again.
                (Some(_), None) => Some(fastrand::u32(..).into()),
            };
            DriftCheckpoint::new(scope, seed, now())
        };
        Self {
            path,
            state,
            seen,
            lines: None,
        }
    }

    /// The seed of the sample.
    pub(crate) fn seed(&self) -> u64 {
        self.seen.head.seed.unwrap_or_default()
    }

    /// Whether this user was found as applied.
    pub(crate) fn has_seen(&self, id: &MemberId) -> bool {
        self.seen.users.contains_key(id)
    }

    /// Makes the file ready to be added to.
    pub(crate) fn begin(&mut self, terminal: Terminal) {
        let begun = match self.path.parent() {
            Some(folder) => files::make_folder(folder),
            None => Ok(()),
        }
        .and_then(|()| Lines::begin(&self.path, &self.seen.write()));
        match begun {
            Ok(lines) => self.lines = Some(lines),
            Err(failure) => {
                output::failure(terminal, &failure);
                terminal.talk("If this run is interrupted, the next one begins anew.");
            }
        }
    }

    /// Notes a user who is as applied.
    pub(crate) fn note(&mut self, id: &MemberId, terminal: Terminal) {
        let (Some(lines), Some(entry)) = (&mut self.lines, self.state.users.get(id)) else {
            return;
        };
        if let Err(error) = lines.add(&record_line(id, entry.digest)) {
            terminal.talk(&format!(
                "warning: cannot write {}: {error}; if this run is interrupted, the next one reads more than it must",
                self.path.display()
            ));
            self.lines = None;
        }
    }

    /// Removes the file: everybody was read.
    pub(crate) fn end(&mut self, terminal: Terminal) {
        self.lines = None;
        if let Err(error) = files::remove(&self.path) {
            terminal.talk(&format!(
                "warning: cannot remove {}: {error}",
                self.path.display()
            ));
        }
    }
}

fn is_fresh(seen: &DriftCheckpoint) -> bool {
    let age = Duration::try_from(now().duration_since(seen.head.since));
    age.is_ok_and(|age| age < FRESH)
}

/// Names what is read: which users of which state, on which channel, in which version.
fn scope(
    settings: &LoadedProject,
    arguments: &DriftArguments,
    state: &State,
    channel_id: &str,
) -> String {
    let mut select = arguments.select.clone();
    select.sort();
    let sample = format!("{:?} {:?}", arguments.sample, arguments.seed);
    let api = settings.project.channel.api.as_str();
    let mut parts = vec!["talkform drift 1", &state.lineage, channel_id, api, &sample];
    parts.extend(select.iter().map(String::as_str));
    let whole = PlanDigest::over(parts.into_iter().map(str::as_bytes));
    to_hex(&whole.as_bytes()[..8])
}
