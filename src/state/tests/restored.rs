//! Tests that a restored state takes nobody for recorded whom the later state knows otherwise.

use jiff::Timestamp;

use super::{entry, id, saved};
use crate::model::{Pending, PendingAction, State};
use crate::state::versions::restored::restored;
use crate::state::versions::version::StateId;

fn state(users: &[(&str, &str)]) -> State {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut state) = saved(folder.path());
    state.users = users
        .iter()
        .map(|(name, tag)| (id(name), Box::new(entry(tag))))
        .collect();
    state
}

#[test]
fn who_differs_is_pending_with_what_was_sent_since_then() {
    let earlier = state(&[("gone", "a"), ("new-tag", "a"), ("same", "a")]);
    let mut later = state(&[("created", "b"), ("new-tag", "b"), ("same", "a")]);
    later.serial = 7;
    later.folded = vec!["journal/3".to_owned()];
    let sending = Pending {
        action: PendingAction::Update,
        ..Pending::unknown(Timestamp::UNIX_EPOCH)
    };
    later.pending.insert(id("same"), sending);
    let state = restored(earlier.clone(), &later, Timestamp::UNIX_EPOCH);
    assert_eq!((state.serial, &state.folded), (8, &later.folded));
    assert_eq!(state.users, earlier.users);
    let pending: Vec<_> = state
        .pending
        .iter()
        .map(|(id, pending)| (id.as_str(), pending.action.clone(), pending.digest))
        .collect();
    let sent = later.users[&id("created")].digest;
    assert_eq!(
        pending,
        [
            ("created", PendingAction::Create, Some(sent)),
            ("gone", PendingAction::Delete, None),
            ("new-tag", PendingAction::Update, Some(sent)),
            ("same", PendingAction::Update, None),
        ]
    );
}

/// The digests of two keys say nothing about each other.
#[test]
fn under_another_salt_everybody_is_pending() {
    let earlier = state(&[("same", "a")]);
    let mut later = earlier.clone();
    later.salt = b"another".to_vec();
    let state = restored(earlier, &later, Timestamp::UNIX_EPOCH);
    let pending = &state.pending[&id("same")];
    assert_eq!(pending.action, PendingAction::Unknown);
    assert_eq!(pending.digest, None);
}

#[test]
fn a_state_is_named_by_its_serial_or_with_its_checksum() {
    let one = StateId {
        serial: 41,
        check: "0123456789abcdef".to_owned(),
    };
    let name = one.file_name(7);
    assert_eq!(StateId::of_file_name(&name), Some(one.clone()));
    for other in [
        "",
        "41",
        "state.json",
        &name[1..],
        &format!("{name}-1"),
        &name.replace('a', "z"),
    ] {
        let read = StateId::of_file_name(other);
        assert!(read.is_none() || other == &name[1..], "{other}");
    }
    for (text, is_meant) in [
        ("41", true),
        ("41-01234567", true),
        (&*one.to_string(), true),
        ("4", false),
        ("41-1", false),
        ("", false),
        ("-0123", false),
    ] {
        assert_eq!(one.is_meant_by(text), is_meant, "{text}");
    }
}
