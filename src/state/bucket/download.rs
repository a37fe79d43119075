//! Reads an object while it arrives, so that a large state is in memory once.

use std::fmt;
use std::fs::TryLockError;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use object_store::GetResult;
use object_store::path::Path;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::state::bucket::shared::Shared;
use crate::state::bucket::swap::{MOST_TRIES, Objects, next_bytes};
use crate::state::disk::{DiskFile, FileIdentity, ObjectVersion};
use crate::state::encryption::form::Holds;
use crate::state::encryption::policy::{Encryption, Readable};

/// How many pieces may have arrived that are not read yet. A piece is what one read from the network gives.
const MOST_AHEAD: usize = 256;

/// A state that is being read from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Download {
    shared: Arc<Shared>,
    key: Path,
    arriving: Mutex<Arriving>,
}

struct Arriving {
    version: ObjectVersion,
    length: u64,
    position: u64,
    source: Source,
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving")
            .field("version", &self.version)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

enum Source {
    /// Nothing was read yet.
    Waiting(Pieces, Encryption),
    Reading(Readable<Pieces>),
    /// The rest cannot be read.
    Failed,
}

impl Download {
    /// Begins to read an object; `None` if there is none.
    pub(crate) fn begin(shared: &Arc<Shared>, key: Path) -> io::Result<Option<Self>> {
        let arriving = begin(shared, &key)?;
        Ok(arriving.map(|arriving| Self {
            shared: Arc::clone(shared),
            key,
            arriving: Mutex::new(arriving),
        }))
    }

    fn arriving(&self) -> MutexGuard<'_, Arriving> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin(shared: &Arc<Shared>, key: &Path) -> io::Result<Option<Arriving>> {
    let (objects, asked) = (shared.objects(), key.clone());
    let get = async move { objects.get(&asked).await };
    let Some((version, found)) = shared.connection.wait(get)? else {
        return Ok(None);
    };
    let length = found.meta.size;
    let (sender, receiver) = mpsc::channel();
    let object = Object {
        objects: shared.objects(),
        key: key.clone(),
        version: version.clone(),
    };
    // It ends when nobody reads any more.
    drop(shared.connection.spawn(pump(object, found, sender)));
    let pieces = Pieces {
        receiver,
        piece: None,
        read: 0,
        is_ended: false,
    };
    Ok(Some(Arriving {
        version,
        length,
        position: 0,
        source: Source::Waiting(pieces, shared.encryption()),
    }))
}

/// Bytes as the network gave them. They are passed on without a copy.
type Bytes = Box<dyn AsRef<[u8]> + Send>;

/// What arrived. The permit is for the next piece, once this one is read.
type Piece = io::Result<Option<(Bytes, OwnedSemaphorePermit)>>;

/// One version of an object.
struct Object {
    objects: Objects,
    key: Path,
    version: ObjectVersion,
}

impl Object {
    /// Goes on with the object at a position, unless it is another one by now.
    async fn rest(&self, position: u64) -> Option<GetResult> {
        let found = self.objects.get_from(&self.key, position).await.ok()?;
        let (version, found) = found?;
        (version == self.version).then_some(found)
    }
}

/// Passes on what arrives. The library repeats a read that breaks a few times and for a minute. A large object takes
/// longer, so this goes on as long as anything arrives, also on a connection that breaks or stands still.
async fn pump(object: Object, found: GetResult, sender: mpsc::Sender<Piece>) {
    let ahead = Arc::new(Semaphore::new(MOST_AHEAD));
    let mut stream = found.into_stream();
    let (mut arrived, mut tries) = (0, 1);
    loop {
        let Ok(permit) = Arc::clone(&ahead).acquire_owned().await else {
            return;
        };
        let piece: Piece = match next_bytes(&mut stream).await {
            Ok(Some(bytes)) => {
                arrived += bytes.len() as u64;
                tries = 1;
                Ok(Some((Box::new(bytes), permit)))
            }
            Err(error) => {
                let rest = if tries < MOST_TRIES {
                    object.rest(arrived).await
                } else {
                    None
                };
                if let Some(rest) = rest {
                    tries += 1;
                    stream = rest.into_stream();
                    continue;
                }
                Err(error)
            }
            Ok(None) => Ok(None),
        };
        let is_last = !matches!(piece, Ok(Some(_)));
        if sender.send(piece).is_err() || is_last {
            return;
        }
    }
}

/// The pieces of an object, as bytes.
struct Pieces {
    receiver: mpsc::Receiver<Piece>,
    piece: Option<(Bytes, OwnedSemaphorePermit)>,
    read: usize,
    is_ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let piece = self.piece.as_ref().map(|(piece, _)| (**piece).as_ref());
            let mut rest = piece.map_or(&[][..], |piece| &piece[self.read..]);
            if !rest.is_empty() {
                let length = rest.read(buffer)?;
                self.read += length;
                return Ok(length);
            }
            if self.is_ended {
                return Ok(0);
            }
            self.read = 0;
            self.piece = None;
            self.piece = self.receiver.recv().map_err(io::Error::other)??;
            self.is_ended = self.piece.is_none();
        }
    }
}

impl Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let source = std::mem::replace(&mut self.source, Source::Failed);
        let mut readable = match source {
            Source::Waiting(pieces, encryption) => encryption.reader(Holds::State, pieces)?,
            Source::Reading(readable) => readable,
            Source::Failed => return Err(io::Error::other("an earlier part was not read")),
        };
        let length = readable.read(buffer)?;
        self.source = Source::Reading(readable);
        self.position += length as u64;
        Ok(length)
    }
}

impl DiskFile for Download {
    fn identity(&self) -> io::Result<FileIdentity> {
        let arriving = self.arriving();
        let version = Some(arriving.version.clone());
        Ok(FileIdentity::of_object(arriving.length, version))
    }

    fn read_from(&self, position: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = self.read_into(position + bytes.len() as u64, &mut buffer)?;
            if length == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(&buffer[..length]);
        }
    }

    /// Reads on. After a failure the object is read anew if it is another version by then, which the caller sees by its
    /// identity.
    fn read_into(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut arriving = self.arriving();
        if position != arriving.position {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let read = arriving.read(buffer);
        if read.is_err()
            && let Ok(Some(anew)) = begin(&self.shared, &self.key)
            && anew.version != arriving.version
        {
            *arriving = anew;
        }
        read
    }

    fn append(&self, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn truncate(&self, _length: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{StreamExt, stream};
    use object_store::memory::InMemory;
    use object_store::{GetResultPayload, ObjectStoreExt};
    use tokio::time::Instant;

    use super::*;
    use crate::model::StateScheme;

    /// Passes on an object of which `begin` arrives, and then nothing on the first connection.
    async fn passed_on(begin: &'static [u8], whole: &'static [u8]) -> (Vec<u8>, Duration) {
        let store = Arc::new(InMemory::new());
        let key = Path::from("key");
        store.put(&key, whole.into()).await.expect("written");
        let objects = Objects {
            store,
            scheme: StateScheme::S3,
        };
        let (version, found) = objects.get(&key).await.expect("read").expect("an object");
        let stuck = stream::iter([Ok(begin.into())]).chain(stream::pending());
        let found = GetResult {
            payload: GetResultPayload::Stream(stuck.boxed()),
            ..found
        };
        let (sender, receiver) = mpsc::channel();
        let object = Object {
            objects,
            key,
            version,
        };
        let started = Instant::now();
        pump(object, found, sender).await;
        let mut pieces = Pieces {
            receiver,
            piece: None,
            read: 0,
            is_ended: false,
        };
        let mut bytes = Vec::new();
        pieces.read_to_end(&mut bytes).expect("the whole object");
        (bytes, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_stands_still_is_replaced() {
        let (bytes, waited) = passed_on(b"01234", b"0123456789").await;
        assert_eq!(bytes, b"0123456789");
        assert_eq!(waited, Duration::from_secs(30));
    }
}
