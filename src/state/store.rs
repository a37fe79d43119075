//! The state's files: read, journalled, replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::digest::digests::to_hex;
use crate::model::{Desired, State, file_record};
use crate::state::file_stamp::{FileStamp, FileStamps};
use crate::state::folder::{folder_of, sync_folder};
use crate::state::format::check_of;
use crate::state::journal;
use crate::state::journal::{Head, JournalRecord};
use crate::state::journal_writer::JournalWriter;
use crate::state::lock::{Lock, LockError, LockOwner};
use crate::state::regular_file::OpenError;
use crate::state::repair::Repaired;
use crate::state::replay::{Replay, replay};
use crate::state::store_error::StoreError;
use crate::state::{disk_space, read, regular_file, repair, temporary, write};

/// Where a project's state lives.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    /// The state's file as this run loaded or saved it last.
    expected: Arc<Mutex<Option<FileStamp>>>,
}

/// What is recorded, the journal included.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `None` where there is no file yet.
    pub state: Option<State>,
    /// What the journal added.
    pub replay: Replay,
    /// Which files these were.
    stamps: FileStamps,
}

impl Store {
    /// A state at this path, whether or not it is there.
    pub fn new(path: &Path) -> Self {
        // A link is followed, so that saving replaces the file and not the link.
        Self {
            path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
            expected: Arc::default(),
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

    /// Takes the right to write, and removes the temporary files that killed runs left behind.
    ///
    /// # Errors
    ///
    /// As for [`Lock::acquire`].
    pub fn lock(&self, holder: &LockOwner, timeout: Duration) -> Result<Lock, LockError> {
        let lock = Lock::acquire(&self.beside(".lock"), holder, timeout)?;
        temporary::sweep(&self.path);
        Ok(lock)
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
        let (journal_stamp, journal) = read_optional(&journal_path)?.unzip();
        let (state_stamp, bytes) = read_optional(&self.path)?.unzip();
        self.expect(state_stamp.clone());
        let stamps = FileStamps {
            state: state_stamp,
            journal: journal_stamp,
        };
        let Some(bytes) = bytes else {
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
                stamps,
            });
        };
        let unusable = |cause| StoreError::Format {
            path: self.path.clone(),
            cause,
        };
        let base = check_of(&bytes);
        let mut state = read::parse_owned(bytes).map_err(unusable)?;
        let replay = self.replay(journal, base.as_deref(), &mut state)?;
        Ok(Loaded {
            state: Some(state),
            replay,
            stamps,
        })
    }

    fn replay(
        &self,
        journal: Option<Vec<u8>>,
        base: Option<&str>,
        state: &mut State,
    ) -> Result<Replay, StoreError> {
        let replay = match journal {
            None => Replay::default(),
            Some(bytes) => replay(&bytes, base, state).map_err(|error| StoreError::Journal {
                path: self.journal_path(),
                reason: error.to_string(),
            })?,
        };
        if replay.changes_state() {
            file_record::discard_stale_files(state);
        }
        Ok(replay)
    }

    /// Replaces a damaged state by what of it can be trusted, its journal included, and keeps the damaged file
    /// under another name. `None` where the state is whole; then nothing is written. The caller holds the lock.
    ///
    /// # Errors
    ///
    /// There is no state, its header cannot be trusted, or a file cannot be read or written.
    pub fn repair(&self, now: Timestamp) -> Result<Option<(Repaired, PathBuf)>, StoreError> {
        let journal = read_optional(&self.journal_path())?.map(|(_, bytes)| bytes);
        let failed = |doing, cause| StoreError::File {
            doing,
            path: self.path.clone(),
            cause,
        };
        let Some((stamp, bytes)) = read_optional(&self.path)? else {
            return Err(failed("repair", io::ErrorKind::NotFound.into()));
        };
        self.expect(Some(stamp));
        let base = check_of(&bytes);
        if read::parse(&bytes).is_ok() {
            return Ok(None);
        }
        let mut repaired = repair::repair(&bytes, now).map_err(|cause| StoreError::Format {
            path: self.path.clone(),
            cause,
        })?;
        self.replay(journal, base.as_deref(), &mut repaired.state)?;
        repaired.state.serial += 1;
        let copy = self.beside(&format!(".damaged-{:08x}", fastrand::u32(..)));
        fs::copy(&self.path, &copy).map_err(|cause| failed("copy", cause))?;
        self.save(&repaired.state)?;
        self.remove_journal()?;
        Ok(Some((repaired, copy)))
    }

    /// Whether the state's file is the one that this run loaded or saved last.
    ///
    /// # Errors
    ///
    /// The file cannot be inspected.
    pub fn is_unmodified(&self) -> Result<bool, StoreError> {
        match FileStamp::at(&self.path) {
            Ok(stamp) => Ok(stamp == *self.expected()),
            // Somebody put a folder or a pipe in its place.
            Err(OpenError::NotRegular(_)) => Ok(false),
            Err(error) => Err(StoreError::opening("read", &self.path, error)),
        }
    }

    fn expected(&self) -> MutexGuard<'_, Option<FileStamp>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, stamp: Option<FileStamp>) {
        *self.expected() = stamp;
    }

    /// Replaces the file as a whole: a reader sees the old state or the new one, and so does
    /// whoever looks after a power cut.
    ///
    /// # Errors
    ///
    /// The file cannot be written or flushed. [`StoreError::Conflict`] where the file is not the one that this
    /// run loaded or saved last: it is left as it is, and the state goes to a new file beside it.
    pub fn save(&self, state: &State) -> Result<(), StoreError> {
        let failed = |cause| StoreError::File {
            doing: "write",
            path: self.path.clone(),
            cause,
        };
        let folder = folder_of(&self.path);
        let mut temporary = temporary::create(&self.path).map_err(failed)?;
        write_whole(state, temporary.as_file_mut()).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        let stamp = FileStamp::of(temporary.as_file_mut()).map_err(failed)?;
        if !self.is_unmodified()? {
            let copy = self.beside(&format!(".conflict-{:08x}", fastrand::u32(..)));
            temporary
                .persist_noclobber(&copy)
                .map_err(|error| failed(error.error))?;
            sync_folder(folder).map_err(failed)?;
            return Err(StoreError::Conflict {
                path: self.path.clone(),
                copy,
            });
        }
        temporary
            .persist(&self.path)
            .map_err(|error| failed(error.error))?;
        self.expect(Some(stamp));
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
        regular_file::open(&path, OpenOptions::new().append(true))
            .map_err(|error| StoreError::opening("write the journal", &path, error))?;
        // A user's line in the state is no longer than its line in the journal; a name is at worst all
        // escapes.
        let lines: usize = events.map(|event| journal::line(&event).len() + FILE).sum();
        let names = desired
            .files
            .iter()
            .map(|file| 6 * file.name.len() + RECORD);
        let recorded = loaded.state.as_ref().map_or(0, |state| state.users.len());
        let bytes = loaded.stamps.length()
            + (journal::HEAD + 2 * lines + names.sum::<usize>() + FILE * recorded) as u64;
        disk_space::check_available(folder_of(&self.path), bytes).map_err(|cause| {
            match cause.kind() {
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
            }
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
        let mut file = tempfile::Builder::new()
            .prefix("talkform-state-")
            .suffix(".json")
            .tempfile_in(folder)
            .map_err(failed)?;
        regular_file::make_private(file.as_file()).map_err(failed)?;
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
        regular_file::check(&path)
            .map_err(|error| StoreError::opening("write the journal", &path, error))?;
        let head = || {
            let mut id = [0; 8];
            getrandom::fill(&mut id).map_err(io::Error::other)?;
            Ok(Head::new(state, to_hex(&id), self.base()?))
        };
        let created = head().and_then(|head| JournalWriter::create(&path, head));
        created.map_err(|cause| StoreError::File {
            doing: "write the journal",
            path,
            cause,
        })
    }

    /// The checksum of the state's file.
    fn base(&self) -> io::Result<String> {
        /// More than the line of the checksum.
        const END: u64 = 64;
        let mut file = File::open(&self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        check_of(&end).ok_or_else(|| io::Error::other("the state has no checksum"))
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

fn read_optional(path: &Path) -> Result<Option<(FileStamp, Vec<u8>)>, StoreError> {
    FileStamp::read(path).map_err(|error| StoreError::opening("read", path, error))
}
