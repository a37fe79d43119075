//! Writes an object under a condition, and finds out what became of a write whose answer was lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    Attributes, Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutOptions, PutPayload, UpdateVersion,
};

use crate::model::StateScheme;
use crate::state::disk::ObjectVersion;

/// How often a write is sent whose answer is lost.
pub(crate) const MOST_TRIES: u32 = 4;

/// The pause before a write is sent again; it doubles.
const PAUSE: Duration = Duration::from_millis(200);

/// How many small objects are read or removed at a time. A run of an hour leaves a thousand parts of a journal.
const AT_A_TIME: usize = 16;

/// The bytes at the end of a large object that tell it from another one: a state ends with its checksum.
const TAIL: usize = 64;

/// The most bytes of an object that is compared as a whole.
const MOST_COMPARED: usize = 1 << 20;

/// How long a read waits for the next bytes before it counts as cut.
const STALL: Duration = Duration::from_secs(30);

/// The next bytes of an object that arrives; `None` at the end.
///
/// # Errors
///
/// The connection breaks, or nothing arrives for 30 seconds.
pub(crate) async fn next_bytes<B>(
    stream: &mut (impl Stream<Item = object_store::Result<B>> + Unpin),
) -> io::Result<Option<B>> {
    let Ok(next) = tokio::time::timeout(STALL, stream.next()).await else {
        let message = format!("nothing arrived for {} seconds", STALL.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, message));
    };
    next.transpose().map_err(io_error)
}

async fn whole(found: GetResult) -> io::Result<Vec<u8>> {
    let mut stream = found.into_stream();
    let mut whole = Vec::new();
    while let Some(bytes) = next_bytes(&mut stream).await? {
        whole.extend(bytes);
    }
    Ok(whole)
}

/// What has to be true for a write.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// There is no object with the key.
    Absent,
    /// The object is this one.
    Is(ObjectVersion),
}

/// What a conditional write found.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// The object has the new content.
    Done(ObjectVersion),
    /// The condition does not hold. The object is as it was.
    Foreign,
}

/// The objects of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) scheme: StateScheme,
}

impl Objects {
    /// The part of a version that conditions are about: the generation for Google, the entity tag elsewhere.
    fn version(&self, e_tag: Option<String>, version: Option<String>) -> io::Result<ObjectVersion> {
        let text = match self.scheme {
            StateScheme::Gs => version,
            StateScheme::S3 | StateScheme::Az => e_tag,
        };
        text.map(ObjectVersion)
            .ok_or_else(|| io::Error::other("the store names no version of the object"))
    }

    fn version_of(&self, meta: &ObjectMeta) -> io::Result<ObjectVersion> {
        self.version(meta.e_tag.clone(), meta.version.clone())
    }

    /// Writes once. The answer may be lost.
    pub(crate) async fn put_once(
        &self,
        key: &Path,
        bytes: &PutPayload,
        condition: &Condition,
        attributes: &Attributes,
    ) -> Result<(Option<String>, Option<String>), Error> {
        let mode = match condition {
            Condition::Absent => PutMode::Create,
            Condition::Is(ObjectVersion(text)) => PutMode::Update(UpdateVersion {
                e_tag: Some(text.clone()),
                version: Some(text.clone()),
            }),
        };
        let options = PutOptions {
            attributes: attributes.clone(),
            ..PutOptions::from(mode)
        };
        let put = self.store.put_opts(key, bytes.clone(), options).await?;
        Ok((put.e_tag, put.version))
    }

    /// Writes an object if the condition holds. A write whose answer is lost is recognised by its content.
    pub(crate) async fn write(
        &self,
        key: &Path,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> io::Result<Written> {
        let attributes = Attributes::default();
        self.write_with(key, bytes, condition, &attributes).await
    }

    /// The same with attributes.
    pub(crate) async fn write_with(
        &self,
        key: &Path,
        bytes: Vec<u8>,
        condition: &Condition,
        attributes: &Attributes,
    ) -> io::Result<Written> {
        let length = bytes.len();
        let tail = bytes[length.saturating_sub(compared(length))..].to_vec();
        let payload = PutPayload::from(bytes);
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            let error = match self.put_once(key, &payload, condition, attributes).await {
                Ok((e_tag, version)) => {
                    return Ok(Written::Done(self.version(e_tag, version)?));
                }
                Err(error) => error,
            };
            let is_answer = matches!(
                error,
                Error::AlreadyExists { .. } | Error::Precondition { .. }
            );
            if is_refusal(&error) {
                return Err(io_error(error));
            }
            // The refusal may be the second answer to a write that was done.
            match self.is_own(key, length, &tail).await {
                Ok(Some(version)) => return Ok(Written::Done(version)),
                Ok(None) if is_answer => return Ok(Written::Foreign),
                Ok(None) => {}
                Err(_) if tries < MOST_TRIES => {}
                Err(later) => return Err(later),
            }
            if tries == MOST_TRIES {
                return Err(io_error(error));
            }
            tries += 1;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// The version of the object if it has this length and end.
    async fn is_own(
        &self,
        key: &Path,
        length: usize,
        tail: &[u8],
    ) -> io::Result<Option<ObjectVersion>> {
        let range = (tail.len() < length).then_some(GetRange::Suffix(tail.len() as u64));
        let options = GetOptions {
            range,
            ..GetOptions::default()
        };
        let found = match self.store.get_opts(key, options).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(io_error(error)),
        };
        if found.meta.size != length as u64 {
            return Ok(None);
        }
        let version = self.version_of(&found.meta)?;
        let end = found.bytes().await.map_err(io_error)?;
        Ok((end[..] == *tail).then_some(version))
    }

    /// The version and the length of an object; `None` if there is none.
    pub(crate) async fn inspect(&self, key: &Path) -> io::Result<Option<(ObjectVersion, u64)>> {
        match self.store.head(key).await {
            Ok(meta) => Ok(Some((self.version_of(&meta)?, meta.size))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io_error(error)),
        }
    }

    /// Begins to read an object; `None` if there is none.
    pub(crate) async fn get(&self, key: &Path) -> io::Result<Option<(ObjectVersion, GetResult)>> {
        self.get_from(key, 0).await
    }

    /// Goes on with an object at a position; `None` if there is none.
    pub(crate) async fn get_from(
        &self,
        key: &Path,
        position: u64,
    ) -> io::Result<Option<(ObjectVersion, GetResult)>> {
        let options = GetOptions {
            range: (position > 0).then_some(GetRange::Offset(position)),
            ..GetOptions::default()
        };
        match self.store.get_opts(key, options).await {
            Ok(found) => Ok(Some((self.version_of(&found.meta)?, found))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io_error(error)),
        }
    }

    /// Reads an object; `None` if there is none.
    pub(crate) async fn read(&self, key: &Path) -> io::Result<Option<(ObjectVersion, Vec<u8>)>> {
        let mut tries = 1;
        loop {
            let Some((version, found)) = self.get(key).await? else {
                return Ok(None);
            };
            match whole(found).await {
                Ok(bytes) => return Ok(Some((version, bytes))),
                Err(error) if tries == MOST_TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// Reads objects, several at a time. `None` if one of them is not there.
    pub(crate) async fn read_all(&self, keys: &[Path]) -> io::Result<Option<Vec<Vec<u8>>>> {
        let keys = stream::iter(keys.to_vec());
        let reads = keys.map(|key| async move { self.read(&key).await });
        let read: Vec<_> = reads.buffered(AT_A_TIME).try_collect().await?;
        Ok(read
            .into_iter()
            .map(|found| found.map(|(_, bytes)| bytes))
            .collect())
    }

    /// Removes objects, several at a time.
    pub(crate) async fn remove_all(&self, keys: &[Path]) -> io::Result<()> {
        let keys = stream::iter(keys.to_vec());
        let removals = keys.map(|key| async move { self.remove(&key).await });
        removals
            .buffer_unordered(AT_A_TIME)
            .try_collect::<()>()
            .await
    }

    /// The keys below a folder, in order.
    pub(crate) async fn list(&self, folder: &Path) -> io::Result<Vec<Path>> {
        let found = self.list_whole(folder).await?.into_iter();
        Ok(found.map(|meta| meta.location).collect())
    }

    /// The objects below a folder, in the order of their keys.
    pub(crate) async fn list_whole(&self, folder: &Path) -> io::Result<Vec<ObjectMeta>> {
        let mut tries = 1;
        // The library repeats a request, and not one whose answer ends in the middle.
        let found = loop {
            match self.store.list_with_delimiter(Some(folder)).await {
                Ok(found) => break found,
                Err(error) if tries == MOST_TRIES || is_refusal(&error) => {
                    return Err(io_error(error));
                }
                Err(_) => tries += 1,
            }
        };
        let mut objects = found.objects;
        // Some stores list the folder itself, as an object that cannot be read.
        objects.retain(|meta| meta.location != *folder);
        objects.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(objects)
    }

    /// Removes an object. One that is not there is no error.
    pub(crate) async fn remove(&self, key: &Path) -> io::Result<()> {
        match self.store.delete(key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(io_error(error)),
        }
    }
}

/// How many bytes at the end of an object are compared.
fn compared(length: usize) -> usize {
    if length <= MOST_COMPARED {
        length
    } else {
        TAIL
    }
}

/// Whether the store will refuse the same request again.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::InvalidPath { .. }
            | Error::NotImplemented { .. }
            | Error::NotSupported { .. }
            | Error::UnknownConfigurationKey { .. }
    )
}

/// An error of the store, with what the store answered.
pub(crate) fn io_error(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
