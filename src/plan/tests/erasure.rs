//! Tests the plan that deletes one user.

use jiff::Timestamp;

use crate::model::{
    Action, ApiVersion, Change, Destination, DigestKey, Limit, LimitKind, Limits, Pending, Plan,
    State,
};
use crate::plan::erasure::erasure;
use crate::plan::tests::build::{Users, destination, id, key, recorded, with_plan};

fn state(users: usize) -> State {
    let users = (0..users).map(|number| (format!("u-{number}"), with_plan("pro")));
    let users: Users = users.collect();
    recorded(&users)
}

fn of(state: &State, user: &str, delete: Limit) -> Plan {
    let limits = Limits {
        delete,
        ..Limits::default()
    };
    let key: DigestKey = key();
    let now = Timestamp::UNIX_EPOCH;
    erasure(state, &id(user), now, (&key, &destination(), &limits))
}

#[test]
fn one_user_is_deleted_and_no_other() {
    let mut state = state(12);
    state
        .pending
        .insert(id("u-1*"), Pending::unknown(Timestamp::UNIX_EPOCH));
    state
        .pending
        .insert(id("u-2"), Pending::unknown(Timestamp::UNIX_EPOCH));
    // Recorded, recorded and pending, pending alone, and not known: Channel may have the user all the same.
    for user in ["u-1", "u-2", "u-1*", "nobody"] {
        let plan = of(&state, user, Limit::Count(1));
        let changes: Vec<_> = plan
            .changes
            .iter()
            .map(|planned| (planned.id.as_str(), planned.change.action()))
            .collect();
        assert_eq!(changes, [(user, Action::Delete)]);
        let Change::Delete { last } = &plan.changes[0].change else {
            panic!("{:?}", plan.changes);
        };
        let entry = state.users.get(&id(user));
        assert!(entry.is_none_or(|entry| entry.digest == last.digest));
        assert_eq!(plan.tripped().count(), 0);
    }
}

#[test]
fn its_digest_is_of_this_user_and_this_state() {
    let mut state = state(3);
    let one = of(&state, "u-1", Limit::Count(0)).digest;
    assert_eq!(of(&state, "u-1", Limit::Count(5)).digest, one);
    assert_ne!(of(&state, "u-2", Limit::Count(0)).digest, one);
    state.serial += 1;
    assert_ne!(of(&state, "u-1", Limit::Count(0)).digest, one);
}

#[test]
fn the_limit_is_of_all_recorded_users() {
    let allowed = |users: usize, limit: Limit| {
        let plan = of(&state(users), "u-0", limit);
        assert!(
            plan.limits
                .iter()
                .all(|check| check.kind != LimitKind::MinUsers)
        );
        let delete = plan
            .limits
            .iter()
            .find(|check| check.kind == LimitKind::Delete);
        let delete = delete.expect("a limit");
        assert_eq!(delete.planned, 1);
        assert_eq!(delete.is_tripped(), delete.allowed == Some(0));
        delete.allowed
    };
    assert_eq!(allowed(40, Limit::Percent(5.0)), Some(2));
    assert_eq!(allowed(19, Limit::Percent(5.0)), Some(0));
    assert_eq!(allowed(3, Limit::Count(0)), Some(0));
}

/// The other users stay at the version of the state.
#[test]
fn another_version_of_the_api_is_not_a_step() {
    let state = state(3);
    let key = key();
    let wanted = Destination::of_api(ApiVersion::V5);
    let limits = Limits::default();
    let now = Timestamp::UNIX_EPOCH;
    let plan = erasure(&state, &id("u-1"), now, (&key, &wanted, &limits));
    assert_eq!(plan.api, None);
    assert_eq!(plan.destination.api, ApiVersion::V4);
}
