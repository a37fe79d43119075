//! Decides which files and users need no reading, because the state records them as they are.

use std::collections::{BTreeSet, HashMap};

use crate::manifest::files::file::FileReading;
use crate::manifest::users::declared::DeclaredUser;
use crate::model::{MemberId, RecordedLookup};

/// Drops the attributes of a user who is as recorded.
pub(crate) fn drop_if_recorded(user: &mut DeclaredUser, recorded: &RecordedLookup<'_>) {
    user.attributes = user
        .attributes
        .take()
        .filter(|attributes| !recorded.holds(&user.id, attributes));
}

/// The skipped files that must be read after all. One of their ids is declared again in another file,
/// differs only in case from one there, or is moved there; only a reading knows the place to report.
pub(crate) fn must_be_read(
    readings: &[FileReading],
    known: &RecordedLookup<'_>,
) -> BTreeSet<usize> {
    let mut doubtful = BTreeSet::new();
    let mut unread: HashMap<u32, usize> = HashMap::new();
    for (file, reading) in readings.iter().enumerate() {
        if let Some(found) = reading.known.filter(|found| found.users > 0)
            && let Some(other) = unread.insert(found.number, file)
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
        let users = known.users();
        users.filter_map(|(id, number)| Some((id, *unread.get(&number)?)))
    };
    let moving = readings.iter().flat_map(|reading| &reading.moved);
    let moving = moving.flat_map(|entry| [&entry.from, &entry.to]);
    let ids = read().map(|(id, _)| id).chain(moving);
    doubtful.extend(ids.filter_map(|id| unread.get(&known.file_of(id)?).copied()));

    let has_capital = |id: &MemberId| id.as_str().chars().any(char::is_uppercase);
    let mut lowered: HashMap<String, Vec<usize>> = HashMap::new();
    for (id, file) in read().chain(not_read()).filter(|(id, _)| has_capital(id)) {
        lowered
            .entry(id.as_str().to_lowercase())
            .or_default()
            .push(file);
    }
    if !lowered.is_empty() {
        for (id, file) in read().chain(not_read()).filter(|(id, _)| !has_capital(id)) {
            if let Some(files) = lowered.get_mut(id.as_str()) {
                files.push(file);
            }
        }
        let clashing = lowered.into_values().filter(|files| files.len() > 1);
        doubtful.extend(
            clashing
                .flatten()
                .filter(|file| readings[*file].known.is_some()),
        );
    }
    doubtful
}
