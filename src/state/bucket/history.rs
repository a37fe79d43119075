//! Lists the earlier states of a place, reads one, and removes those that are too many.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::model::State;
use crate::state::disk::FileReader;
use crate::state::encryption::encryption_error::EncryptionError;
use crate::state::file_stamp::FileStamp;
use crate::state::format::FormatError;
use crate::state::read;
use crate::state::replay::Replay;
use crate::state::store::Store;
use crate::state::store_error::StoreError;
use crate::state::versions::restored::restored;
use crate::state::versions::version::{StateId, Version, VersionCopy};

/// How many earlier states are kept.
pub(crate) const MOST_KEPT: usize = 10;

/// A state that is about to be restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The state to save.
    pub state: State,
    /// What a journal that was left behind added; only where the present state cannot be read.
    pub replay: Replay,
    /// How many users differ from the present state and are pending therefore; `None` if it cannot be read.
    pub differing: Option<usize>,
}

/// The states of some copies, the latest first.
fn latest_first(mut copies: Vec<VersionCopy>) -> Vec<Version> {
    copies.sort_by(|one, other| (&other.id, one.made).cmp(&(&one.id, other.made)));
    let states = copies.chunk_by(|one, other| one.id == other.id);
    states
        .map(|copies| Version {
            id: copies[0].id.clone(),
            names: copies.iter().map(|copy| copy.name.clone()).collect(),
            length: copies[0].length,
            replaced: copies[0].made,
            saved: None,
        })
        .collect()
}

impl Store {
    /// The folder of the copies. `SeaweedFS` keeps versions of its own in `KEY.versions` and lists nothing there.
    fn versions_path(&self) -> PathBuf {
        self.beside(".earlier")
    }

    /// The earlier states that are kept, the latest first.
    ///
    /// # Errors
    ///
    /// They cannot be listed.
    pub fn versions(&self) -> Result<Vec<Version>, StoreError> {
        let folder = self.versions_path();
        let found = self.disk().versions(&folder).and_then(|copies| {
            let mut found = latest_first(copies);
            for version in &mut found {
                if let Some(name) = version.names.first() {
                    version.saved = self.disk().saved(&folder.join(name))?;
                }
            }
            Ok(found)
        });
        found.map_err(|cause| StoreError::File {
            doing: "list",
            path: folder,
            cause,
        })
    }

    /// Keeps the state that is about to be replaced. A run that cannot do so goes on with a warning: what it applied is
    /// worth more than a way back.
    pub(crate) fn keep_version(&self, id: &StateId, length: u64) {
        let name = self.disk().random_id().map(|random| id.file_name(random));
        let kept = name.and_then(|name| {
            let path = self.versions_path().join(name);
            self.disk().keep_version(self.path(), &path, length)
        });
        if let Err(error) = kept {
            tracing::warn!(
                "cannot keep the state with serial {} as an earlier version: {error}",
                id.serial
            );
        }
    }

    /// Removes the earliest states if there are too many.
    pub(crate) fn remove_old_versions(&self) {
        let folder = self.versions_path();
        let removed = self.disk().versions(&folder).and_then(|copies| {
            let surplus = latest_first(copies).into_iter().skip(MOST_KEPT);
            for name in surplus.flat_map(|version| version.names) {
                self.disk().remove(&folder.join(name))?;
            }
            Ok(())
        });
        if let Err(error) = removed {
            tracing::warn!("cannot remove earlier versions of the state: {error}");
        }
    }

    /// Removes every copy of an earlier state that `names` is true for, and every one that cannot be read. Returns how
    /// many were removed.
    ///
    /// # Errors
    ///
    /// The copies cannot be listed or removed, or the store fails.
    pub fn remove_versions(&self, names: impl Fn(&State) -> bool) -> Result<usize, StoreError> {
        let folder = self.versions_path();
        let failed = |doing| {
            let path = folder.clone();
            move |cause| StoreError::File { doing, path, cause }
        };
        let mut removed = 0;
        for copy in self.disk().versions(&folder).map_err(failed("list"))? {
            let path = folder.join(&copy.name);
            let is_wanted = match self.load_copy(&path) {
                Ok((state, _)) => names(&state),
                Err(StoreError::Format { .. }) => true,
                // Another run removed it.
                Err(StoreError::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                    false
                }
                Err(StoreError::File { cause, .. }) if EncryptionError::of(&cause).is_some() => {
                    true
                }
                Err(error) => return Err(error),
            };
            if is_wanted {
                let gone = self.disk().remove(&path);
                gone.map_err(failed("remove an earlier state from"))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn load_copy(&self, path: &Path) -> Result<(State, StateId), StoreError> {
        let read = FileStamp::read_with(self.disk(), path, |file, length| {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            read::parse_from(FileReader::new(file), length)
        });
        let read = read.map_err(|error| StoreError::opening("read", path, error))?;
        let Some((_, parsed)) = read else {
            return Err(StoreError::File {
                doing: "read",
                path: path.to_owned(),
                cause: io::ErrorKind::NotFound.into(),
            });
        };
        let (state, check) = parsed.map_err(|error| error.at(path))?;
        let serial = state.serial;
        Ok((state, StateId { serial, check }))
    }

    /// Reads an earlier state. Its content has to be the one that its name says.
    ///
    /// # Errors
    ///
    /// It cannot be read, or it is another state.
    pub fn load_version(&self, version: &Version) -> Result<State, StoreError> {
        let mut path = self.versions_path();
        let mut serial = version.id.serial;
        for name in &version.names {
            path = self.versions_path().join(name);
            let (state, found) = self.load_copy(&path)?;
            if found == version.id {
                return Ok(state);
            }
            serial = state.serial;
        }
        let cause = FormatError::OtherState { serial };
        Err(StoreError::Format { path, cause })
    }

    /// Computes what an earlier state becomes in the place of the present one. The caller holds the lock, saves it and
    /// removes the journal. A present state that is missing or damaged is replaced as well.
    ///
    /// # Errors
    ///
    /// The earlier state or the journal cannot be read, or the present state cannot be read for another reason.
    pub fn restore(&self, version: &Version, now: Timestamp) -> Result<Restored, StoreError> {
        let mut earlier = self.load_version(version)?;
        let later = match self.load() {
            Ok(loaded) => loaded.state,
            Err(error) if error.is_state_unusable() => None,
            Err(StoreError::Journal { .. }) if self.was_missing() => None,
            Err(error) => return Err(error),
        };
        let Some(later) = later else {
            let last = self.versions()?;
            let last = last.first().map_or(0, |last| last.id.serial);
            let replay = self.replay_journal(&version.id.check, &mut earlier)?;
            // The state that is missing or damaged followed the last one that was kept.
            earlier.serial = earlier.serial.max(last) + 2;
            return Ok(Restored {
                state: earlier,
                replay,
                differing: None,
            });
        };
        let pending = later.pending.len();
        let state = restored(earlier, &later, now);
        Ok(Restored {
            differing: Some(state.pending.len().saturating_sub(pending)),
            state,
            replay: Replay::default(),
        })
    }
}
