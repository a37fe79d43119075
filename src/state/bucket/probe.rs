//! Finds out whether a store keeps to the conditions of a write. One that ignores them would let two runs overwrite
//! each other in silence.

use std::io;

use object_store::path::Path;
use object_store::{Attributes, Error, PutPayload};

use crate::model::StateScheme;
use crate::state::bucket::swap::{Condition, Objects, io_error, is_refusal};
use crate::state::disk::ObjectVersion;
use crate::state::store_error::StoreFault;

/// How often one question is asked whose answer is lost.
const MOST_TRIES: u32 = 4;

/// Asks the store to overwrite an object that exists, with two conditions that do not hold. `bytes` is the content of
/// the object, so that it stays as it is. `Some` if the store obeys.
pub(crate) async fn probe(
    objects: &Objects,
    key: &Path,
    bytes: &[u8],
) -> io::Result<Option<StoreFault>> {
    let stale = ObjectVersion(match objects.scheme {
        StateScheme::Gs => "1".to_owned(),
        StateScheme::S3 | StateScheme::Az => format!("\"{}\"", "0".repeat(32)),
    });
    let questions = [
        (Condition::Absent, StoreFault::OverwritesExisting),
        (Condition::Is(stale), StoreFault::OverwritesOtherVersion),
    ];
    let payload = PutPayload::from(bytes.to_vec());
    let attributes = Attributes::default();
    for (condition, fault) in questions {
        let mut tries = 1;
        loop {
            match objects
                .put_once(key, &payload, &condition, &attributes)
                .await
            {
                Ok(_) => return Ok(Some(fault)),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => break,
                Err(error) if tries == MOST_TRIES || is_refusal(&error) => {
                    return Err(io_error(error));
                }
                Err(_) => tries += 1,
            }
        }
    }
    Ok(None)
}
