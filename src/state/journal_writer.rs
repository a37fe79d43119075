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

/// How long results may wait to be flushed to the disk together, where records are not gathered for longer. A kill loses
/// none of them. A power cut loses the results of this time, and their users are then pending.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// If fewer flushed intents than this are left to send, the next ones are flushed: at once, or after a short pause where
/// records are gathered.
const FEW_LEFT: u64 = 64;

/// An open journal. Each record is handed to the system at once, so that a kill loses none. Work beside the
/// writer flushes them to the disk in groups: intents before the flushed ones are used up, results a little later.
#[derive(Debug)]
pub struct JournalWriter {
    file: Arc<dyn DiskFile>,
    id: String,
    length: u64,
    shared: Arc<Shared>,
    flusher: Option<Box<dyn Running>>,
}

#[derive(Debug, Default)]
struct Shared {
    progress: Mutex<Progress>,
    /// Wakes the work beside the writer.
    is_changed: Notify,
    /// Wakes the tasks that wait for a flush, in the order in which they began to wait.
    has_flushed: Notify,
}

/// What is written and how far it is flushed. Records are counted from 1.
#[derive(Debug, Default)]
struct Progress {
    /// How many records are written.
    records: u64,
    /// How many intents are written.
    intents: u64,
    /// How many intents were waited for, because their requests are next.
    awaited_intents: u64,
    /// The last record among these. An intent that completes a job is waited for before older ones.
    last_awaited: u64,
    /// How many records are flushed.
    flushed: u64,
    /// How many intents are flushed.
    flushed_intents: u64,
    /// How long records are gathered for one flush; `None` if intents are flushed as soon as they are needed.
    gathering: Option<Duration>,
    /// What wakes the work beside the writer.
    wakes_for: WakesFor,
    is_ending: bool,
    /// Why a flush failed, until it is reported.
    failure: Option<io::Error>,
    /// A flush failed, or the work beside the writer ended. After that the system may have dropped what it
    /// did not write, so nothing counts as flushed any more.
    has_failed: bool,
}

/// What wakes the work beside the writer, besides its own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum WakesFor {
    /// Nothing: it is awake, or knows already when to flush.
    #[default]
    Nothing,
    /// Intents that are needed soon.
    NeededIntents,
    /// Any record.
    Any,
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something, and wakes the work beside the writer if that matters to it.
    fn note<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        let mut progress = self.progress();
        let noted = change(&mut progress);
        let wakes = match progress.wakes_for {
            WakesFor::Nothing => false,
            WakesFor::NeededIntents => progress.needs_intents(),
            WakesFor::Any => progress.records > progress.flushed,
        };
        if wakes {
            progress.wakes_for = WakesFor::Nothing;
            drop(progress);
            self.is_changed.notify_one();
        }
        noted
    }

    /// Notes how a flush ended, and wakes who waits for it.
    fn report(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress());
        self.has_flushed.notify_waiters();
    }
}

/// Reports the end of the work beside the writer, so that no task waits for a flush that never comes.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.report(|progress| progress.has_failed = true);
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
    /// Waits until the intent is on the disk. To be called when its request is next, because that makes the intent
    /// urgent.
    ///
    /// # Errors
    ///
    /// The journal could not be flushed.
    pub async fn wait(self) -> Result<(), NotFlushed> {
        self.shared.note(|progress| {
            progress.awaited_intents += 1;
            progress.last_awaited = progress.last_awaited.max(self.record);
        });
        loop {
            // Made before the check, so that no flush between them is missed.
            let next_flush = self.shared.has_flushed.notified();
            {
                let progress = self.shared.progress();
                if progress.flushed >= self.record {
                    return Ok(());
                }
                if progress.has_failed {
                    return Err(NotFlushed);
                }
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
        {
            let mut progress = self.shared.progress();
            if progress.has_failed {
                let failure = progress.failure.take();
                return Err(failure.unwrap_or_else(|| io::Error::other(NotFlushed)));
            }
        }
        let line = journal::intent_line(id, pending);
        self.write(&line)?;
        let record = self.shared.note(|progress| {
            progress.records += 1;
            progress.intents += 1;
            progress.records
        });
        Ok(Ticket {
            record,
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
        let failure = self.shared.note(|progress| {
            progress.records += 1;
            progress.failure.take()
        });
        failure.map_or(Ok(()), Err)
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
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Flush this many records, and the intents among them.
    Flush {
        records: u64,
        intents: u64,
    },
    /// Wait this long, and for another record.
    Wait(Duration),
    /// Wait for another record.
    Idle,
    End,
}

impl Progress {
    /// Whether an intent is waited for, or the flushed ones are nearly used up and others are written.
    fn needs_intents(&self) -> bool {
        let is_low = self.flushed_intents < self.awaited_intents + FEW_LEFT;
        self.last_awaited > self.flushed || (is_low && self.intents > self.flushed_intents)
    }

    /// How long the records may wait since the last flush.
    fn interval(&self) -> Duration {
        match (self.needs_intents(), self.gathering) {
            (true, None) => Duration::ZERO,
            // A short pause, in which more of them are written.
            (true, Some(_)) | (false, None) => FLUSH_INTERVAL,
            (false, Some(gathering)) => gathering,
        }
    }

    /// `age` is the time since the last flush.
    fn next(&mut self, age: Duration) -> Next {
        self.wakes_for = WakesFor::Nothing;
        if self.is_ending {
            return Next::End;
        }
        if self.records == self.flushed {
            self.wakes_for = WakesFor::Any;
            return Next::Idle;
        }
        let rest = self.interval().saturating_sub(age);
        if rest.is_zero() {
            return Next::Flush {
                records: self.records,
                intents: self.intents,
            };
        }
        if !self.needs_intents() {
            self.wakes_for = WakesFor::NeededIntents;
        }
        Next::Wait(rest)
    }
}

/// Flushes records in groups. What is written during one flush shares the next one.
async fn flush_until_end(shared: Arc<Shared>, file: Arc<dyn DiskFile>) {
    let _ending = Ending(&shared);
    let mut last = Instant::now();
    loop {
        let next = shared.progress().next(last.elapsed());
        let (records, intents) = match next {
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
            Next::Flush { records, intents } => (records, intents),
        };
        let result = file.flush().await;
        last = Instant::now();
        match result {
            Ok(()) => shared.report(|progress| {
                progress.flushed = records;
                progress.flushed_intents = intents;
            }),
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

    /// A journal with 320 flushed intents, 200 more, and 200 results.
    fn busy(awaited_intents: u64, gathering: Option<Duration>) -> Progress {
        Progress {
            records: 720,
            intents: 520,
            awaited_intents,
            flushed: 320,
            flushed_intents: 320,
            gathering,
            ..Progress::default()
        }
    }

    #[test]
    fn intents_are_flushed_when_few_flushed_ones_are_left() {
        let flush = Next::Flush {
            records: 720,
            intents: 520,
        };
        let mut progress = busy(320 - FEW_LEFT, None);
        let soon = Next::Wait(FLUSH_INTERVAL);
        assert_eq!(progress.next(Duration::ZERO), soon);
        assert_eq!(progress.wakes_for, WakesFor::NeededIntents);
        assert_eq!(progress.next(FLUSH_INTERVAL), flush);

        let mut progress = busy(321 - FEW_LEFT, None);
        assert_eq!(progress.next(Duration::ZERO), flush);

        // Where a flush has a price, more are gathered.
        let part = Duration::from_secs(3);
        let mut progress = busy(321 - FEW_LEFT, Some(part));
        assert_eq!(progress.next(Duration::ZERO), soon);
        assert_eq!(progress.wakes_for, WakesFor::Nothing);
        let mut progress = busy(320 - FEW_LEFT, Some(part));
        assert_eq!(progress.next(Duration::ZERO), Next::Wait(part));
    }

    /// The intent that completes a job is the last in the journal, and its request is next.
    #[test]
    fn an_intent_that_is_waited_for_is_flushed() {
        let shared = Shared::default();
        *shared.progress() = busy(8, None);
        let first = shared.progress().next(Duration::ZERO);
        assert_eq!(first, Next::Wait(FLUSH_INTERVAL));
        assert_eq!(shared.progress().wakes_for, WakesFor::NeededIntents);
        shared.note(|progress| progress.last_awaited = 321);
        assert_eq!(shared.progress().wakes_for, WakesFor::Nothing);
        let next = shared.progress().next(Duration::ZERO);
        assert!(matches!(next, Next::Flush { .. }), "{next:?}");
    }

    #[test]
    fn the_first_record_after_a_rest_wakes_the_flushing_task() {
        let mut progress = Progress::default();
        assert_eq!(progress.next(Duration::MAX), Next::Idle);
        assert_eq!(progress.wakes_for, WakesFor::Any);
        progress.records = 1;
        assert_eq!(
            progress.next(FLUSH_INTERVAL),
            Next::Flush {
                records: 1,
                intents: 0
            }
        );
    }

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
