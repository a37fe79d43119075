//! The text of a state: in memory, or in a file that is read as it is needed.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::RecordedText;

/// Something that holds the text of a state.
pub(crate) trait StateText: RecordedText {
    /// In bytes.
    fn length(&self) -> u64;

    /// Puts some bytes of it in place of what `bytes` holds.
    fn read(&self, from: u64, length: u64, bytes: &mut Vec<u8>) -> io::Result<()>;
}

impl StateText for String {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, from: u64, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        let from = usize::try_from(from).map_err(io::Error::other)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let part = self.as_bytes().get(from..from + length);
        bytes.clear();
        bytes.extend_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A file that nobody changes: a state is replaced, never edited, and a file that was replaced is there
/// for as long as it is open.
#[derive(Debug)]
pub(crate) struct FileText {
    pub(crate) path: PathBuf,
    length: u64,
    bytes: Bytes,
    number: u64,
    trouble: Mutex<Option<io::Error>>,
}

/// The bytes around the place that a thread asked for last.
#[derive(Debug, Default)]
struct Near {
    /// The number of the text that they are of.
    of: u64,
    start: u64,
    bytes: Vec<u8>,
}

thread_local! {
    static NEAR: RefCell<Near> = RefCell::default();
}

static TEXTS: AtomicU64 = AtomicU64::new(1);

/// How much is read around a place that is asked for.
const AROUND: u64 = 1 << 16;

impl FileText {
    pub(crate) fn new(file: File, path: &Path) -> io::Result<Arc<Self>> {
        let length = file.metadata()?.len();
        Ok(Arc::new(Self {
            path: path.to_owned(),
            length,
            bytes: Bytes::new(file)?,
            number: TEXTS.fetch_add(1, Ordering::Relaxed),
            trouble: Mutex::default(),
        }))
    }

    /// What went wrong since.
    pub(crate) fn check(&self) -> io::Result<()> {
        lock(&self.trouble).take().map_or(Ok(()), Err)
    }

    fn part_of_file(&self, near: &mut Near, start: u64, length: u32) -> io::Result<String> {
        let end = start + u64::from(length);
        let known = near.start..near.start + near.bytes.len() as u64;
        if near.of != self.number || start < known.start || known.end < end {
            let around = u64::from(length).max(AROUND);
            let around = around.min(self.length.saturating_sub(start));
            near.of = 0;
            self.read(start, around, &mut near.bytes)?;
            (near.of, near.start) = (self.number, start);
        }
        let from = usize::try_from(start - near.start).map_err(io::Error::other)?;
        let part = near.bytes.get(from..from + length as usize);
        let part = part.ok_or(io::ErrorKind::UnexpectedEof)?;
        String::from_utf8(part.to_vec()).map_err(io::Error::other)
    }
}

impl RecordedText for FileText {
    fn part(&self, start: u64, length: u32) -> Option<String> {
        let part = NEAR.with_borrow_mut(|near| self.part_of_file(near, start, length));
        part.map_err(|error| *lock(&self.trouble) = Some(error))
            .ok()
    }
}

impl StateText for FileText {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, from: u64, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        self.bytes.read(from, bytes)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where several threads can read at once, the file itself.
#[cfg(unix)]
#[derive(Debug)]
struct Bytes(File);

#[cfg(unix)]
impl Bytes {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it reads")]
    fn new(file: File) -> io::Result<Self> {
        Ok(Self(file))
    }

    fn read(&self, from: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, bytes, from)
    }
}

/// Elsewhere all of it, so that the file is not open when it is replaced.
#[cfg(not(unix))]
#[derive(Debug)]
struct Bytes(Vec<u8>);

#[cfg(not(unix))]
impl Bytes {
    fn new(mut file: File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes)?;
        Ok(Self(bytes))
    }

    fn read(&self, from: u64, bytes: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(from).map_err(io::Error::other)?;
        let part = self.0.get(from..from + bytes.len());
        bytes.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}
