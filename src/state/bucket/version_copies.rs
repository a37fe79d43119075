//! Keeps copies of earlier states beside the state. The store makes them, so that nothing is transferred.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, ObjectStore, ObjectStoreExt};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::state::bucket::swap::{Objects, io_error};
use crate::state::store_error::LockOwner;
use crate::state::versions::version::{Saved, StateId, VersionCopy};

/// The attributes of a state that say when it was saved and by whom. Azure takes letters and digits alone as names.
const SAVED_AT: &str = "savedat";
const SAVED_BY: &str = "savedby";

/// The most bytes of the name of a run. Stores keep 2 KB of attributes.
const MOST_NAME: usize = 1200;

/// How often a copy is looked at that is not whole yet. Azure may go on copying after its answer.
const MOST_LOOKS: u32 = 8;

/// The pause before the next look; it doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// What is kept with a state about the run that saves it.
pub(crate) fn attributes(holder: Option<(LockOwner, Timestamp)>) -> Attributes {
    let Some((owner, now)) = holder else {
        return Attributes::default();
    };
    let LockOwner {
        id: _,
        who,
        host,
        pid: _,
        command,
        since: _,
        run,
    } = owner;
    let run = run.map_or_else(String::new, |run| format!(", {run}"));
    let by = format!("{who} on {host}: `{command}`{run}");
    let mut by = utf8_percent_encode(&by, NON_ALPHANUMERIC).to_string();
    by.truncate(MOST_NAME);
    let pairs = [(SAVED_AT, now.as_second().to_string()), (SAVED_BY, by)];
    let mut attributes = Attributes::default();
    for (name, value) in pairs {
        attributes.insert(Attribute::Metadata(name.into()), value.into());
    }
    attributes
}

fn saved(attributes: &Attributes) -> Option<Saved> {
    let text = |name: &'static str| attributes.get(&Attribute::Metadata(name.into()));
    let by = percent_decode_str(text(SAVED_BY)?).decode_utf8_lossy();
    let at = text(SAVED_AT)?.parse().ok()?;
    Some(Saved {
        at: Timestamp::from_second(at).ok()?,
        by: by.into_owned(),
    })
}

/// Copies an object that has this length.
pub(crate) async fn keep(objects: &Objects, from: &Path, to: &Path, length: u64) -> io::Result<()> {
    objects.store.copy(from, to).await.map_err(io_error)?;
    let mut pause = PAUSE;
    for _ in 0..MOST_LOOKS {
        match objects.inspect(to).await? {
            Some((_, found)) if found == length => return Ok(()),
            _ => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
    Err(io::Error::other("the store did not finish the copy"))
}

/// The copies in a folder. Other objects are passed over.
pub(crate) async fn list(objects: &Objects, folder: &Path) -> io::Result<Vec<VersionCopy>> {
    let mut found = Vec::new();
    for meta in objects.list_whole(folder).await? {
        let name = meta.location.filename().unwrap_or_default().to_owned();
        if let Some(id) = StateId::of_file_name(&name) {
            let made = Timestamp::from_second(meta.last_modified.timestamp());
            found.push(VersionCopy {
                id,
                name,
                length: meta.size,
                made: made.unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

/// When a copy's state was saved and by whom; `None` if the store does not tell.
pub(crate) async fn saved_of(objects: &Objects, key: &Path) -> io::Result<Option<Saved>> {
    let options = GetOptions {
        head: true,
        ..GetOptions::default()
    };
    match objects.store.get_opts(key, options).await {
        Ok(found) => Ok(saved(&found.attributes)),
        Err(error) => Err(io_error(error)),
    }
}
