//! Decides which files and users need no reading, because the state records them as they are.

use std::collections::{BTreeSet, HashMap};

use crate::manifest::files::file::FileReading;
use crate::manifest::users::declared::DeclaredUser;
use crate::model::RecordedLookup;
use crate::model::text::characters::{is_plain, twins};

/// Drops the attributes of a user who is as recorded.
pub(crate) fn drop_if_recorded(user: &mut DeclaredUser, recorded: &RecordedLookup<'_>) {
    user.attributes = user
        .attributes
        .take()
        .filter(|attributes| !recorded.is_unchanged(&user.id, attributes));
}

/// The skipped files that must be read after all. One of their ids is declared again in another file,
/// differs only in case from one there, or is moved there; the place to report is known only after a reading.
pub(crate) fn must_be_read(
    readings: &[FileReading],
    recorded: &RecordedLookup<'_>,
) -> BTreeSet<usize> {
    let mut doubtful = BTreeSet::new();
    let mut unread: HashMap<u32, usize> = HashMap::new();
    for (file, reading) in readings.iter().enumerate() {
        if let Some(skipped) = reading.unchanged.filter(|skipped| skipped.users > 0)
            && let Some(other) = unread.insert(skipped.number, file)
        {
            doubtful.extend([file, other]);
        }
    }
    if unread.is_empty() {
        return doubtful;
    }
    let read = || {
        readings
            .iter()
            .enumerate()
            .flat_map(|(file, reading)| reading.users.iter().map(move |found| (&found.id, file)))
    };
    let not_read = || {
        let users = recorded.users();
        users.filter_map(|(id, number)| Some((id, *unread.get(&number)?)))
    };
    let moving = readings.iter().flat_map(|reading| &reading.moved);
    let moving = moving.flat_map(|entry| [&entry.from, &entry.to]);
    let ids = read().map(|(id, _)| id).chain(moving);
    doubtful.extend(ids.filter_map(|id| unread.get(&recorded.file_of(id)?).copied()));

    let recorded_ids = recorded.users().map(|(id, _)| id);
    if read()
        .map(|(id, _)| id)
        .chain(recorded_ids)
        .all(|id| is_plain(id.as_str()))
    {
        return doubtful;
    }
    let (ids, files): (Vec<&str>, Vec<usize>) = read()
        .chain(not_read())
        .map(|(id, file)| (id.as_str(), file))
        .unzip();
    let clashing = twins(&ids)
        .into_iter()
        .flat_map(|twins| [twins.at, twins.first]);
    let clashing = clashing.map(|id| files[id]);
    doubtful.extend(clashing.filter(|file| readings[*file].unchanged.is_some()));
    doubtful
}
