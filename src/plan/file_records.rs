//! Records manifest files in the state after an apply.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::model::{
    Desired, DesiredUser, DigestKey, FileContent, FileRecord, MemberId, Plan, State, UnchangedUser,
    UsersSum, file_record,
};

/// Records which file declares which user, and the digest of each file whose users are all recorded as it
/// declares them and need not be sent again. `desired` was read with the state from before the apply, and `plan` was applied.
pub fn record_files(state: &mut State, desired: &Desired, plan: &Plan, key: &DigestKey) {
    let numbers = numbers(state, desired);
    let applied = applied(state, plan);
    let mut whole: Vec<bool> = desired
        .files
        .iter()
        .map(|file| file.content.is_some())
        .collect();
    let mut places: HashMap<&MemberId, usize> =
        HashMap::with_capacity(desired.unchanged.users.len());
    let by_name: HashMap<&str, usize> = desired
        .files
        .iter()
        .enumerate()
        .map(|(place, file)| (&*file.name, place))
        .collect();
    for (id, user) in &desired.users {
        let Some(place) = by_name.get(&*user.origin.file).copied() else {
            continue;
        };
        places.insert(id, place);
        whole[place] = whole[place] && (applied.contains(id) || is_recorded(id, user, state, key));
    }
    for UnchangedUser { id, file } in &desired.unchanged.users {
        places.insert(id, *file as usize);
    }
    let unread = desired.unchanged.files.values();
    let unread: HashSet<u32> = unread.map(|file| file.number).collect();
    for (id, entry) in &mut state.users {
        if let Some(place) = places.get(id)
            && entry.has_not_cleared()
        {
            whole[*place] = false;
        }
        entry.file = match places.get(id) {
            Some(place) => Some(numbers[*place]),
            None => entry.file.filter(|number| unread.contains(number)),
        };
    }

    let sums = file_record::sums(state);
    let records = desired.files.iter().zip(&numbers).zip(whole);
    state.files = records
        .map(|((file, number), whole)| {
            let (users, sum) = sums.get(number).copied().unwrap_or((0, UsersSum::EMPTY));
            let content = file.content.filter(|_| whole).map(|content| FileContent {
                digest: key.file(&content),
                users,
                sum,
            });
            let number = *number;
            (file.name.clone(), FileRecord { number, content })
        })
        .collect();
}

/// Whether a user that the plan did not change, or did not select, is as recorded.
fn is_recorded(id: &MemberId, user: &DesiredUser, state: &State, key: &DigestKey) -> bool {
    let entry = state.users.get(id);
    entry.is_some_and(|entry| entry.digest == key.for_user(id).user_digest(&user.attributes))
}

/// The users that are recorded as planned.
fn applied<'p>(state: &State, plan: &'p Plan) -> HashSet<&'p MemberId> {
    let changes = plan.changes.iter();
    changes
        .filter(|planned| {
            let entry = state.users.get(&planned.id);
            let write = planned.change.write();
            write.is_some_and(|write| entry.is_some_and(|entry| entry.digest == write.digest))
        })
        .map(|planned| &planned.id)
        .collect()
}

/// Returns a number for each file: its recorded number, the number of a renamed file whose users it
/// declares, or a new one. Numbers are kept, so that a diff of the state shows only what changed.
fn numbers(state: &State, desired: &Desired) -> Vec<u32> {
    let unread = &desired.unchanged.files;
    let names: HashSet<&Arc<str>> = desired.files.iter().map(|file| &file.name).collect();
    let mut taken: HashSet<u32> = HashSet::new();
    let mut numbers: Vec<Option<u32>> = desired
        .files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let unread = unread.get(&index).map(|file| file.number);
            let record = state.files.get(&file.name);
            unread.or_else(|| record.map(|record| record.number))
        })
        .collect();
    // The entries of skipped files keep their number, so no other file may get it.
    taken.extend(unread.values().map(|file| file.number));
    for (index, number) in numbers.iter_mut().enumerate() {
        if !unread.contains_key(&index) {
            *number = number.filter(|number| taken.insert(*number));
        }
    }

    let free: HashSet<u32> = state
        .files
        .iter()
        .filter(|(name, record)| !names.contains(name) && !taken.contains(&record.number))
        .map(|(_, record)| record.number)
        .collect();
    let mut inherited: BTreeMap<usize, u32> = BTreeMap::new();
    if !free.is_empty() {
        for UnchangedUser { id, file } in &desired.unchanged.users {
            let place = *file as usize;
            if numbers[place].is_none()
                && let Some(number) = state.users.get(id).and_then(|entry| entry.file)
                && free.contains(&number)
            {
                inherited.entry(place).or_insert(number);
            }
        }
    }
    for (place, number) in inherited {
        if taken.insert(number) {
            numbers[place] = Some(number);
        }
    }

    let of_files = state.files.values().map(|record| record.number);
    let of_users = state.users.values().filter_map(|entry| entry.file);
    let mut next = of_files
        .chain(of_users)
        .max()
        .map_or(1, |most| most.saturating_add(1));
    let mut fresh = || {
        while !taken.insert(next) {
            next = next.wrapping_add(1);
        }
        next
    };
    numbers
        .into_iter()
        .map(|number| number.unwrap_or_else(&mut fresh))
        .collect()
}
