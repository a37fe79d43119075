//! Reads and saves the files of a state: the state is replaced as a whole, the journal grows during a run.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Desired, State, file_record};
use crate::regular_file::OpenError;
use crate::state::disk::{Access, Disk, DiskFile, FileReader, Replaced};
use crate::state::file_stamp::{FileStamp, FileStamps};
use crate::state::folder::folder_of;
use crate::state::format::check_of;
use crate::state::journal;
use crate::state::journal::{Head, JournalRecord};
use crate::state::journal_writer::JournalWriter;
use crate::state::lock::Lock;
use crate::state::repair::Repaired;
use crate::state::replay::{Replay, replay};
use crate::state::store_error::{LockError, LockOwner, StoreError};
use crate::state::system_disk::SystemDisk;
use crate::state::temporary::Temporary;
use crate::state::versions::version::StateId;
use crate::state::{read, repair, temporary, write};

/// The place of a project's state.
#[derive(Clone, Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    /// The disk for a copy of a state that cannot be saved in its place.
    rescue: Arc<dyn Disk>,
    is_remote: bool,
    path: PathBuf,
    /// The state's file as this run loaded or saved it last.
    expected: Arc<Mutex<Option<Expected>>>,
}

/// A state's file as this run loaded or saved it last.
#[derive(Clone, Debug)]
struct Expected {
    stamp: FileStamp,
    /// The state in it; `None` if the file is damaged.
    id: Option<StateId>,
}

/// A loaded state, with its journal.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `None` if there is no file yet.
    pub state: Option<State>,
    /// What the journal added.
    pub replay: Replay,
    /// The stamps of the files.
    stamps: FileStamps,
}

impl Loaded {
    /// The length of the state's file in bytes; 0 if there is none.
    pub fn file_length(&self) -> u64 {
        self.stamps.state.as_ref().map_or(0, FileStamp::length)
    }
}

impl Store {
    /// A state at this path of the system's disk. It need not exist.
    pub fn new(path: &Path) -> Self {
        Self::on(Arc::new(SystemDisk), path)
    }

    /// A state at this path of another disk.
    pub fn on(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self {
            // A link is followed, so that saving replaces the file and not the link.
            path: disk.follow_links(path),
            rescue: Arc::clone(&disk),
            is_remote: false,
            disk,
            expected: Arc::default(),
        }
    }

    /// A state in a bucket.
    pub(crate) fn remote(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self {
            path,
            disk,
            rescue: Arc::new(SystemDisk),
            is_remote: true,
            expected: Arc::default(),
        }
    }

    /// Whether the state is in a bucket.
    pub fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// Encrypts a state in a bucket with this secret from now on, and expects it of what is read.
    pub fn encrypt_with(&self, secret: Option<&str>) {
        self.disk.encrypt_with(secret);
    }

    /// The disk of the state.
    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The state's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.beside(".journal")
    }

    /// Takes the lock, and removes the temporary files that killed runs left behind.
    ///
    /// # Errors
    ///
    /// Another process holds the lock until the timeout, the file system has no locks, or the file cannot be
    /// opened.
    pub fn lock(&self, holder: &LockOwner, timeout: Duration) -> Result<Lock, LockError> {
        let lock = Lock::acquire(&self.disk, &self.beside(".lock"), holder, timeout)?;
        temporary::sweep(&*self.disk, &self.path);
        Ok(lock)
    }

    /// Reads the state, and the journal if one was left behind. Writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// The state or the journal cannot be read, or is not valid.
    pub fn load(&self) -> Result<Loaded, StoreError> {
        // The journal first: an apply that ends in between has saved the state before it removes
        // the journal, so the pair is never older than the journal.
        let journal_path = self.journal_path();
        let (journal_stamp, journal) = self.read_optional(&journal_path)?.unzip();
        let read = FileStamp::read_with(&*self.disk, &self.path, |file, length| {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            read::parse_from(FileReader::new(file), length)
        });
        let read = read.map_err(|error| StoreError::opening("read", &self.path, error))?;
        let (state_stamp, parsed) = read.unzip();
        let read = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok());
        let id = read.map(|(state, check)| StateId {
            serial: state.serial,
            check: check.clone(),
        });
        self.expect(state_stamp.clone(), id);
        let stamps = FileStamps {
            state: state_stamp,
            journal: journal_stamp,
        };
        let Some(parsed) = parsed else {
            if journal.is_some_and(|bytes| journal::may_have_records(&bytes)) {
                return Err(StoreError::Journal {
                    path: journal_path,
                    reason: format!(
                        "its state {} is missing; restore the state, or remove the journal to start from nothing (every user is then sent again, and what is no longer declared stays on Channel)",
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
        let (mut state, base) = parsed.map_err(|error| error.at(&self.path))?;
        let replay = self.replay(journal, Some(&base), &mut state)?;
        Ok(Loaded {
            state: Some(state),
            replay,
            stamps,
        })
    }

    /// Reads a journal that was left behind into a state with this checksum.
    pub(crate) fn replay_journal(
        &self,
        check: &str,
        state: &mut State,
    ) -> Result<Replay, StoreError> {
        let journal = self.read_optional(&self.journal_path())?;
        self.replay(journal.map(|(_, bytes)| bytes), Some(check), state)
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

    /// Replaces a damaged state by the part of it that can be trusted, with its journal, and keeps the damaged file
    /// under another name. Returns `None` and writes nothing if the state is whole. The caller holds the lock.
    ///
    /// # Errors
    ///
    /// There is no state, its header cannot be trusted, or a file cannot be read or written.
    pub fn repair(&self, now: Timestamp) -> Result<Option<(Repaired, PathBuf)>, StoreError> {
        let journal = self
            .read_optional(&self.journal_path())?
            .map(|(_, bytes)| bytes);
        let failed = |doing, cause| StoreError::File {
            doing,
            path: self.path.clone(),
            cause,
        };
        let Some((stamp, bytes)) = self.read_optional(&self.path)? else {
            return Err(failed("repair", io::ErrorKind::NotFound.into()));
        };
        let base = check_of(&bytes);
        self.expect(Some(stamp), None);
        if read::parse(&bytes).is_ok() {
            return Ok(None);
        }
        let mut repaired = repair::repair(&bytes, now).map_err(|cause| StoreError::Format {
            path: self.path.clone(),
            cause,
        })?;
        self.replay(journal, base.as_deref(), &mut repaired.state)?;
        repaired.state.serial += 1;
        let copy = self
            .keep_damaged(&bytes)
            .map_err(|cause| failed("copy", cause))?;
        self.save(&repaired.state)?;
        self.remove_journal()?;
        Ok(Some((repaired, copy)))
    }

    fn keep_damaged(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let temporary = Temporary::create(&*self.disk, &self.path)?;
        temporary.file().append(bytes)?;
        temporary.file().sync()?;
        let copy = self.new_name("damaged")?;
        temporary.persist(&copy)?;
        self.disk.sync_folder(folder_of(&self.path))?;
        Ok(copy)
    }

    /// A name beside the state that no file has.
    fn new_name(&self, what: &str) -> io::Result<PathBuf> {
        let id = self.disk.random_id()?;
        Ok(self.beside(&format!(".{what}-{id:016x}")))
    }

    /// Whether the state's file is the one that this run loaded or saved last.
    ///
    /// # Errors
    ///
    /// The file cannot be inspected.
    pub fn is_unmodified(&self) -> Result<bool, StoreError> {
        match FileStamp::at(&*self.disk, &self.path) {
            Ok(stamp) => Ok(stamp.as_ref() == self.expected().as_ref().map(|known| &known.stamp)),
            // A folder or a pipe is in its place.
            Err(OpenError::NotRegular(_)) => Ok(false),
            Err(error) => Err(StoreError::opening("read", &self.path, error)),
        }
    }

    fn expected(&self) -> MutexGuard<'_, Option<Expected>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, stamp: Option<FileStamp>, id: Option<StateId>) {
        *self.expected() = stamp.map(|stamp| Expected { stamp, id });
    }

    /// Whether there was no file when this run loaded the state.
    pub(crate) fn was_missing(&self) -> bool {
        self.expected().is_none()
    }

    /// Replaces the file as a whole. A reader sees the old state or the new one, also after a power cut.
    ///
    /// # Errors
    ///
    /// The file cannot be written or flushed. [`StoreError::Conflict`] if the file is not the one that this
    /// run loaded or saved last: it is left as it is, and the state goes to a new file beside it.
    pub fn save(&self, state: &State) -> Result<(), StoreError> {
        let failed = |cause| StoreError::File {
            doing: "write",
            path: self.path.clone(),
            cause,
        };
        let folder = folder_of(&self.path);
        let mut temporary = Temporary::create(&*self.disk, &self.path).map_err(failed)?;
        write::to_file(state, temporary.file()).map_err(failed)?;
        temporary.file().sync().map_err(failed)?;
        let stamp = FileStamp::of(temporary.file()).map_err(failed)?;
        let check = check_at_end(temporary.file()).map_err(failed)?;
        let id = check.map(|check| StateId {
            serial: state.serial,
            check,
        });
        let replaced = if self.is_unmodified()? {
            let expected = self.expected().clone();
            if let Some(Expected {
                stamp,
                id: Some(id),
            }) = &expected
            {
                self.keep_version(id, stamp.length());
            }
            let identity = expected.as_ref().map(|known| known.stamp.identity());
            temporary.replace(&self.path, identity).map_err(failed)?
        } else {
            Replaced::Foreign
        };
        let Replaced::Done(identity) = replaced else {
            let what = if self.is_remote {
                format!("conflict-{}", state.serial)
            } else {
                "conflict".to_owned()
            };
            let copy = self.new_name(&what).map_err(failed)?;
            temporary.persist(&copy).map_err(failed)?;
            self.disk.sync_folder(folder).map_err(failed)?;
            return Err(StoreError::Conflict {
                path: self.path.clone(),
                copy,
            });
        };
        self.expect(Some(identity.map_or(stamp, FileStamp::new)), id);
        self.disk.sync_folder(folder).map_err(failed)?;
        self.remove_old_versions();
        Ok(())
    }

    /// Checks, before anything is sent, that the journal can be written and that the disk has room for the journal
    /// of all these events and for the closing save.
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
        self.disk
            .open(&path, Access::Append)
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
        let available = self.disk.check_available(folder_of(&self.path), bytes);
        available.map_err(|cause| match cause.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => StoreError::Room {
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

    /// Writes the state to a new file in another folder, for when it cannot be saved in its place. It is encrypted if
    /// the state is.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save_elsewhere(&self, state: &State, folder: &Path) -> Result<PathBuf, StoreError> {
        let (prefix, suffix) = (OsStr::new("talkform-state-"), ".json");
        let written =
            Temporary::create_in(&*self.rescue, folder, prefix, suffix).and_then(|copy| {
                if self.is_remote {
                    let mut bytes = Vec::new();
                    write::write(state, &mut bytes)?;
                    copy.file().append(&self.disk.sealed(bytes)?)?;
                } else {
                    write::to_file(state, copy.file())?;
                }
                copy.file().sync()?;
                Ok(copy.keep())
            });
        written.map_err(|cause| StoreError::File {
            doing: "write to",
            path: folder.to_owned(),
            cause,
        })
    }

    /// Starts a journal for this state, which must be saved already. Replaces a journal that was left behind.
    ///
    /// # Errors
    ///
    /// The journal cannot be created. [`StoreError::Replaced`] if the state's file is not the one that this
    /// run loaded or saved last.
    pub fn open_journal(&self, state: &State) -> Result<JournalWriter, StoreError> {
        let path = self.journal_path();
        let is_unmodified = self.is_unmodified()?;
        let known = self
            .expected()
            .as_ref()
            .and_then(|known| Some(known.id.as_ref()?.check.clone()));
        let Some(base) = known.filter(|_| is_unmodified) else {
            let path = self.path.clone();
            return Err(StoreError::Replaced { path });
        };
        let head = || {
            let id = format!("{:016x}", self.disk.random_id()?);
            Ok::<_, OpenError>(Head::new(state, id, base))
        };
        self.flush_name()?;
        head()
            .and_then(|head| JournalWriter::create(&*self.disk, &path, head))
            .map_err(|error| StoreError::opening("write the journal", &path, error))
    }

    /// Removes the journal, after a save that holds all of it.
    ///
    /// # Errors
    ///
    /// The journal cannot be removed.
    pub fn remove_journal(&self) -> Result<(), StoreError> {
        let path = self.journal_path();
        self.flush_name()?;
        let removed = match self.disk.remove(&path) {
            // The flush before was one of this folder.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(cause),
            Ok(()) => self.disk.sync_folder(folder_of(&path)),
        };
        removed.map_err(|cause| StoreError::File {
            doing: "remove the journal",
            path,
            cause,
        })
    }

    /// Flushes the folder of the state. The run that renamed the state may have ended before it did, and a power cut
    /// would bring back the state before, which needs the journal.
    fn flush_name(&self) -> Result<(), StoreError> {
        let flushed = self.disk.sync_folder(folder_of(&self.path));
        flushed.map_err(|cause| StoreError::File {
            doing: "flush the folder of",
            path: self.path.clone(),
            cause,
        })
    }

    fn read_optional(&self, path: &Path) -> Result<Option<(FileStamp, Vec<u8>)>, StoreError> {
        FileStamp::read(&*self.disk, path).map_err(|error| StoreError::opening("read", path, error))
    }
}

/// The checksum in the last line of a state's file.
fn check_at_end(file: &dyn DiskFile) -> io::Result<Option<String>> {
    /// The bytes at the end that are read: more than the line of the checksum.
    const END: u64 = 64;
    let length = file.identity()?.length;
    let end = file.read_from(length.saturating_sub(END))?;
    Ok(check_of(&end))
}
