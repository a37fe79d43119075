//! Checks refreshed plans: whatever happened on Channel, an apply leads to what is declared, except for
//! consent that people chose.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::{
    Action, Attributes, Change, Declared, Entry, FieldDrift, FieldPath, FieldValue, MemberId,
    Observed, Plan, RemoteUser, State, Upsert, Value,
};
use crate::plan::compare::compare;
use crate::plan::tests::build::{Setting, Users, attributes, id, key, recorded, users};

/// What Channel has of each user.
type Channel = BTreeMap<String, Observed>;

fn plan_with(wanted: &Users, state: &State, channel: Option<&Channel>) -> Plan {
    let observed: Option<BTreeMap<MemberId, RemoteUser>> = channel.map(|channel| {
        let see = |id: &String| match channel.get(id) {
            Some(user) => RemoteUser::Present(Box::new(user.clone())),
            None => RemoteUser::Missing,
        };
        let ids = wanted.keys();
        ids.map(|name| (id(name), see(name))).collect()
    });
    let setting = Setting {
        observed: observed.as_ref(),
        ..Setting::default()
    };
    setting.plan(wanted, state)
}

/// Creates or patches a user, as Channel's documentation describes it.
fn upserted(user: &mut Observed, Upsert(upsert): &Upsert) {
    for (key, declared) in &upsert.profile {
        user.undeclarable.remove(key);
        match declared {
            Declared::Set(value) => user.profile.insert(key.clone(), value.clone()),
            Declared::Clear => user.profile.remove(key),
        };
    }
    for (key, value) in &upsert.profile_once {
        if !user.undeclarable.contains(key) {
            let there = user.profile.entry(key.clone());
            there.or_insert_with(|| value.clone());
        }
    }
    if let Some(language) = &upsert.language {
        user.language = Some(language.clone());
    }
    if let Some(tags) = &upsert.tags {
        user.tags.clone_from(tags);
    }
    for (flag, sent) in [
        (&mut user.unsubscribe_email, upsert.unsubscribe_email),
        (&mut user.unsubscribe_texting, upsert.unsubscribe_texting),
    ] {
        *flag = sent.or(*flag).or(Some(false));
    }
}

fn carried_out(mut state: State, mut channel: Channel, plan: &Plan) -> (State, Channel) {
    for planned in &plan.changes {
        match &planned.change {
            Change::Create(write) | Change::Update(write) => {
                if let Some(upsert) = write.upsert() {
                    upserted(channel.entry(planned.id.to_string()).or_default(), &upsert);
                }
                let entry = Entry::new(
                    &write.digests(&key().for_user(&planned.id)),
                    Timestamp::UNIX_EPOCH,
                );
                state.record(planned.id.clone(), entry);
            }
            Change::Move { .. } => unreachable!("nobody moves here"),
            Change::Forget { .. } | Change::Delete { .. } => {
                state.users.remove(&planned.id);
            }
        }
    }
    (state, channel)
}

/// What Channel has after an apply and without any other change.
fn as_applied(have: &Users) -> Channel {
    let nothing = recorded(&BTreeMap::new());
    let plan = plan_with(have, &nothing, None);
    carried_out(nothing, Channel::new(), &plan).1
}

/// Generates desired and applied users, most of them equal.
fn mostly_alike() -> impl Strategy<Value = (Users, Users)> {
    let ids = || prop::collection::btree_map("u-[0-9]", attributes(), 0..9);
    (
        users(),
        ids(),
        prop::collection::vec(prop::bool::weighted(0.8), 9),
    )
        .prop_map(|(mut wanted, have, kept)| {
            for ((id, attributes), kept) in have.iter().zip(kept) {
                if kept {
                    wanted.insert(id.clone(), attributes.clone());
                }
            }
            (wanted, have)
        })
}

/// Attributes to set, keys to remove, keys that become an object.
type Meddling = (Attributes, Vec<String>, Vec<String>);

/// Generates what others do to one user on Channel; `None` deletes the user.
fn meddling() -> impl Strategy<Value = Option<Meddling>> {
    let keys = || prop::collection::vec("[a-f]", 0..3);
    prop::option::weighted(0.9, (attributes(), keys(), keys()))
}

fn meddled(mut channel: Channel, meddling: &BTreeMap<String, Option<Meddling>>) -> Channel {
    for (id, what) in meddling {
        let Some((other, gone, objects)) = what else {
            channel.remove(id);
            continue;
        };
        let user = channel.entry(id.clone()).or_default();
        let Attributes {
            language,
            profile,
            profile_once,
            tags,
            unsubscribed: _,
            unsubscribe_email,
            unsubscribe_texting,
        } = other.clone();
        upserted(
            user,
            &Upsert::from(Attributes {
                language,
                profile,
                profile_once,
                tags,
                unsubscribed: None,
                unsubscribe_email,
                unsubscribe_texting,
            }),
        );
        for key in gone {
            user.profile.remove(key.as_str());
        }
        for key in objects {
            user.profile.remove(key.as_str());
            user.undeclarable.insert(key.as_str().into());
        }
    }
    channel
}

fn flags(user: &Observed) -> [(FieldPath, Option<bool>); 2] {
    [
        (FieldPath::UnsubscribeEmail, user.unsubscribe_email),
        (FieldPath::UnsubscribeTexting, user.unsubscribe_texting),
    ]
}

proptest! {
    #[test]
    fn a_channel_that_is_as_applied_changes_no_decision(wanted in users(), have in users()) {
        let state = recorded(&have);
        let channel = as_applied(&have);
        let offline = plan_with(&wanted, &state, None);
        let refreshed = plan_with(&wanted, &state, Some(&channel));
        let ids = |plan: &Plan| -> Vec<(MemberId, Action)> {
            let changes = plan.changes.iter();
            changes.map(|planned| (planned.id.clone(), planned.change.action())).collect()
        };
        prop_assert_eq!(ids(&offline), ids(&refreshed));
        prop_assert!(refreshed.kept_consent.is_empty());
        for (id, entry) in &state.users {
            let found = compare(entry, None, &channel[id.as_str()], &key().for_user(id));
            prop_assert!(found.fields.is_empty(), "{:?}", found);
            prop_assert_eq!(found.as_applied, entry.fields.len());
        }
    }

    #[test]
    fn whatever_happened_is_set_right_but_for_what_people_chose(
        (wanted, have) in mostly_alike(),
        hands in prop::collection::btree_map("u-[0-9]", meddling(), 0..10),
    ) {
        let state = recorded(&have);
        let before = meddled(as_applied(&have), &hands);
        let plan = plan_with(&wanted, &state, Some(&before));
        let (after_state, after) = carried_out(state.clone(), before.clone(), &plan);

        for (id, attributes) in &wanted {
            let user = &after[id];
            for (path, value) in attributes.fields() {
                match &path {
                    FieldPath::Profile(key) => {
                        prop_assert_eq!(user.profile.get(key).cloned(), value.to_value(), "{} {}", id, path);
                        prop_assert!(!user.undeclarable.contains(key));
                    }
                    FieldPath::ProfileOnce(key) => prop_assert!(
                        user.profile.contains_key(key) || user.undeclarable.contains(key)
                    ),
                    FieldPath::Tags => {
                        let tags = Value::Texts(user.tags.iter().cloned().collect());
                        prop_assert_eq!(Some(tags), value.to_value());
                    }
                    _ => {}
                }
            }
        }

        // A flag changes only for users who are new on Channel, or where its own declaration changed.
        for (id, user) in &before {
            for ((path, old), (_, new)) in flags(user).into_iter().zip(flags(&after[id])) {
                let declared = wanted.get(id).and_then(|user| user.get(&path));
                let applied = have.get(id).and_then(|user| user.get(&path));
                if declared.is_none() || (have.contains_key(id) && declared == applied) {
                    prop_assert_eq!(old, new, "{} {}", id, path);
                }
            }
        }
        for kept in &plan.kept_consent {
            let user = &after[kept.id.as_str()];
            prop_assert_eq!(user.flag(&kept.path), Some(kept.chosen));
            prop_assert_ne!(
                wanted[kept.id.as_str()].get(&kept.path).and_then(FieldValue::to_value),
                Some(Value::Boolean(kept.chosen))
            );
        }

        let again = plan_with(&wanted, &after_state, Some(&after));
        prop_assert!(again.is_empty(), "{:?}", again);
        prop_assert_eq!(&again.kept_consent, &plan_with(&wanted, &after_state, Some(&after)).kept_consent);
        for (id, entry) in &after_state.users {
            let found = compare(entry, None, &after[id.as_str()], &key().for_user(id));
            prop_assert!(found.fields.iter().all(FieldDrift::is_consent), "{:?}", found);
        }
    }
}

#[test]
fn a_flag_that_was_never_confirmed_is_marked() {
    let declared = Attributes {
        unsubscribe_email: Some(true),
        unsubscribe_texting: Some(true),
        ..Attributes::default()
    };
    let users = BTreeMap::from([("u-1".to_owned(), declared)]);
    let mut state = recorded(&users);
    for entry in state.users.values_mut() {
        entry.unconfirmed.insert(FieldPath::UnsubscribeEmail);
    }
    let seen = Observed {
        unsubscribe_email: Some(false),
        unsubscribe_texting: Some(false),
        ..Observed::default()
    };
    let channel = Channel::from([("u-1".to_owned(), seen.clone())]);
    let plan = plan_with(&users, &state, Some(&channel));
    assert!(plan.is_empty());
    let left: Vec<(String, bool)> = plan
        .kept_consent
        .iter()
        .map(|left| (left.path.to_string(), left.never_confirmed))
        .collect();
    assert_eq!(
        left,
        [
            ("unsubscribeEmail".to_owned(), true),
            ("unsubscribeTexting".to_owned(), false)
        ]
    );
    let (id, entry) = state.users.iter().next().expect("an entry");
    let found = compare(entry, None, &seen, &key().for_user(id));
    assert!(found.fields[0].never_confirmed && found.fields[0].is_consent());

    // A flag that Channel does not show is neither drift nor a choice.
    let silent = Channel::from([("u-1".to_owned(), Observed::default())]);
    let plan = plan_with(&users, &state, Some(&silent));
    assert!(plan.is_empty() && plan.kept_consent.is_empty());
    let found = compare(entry, None, &silent["u-1"], &key().for_user(id));
    assert_eq!((found.fields.len(), found.not_shown), (0, 2));
}
