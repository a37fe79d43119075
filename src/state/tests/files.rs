//! Tests folders, links and pipes in the place of the state's files, and other programs that write them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::Pending;
use crate::state::store::Store;
use crate::state::store_error::LockOwner;
use crate::state::store_error::StoreError;
use crate::state::system_disk::SystemDisk;
use crate::state::temporary::Temporary;
use crate::state::tests::journal::records;
use crate::state::tests::{entry, id, saved};

fn owner() -> LockOwner {
    LockOwner {
        id: "1".into(),
        who: "ana".into(),
        host: "here".into(),
        pid: 42,
        command: "talkform apply".into(),
        since: "now".into(),
        run: None,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    names
}

/// Every way in which another program can change the file between loading and saving.
#[test]
fn a_state_that_another_program_changed_is_left_alone() {
    type Change = fn(&Path);
    let overwritten: Change = |path| fs::write(path, "theirs").expect("written");
    let same_length: Change = |path| {
        let mut bytes = fs::read(path).expect("read");
        let last = bytes.len() - 4;
        bytes[last] ^= 1;
        let before = fs::metadata(path)
            .expect("there")
            .modified()
            .expect("a time");
        fs::write(path, bytes).expect("written");
        let file = fs::File::options().write(true).open(path).expect("opened");
        file.set_modified(before).expect("set");
    };
    let touched: Change = |path| {
        let file = fs::File::options().write(true).open(path).expect("opened");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .expect("set");
    };
    let replaced: Change = |path| {
        let other = path.with_extension("other");
        fs::copy(path, &other).expect("copied");
        fs::rename(&other, path).expect("renamed");
    };
    let removed: Change = |path| fs::remove_file(path).expect("removed");
    let folder_instead: Change = |path| {
        fs::remove_file(path).expect("removed");
        fs::create_dir(path).expect("made");
    };
    let changes = [
        overwritten,
        same_length,
        touched,
        replaced,
        removed,
        folder_instead,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_, mut state) = saved(folder.path());
        let store = Store::new(&folder.path().join("talkform.state.json"));
        store.load().expect("loaded");
        assert!(store.is_unmodified().expect("looked"));
        change(store.path());
        assert!(!store.is_unmodified().expect("looked"), "change {number}");
        let theirs = fs::read(store.path()).ok();
        state.record(id("u-9"), entry("mine"));
        let error = store.save(&state).expect_err("refused");
        let StoreError::Conflict { path, copy } = &error else {
            panic!("{error}");
        };
        assert_eq!(path, store.path());
        assert_eq!(fs::read(store.path()).ok(), theirs, "change {number}");
        let copied = Store::new(copy).load().expect("loaded");
        assert_eq!(copied.state, Some(state));
        let hint = error.hint(&|words| words.join(" ")).expect("a hint");
        for file in [path, copy] {
            let file = file.display().to_string();
            assert!(error.to_string().contains(&file) && hint.contains(&file));
        }
        assert!(
            names(folder.path()).len() <= 2,
            "{:?}",
            names(folder.path())
        );
    }
}

#[test]
fn a_run_may_save_more_than_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut state) = saved(folder.path());
    let store = Store::new(&folder.path().join("talkform.state.json"));
    store.load().expect("loaded");
    for serial in 2..5 {
        state.serial = serial;
        store.save(&state).expect("saved");
    }
    assert_eq!(names(folder.path()), ["talkform.state.json"]);
}

/// A first save expects that there is no state.
#[test]
fn a_state_that_appeared_since_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(&folder.path().join("talkform.state.json"));
    assert!(store.load().expect("loaded").state.is_none());
    let (_, state) = saved(folder.path());
    let error = store.save(&state).expect_err("refused");
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_by_kind() {
    use std::os::unix::fs::symlink;
    type Make = fn(&Path);
    let dangling: Make = |path| symlink("nowhere", path).expect("a link");
    let folder: Make = |path| fs::create_dir(path).expect("a folder");
    let fifo: Make = |path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("mkfifo runs").success());
    };
    let socket: Make = |path| {
        std::os::unix::net::UnixListener::bind(path).expect("a socket");
    };
    let device: Make = |path| symlink("/dev/null", path).expect("a link");
    let kinds: [(Make, &str); 5] = [
        (dangling, "a link whose target does not exist"),
        (folder, "a folder"),
        (fifo, "a named pipe"),
        (socket, "a socket"),
        (device, "a device"),
    ];
    for (make, word) in kinds {
        for ending in ["", ".journal", ".lock"] {
            let folder = tempfile::tempdir().expect("a folder");
            let (store, state) = saved(folder.path());
            let path = folder.path().join(format!("talkform.state.json{ending}"));
            if ending.is_empty() {
                fs::remove_file(&path).expect("removed");
            }
            make(&path);
            let store = match ending {
                "" => Store::new(&path),
                _ => store,
            };
            let error = if ending == ".lock" {
                let error = store.lock(&owner(), Duration::ZERO).expect_err("refused");
                error.to_string()
            } else {
                store.load().expect_err("refused").to_string()
            };
            assert!(error.contains(word), "{ending}: {error}");
            if ending == ".journal" {
                let error = store.open_journal(&state).expect_err("refused");
                assert!(error.to_string().contains(word), "{error}");
            }
            fs::symlink_metadata(&path).expect("still there");
            assert!(!folder.path().join("nowhere").exists());
        }
    }
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut state) = saved(folder.path());
    let link = folder.path().join("link.json");
    symlink("talkform.state.json", &link).expect("a link");
    let target = folder.path().join("lock-file");
    fs::write(&target, "").expect("written");
    symlink(&target, folder.path().join("talkform.state.json.lock")).expect("a link");
    let store = Store::new(&link);
    let lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    assert_eq!(store.load().expect("loaded").state, Some(state.clone()));
    state.serial += 1;
    store.save(&state).expect("saved");
    drop(lock);
    let is_link = |name: &str| folder.path().join(name).is_symlink();
    assert!(is_link("link.json") && is_link("talkform.state.json.lock"));
}

#[test]
fn leftovers_of_killed_runs_are_swept_under_the_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let leftover = ".talkform-state-talkform.state.json-Ab3dEf7h";
    let kept = [
        ".talkform-state-notes",
        // Of another state, whose lock is another one.
        ".talkform-state-staging.state.json-Ab3dEf7h",
        ".talkform-state-talkform.state.json-x.json-Ab3dEf7h",
        "talkform.state.json",
        "talkform.state.json.conflict-0a1b2c3d",
        "talkform.state.json.lock",
    ];
    for name in kept.into_iter().chain([leftover]) {
        let path = folder.path().join(name);
        if !path.exists() {
            fs::write(path, "").expect("written");
        }
    }
    let lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    assert_eq!(names(folder.path()), kept);
    drop(lock);
}

#[test]
fn a_temporary_file_is_named_as_the_sweep_expects() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let path = Temporary::create(&SystemDisk, store.path())
        .expect("made")
        .keep();
    let _lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    assert!(!path.exists(), "{}", path.display());
}

#[test]
fn a_lock_removes_only_its_own_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(&folder.path().join("state.json"));
    let path = folder.path().join("state.json.lock");
    let lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    fs::remove_file(&path).expect("removed");
    fs::write(&path, "another").expect("written");
    drop(lock);
    assert_eq!(fs::read_to_string(&path).expect("there"), "another");

    let lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    fs::write(&path, "another").expect("written");
    drop(lock);
    assert!(path.exists(), "the text names another owner");
}

#[test]
fn looking_for_room_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::state::disk_space::check_available(folder.path(), 1 << 16).expect("room");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    // A file that was there with other permissions.
    fs::write(store.journal_path(), "").expect("written");
    let mut journal = store.open_journal(&state).expect("a journal");
    journal.append(&records()[0]).expect("appended");
    let _lock = store.lock(&owner(), Duration::ZERO).expect("locked");
    for name in names(folder.path()) {
        let found = fs::metadata(folder.path().join(&name)).expect("there");
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

/// The state of a journal with records must be found again. Without a record nothing was sent: a first save may be
/// lost with a power cut although the journal that was begun after it is there.
#[test]
fn only_a_journal_with_records_needs_its_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    let pending = Pending::unknown(Timestamp::UNIX_EPOCH);
    journal.intend(&id("u-1"), &pending).expect("written");
    journal.close().expect("closed");
    let whole = fs::read(store.journal_path()).expect("there");
    let head = whole
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a line")
        + 1;
    fs::remove_file(store.path()).expect("removed");
    for length in 0..=whole.len() {
        fs::write(store.journal_path(), &whole[..length]).expect("written");
        match store.load() {
            Ok(loaded) => {
                assert!(length <= head, "{length}");
                assert_eq!(loaded.state, None);
            }
            Err(StoreError::Journal { reason, .. }) => {
                assert!(length > head, "{length}");
                assert!(reason.contains("is missing"), "{reason}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    fs::write(store.journal_path(), [0; 600]).expect("written");
    assert!(store.load().is_err());
}
