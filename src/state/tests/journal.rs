//! Tests the journal: what is read back, which users become pending, and what a cut or damaged line loses.

use std::fs;

use jiff::Timestamp;

use crate::model::{MemberId, Pending, PendingAction, RejectedRequest, Rejection, State};
use crate::state::journal::JournalRecord;
use crate::state::journal_writer::NotFlushed;
use crate::state::replay::{Mismatch, OpenIntents};
use crate::state::store::Store;
use crate::state::store_error::StoreError;
use crate::state::tests::test_disk::TestDisk;
use crate::state::tests::{entry, id, saved};

pub(crate) fn pending(action: PendingAction) -> Pending {
    let fields = entry("sent").fields;
    Pending {
        action,
        fields,
        ..Pending::unknown(Timestamp::UNIX_EPOCH)
    }
}

fn intent(user: &str, action: PendingAction) -> JournalRecord {
    JournalRecord::Intent(id(user), pending(action))
}

pub(crate) fn applied(user: &str) -> JournalRecord {
    JournalRecord::Applied(id(user), entry("sent"))
}

fn rejected(user: &str, may_be_done: bool) -> JournalRecord {
    let rejection = Rejection {
        digest: entry("sent").digest,
        request: RejectedRequest::Put,
        status: 422,
        code: None,
        attempts: 1,
        since: Timestamp::UNIX_EPOCH,
    };
    JournalRecord::Rejected {
        id: id(user),
        rejection,
        may_be_done,
    }
}

fn to(user: &str, from: &str) -> JournalRecord {
    let action = PendingAction::MoveFrom {
        from: id(from),
        delete_old: true,
    };
    intent(user, action)
}

fn moved(from: &str, to: &str) -> JournalRecord {
    JournalRecord::Moved {
        from: id(from),
        to: id(to),
        entry: entry("sent"),
    }
}

/// Writes a journal as a run does, and leaves it behind.
fn leave_behind(store: &Store, state: &State, records: &[JournalRecord]) -> String {
    let mut journal = store.open_journal(state).expect("a journal");
    for record in records {
        match record {
            JournalRecord::Intent(id, pending) => {
                journal.intend(id, pending).expect("written");
            }
            record => journal.append(record).expect("written"),
        }
    }
    journal.id().to_owned()
}

pub(crate) fn records() -> Vec<JournalRecord> {
    vec![
        intent("u-1", PendingAction::Create),
        applied("u-1"),
        JournalRecord::Gone(id("u-0")),
        intent("u-2", PendingAction::Create),
        intent("u-3", PendingAction::Create),
        applied("u-3"),
        applied("u-2"),
        to("u-4", "u-3"),
        moved("u-3", "u-4"),
    ]
}

/// The state after these records.
fn after(state: &State, records: &[JournalRecord]) -> State {
    let mut state = state.clone();
    let mut intents = OpenIntents::default();
    for record in records {
        intents.carry_over(record.clone(), &mut state);
    }
    intents.make_pending(&mut state);
    state
}

pub(crate) fn keys<V>(map: &std::collections::BTreeMap<MemberId, V>) -> String {
    let ids: Vec<&str> = map.keys().map(MemberId::as_str).collect();
    ids.join(" ")
}

/// What each journal makes of a state with the user u-0: the users, the pending and the rejected ones.
#[test]
fn what_a_journal_makes_of_the_state() {
    use PendingAction::{Create, Delete, Update};
    let not_done = |user: &str| JournalRecord::NotDone(id(user));
    let gone = |user: &str| JournalRecord::Gone(id(user));
    let cases: Vec<(&str, Vec<JournalRecord>, [&str; 3])> = vec![
        ("nothing", vec![], ["u-0", "", ""]),
        (
            "an intent alone",
            vec![intent("u-1", Create)],
            ["u-0", "u-1", ""],
        ),
        (
            "applied",
            vec![intent("u-1", Create), applied("u-1")],
            ["u-0 u-1", "", ""],
        ),
        (
            "an update alone keeps the entry",
            vec![intent("u-0", Update)],
            ["u-0", "u-0", ""],
        ),
        (
            "no request left",
            vec![intent("u-0", Update), not_done("u-0")],
            ["u-0", "", ""],
        ),
        (
            "rejected",
            vec![intent("u-1", Create), rejected("u-1", false)],
            ["u-0", "", "u-1"],
        ),
        (
            "rejected after a request without a response",
            vec![intent("u-1", Create), rejected("u-1", true)],
            ["u-0", "u-1", "u-1"],
        ),
        (
            "a deletion alone",
            vec![intent("u-0", Delete)],
            ["u-0", "u-0", ""],
        ),
        (
            "deleted",
            vec![intent("u-0", Delete), gone("u-0")],
            ["", "", ""],
        ),
        (
            "forgotten without an intent",
            vec![gone("u-0")],
            ["", "", ""],
        ),
        (
            "a move alone makes both ids pending",
            vec![to("u-1", "u-0")],
            ["u-0", "u-0 u-1", ""],
        ),
        (
            "a move whose old id was not deleted",
            vec![to("u-1", "u-0"), rejected("u-1", true)],
            ["u-0", "u-0 u-1", "u-1"],
        ),
        (
            "moved",
            vec![to("u-1", "u-0"), moved("u-0", "u-1")],
            ["u-1", "", ""],
        ),
    ];
    for (name, records, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, state) = saved(folder.path());
        let journal = leave_behind(&store, &state, &records);
        let loaded = store.load().expect("loaded");
        let state = loaded.state.expect("a state");
        let found = [
            keys(&state.users),
            keys(&state.pending),
            keys(&state.rejected),
        ];
        assert_eq!(found, expected, "{name}");
        assert_eq!(loaded.replay.mismatch, None, "{name}");
        let is_folded = state.folded == [journal];
        assert_eq!(
            is_folded,
            !records.is_empty() && name != "no request left",
            "{name}"
        );
    }
}

/// A user who was pending already stays so where the next intent was not carried out, and no longer where
/// it was.
#[test]
fn an_earlier_intent_stays_until_a_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, mut state) = saved(folder.path());
    for user in ["u-1", "u-2", "u-3", "u-4"] {
        state.mark_pending(id(user), pending(PendingAction::Create));
    }
    store.save(&state).expect("saved");
    let records = [
        intent("u-1", PendingAction::Update),
        JournalRecord::NotDone(id("u-1")),
        intent("u-2", PendingAction::Update),
        rejected("u-2", false),
        intent("u-3", PendingAction::Update),
        applied("u-3"),
        intent("u-4", PendingAction::Delete),
        JournalRecord::Gone(id("u-4")),
    ];
    leave_behind(&store, &state, &records);
    let state = store.load().expect("loaded").state.expect("a state");
    assert_eq!(keys(&state.pending), "u-1 u-2");
    assert_eq!(state.pending[&id("u-1")].action, PendingAction::Create);
}

/// Cut off after any byte, a journal gives the records that are whole, and never an error.
#[test]
fn a_journal_may_end_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let journal = leave_behind(&store, &state, &records());
    let whole = fs::read(store.journal_path()).expect("there");
    for cut in 0..=whole.len() {
        fs::write(store.journal_path(), &whole[..cut]).expect("written");
        let loaded = store.load().expect("loaded");
        let lines = memchr::memchr_iter(b'\n', &whole[..cut]).count();
        let complete = lines.saturating_sub(1);
        let mut expected = after(&state, &records()[..complete]);
        if complete > 0 {
            expected.folded = vec![journal.clone()];
        }
        assert_eq!(loaded.state, Some(expected), "cut at {cut}");
        let whole_lines = whole[..cut].iter().rposition(|byte| *byte == b'\n');
        let torn = cut - whole_lines.map_or(0, |end| end + 1);
        assert_eq!(loaded.replay.torn, torn, "cut at {cut}");
    }
}

/// A flipped bit costs one record, or two where it is in a line end. Where it is in the first line, every user
/// of the journal is pending.
#[test]
fn a_damaged_journal_adds_nothing_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    leave_behind(&store, &state, &records());
    let whole = fs::read(store.journal_path()).expect("there");
    let without = |at: usize, count: usize| {
        let mut records = records();
        records.drain(at..(at + count).min(records.len()));
        after(&state, &records)
    };
    let mut possible: Vec<State> = Vec::new();
    for at in 0..records().len() {
        possible.extend([without(at, 1), without(at, 2)]);
    }
    let intents: Vec<JournalRecord> = records()
        .into_iter()
        .filter(|record| matches!(record, JournalRecord::Intent(..)))
        .collect();
    let first_line = whole
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("an end");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(store.journal_path(), &damaged).expect("written");
        let Ok(loaded) = store.load() else {
            assert!(at < first_line, "refused at {at}");
            continue;
        };
        let mut found = loaded.state.expect("a state");
        found.folded.clear();
        if at <= first_line {
            assert_eq!(loaded.replay.mismatch, Some(Mismatch::Damaged), "{at}");
            let (all, but_first) = (after(&state, &intents), after(&state, &intents[1..]));
            assert!(found == all || found == but_first, "bit flipped at {at}");
        } else {
            assert!(possible.contains(&found), "bit flipped at {at}");
            assert!(loaded.replay.torn > 0, "bit flipped at {at}");
        }
    }
}

/// Saved with the journal folded in and killed before it is removed: it has nothing to add.
#[test]
fn a_folded_journal_is_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    leave_behind(&store, &state, &records());
    let mut state = store.load().expect("loaded").state.expect("a state");
    state.serial += 1;
    store.save(&state).expect("saved");
    let loaded = store.load().expect("loaded");
    assert!(loaded.replay.stale);
    assert!(!loaded.replay.changes_state());
    assert_eq!(loaded.state, Some(state));
}

/// A clone keeps a journal that the state holds already, and pulls what other runs saved later: it has nothing to
/// add, up to the number of journals that a state remembers.
#[test]
fn a_folded_journal_is_stale_after_later_saves() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    leave_behind(&store, &state, &records());
    let mut state = store.load().expect("loaded").state.expect("a state");
    for (later, is_stale) in [(7, true), (1, false)] {
        for run in 0..later {
            state.serial += 1;
            state.remember_folded(format!("of another run {later} {run}"));
        }
        store.save(&state).expect("saved");
        let loaded = store.load().expect("loaded");
        assert_eq!(loaded.replay.stale, is_stale, "{later} later runs");
        assert_eq!(loaded.replay.changes_state(), !is_stale);
    }
}

/// Another program replaces the state after it was loaded: no journal is begun, so nothing is sent.
#[test]
fn no_journal_is_begun_for_a_state_that_was_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mine = Store::new(store.path());
    mine.load().expect("loaded");
    let mut other = state.clone();
    other.record(id("u-9"), entry("of the other"));
    store.save(&other).expect("saved");
    for store in [&mine, &Store::new(store.path())] {
        let opened = store.open_journal(&state);
        assert!(matches!(opened, Err(StoreError::Replaced { .. })));
    }
    assert!(!mine.journal_path().exists());
    mine.load().expect("loaded");
    mine.open_journal(&other).expect("a journal");
}

/// A run of clone A is killed at serial 1. Clone B, which has the same state, saves serial 2, and A pulls it:
/// nothing of A's journal is taken for what Channel has, and each of its users is pending.
#[test]
fn a_journal_of_another_clone_makes_its_users_pending() {
    let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
    let (one, other) = (one.expect("a folder"), other.expect("a folder"));
    let (a, state) = saved(one.path());
    let (b, _) = saved(other.path());
    fs::copy(a.path(), b.path()).expect("cloned");
    b.load().expect("loaded");

    let records = [
        intent("u-0", PendingAction::Update),
        applied("u-0"),
        intent("u-1", PendingAction::Create),
        intent("u-2", PendingAction::Create),
        JournalRecord::NotDone(id("u-2")),
    ];
    leave_behind(&a, &state, &records);
    leave_behind(
        &b,
        &state,
        &[intent("u-0", PendingAction::Update), applied("u-0")],
    );
    let mut of_b = b.load().expect("loaded").state.expect("a state");
    of_b.serial = 2;
    b.save(&of_b).expect("saved");
    fs::copy(b.path(), a.path()).expect("pulled");

    let loaded = Store::new(a.path()).load().expect("loaded");
    assert_eq!(
        loaded.replay.mismatch,
        Some(Mismatch::Serial {
            journal: 1,
            state: 2
        })
    );
    assert_eq!(loaded.replay.replayed, 0);
    let mut state = loaded.state.expect("a state");
    assert_eq!(keys(&state.pending), "u-0 u-1");
    assert_eq!(state.users, of_b.users);

    // Saved once, the journal has nothing to add.
    state.serial += 1;
    let a = Store::new(a.path());
    a.load().expect("loaded");
    a.save(&state).expect("saved");
    let again = a.load().expect("loaded");
    assert!(again.replay.stale);
    assert_eq!(again.state, Some(state));
}

/// Two clones may save different states under one serial.
#[test]
fn equal_serials_of_two_clones_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    leave_behind(
        &store,
        &state,
        &[intent("u-1", PendingAction::Create), applied("u-1")],
    );
    let mut other = state.clone();
    other.record(id("u-9"), entry("of the other"));
    store.save(&other).expect("saved");
    let loaded = store.load().expect("loaded");
    assert_eq!(loaded.replay.mismatch, Some(Mismatch::Base { serial: 1 }));
    let found = loaded.state.expect("a state");
    assert_eq!(found.users, other.users);
    assert_eq!(keys(&found.pending), "u-1");

    // The same for a state that was put back to an earlier one.
    let mut earlier = state.clone();
    earlier.serial = 0;
    store.save(&earlier).expect("saved");
    let loaded = store.load().expect("loaded");
    let serials = Mismatch::Serial {
        journal: 1,
        state: 0,
    };
    assert_eq!(loaded.replay.mismatch, Some(serials));
    assert_eq!(keys(&loaded.state.expect("a state").pending), "u-1");
}

#[test]
fn a_journal_of_another_state_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, mut state) = saved(folder.path());
    leave_behind(&store, &state, &records());
    state.lineage = "another".into();
    store.save(&state).expect("saved");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("another state"))
    );
    let newer = fs::read_to_string(store.journal_path()).expect("there");
    let newer = newer.replacen("\"journal\":2", "\"journal\":3", 1);
    fs::write(store.journal_path(), newer).expect("written");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("newer"))
    );
    fs::remove_file(store.path()).expect("removed");
    assert!(
        matches!(store.load(), Err(StoreError::Journal { reason, .. }) if reason.contains("missing"))
    );
}

/// The system may have dropped what it could not flush, so no later intent counts as flushed.
#[test]
fn no_ticket_is_given_out_after_a_failed_flush() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = TestDisk::default();
    let store = disk.store(&saved(folder.path()).0);
    let state = store.load().expect("loaded").state.expect("a state");
    let mut journal = store.open_journal(&state).expect("a journal");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    disk.fail_to_flush();
    let mut intend = |user| journal.intend(&id(user), &pending(PendingAction::Create));
    let ticket = intend("u-1").expect("written");
    assert_eq!(runtime.block_on(ticket.wait()), Err(NotFlushed));
    assert!(intend("u-2").is_err());
}

#[test]
fn a_ticket_is_given_out_when_its_intent_is_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, state) = saved(folder.path());
    let mut journal = store.open_journal(&state).expect("a journal");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let tickets: Vec<_> = (0..100)
        .map(|number| {
            let user = id(&format!("u-{number}"));
            let pending = pending(PendingAction::Create);
            journal.intend(&user, &pending).expect("written")
        })
        .collect();
    for ticket in tickets {
        assert_eq!(runtime.block_on(ticket.wait()), Ok(()));
    }
    journal.close().expect("closed");
    let loaded = store.load().expect("loaded");
    assert_eq!(loaded.replay.pending.len(), 100);
}
