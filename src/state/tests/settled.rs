//! Tests that the name of a state is on the disk when it is saved, and before its journal is emptied or removed.

use crate::state::tests::saved;
use crate::state::tests::test_disk::TestDisk;

/// The name of a state is safe from a power cut when the save is over, also where no journal follows: a command that
/// changes only the state sends nothing and begins none.
#[test]
fn a_saved_state_has_its_name_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let disk = TestDisk::default();
    let command = disk.store(&store);
    let state = command.load().expect("loaded").state.expect("a state");
    command.save(&state).expect("saved");
    assert_eq!(
        disk.take_done(),
        ["renames the state", "flushes the folder"]
    );
}

/// The run before may have renamed the state and ended before it flushed the folder. A power cut then brings back the
/// state before, which needs the journal.
#[test]
fn a_state_is_flushed_before_its_journal_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let disk = TestDisk::default();
    let next_run = disk.store(&store);
    let state = next_run.load().expect("loaded").state.expect("a state");
    let journal = next_run.open_journal(&state).expect("a journal");
    drop(journal);
    let emptied = [
        "flushes the folder",
        "empties the journal",
        "flushes the folder",
    ];
    assert_eq!(disk.take_done(), emptied);
    next_run.remove_journal().expect("removed");
    let removed = [
        "flushes the folder",
        "removes the journal",
        "flushes the folder",
    ];
    assert_eq!(disk.take_done(), removed);
}
