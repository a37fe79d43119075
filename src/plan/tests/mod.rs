//! The planner against a naive one that shares no code with it, and the promises of a plan.

mod moves;
mod refresh;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::{
    Action, ApiVersion, Attributes, Change, Declared, Desired, DesiredUser, DigestKey, Entry,
    FieldAction, FieldPath, Limits, MemberId, Origin, Plan, Previous, RemovedFields, RemovedPolicy,
    RemovedUsers, Selection, State, Upsert, Value, Write,
};
use crate::plan::context::Context;
use crate::plan::planner::plan;

pub(crate) fn key() -> DigestKey {
    DigestKey::new(b"salt", None)
}

pub(crate) fn desired(users: &BTreeMap<String, Attributes>) -> Desired {
    Desired {
        users: users
            .iter()
            .map(|(id, attributes)| {
                (
                    MemberId::new(id).expect("an id"),
                    DesiredUser {
                        attributes: attributes.clone(),
                        origin: Origin::file("users.yaml"),
                    },
                )
            })
            .collect(),
        ..Desired::default()
    }
}

pub(crate) fn recorded(users: &BTreeMap<String, Attributes>) -> State {
    let mut state = State::new("lineage".into(), b"salt".to_vec(), None, ApiVersion::V4);
    for (id, attributes) in users {
        let id = MemberId::new(id).expect("an id");
        let digests = key().for_user(&id).digests(attributes);
        state
            .users
            .insert(id, Entry::new(&digests, Timestamp::UNIX_EPOCH));
    }
    state
}

fn plan_with(
    wanted: &BTreeMap<String, Attributes>,
    state: &State,
    removed: RemovedPolicy,
    base: Option<&BTreeMap<MemberId, Attributes>>,
) -> Plan {
    plan(
        &desired(wanted),
        state,
        &Context {
            key: &key(),
            api: ApiVersion::V4,
            removed,
            limits: &Limits::default(),
            selection: &Selection::default(),
            base,
            observed: None,
        },
    )
}

fn plan_of(wanted: &BTreeMap<String, Attributes>, applied: &BTreeMap<String, Attributes>) -> Plan {
    plan_with(wanted, &recorded(applied), RemovedPolicy::default(), None)
}

/// What an apply leaves behind when everything succeeds.
pub(crate) fn applied(mut state: State, plan: &Plan) -> State {
    for planned in &plan.changes {
        match &planned.change {
            Change::Create(Write { digests, .. }) | Change::Update(Write { digests, .. }) => {
                state.users.insert(
                    planned.id.clone(),
                    Entry::new(digests, Timestamp::UNIX_EPOCH),
                );
            }
            Change::Move {
                from,
                write: Write { digests, .. },
                ..
            } => {
                let entry = Entry::new(digests, Timestamp::UNIX_EPOCH);
                state.users.remove(from);
                state.users.insert(planned.id.clone(), entry);
            }
            Change::Forget { .. } | Change::Delete { .. } => {
                state.users.remove(&planned.id);
            }
        }
    }
    state
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-c]{0,2}".prop_map(Value::Text),
        (-2..3_i32).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::collection::vec("[ab]", 0..3).prop_map(Value::Texts),
    ]
}

pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
    (
        prop::collection::btree_map("[a-d]", prop::option::of(value()), 0..4),
        prop::collection::btree_map("[d-f]", value(), 0..3),
        prop::option::of(prop::collection::btree_set("[xyz]", 0..3)),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(profile, once, tags, email, texting)| Attributes {
            profile_once: once
                .into_iter()
                .filter(|(key, _)| !profile.contains_key(key))
                .map(|(key, value)| (key.as_str().into(), value))
                .collect(),
            profile: profile
                .into_iter()
                .map(|(key, value)| {
                    let declared = value.map_or(Declared::Clear, Declared::Set);
                    (key.as_str().into(), declared)
                })
                .collect(),
            tags,
            unsubscribed: None,
            unsubscribe_email: email,
            unsubscribe_texting: texting,
        })
}

pub(crate) fn users() -> impl Strategy<Value = BTreeMap<String, Attributes>> {
    prop::collection::btree_map("u-[0-9]", attributes(), 0..6)
}

/// Which ids are created, updated, forgotten, by comparing plain attributes.
fn naive(
    wanted: &BTreeMap<String, Attributes>,
    have: &BTreeMap<String, Attributes>,
) -> BTreeSet<(String, Action)> {
    let ids: BTreeSet<&String> = wanted.keys().chain(have.keys()).collect();
    ids.into_iter()
        .filter_map(|id| match (wanted.get(id), have.get(id)) {
            (Some(_), None) => Some((id.clone(), Action::Create)),
            (None, _) => Some((id.clone(), Action::Forget)),
            (Some(new), Some(old)) => (new != old).then(|| (id.clone(), Action::Update)),
        })
        .collect()
}

/// What Channel holds of a user after a request, as its documentation says.
pub(crate) fn upserted(profile: &mut BTreeMap<String, Value>, Upsert(upsert): &Upsert) {
    for (key, declared) in &upsert.profile {
        match declared {
            Declared::Set(value) => profile.insert(key.to_string(), value.clone()),
            Declared::Clear => profile.remove(key.as_str()),
        };
    }
    for (key, value) in &upsert.profile_once {
        profile
            .entry(key.to_string())
            .or_insert_with(|| value.clone());
    }
}

proptest! {
    #[test]
    fn agrees_with_the_naive_planner(wanted in users(), have in users()) {
        let plan = plan_of(&wanted, &have);
        let found: BTreeSet<_> = plan
            .changes
            .iter()
            .map(|planned| (planned.id.to_string(), planned.change.action()))
            .collect();
        prop_assert_eq!(found.len(), plan.changes.len());
        prop_assert_eq!(&found, &naive(&wanted, &have));
        prop_assert_eq!(plan.unchanged + plan.changes.iter().filter(|p| p.origin.is_some()).count(), wanted.len());
    }

    #[test]
    fn after_an_apply_nothing_is_left_to_do(wanted in users(), have in users()) {
        let state = recorded(&have);
        let plan = plan_with(&wanted, &state, RemovedPolicy::default(), None);
        let again = plan_with(&wanted, &applied(state, &plan), RemovedPolicy::default(), None);
        prop_assert!(again.is_empty(), "{again:?}");
    }

    #[test]
    fn what_failed_and_nothing_else_is_planned_again(wanted in users(), have in users(), mask in any::<u32>()) {
        let state = recorded(&have);
        let first = plan_with(&wanted, &state, RemovedPolicy::default(), None);
        let mut done = first.clone();
        let mut failed = Vec::new();
        let mut at = 0;
        done.changes.retain(|planned| {
            let succeeded = mask >> (at % 32) & 1 == 1;
            at += 1;
            if !succeeded {
                failed.push(planned.id.clone());
            }
            succeeded
        });
        let again = plan_with(&wanted, &applied(state, &done), RemovedPolicy::default(), None);
        let left: Vec<MemberId> = again.changes.iter().map(|planned| planned.id.clone()).collect();
        prop_assert_eq!(left, failed);
    }

    /// Send every upsert to a Channel that holds what was applied: the declared profile is there,
    /// what was recorded and is no longer declared is gone.
    #[test]
    fn the_requests_lead_to_what_is_declared(wanted in users(), have in users()) {
        let plan = plan_of(&wanted, &have);
        for planned in &plan.changes {
            let (Change::Create(Write { upsert: Some(upsert), .. }) | Change::Update(Write { upsert: Some(upsert), .. })) = &planned.change else {
                continue;
            };
            let id = planned.id.to_string();
            let mut channel = BTreeMap::new();
            let first = BTreeMap::from([(id.clone(), have.get(&id).cloned().unwrap_or_default())]);
            for before in plan_of(&first, &BTreeMap::new()).changes {
                if let Change::Create(Write { upsert: Some(upsert), .. }) = before.change {
                    upserted(&mut channel, &upsert);
                }
            }
            upserted(&mut channel, upsert);
            for (path, value) in wanted[&id].fields() {
                if let FieldPath::Profile(key) = &path {
                    prop_assert_eq!(channel.get(key.as_str()).cloned(), value.to_value());
                }
            }
            for (key, _) in have.get(&id).map(|old| old.profile.clone()).unwrap_or_default() {
                let wanted = &wanted[&id];
                if !wanted.profile.contains_key(&key) && !wanted.profile_once.contains_key(&key) {
                    prop_assert_eq!(channel.get(key.as_str()), None);
                }
            }
        }
    }

    #[test]
    fn consent_is_sent_only_when_it_changed(wanted in users(), have in users()) {
        for planned in plan_of(&wanted, &have).changes {
            if let Change::Update(Write { upsert: Some(Upsert(upsert)), .. }) = &planned.change {
                let id = planned.id.to_string();
                let (new, old) = (&wanted[&id], &have[&id]);
                prop_assert_eq!(upsert.unsubscribe_email.is_some(), new.unsubscribe_email.is_some() && new.unsubscribe_email != old.unsubscribe_email);
                prop_assert_eq!(upsert.unsubscribe_texting.is_some(), new.unsubscribe_texting.is_some() && new.unsubscribe_texting != old.unsubscribe_texting);
            }
        }
    }

    #[test]
    fn an_earlier_revision_changes_what_is_shown_and_nothing_else(wanted in users(), have in users(), other in users()) {
        let state = recorded(&have);
        let blind = plan_with(&wanted, &state, RemovedPolicy::default(), None);
        for revision in [&have, &other] {
            let base: BTreeMap<MemberId, Attributes> = revision
                .iter()
                .map(|(id, attributes)| (MemberId::new(id).expect("an id"), attributes.clone()))
                .collect();
            let shown = plan_with(&wanted, &state, RemovedPolicy::default(), Some(&base));
            prop_assert_eq!(shown.digest, blind.digest);
            for planned in &shown.changes {
                for field in planned.change.fields() {
                    if let FieldAction::Set { old: Previous::Value(value), .. } = &field.action {
                        let before = have[planned.id.as_str()].get(&field.path).and_then(crate::model::FieldValue::to_value);
                        prop_assert_eq!(Some(value.clone()), before);
                    }
                }
            }
        }
    }
}

fn user(edit: impl FnOnce(&mut Attributes)) -> BTreeMap<String, Attributes> {
    let mut attributes = Attributes::default();
    edit(&mut attributes);
    BTreeMap::from([("u-1".to_owned(), attributes)])
}

fn actions(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .flat_map(|planned| planned.change.fields())
        .map(|field| format!("{} {:?}", field.path, field.action))
        .collect()
}

#[test]
fn releasing_a_field_takes_no_request() {
    let have = user(|user| {
        user.unsubscribe_email = Some(true);
        user.profile
            .insert("plan".into(), Declared::Set("pro".into()));
        user.profile.insert("gone".into(), Declared::Clear);
    });
    let wanted = user(|user| {
        user.profile
            .insert("plan".into(), Declared::Set("pro".into()));
    });
    let plan = plan_of(&wanted, &have);
    assert_eq!(
        actions(&plan),
        ["profile.gone Release", "unsubscribeEmail Release"]
    );
    assert_eq!(plan.requests(), 0);
}

#[test]
fn a_key_that_moves_to_profile_once_is_not_cleared() {
    let have = user(|user| {
        user.profile
            .insert("plan".into(), Declared::Set("pro".into()));
    });
    let wanted = user(|user| {
        user.profile_once.insert("plan".into(), "pro".into());
    });
    let plan = plan_of(&wanted, &have);
    assert_eq!(
        actions(&plan),
        [
            "profile.plan Release",
            "profileOnce.plan Once { new: Text(\"pro\") }"
        ]
    );
}

#[test]
fn removed_tags_are_cleared() {
    let have = user(|user| user.tags = Some(["vip".to_owned()].into()));
    let wanted = user(|_| {});
    let plan = plan_of(&wanted, &have);
    let Change::Update(Write {
        upsert: Some(upsert),
        ..
    }) = &plan.changes[0].change
    else {
        panic!("{plan:?}");
    };
    assert_eq!(
        serde_json::to_string(upsert).expect("json"),
        r#"{"tags":[]}"#
    );

    let kept = plan_with(
        &wanted,
        &recorded(&have),
        RemovedPolicy {
            users: RemovedUsers::Forget,
            fields: RemovedFields::Forget,
        },
        None,
    );
    assert_eq!(kept.requests(), 0);
}

#[test]
fn limits_trip_when_exceeded_and_not_before() {
    let many = |count: usize| -> BTreeMap<String, Attributes> {
        (0..count)
            .map(|n| (format!("u-{n:04}"), Attributes::default()))
            .collect()
    };
    let tripped = |wanted: usize, have: usize| -> Vec<&'static str> {
        plan_of(&many(wanted), &many(have))
            .tripped()
            .map(|check| check.kind.name())
            .collect()
    };
    assert!(tripped(500, 0).is_empty());
    assert_eq!(tripped(501, 0), ["create"]);
    assert!(tripped(90, 100).is_empty());
    assert_eq!(tripped(89, 100), ["forget"]);
    assert!(tripped(1, 9).is_empty(), "too few for a percentage");
    assert_eq!(tripped(0, 9), ["minUsers"]);
}

#[test]
fn consent_that_may_message_someone_is_counted() {
    let flag = |flag| user(move |user| user.unsubscribe_email = flag);
    let opt_ins = |wanted, have| {
        plan_of(&wanted, &have)
            .tripped()
            .any(|check| check.kind.name() == "optIn")
    };
    let nobody = BTreeMap::new;
    assert!(opt_ins(flag(Some(false)), nobody()));
    assert!(opt_ins(flag(Some(false)), flag(Some(true))));
    assert!(opt_ins(flag(Some(false)), flag(None)));
    assert!(!opt_ins(flag(Some(true)), nobody()));
    assert!(!opt_ins(flag(Some(true)), flag(Some(false))));
    assert!(!opt_ins(flag(Some(false)), flag(Some(false))));
}
