//! Applies a plan to a state file: prepares the state, executes the plan, saves the result.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::apply::event::Event;
use crate::apply::execute::{Options, Record, execute};
use crate::apply::outcome::Report;
use crate::model::{ChannelId, Desired, Destination, DigestKey, MemberId, Plan, State, StopCause};
use crate::plan;
use crate::remote::Transport;
use crate::state::{JournalWriter, Loaded, Store, StoreError};

/// The state that an apply starts from.
#[derive(Debug)]
pub struct Start {
    state: State,
    /// Whether the project has no state file yet.
    is_first: bool,
    /// Whether the state file holds the state, without a journal beside it. One without users may have got another
    /// key or destination since.
    is_saved: bool,
}

impl Start {
    /// The loaded state, or the state that `first` makes if none was loaded.
    ///
    /// # Errors
    ///
    /// The error of `first`.
    pub fn new<E>(loaded: Loaded, first: impl FnOnce() -> Result<State, E>) -> Result<Self, E> {
        let is_first = loaded.state.is_none();
        Ok(Self {
            is_first,
            is_saved: !loaded.replay.changes_state()
                && loaded
                    .state
                    .as_ref()
                    .is_some_and(|state| !state.records_nobody()),
            state: match loaded.state {
                Some(state) => state,
                None => first()?,
            },
        })
    }

    /// The state. Its salt is part of the key of its digests.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// The inputs of an apply. The caller holds the lock of the store.
#[derive(Debug)]
pub struct Target<'a> {
    /// Where the state is saved.
    pub store: &'a Store,
    /// The key of the state's digests.
    pub key: &'a DigestKey,
    /// The desired users that the plan was made from.
    pub desired: &'a Desired,
    /// A folder for a copy of the state, for when it cannot be saved in its place.
    pub rescue_folder: &'a Path,
}

/// Where and how the plan is executed.
#[derive(Debug)]
pub struct RunSettings<'a> {
    /// The connection to Channel.
    pub channel: Arc<dyn Transport>,
    /// The id of the channel that the credentials belong to.
    pub channel_id: ChannelId,
    /// How the plan is executed.
    pub options: &'a Options,
    /// Gives the time that is recorded.
    pub clock: fn() -> Timestamp,
    /// Asks the run to stop.
    pub stop: &'a watch::Sender<Option<StopCause>>,
}

/// The result of an apply.
#[derive(Debug)]
#[must_use]
pub struct Finished {
    /// What was done. It counts also if the state could not be saved.
    pub report: Report,
    /// Whether the state was saved.
    pub saved: Result<(), SaveError>,
}

/// Why the state could not be saved after an apply. The journal still holds what was applied.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The state is in another file.
    #[error("{cause}")]
    Rescued {
        /// Why the state could not be saved in its place.
        cause: StoreError,
        /// The file that holds the state.
        copy: PathBuf,
    },
    /// No copy could be written either.
    #[error("{cause}; {second}")]
    NotRescued {
        /// Why the state could not be saved in its place.
        cause: StoreError,
        /// Why the copy could not be written.
        second: StoreError,
    },
    /// Another program changed the state, so the new one is in another file.
    #[error(transparent)]
    Conflict(StoreError),
    /// The state is saved, and the journal could not be removed.
    #[error(transparent)]
    Journal(StoreError),
}

/// Applies a plan. The digests in the plan of a first apply become those of the new state.
///
/// The state is saved before the first request if it is new, if a journal was read back, or if it names
/// another destination. Outcomes are written to the journal; at the end the state is
/// saved once and the journal is removed.
///
/// # Errors
///
/// The state or the journal cannot be written. Nothing was sent.
pub async fn run(
    target: &Target<'_>,
    start: Start,
    plan: &mut Plan,
    settings: RunSettings<'_>,
    on_event: &mut dyn FnMut(Event),
) -> Result<Finished, StoreError> {
    let RunSettings {
        channel,
        channel_id,
        options,
        clock,
        stop,
    } = settings;
    if start.is_first {
        // The plan was made before the state had its salt.
        plan::rekey_plan(plan, target.desired, target.key);
    }
    let destination = Destination {
        channel_id: Some(channel_id),
        ..plan.destination.clone()
    };
    let mut state = prepare(target.store, start, destination)?;
    let mut journal = target.store.open_journal(&state)?;
    let any_found = record_findings(&mut state, plan);
    let pending_before = state.pending.clone();
    let record = Record {
        state: &mut state,
        journal: &mut journal,
        key: target.key,
    };
    let report = execute(plan, channel, options, record, stop, clock, on_event).await;
    let is_changed = any_found || report.changes_state() || state.pending != pending_before;
    let saved = target.finish(&mut state, journal, plan, is_changed);
    Ok(Finished { report, saved })
}

/// Makes the state ready for a journal.
fn prepare(store: &Store, start: Start, destination: Destination) -> Result<State, StoreError> {
    let Start {
        mut state,
        is_first: _,
        is_saved,
    } = start;
    let is_as_saved = is_saved && state.destination == destination;
    state.destination = destination;
    if !is_as_saved {
        state.serial += 1;
        store.save(&state)?;
    }
    Ok(state)
}

/// Records what the plan learned from Channel: fields that Channel shows as recorded are no longer unconfirmed,
/// and Channel's own ids of unchanged users. Returns whether there was anything.
fn record_findings(state: &mut State, plan: &Plan) -> bool {
    let confirmed = &plan.unconfirmed.confirmed;
    for (id, paths) in confirmed {
        if let Some(entry) = state.users.get_mut(id) {
            entry.unconfirmed.retain(|path| !paths.contains(path));
        }
    }
    for (id, remote_id) in &plan.remote_ids {
        if let Some(entry) = state.users.get_mut(id) {
            entry.remote_id = Some(*remote_id);
        }
    }
    !confirmed.is_empty() || !plan.remote_ids.is_empty()
}

/// Whether the state has something to clean up, whatever the plan is: a journal that was left behind, or
/// obsolete rejections.
pub fn needs_cleanup(loaded: &Loaded, desired: &Desired) -> bool {
    let state = loaded.state.as_ref();
    loaded.replay.changes_state()
        || state.is_some_and(|state| obsolete_rejections(state, desired).next().is_some())
}

impl Target<'_> {
    /// Cleans up the state after an empty plan: folds a journal that was left behind into it, drops
    /// obsolete rejections, and drops what Channel has confirmed since. Writes nothing if there is nothing to
    /// clean up.
    ///
    /// # Errors
    ///
    /// The state cannot be saved, or the journal cannot be removed.
    pub fn clean_up(&self, loaded: Loaded, plan: &Plan) -> Result<(), SaveError> {
        let is_needed = needs_cleanup(&loaded, self.desired);
        let Some(mut state) = loaded.state else {
            return Ok(());
        };
        let any_found = record_findings(&mut state, plan);
        if is_needed || any_found {
            self.save(&mut state, plan)?;
        }
        self.store.remove_journal().map_err(SaveError::Journal)
    }

    /// Saves what was executed and removes the journal.
    fn finish(
        &self,
        state: &mut State,
        journal: JournalWriter,
        plan: &Plan,
        is_changed: bool,
    ) -> Result<(), SaveError> {
        state.remember_folded(journal.id().to_owned());
        if let Err(error) = journal.close() {
            // The closing save holds the same records.
            tracing::warn!("cannot flush the journal: {error}");
        }
        if is_changed || obsolete_rejections(state, self.desired).next().is_some() {
            self.save(state, plan)?;
        }
        if let Err(error) = self.store.remove_journal() {
            // The saved state names it, so the next load passes over it.
            tracing::warn!("{error}");
        }
        Ok(())
    }

    fn save(&self, state: &mut State, plan: &Plan) -> Result<(), SaveError> {
        let obsolete: Vec<MemberId> = obsolete_rejections(state, self.desired).cloned().collect();
        for id in obsolete {
            state.rejected.remove(&id);
        }
        plan::record_files(state, self.desired, plan, self.key);
        state.serial += 1;
        let Err(cause) = self.store.save(state) else {
            return Ok(());
        };
        if matches!(cause, StoreError::Conflict { .. }) {
            return Err(SaveError::Conflict(cause));
        }
        Err(match self.store.save_elsewhere(state, self.rescue_folder) {
            Ok(copy) => SaveError::Rescued { cause, copy },
            Err(second) => SaveError::NotRescued { cause, second },
        })
    }
}

/// Rejections that no longer matter.
fn obsolete_rejections<'s>(
    state: &'s State,
    desired: &Desired,
) -> impl Iterator<Item = &'s MemberId> {
    let rejected = state.rejected.keys();
    rejected.filter(|id| is_obsolete_rejection(id, state, desired))
}

/// Whether the user is neither declared nor recorded, or whether a deletion was rejected that is no longer
/// wanted: then the rejected digest is the recorded one.
fn is_obsolete_rejection(id: &MemberId, state: &State, desired: &Desired) -> bool {
    match (desired.declares(id, state), state.users.get(id)) {
        (false, None) => true,
        (true, Some(entry)) => {
            let rejection = state.rejected.get(id);
            rejection.is_some_and(|rejection| rejection.digest == entry.digest)
        }
        (false, Some(_)) | (true, None) => false,
    }
}
