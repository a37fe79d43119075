//! Plans users of whom Channel was asked and has another person than the recorded one, or nobody.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{
    Attributes, LimitKind, MemberId, Observed, Pending, PendingAction, Plan, Reason, RemoteUser,
    State, Upsert,
};
use crate::plan::tests::build::{Setting, Users, id, key, recorded};

fn with_flags(email: Option<bool>, texting: Option<bool>) -> Attributes {
    Attributes {
        unsubscribe_email: email,
        unsubscribe_texting: texting,
        ..Attributes::default()
    }
}

/// `u-1` is recorded as this, with the person whom Channel calls `one`.
fn recorded_as(attributes: &Attributes) -> State {
    let mut state = recorded(&Users::from([("u-1".to_owned(), attributes.clone())]));
    let entry = state.users.get_mut(&id("u-1")).expect("recorded");
    entry.remote_id = Some(key().for_user(&id("u-1")).remote_id("one"));
    state
}

fn refreshed(wanted: &Attributes, state: &State, remote: Option<Observed>) -> Plan {
    let remote = match remote {
        Some(observed) => RemoteUser::Present(Box::new(observed)),
        None => RemoteUser::Missing,
    };
    let observed: BTreeMap<MemberId, RemoteUser> = [(id("u-1"), remote)].into();
    let setting = Setting {
        observed: Some(&observed),
        ..Setting::default()
    };
    setting.plan(&Users::from([("u-1".to_owned(), wanted.clone())]), state)
}

fn person(name: &str, email: Option<bool>, texting: Option<bool>) -> Observed {
    Observed {
        id: Some(name.to_owned()),
        unsubscribe_email: email,
        unsubscribe_texting: texting,
        ..Observed::default()
    }
}

fn counted(plan: &Plan) -> usize {
    let limit = plan.limits.iter();
    let limit = limit
        .clone()
        .find(|check| check.kind == LimitKind::Recreate);
    limit.expect("a limit").planned
}

fn sent(plan: &Plan) -> Option<[Option<bool>; 2]> {
    let planned = plan.changes.first()?;
    let Upsert(upsert) = planned.change.upsert().expect("a request");
    Some([upsert.unsubscribe_email, upsert.unsubscribe_texting])
}

/// The flags of a new person: an opt-out that is missing or not shown is sent, and one of the person's own stays.
#[test]
fn a_new_person_gets_the_declared_opt_outs_and_keeps_the_own_ones() {
    let wanted = with_flags(Some(true), Some(false));
    let state = recorded_as(&wanted);
    for (found, expected) in [
        ([Some(false), Some(false)], Some([Some(true), None])),
        ([None, None], Some([Some(true), None])),
        ([Some(false), Some(true)], Some([Some(true), None])),
        ([Some(true), Some(true)], None),
        ([Some(true), None], None),
    ] {
        let [email, texting] = found;
        let plan = refreshed(&wanted, &state, Some(person("two", email, texting)));
        assert_eq!(sent(&plan), expected, "{found:?}");
        assert_eq!(counted(&plan), usize::from(expected.is_some()), "{found:?}");
        let kept: Vec<String> = plan
            .kept_consent
            .iter()
            .map(|kept| kept.path.to_string())
            .collect();
        let own = (texting == Some(true)).then_some("unsubscribeTexting");
        assert_eq!(kept, Vec::from_iter(own), "{found:?}");
        assert_eq!(plan.remote_ids.len(), usize::from(expected.is_none()));
        if expected.is_some() {
            assert_eq!(plan.changes[0].reason, Reason::CreatedAnew);
        }

        // For the same person, each of them is a choice.
        let plan = refreshed(&wanted, &state, Some(person("one", email, texting)));
        assert_eq!(sent(&plan), None, "{found:?}");
        assert_eq!(counted(&plan), 0);
    }
}

/// The declaration was changed from true to false, which is an opt-in for the person before. The new person opted
/// out without us.
#[test]
fn an_opt_in_is_not_sent_to_a_new_person() {
    let state = recorded_as(&with_flags(Some(true), None));
    let wanted = with_flags(Some(false), None);
    let of = |name| refreshed(&wanted, &state, Some(person(name, Some(true), None)));
    assert_eq!(sent(&of("one")), Some([Some(false), None]));
    assert_eq!(sent(&of("two")), Some([None, None]));
}

#[test]
fn a_deleted_user_counts_unless_talkform_may_have_deleted_it() {
    let wanted = with_flags(Some(true), None);
    let mut state = recorded_as(&wanted);
    let plan = refreshed(&wanted, &state, None);
    assert_eq!(plan.changes[0].reason, Reason::DeletedOnChannel);
    assert_eq!(counted(&plan), 1);
    for (action, expected) in [
        (PendingAction::Update, 1),
        (PendingAction::Create, 1),
        (PendingAction::Delete, 0),
        (PendingAction::Unknown, 0),
    ] {
        let pending = Pending {
            action,
            ..Pending::unknown(Timestamp::UNIX_EPOCH)
        };
        state.pending.insert(id("u-1"), pending);
        for remote in [None, Some(person("two", Some(false), None))] {
            let plan = refreshed(&wanted, &state, remote);
            assert_eq!(counted(&plan), expected);
            assert_eq!(sent(&plan), Some([Some(true), None]));
        }
    }
}

#[test]
fn without_an_id_nobody_is_new() {
    let wanted = with_flags(Some(true), None);
    let mut state = recorded_as(&wanted);
    let unnamed = Observed {
        id: None,
        ..person("", Some(false), None)
    };
    let plan = refreshed(&wanted, &state, Some(unnamed));
    assert_eq!(
        (sent(&plan), counted(&plan), plan.kept_consent.len()),
        (None, 0, 1)
    );
    state.users.get_mut(&id("u-1")).expect("recorded").remote_id = None;
    let plan = refreshed(&wanted, &state, Some(person("two", Some(false), None)));
    assert_eq!(
        (sent(&plan), counted(&plan), plan.kept_consent.len()),
        (None, 0, 1)
    );
    assert_eq!(plan.remote_ids.len(), 1);
}
