//! Appends to the journal and flushes it to the disk in groups.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::model::{MemberId, Pending};
use crate::state::folder::{folder_of, sync_folder};
use crate::state::journal::{self, Head, JournalRecord};
use crate::state::regular_file;

/// How long results may wait to be flushed to the disk together. A kill loses none of them; a power cut
/// those of this time, whose users are then pending.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// An open journal. Each record is handed to the system at once, so that a kill loses none. A thread
/// flushes them to the disk in groups: intents without delay, results within `FLUSH_INTERVAL`.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    id: String,
    length: u64,
    shared: Arc<Shared>,
    flushed: watch::Receiver<Flushed>,
    flusher: Option<JoinHandle<()>>,
}

/// How far the journal is flushed. Records are counted from 1.
#[derive(Clone, Copy, Debug, Default)]
struct Flushed {
    records: u64,
    /// A flush failed. After that the system may have dropped what it did not write, so nothing counts as
    /// flushed any more.
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    progress: Mutex<Progress>,
    is_changed: Condvar,
}

/// What there is to flush.
#[derive(Debug, Default)]
struct Progress {
    /// How many records are written.
    records: u64,
    /// The last record that is an intent.
    last_intent: u64,
    is_ending: bool,
    /// Why a flush failed, until it is reported.
    failure: Option<io::Error>,
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an intent in the journal. No request of its user may leave before [`Ticket::wait`] returns.
#[derive(Debug)]
pub struct Ticket {
    record: u64,
    flushed: watch::Receiver<Flushed>,
}

/// An intent did not reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal could not be flushed to the disk")]
pub struct NotFlushed;

impl Ticket {
    /// Waits until the intent is on the disk.
    ///
    /// # Errors
    ///
    /// The journal could not be flushed.
    pub async fn wait(mut self) -> Result<(), NotFlushed> {
        let record = self.record;
        let flushed = self
            .flushed
            .wait_for(|flushed| flushed.has_failed || flushed.records >= record)
            .await;
        match flushed {
            Ok(flushed) if flushed.records >= record => Ok(()),
            _ => Err(NotFlushed),
        }
    }
}

impl JournalWriter {
    pub(crate) fn create(path: &Path, head: Head) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        regular_file::make_private(&file)?;
        let first = journal::seal(&head);
        file.write_all(first.as_bytes())?;
        file.sync_all()?;
        sync_folder(folder_of(path))?;

        let shared = Arc::new(Shared::default());
        let (report, flushed) = watch::channel(Flushed::default());
        let thread = {
            let (shared, file) = (Arc::clone(&shared), file.try_clone()?);
            thread::Builder::new()
                .name("journal".to_owned())
                .spawn(move || flush_until_end(&shared, &file, &report))?
        };
        Ok(Self {
            file,
            id: head.id,
            length: first.len() as u64,
            shared,
            flushed,
            flusher: Some(thread),
        })
    }

    /// The journal's own id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes an intent. After an error nothing of it is in the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or an earlier flush failed.
    pub fn intend(&mut self, id: &MemberId, pending: &Pending) -> io::Result<Ticket> {
        if self.flushed.borrow().has_failed {
            let failure = self.shared.progress().failure.take();
            return Err(failure.unwrap_or_else(|| io::Error::other(NotFlushed)));
        }
        let line = journal::line(&JournalRecord::Intent(id.clone(), pending.clone()));
        self.write(&line)?;
        let mut progress = self.shared.progress();
        progress.records += 1;
        progress.last_intent = progress.records;
        self.shared.is_changed.notify_one();
        Ok(Ticket {
            record: progress.records,
            flushed: self.flushed.clone(),
        })
    }

    /// Writes one record. It may be in the file although an error is returned: the error may be that of
    /// an earlier flush.
    ///
    /// # Errors
    ///
    /// The file cannot be written or flushed. A later record can still be written.
    pub fn append(&mut self, record: &JournalRecord) -> io::Result<()> {
        self.write(&journal::line(record))?;
        let mut progress = self.shared.progress();
        progress.records += 1;
        self.shared.is_changed.notify_one();
        progress.failure.take().map_or(Ok(()), Err)
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Flushes what is left and stops the thread.
    ///
    /// # Errors
    ///
    /// The file cannot be flushed.
    pub fn close(mut self) -> io::Result<()> {
        self.stop();
        self.file.sync_data()
    }

    fn stop(&mut self) {
        self.shared.progress().is_ending = true;
        self.shared.is_changed.notify_one();
        if let Some(flusher) = self.flusher.take() {
            // The thread cannot panic; if it did, the closing flush still happens.
            let _ = flusher.join();
        }
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The work of the thread. What is written during one flush shares the next one.
fn flush_until_end(shared: &Shared, file: &File, report: &watch::Sender<Flushed>) {
    let mut flushed = Flushed::default();
    let mut last = Instant::now();
    loop {
        let mut progress = shared.progress();
        loop {
            if progress.is_ending {
                return;
            }
            let age = last.elapsed();
            let is_due = progress.last_intent > flushed.records
                || (progress.records > flushed.records && age >= FLUSH_INTERVAL);
            if is_due {
                break;
            }
            progress = if progress.records > flushed.records {
                let rest = FLUSH_INTERVAL.saturating_sub(age);
                let waited = shared.is_changed.wait_timeout(progress, rest);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else {
                let waited = shared.is_changed.wait(progress);
                waited.unwrap_or_else(PoisonError::into_inner)
            };
        }
        let records = progress.records;
        drop(progress);
        let result = file.sync_data();
        last = Instant::now();
        match result {
            Ok(()) => flushed.records = records,
            Err(error) => {
                flushed.has_failed = true;
                shared.progress().failure = Some(error);
            }
        }
        report.send_replace(flushed);
        if flushed.has_failed {
            return;
        }
    }
}
