//! Appends to the journal and flushes it to the disk in groups.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{MemberId, Pending};
use crate::regular_file::OpenError;
use crate::state::disk::{Access, Disk, DiskFile, Running};
use crate::state::folder::folder_of;
use crate::state::journal::{self, Head, JournalRecord};

/// How long results may wait to be flushed to the disk together. A kill loses none of them. A power cut loses
/// the results of this time, and their users are then pending.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// Where records are gathered, the next intents are flushed soon once fewer users with a flushed intent than this are
/// left to send.
const FEW_LEFT: u64 = 32;

/// An open journal. Each record is handed to the system at once, so that a kill loses none. Work beside the
/// writer flushes them to the disk in groups: intents without delay, results within `FLUSH_INTERVAL`.
#[derive(Debug)]
pub struct JournalWriter {
    file: Arc<dyn DiskFile>,
    id: String,
    length: u64,
    shared: Arc<Shared>,
    flusher: Option<Box<dyn Running>>,
}

/// How far the journal is flushed. Records are counted from 1.
#[derive(Clone, Copy, Debug, Default)]
struct Flushed {
    records: u64,
    /// A flush failed, or the work beside the writer ended. After that the system may have dropped what it
    /// did not write, so nothing counts as flushed any more.
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    progress: Mutex<Progress>,
    is_changed: Notify,
    flushed: Mutex<Flushed>,
    /// Wakes the tasks that wait for a flush, in the order in which they began to wait.
    has_flushed: Notify,
}

/// The records that are written and not flushed.
#[derive(Debug, Default)]
struct Progress {
    /// How many records are written.
    records: u64,
    /// The last record that is an intent.
    last_intent: u64,
    /// How many intents are written.
    intents: u64,
    /// How many of them are flushed.
    flushed_intents: u64,
    /// How long records are gathered for one flush; `None` if intents are flushed without delay.
    gathering: Option<Duration>,
    is_ending: bool,
    /// Why a flush failed, until it is reported.
    failure: Option<io::Error>,
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flushed(&self) -> MutexGuard<'_, Flushed> {
        self.flushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, change: impl FnOnce(&mut Flushed)) {
        change(&mut self.flushed());
        self.has_flushed.notify_waiters();
    }
}

/// Reports the end of the work beside the writer, so that no task waits for a flush that never comes.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.report(|flushed| flushed.has_failed = true);
    }
}

/// The place of an intent in the journal. No request of its user may leave before [`Ticket::wait`] returns.
#[derive(Debug)]
pub struct Ticket {
    record: u64,
    shared: Arc<Shared>,
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
    pub async fn wait(self) -> Result<(), NotFlushed> {
        loop {
            // Made before the check, so that no flush between them is missed.
            let next_flush = self.shared.has_flushed.notified();
            let flushed = *self.shared.flushed();
            if flushed.records >= self.record {
                return Ok(());
            }
            if flushed.has_failed {
                return Err(NotFlushed);
            }
            next_flush.await;
        }
    }
}

impl JournalWriter {
    pub(crate) fn create(disk: &dyn Disk, path: &Path, head: Head) -> Result<Self, OpenError> {
        let Some(file) = disk.open(path, Access::Replace)? else {
            return Err(io::Error::from(io::ErrorKind::NotFound).into());
        };
        let file: Arc<dyn DiskFile> = Arc::from(file);
        file.make_private()?;
        let first = journal::seal(&head);
        file.append(first.as_bytes())?;
        file.sync()?;
        disk.sync_folder(folder_of(path))?;

        let shared = Arc::new(Shared::default());
        shared.progress().gathering = file.gathers_for();
        let work = flush_until_end(Arc::clone(&shared), Arc::clone(&file));
        let running = disk.run_beside("journal", Box::pin(work))?;
        Ok(Self {
            file,
            id: head.id,
            length: first.len() as u64,
            shared,
            flusher: Some(running),
        })
    }

    /// The journal's own id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes an intent. After an error no part of it is in the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or an earlier flush failed.
    pub fn intend(&mut self, id: &MemberId, pending: &Pending) -> io::Result<Ticket> {
        if self.shared.flushed().has_failed {
            let failure = self.shared.progress().failure.take();
            return Err(failure.unwrap_or_else(|| io::Error::other(NotFlushed)));
        }
        let line = journal::intent_line(id, pending);
        self.write(&line)?;
        let mut progress = self.shared.progress();
        // While an intent waits for a flush, the work beside the writer looks for more by itself.
        let is_awaited =
            progress.gathering.is_none() && progress.last_intent > self.shared.flushed().records;
        progress.records += 1;
        progress.last_intent = progress.records;
        progress.intents += 1;
        if !is_awaited {
            self.shared.is_changed.notify_one();
        }
        Ok(Ticket {
            record: progress.records,
            shared: Arc::clone(&self.shared),
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
        // While a record waits for a flush, the work beside the writer has set a time for it.
        let is_awaited =
            progress.gathering.is_none() && progress.records > self.shared.flushed().records;
        progress.records += 1;
        if !is_awaited {
            self.shared.is_changed.notify_one();
        }
        progress.failure.take().map_or(Ok(()), Err)
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if let Err(error) = self.file.append(line.as_bytes()) {
            self.file.truncate(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Whether intents should be written well ahead, because records are gathered for each flush.
    pub fn gathers(&self) -> bool {
        self.shared.progress().gathering.is_some()
    }

    /// Flushes what is left and ends the work beside the writer.
    ///
    /// # Errors
    ///
    /// The file cannot be flushed.
    pub fn close(mut self) -> io::Result<()> {
        self.stop();
        self.file.sync()
    }

    fn stop(&mut self) {
        self.shared.progress().is_ending = true;
        self.shared.is_changed.notify_one();
        if let Some(flusher) = self.flusher.take() {
            flusher.join();
        }
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The next step of the flushing task.
enum Next {
    /// Flush this many records.
    Flush(u64),
    /// Wait this long, and for another record.
    Wait(Duration),
    /// Wait for another record.
    Idle,
    End,
}

impl Progress {
    /// How long the records may wait since the last flush.
    fn interval(&self) -> Duration {
        let results = self.records.saturating_sub(self.intents);
        let is_awaited = self.intents > self.flushed_intents;
        match self.gathering {
            // A short pause, in which more of them are written.
            Some(_) if is_awaited && self.flushed_intents < results + FEW_LEFT => FLUSH_INTERVAL,
            Some(gathering) => gathering,
            None => FLUSH_INTERVAL,
        }
    }

    /// `age` is the time since the last flush.
    fn next(&self, flushed: u64, age: Duration) -> Next {
        if self.is_ending {
            Next::End
        } else if self.last_intent > flushed && self.gathering.is_none() {
            Next::Flush(self.records)
        } else if self.records == flushed {
            Next::Idle
        } else if age < self.interval() {
            Next::Wait(self.interval().saturating_sub(age))
        } else {
            Next::Flush(self.records)
        }
    }
}

/// Flushes records in groups. What is written during one flush shares the next one.
async fn flush_until_end(shared: Arc<Shared>, file: Arc<dyn DiskFile>) {
    let _ending = Ending(&shared);
    let mut flushed = 0;
    let mut last = Instant::now();
    loop {
        let next = shared.progress().next(flushed, last.elapsed());
        let records = match next {
            Next::End => return,
            Next::Idle => {
                shared.is_changed.notified().await;
                continue;
            }
            Next::Wait(rest) => {
                tokio::select! {
                    biased;
                    () = shared.is_changed.notified() => {}
                    () = tokio::time::sleep(rest) => {}
                }
                continue;
            }
            Next::Flush(records) => records,
        };
        let intents = shared.progress().intents;
        let result = file.flush().await;
        last = Instant::now();
        match result {
            Ok(()) => {
                flushed = records;
                shared.progress().flushed_intents = intents;
                shared.report(|flushed| flushed.records = records);
            }
            Err(error) => {
                shared.progress().failure = Some(error);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::system_disk::SystemDisk;

    #[tokio::test]
    async fn nobody_waits_for_a_flush_after_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.journal");
        let file = SystemDisk.open(&path, Access::Replace).expect("opened");
        let file = Arc::from(file.expect("a file"));
        let shared = Arc::new(Shared::default());
        let ticket = Ticket {
            record: 1,
            shared: Arc::clone(&shared),
        };
        shared.progress().is_ending = true;
        flush_until_end(shared, file).await;
        assert_eq!(ticket.wait().await, Err(NotFlushed));
    }
}
