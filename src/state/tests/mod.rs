//! Tests loading, saving and locking a state.

mod encryption;
mod files;
mod format;
mod journal;
mod restored;
mod settled;
mod test_disk;
mod torn;

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{ApiVersion, Attributes, Destination, DigestKey, Entry, MemberId, State};
use crate::state::store::Store;
use crate::state::store_error::{LockError, LockOwner};

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
    let mut state = State::new(
        "lineage".into(),
        b"salt".to_vec(),
        None,
        Destination::of_api(ApiVersion::V4),
    );
    state.serial = 1;
    state.record(id("u-0"), entry("old"));
    store.save(&state).expect("saved");
    (store, state)
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
    let _journal = linked.open_journal(&state).expect("a journal");
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
