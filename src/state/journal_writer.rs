//! Appends to the journal and flushes it to the disk in groups.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::state::folder::{folder_of, sync_folder};
use crate::state::journal;
use crate::state::journal::JournalRecord;
use crate::state::regular_file;

/// How long accepted users may wait to be flushed to the disk together. A kill loses none of
/// them; a power cut those of this time, which are then sent again.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// An open journal. Each event is handed to the system at once, so that a kill loses none, and
/// flushed to the disk in groups by a thread of its own, so that nobody waits for the disk.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    length: u64,
    /// Wakes the thread; its end ends the thread.
    wake: Option<(SyncSender<()>, Sender<()>)>,
    flusher: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<io::Error>>>,
}

impl JournalWriter {
    pub(crate) fn create(path: &Path, head: &str) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        regular_file::make_private(&file)?;
        file.write_all(head.as_bytes())?;
        file.sync_all()?;
        sync_folder(folder_of(path))?;

        let (wake, woken) = mpsc::sync_channel::<()>(1);
        let (ending, ended) = mpsc::channel::<()>();
        let trouble = Arc::new(Mutex::new(None));
        let second_handle = file.try_clone()?;
        let flusher = {
            let trouble = Arc::clone(&trouble);
            thread::Builder::new()
                .name("journal".to_owned())
                .spawn(move || {
                    while woken.recv().is_ok() {
                        if let Err(error) = second_handle.sync_data() {
                            *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        }
                        if ended.recv_timeout(FLUSH_INTERVAL) == Err(RecvTimeoutError::Disconnected)
                        {
                            break;
                        }
                    }
                })?
        };
        Ok(Self {
            file,
            length: head.len() as u64,
            wake: Some((wake, ending)),
            flusher: Some(flusher),
            trouble,
        })
    }

    /// Writes one event down.
    ///
    /// After an error nothing of the event is in the file, and a later event can still be
    /// written.
    ///
    /// # Errors
    ///
    /// The event cannot be written, or an earlier flush failed.
    pub fn append(&mut self, record: &JournalRecord) -> io::Result<()> {
        if let Some(error) = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            return Err(error);
        }
        let line = journal::line(record);
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += line.len() as u64;
        if let Some((wake, _)) = &self.wake {
            // A full channel means that a flush is due anyway.
            let _ = wake.try_send(());
        }
        Ok(())
    }

    /// Flushes what is left and stops the thread.
    ///
    /// # Errors
    ///
    /// The rest cannot be flushed.
    pub fn close(mut self) -> io::Result<()> {
        self.stop();
        self.file.sync_data()
    }

    fn stop(&mut self) {
        self.wake = None;
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
