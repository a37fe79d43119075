//! The state's files, under every kind of ending.

mod files;
mod format;

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{ApiVersion, Attributes, DigestKey, Entry, MemberId, State};
use crate::state::journal::JournalRecord;
use crate::state::lock::{LockError, LockOwner};
use crate::state::store::Store;
use crate::state::store_error::StoreError;

fn id(text: &str) -> MemberId {
    MemberId::new(text).expect("an id")
}

fn entry(tag: &str) -> Entry {
    let attributes = Attributes {
        tags: Some([tag.to_owned()].into()),
        ..Attributes::default()
    };
    Entry::new(
        &DigestKey::new(b"salt", None)
            .for_user(&id("u"))
            .digests(&attributes),
        Timestamp::UNIX_EPOCH,
    )
}

fn saved(folder: &Path) -> (Store, State) {
    let store = Store::new(&folder.join("talkform.state.json"));
    let mut state = State::new("lineage".into(), b"salt".to_vec(), None, ApiVersion::V4);
    state.serial = 1;
    state.users.insert(id("u-0"), entry("old"));
    store.save(&state).expect("saved");
    (store, state)
}

fn records() -> Vec<JournalRecord> {
    vec![
        JournalRecord::Applied(id("u-1"), entry("a")),
        JournalRecord::Gone(id("u-0")),
        JournalRecord::Applied(id("u-2"), entry("b")),
        JournalRecord::Applied(id("u-3"), entry("c")),
        JournalRecord::Moved {
            from: id("u-3"),
            to: id("u-2"),
            entry: entry("d"),
        },
    ]
}

#[test]
fn a_journal_that_was_left_behind_is_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    for record in records() {
        journal.append(&record).expect("appended");
    }
    drop(journal);
    let loaded = store.load().expect("loaded");
    assert_eq!(loaded.replay.replayed, 5);
    assert_eq!(loaded.replay.torn, 0);
    let ids: Vec<String> = loaded
        .state
        .expect("a state")
        .users
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids, ["u-1", "u-2"]);
}

/// Cut off after any byte, a journal gives the events that were whole, and never an error.
#[test]
fn a_journal_may_end_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    let mut ends = vec![fs::metadata(store.journal_path()).expect("there").len()];
    for record in records() {
        journal.append(&record).expect("appended");
        ends.push(fs::metadata(store.journal_path()).expect("there").len());
    }
    journal.close().expect("closed");
    let whole = fs::read(store.journal_path()).expect("there");
    for cut in 0..=whole.len() {
        fs::write(store.journal_path(), &whole[..cut]).expect("written");
        let loaded = store.load().expect("loaded");
        let complete = ends
            .iter()
            .skip(1)
            .filter(|end| **end <= cut as u64)
            .count();
        assert_eq!(loaded.replay.replayed, complete, "cut at {cut}");
        let mut expected = state.clone();
        for record in records().into_iter().take(complete) {
            record.apply(&mut expected);
        }
        assert_eq!(loaded.state, Some(expected), "cut at {cut}");
    }
}

/// A flipped bit anywhere never brings in anything that was not written.
#[test]
fn a_damaged_journal_adds_nothing_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    for record in records() {
        journal.append(&record).expect("appended");
    }
    journal.close().expect("closed");
    let whole = fs::read(store.journal_path()).expect("there");
    let prefixes: Vec<State> = (0..=records().len())
        .map(|count| {
            let mut state = state.clone();
            for record in records().into_iter().take(count) {
                record.apply(&mut state);
            }
            state
        })
        .collect();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(store.journal_path(), &damaged).expect("written");
        if let Ok(loaded) = store.load() {
            let loaded = loaded.state.expect("a state");
            assert!(prefixes.contains(&loaded), "bit flipped at {at}");
        }
    }
}

#[test]
fn a_journal_of_another_time_or_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, mut state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    journal.append(&records()[0]).expect("appended");
    journal.close().expect("closed");

    state.serial = 2;
    store.save(&state).expect("saved");
    let loaded = store.load().expect("loaded");
    assert!(loaded.replay.stale);
    assert_eq!(loaded.state, Some(state.clone()));

    state.serial = 0;
    store.save(&state).expect("saved");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("earlier"))
    );

    state.serial = 1;
    state.lineage = "another".into();
    store.save(&state).expect("saved");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("another state"))
    );

    fs::remove_file(store.path()).expect("removed");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("missing"))
    );
}

#[cfg(unix)]
#[test]
fn files_are_private_and_links_are_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let link = folder.path().join("link.json");
    symlink(store.path(), &link).expect("a link");
    let linked = Store::new(&link);
    linked.load().expect("loaded");
    linked.save(&state).expect("saved");
    assert!(
        fs::symlink_metadata(&link)
            .expect("there")
            .file_type()
            .is_symlink()
    );
    let _journal = store.open_journal(&state).expect("a journal");
    for path in [store.path().to_owned(), store.journal_path()] {
        let mode = fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_save_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    store.save(&state).expect("saved");
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["talkform.state.json"]);
}

#[test]
fn one_holds_the_lock_and_the_other_learns_who() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(&folder.path().join("state.json"));
    let holder = LockOwner {
        id: "1".into(),
        who: "ana".into(),
        host: "here".into(),
        pid: 42,
        command: "talkform apply".into(),
        since: "now".into(),
        run: None,
    };
    let lock = store.lock(&holder, Duration::ZERO).expect("locked");
    match store.lock(&holder, Duration::from_millis(150)) {
        Err(LockError::Held { holder: found }) => assert_eq!(found, Some(Box::new(holder.clone()))),
        other => panic!("{other:?}"),
    }
    drop(lock);
    let again = store.lock(&holder, Duration::ZERO).expect("locked again");
    drop(again);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
