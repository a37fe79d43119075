//! Tests that a record that could be written only in part leaves nothing in the journal.

use crate::model::PendingAction;
use crate::state::tests::journal::{applied, keys, pending};
use crate::state::tests::test_disk::TestDisk;
use crate::state::tests::{id, saved};

/// A half-written record must not take the next one with it: that result would be lost, and Channel would be asked
/// again for nothing.
#[test]
fn a_record_written_by_half_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = saved(folder.path());
    let disk = TestDisk::default();
    let run = disk.store(&store);
    let state = run.load().expect("loaded").state.expect("a state");
    let mut journal = run.open_journal(&state).expect("a journal");
    let pending = pending(PendingAction::Create);
    for user in ["u-1", "u-2"] {
        journal.intend(&id(user), &pending).expect("written");
    }
    disk.set_full(true);
    journal
        .append(&applied("u-1"))
        .expect_err("the disk is full");
    journal
        .intend(&id("u-3"), &pending)
        .expect_err("the disk is full");
    disk.set_full(false);
    journal.append(&applied("u-2")).expect("written");
    journal.close().expect("closed");

    let loaded = store.load().expect("loaded");
    assert_eq!(loaded.replay.torn, 0);
    assert_eq!(loaded.replay.replayed, 1);
    let state = loaded.state.expect("a state");
    assert_eq!(keys(&state.pending), "u-1");
    assert_eq!(keys(&state.users), "u-0 u-2");
}
