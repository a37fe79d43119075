//! Plans users whose last request has no known result.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::{
    Action, Attributes, Change, Declared, FieldPath, Pending, PendingAction, Plan, Reason,
    RecordedFields, RemovedPolicy, RemovedUsers, State, Upsert, Value,
};
use crate::plan::tests::build::{Setting, Users, attributes, id, key, recorded, upserted};

const ID: &str = "u-1";

fn only(attributes: Option<&Attributes>) -> Users {
    let user = attributes.map(|attributes| (ID.to_owned(), attributes.clone()));
    user.into_iter().collect()
}

/// What was being sent when the run ended. Fields that were recorded and are not sent were being cleared.
fn sending(action: PendingAction, sent: &Attributes, before: Option<&Attributes>) -> Pending {
    let digests = key().for_user(&id(ID)).digests(sent);
    let before = before.into_iter().flat_map(Attributes::fields);
    let before = before.map(|(path, _)| path);
    Pending {
        action,
        digest: Some(digests.user),
        fields: RecordedFields::new(digests.fields),
        touched: before.filter(|path| sent.get(path).is_none()).collect(),
        earlier: Vec::new(),
        recreated: None,
        since: Timestamp::UNIX_EPOCH,
    }
}

fn interrupted(before: Option<&Attributes>, sent: &Attributes) -> State {
    let mut state = recorded(&only(before));
    let action = match before {
        Some(_) => PendingAction::Update,
        None => PendingAction::Create,
    };
    state.pending.insert(id(ID), sending(action, sent, before));
    state
}

fn planned(wanted: Option<&Attributes>, state: &State) -> Plan {
    Setting::default().plan(&only(wanted), state)
}

fn sent_flag(plan: &Plan) -> Option<bool> {
    let Some(Upsert(upsert)) = plan.changes[0].change.upsert() else {
        panic!("nothing is sent: {plan:?}");
    };
    upsert.unsubscribe_email
}

fn with_flag(flag: Option<bool>) -> Attributes {
    Attributes {
        unsubscribe_email: flag,
        ..Attributes::default()
    }
}

fn values(attributes: &Attributes) -> BTreeMap<String, Value> {
    let declared = attributes.profile.iter();
    declared
        .filter_map(|(key, declared)| match declared {
            Declared::Set(value) => Some((key.to_string(), value.clone())),
            Declared::Clear => None,
        })
        .collect()
}

proptest! {
    /// Whichever of the two Channel has, the request leads to what is declared, and leaves nothing of ours.
    #[test]
    fn leads_to_what_is_declared(before in prop::option::of(attributes()), sent in attributes(), wanted in attributes()) {
        let plan = planned(Some(&wanted), &interrupted(before.as_ref(), &sent));
        prop_assert_eq!(plan.changes.len(), 1);
        prop_assert_eq!(plan.changes[0].reason, Reason::Pending);
        let Some(upsert) = plan.changes[0].change.upsert() else { panic!("nothing is sent") };
        let old = before.as_ref().map(values).unwrap_or_default();
        let mut new = old.clone();
        upserted(&mut new, &Upsert(Arc::new(sent.clone())));
        for mut channel in [old, new] {
            upserted(&mut channel, &upsert);
            for (path, value) in wanted.fields() {
                if let FieldPath::Profile(key) = &path {
                    prop_assert_eq!(channel.get(key.as_str()).cloned(), value.to_value());
                }
            }
            let ours = [before.as_ref(), Some(&sent)].into_iter().flatten().flat_map(|user| user.profile.keys());
            for key in ours {
                if !wanted.profile.contains_key(key) && !wanted.profile_once.contains_key(key) {
                    prop_assert_eq!(channel.get(key.as_str()), None);
                }
            }
        }
    }
}

#[test]
fn a_request_that_was_taken_back_is_undone() {
    let plan = |text: &str| Attributes {
        profile: [("plan".into(), Declared::Set(text.into()))].into(),
        ..Attributes::default()
    };
    let state = interrupted(Some(&plan("free")), &plan("pro"));
    let change = &planned(Some(&plan("free")), &state).changes[0].change;
    assert_eq!(change.action(), Action::Update);
    let Some(Upsert(upsert)) = change.upsert() else {
        panic!("nothing is sent");
    };
    assert_eq!(*upsert, plan("free"));
}

#[test]
fn a_flag_is_sent_as_far_as_the_request_left_it_unknown() {
    // The record, what was being sent, the declaration; then what is sent and whether it counts as an opt-in.
    let cases = [
        ((Some(true), Some(false), Some(true)), (Some(true), false)),
        ((Some(true), Some(false), Some(false)), (Some(false), true)),
        ((Some(false), Some(true), Some(false)), (Some(false), true)),
        ((Some(false), Some(true), Some(true)), (Some(true), false)),
        ((None, Some(true), Some(false)), (Some(false), true)),
        ((None, Some(true), Some(true)), (Some(true), false)),
        ((None, Some(false), Some(false)), (None, false)),
        ((Some(false), Some(false), Some(false)), (None, false)),
        ((Some(true), Some(true), Some(true)), (None, false)),
    ];
    for ((before, sent, wanted), expected) in cases {
        let state = interrupted(Some(&with_flag(before)), &with_flag(sent));
        let plan = planned(Some(&with_flag(wanted)), &state);
        let counts = plan.tripped().any(|check| check.kind.name() == "optIn");
        assert_eq!(
            (sent_flag(&plan), counts),
            expected,
            "{before:?} {sent:?} {wanted:?}"
        );
    }
}

#[test]
fn a_flag_of_an_earlier_request_without_a_result_counts() {
    // The record, what was being sent first and then, the declaration; then what is sent.
    let cases = [
        (
            (Some(true), Some(false), Some(true), Some(true)),
            Some(true),
        ),
        ((None, Some(true), Some(false), Some(false)), Some(false)),
        ((None, Some(true), None, Some(false)), Some(false)),
        ((None, Some(false), None, Some(false)), None),
        ((Some(true), Some(true), None, Some(true)), None),
    ];
    for ((before, first, second, wanted), expected) in cases {
        let mut state = interrupted(Some(&with_flag(before)), &with_flag(first));
        let second = sending(PendingAction::Update, &with_flag(second), None);
        state.mark_pending(id(ID), second);
        let plan = planned(Some(&with_flag(wanted)), &state);
        assert_eq!(
            sent_flag(&plan),
            expected,
            "{before:?} {first:?} {wanted:?}"
        );
    }
}

#[test]
fn an_opt_out_is_sent_to_a_person_who_may_be_new() {
    let out = with_flag(Some(true));
    for action in [
        PendingAction::Create,
        PendingAction::Delete,
        PendingAction::Unknown,
    ] {
        // A deletion sends no field.
        for sent in [&out, &Attributes::default()] {
            let mut state = recorded(&only(Some(&out)));
            let pending = sending(action.clone(), sent, None);
            state.pending.insert(id(ID), pending);
            assert_eq!(
                sent_flag(&planned(Some(&out), &state)),
                Some(true),
                "{action:?}"
            );
        }
    }
}

#[test]
fn a_create_that_is_taken_back_counts_as_recorded() {
    let state = interrupted(None, &with_flag(Some(true)));
    let forgotten = planned(None, &state);
    assert_eq!(forgotten.changes[0].change.action(), Action::Forget);
    assert_eq!(forgotten.changes[0].reason, Reason::Pending);
    let deleting = Setting {
        removed: RemovedPolicy {
            users: RemovedUsers::Delete,
            ..RemovedPolicy::default()
        },
        ..Setting::default()
    };
    let deleted = deleting.plan(&Users::new(), &state);
    assert!(matches!(deleted.changes[0].change, Change::Delete { .. }));
}
