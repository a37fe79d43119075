//! The state's files: read, journalled, replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::model::{Desired, State, file_record};
use crate::state::folder::{folder_of, sync_folder};
use crate::state::format::FormatError;
use crate::state::journal;
use crate::state::journal::{JournalRecord, Replay};
use crate::state::journal_writer::JournalWriter;
use crate::state::lock::{Lock, LockError, LockOwner};
use crate::state::{disk_space, read, write};

/// Why a state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is there and is no state that this program can use.
    #[error("cannot use the state {path}: {cause}")]
    Format {
        /// The state's file.
        path: PathBuf,
        /// Why.
        cause: FormatError,
    },
    /// The journal is there and does not fit the state.
    #[error("cannot use the journal {path}: {reason}")]
    Journal {
        /// The journal's file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// What the run has to write would not fit.
    #[error("there is no room to keep what this run does: it may write {} KiB beside {path} ({cause})", .bytes.div_ceil(1024))]
    Room {
        /// The state's file.
        path: PathBuf,
        /// How much it may be.
        bytes: u64,
        /// What the system says.
        cause: io::Error,
    },
    /// The system refuses.
    #[error("cannot {doing} {path}: {cause}")]
    File {
        /// A verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// Where a project's state lives.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

/// What is recorded, the journal included.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `None` where there is no file yet.
    pub state: Option<State>,
    /// What the journal added.
    pub replay: Replay,
    /// Which files these were.
    seen: Seen,
}

/// What tells whether the state's files are still those that were read: each save makes a new file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    state: Option<Identity>,
    journal: Option<Identity>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    number: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Store {
    /// A state at this path, whether or not it is there.
    pub fn new(path: &Path) -> Self {
        // A link is followed, so that saving replaces the file and not the link.
        Self {
            path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        }
    }

    /// The state's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.beside(".journal")
    }

    /// Takes the right to write.
    ///
    /// # Errors
    ///
    /// As for [`Lock::acquire`].
    pub fn lock(&self, holder: &LockOwner, timeout: Duration) -> Result<Lock, LockError> {
        Lock::acquire(&self.beside(".lock"), holder, timeout)
    }

    /// Reads the state and whatever journal was left behind. Writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// The state or the journal cannot be read, or is not valid.
    pub fn load(&self) -> Result<Loaded, StoreError> {
        // The journal first: an apply that ends in between has saved the state before it removes
        // the journal, so the pair is never older than the journal.
        let journal_path = self.journal_path();
        let seen = self.seen()?;
        let journal = read_optional(&journal_path)?;
        let Some(bytes) = read_optional(&self.path)? else {
            if journal.is_some_and(|bytes| !bytes.is_empty()) {
                return Err(StoreError::Journal {
                    path: journal_path,
                    reason: format!(
                        "its state {} is missing; restore the state, or remove the journal to start from nothing (every user is then sent again)",
                        self.path.display()
                    ),
                });
            }
            return Ok(Loaded {
                state: None,
                replay: Replay::default(),
                seen,
            });
        };
        let unusable = |cause| StoreError::Format {
            path: self.path.clone(),
            cause,
        };
        let mut state = read::parse_owned(bytes).map_err(unusable)?;
        let replay = match journal {
            None => Replay::default(),
            Some(bytes) => {
                journal::replay(&bytes, &mut state).map_err(|error| StoreError::Journal {
                    path: journal_path,
                    reason: error.to_string(),
                })?
            }
        };
        if replay.replayed > 0 {
            file_record::discard_stale_files(&mut state);
        }
        Ok(Loaded {
            state: Some(state),
            replay,
            seen,
        })
    }

    /// Whether the state is still as it was loaded, so that it need not be loaded again.
    ///
    /// # Errors
    ///
    /// The state file or the journal cannot be inspected.
    pub fn is_as_loaded(&self, loaded: &Loaded) -> Result<bool, StoreError> {
        Ok(self.seen()? == loaded.seen)
    }

    fn seen(&self) -> Result<Seen, StoreError> {
        Ok(Seen {
            journal: identity(&self.journal_path())?,
            state: identity(&self.path)?,
        })
    }

    /// Replaces the file as a whole: a reader sees the old state or the new one, and so does
    /// whoever looks after a power cut.
    ///
    /// # Errors
    ///
    /// The file cannot be written or flushed.
    pub fn save(&self, state: &State) -> Result<(), StoreError> {
        let failed = |cause| StoreError::File {
            doing: "write",
            path: self.path.clone(),
            cause,
        };
        let folder = folder_of(&self.path);
        // Its files are made with mode 0600.
        let mut temporary = tempfile::Builder::new()
            .prefix(".talkform-state-")
            .tempfile_in(folder)
            .map_err(failed)?;
        write_whole(state, temporary.as_file_mut()).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        temporary
            .persist(&self.path)
            .map_err(|error| failed(error.error))?;
        sync_folder(folder).map_err(failed)
    }

    /// Makes sure, before anything is sent, that the journal can be written and that it and the
    /// closing save fit on the disk, should all of these events happen.
    ///
    /// # Errors
    ///
    /// The journal cannot be written, or the disk has too little space.
    pub fn check_room(
        &self,
        loaded: &Loaded,
        desired: &Desired,
        events: impl Iterator<Item = JournalRecord>,
    ) -> Result<(), StoreError> {
        /// The most that a file's record takes besides its name, in bytes.
        const RECORD: usize = 200;
        /// The most that an entry grows when its file is recorded.
        const FILE: usize = ",\"file\":4294967295".len();
        let path = self.journal_path();
        match OpenOptions::new().append(true).open(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::File {
                    doing: "write the journal",
                    path,
                    cause,
                });
            }
            _ => {}
        }
        // A user's line in the state is no longer than its line in the journal; a name is at worst all
        // escapes.
        let lines: usize = events.map(|event| journal::line(&event).len() + FILE).sum();
        let names = desired
            .files
            .iter()
            .map(|file| 6 * file.name.len() + RECORD);
        let recorded = loaded.state.as_ref().map_or(0, |state| state.users.len());
        let on_disk = [&loaded.seen.state, &loaded.seen.journal];
        let on_disk = on_disk.into_iter().flatten().map(|file| file.bytes);
        let bytes = on_disk.sum::<u64>()
            + (journal::HEAD + 2 * lines + names.sum::<usize>() + FILE * recorded) as u64;
        disk_space::try_out(folder_of(&self.path), bytes).map_err(|cause| match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Room {
                path: self.path.clone(),
                bytes,
                cause,
            },
            _ => StoreError::File {
                doing: "write beside",
                path: self.path.clone(),
                cause,
            },
        })
    }

    /// Writes the state to a new file in another folder, for when it cannot be saved in its place.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save_elsewhere(state: &State, folder: &Path) -> Result<PathBuf, StoreError> {
        let failed = |cause| StoreError::File {
            doing: "write to",
            path: folder.to_owned(),
            cause,
        };
        // Its files are made with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix("talkform-state-")
            .suffix(".json")
            .tempfile_in(folder)
            .map_err(failed)?;
        write_whole(state, file.as_file_mut())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        let (_, path) = file.keep().map_err(|error| failed(error.error))?;
        Ok(path)
    }

    /// Starts a journal for this state, which must be saved already. What was left behind by
    /// an earlier one is replaced.
    ///
    /// # Errors
    ///
    /// The journal cannot be created.
    pub fn open_journal(&self, state: &State) -> Result<JournalWriter, StoreError> {
        let path = self.journal_path();
        JournalWriter::create(&path, &journal::head(state)).map_err(|cause| StoreError::File {
            doing: "write the journal",
            path,
            cause,
        })
    }

    /// Removes the journal, after a save that holds all of it.
    ///
    /// # Errors
    ///
    /// The journal cannot be removed.
    pub fn remove_journal(&self) -> Result<(), StoreError> {
        let path = self.journal_path();
        let removed = match fs::remove_file(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => sync_folder(folder_of(&path)),
        };
        removed.map_err(|cause| StoreError::File {
            doing: "remove the journal",
            path,
            cause,
        })
    }
}

fn write_whole(state: &State, file: &mut File) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 20, file);
    write::write(state, &mut out)?;
    out.flush()
}

fn identity(path: &Path) -> Result<Option<Identity>, StoreError> {
    match fs::metadata(path) {
        Ok(data) => Ok(Some(Identity {
            #[cfg(unix)]
            number: std::os::unix::fs::MetadataExt::ino(&data),
            #[cfg(not(unix))]
            number: 0,
            bytes: data.len(),
            modified: data.modified().ok(),
        })),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StoreError::File {
            doing: "read",
            path: path.to_owned(),
            cause,
        }),
    }
}

fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StoreError::File {
            doing: "read",
            path: path.to_owned(),
            cause,
        }),
    }
}
