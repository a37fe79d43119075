//! Builds desired users, states and plans for the planner's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::{
    ApiVersion, Attributes, Change, Declared, Desired, DesiredUser, Destination, DigestKey, Entry,
    Language, Limits, MemberId, Moved, Origin, Plan, ProfileKey, RemoteUser, RemovedPolicy,
    Selection, State, Upsert, Value,
};
use crate::plan::context::Context;
use crate::plan::planner::plan;

/// Attributes by id.
pub(crate) type Users = BTreeMap<String, Attributes>;

/// Old ids by new ones.
pub(crate) type Moves = BTreeMap<String, String>;

pub(crate) fn key() -> DigestKey {
    DigestKey::new(b"salt", None)
}

pub(crate) fn destination() -> Destination {
    Destination::of_api(ApiVersion::V4)
}

pub(crate) fn id(text: &str) -> MemberId {
    MemberId::new(text).expect("an id")
}

/// A user with nothing but a plan.
pub(crate) fn with_plan(plan: &str) -> Attributes {
    Attributes {
        profile: [(ProfileKey::new("plan"), Declared::Set(plan.into()))].into(),
        ..Attributes::default()
    }
}

pub(crate) fn desired(users: &Users) -> Desired {
    let user = |attributes: &Attributes| DesiredUser {
        attributes: Arc::new(attributes.clone()),
        origin: Origin::file("users.yaml"),
    };
    Desired {
        users: users
            .iter()
            .map(|(name, attributes)| (id(name), user(attributes)))
            .collect(),
        ..Desired::default()
    }
}

/// A state in which these users were applied.
pub(crate) fn recorded(users: &Users) -> State {
    let mut state = State::new("lineage".into(), b"salt".to_vec(), None, destination());
    for (name, attributes) in users {
        let digests = key().for_user(&id(name)).digests(attributes);
        let entry = Entry::new(&digests, Timestamp::UNIX_EPOCH);
        state.record(id(name), entry);
    }
    state
}

/// What a plan depends on besides users and state. The default plans offline, forgets users, clears
/// fields and selects everybody.
#[derive(Default)]
pub(crate) struct Setting<'a> {
    pub(crate) moves: Moves,
    pub(crate) removed: RemovedPolicy,
    pub(crate) select: &'a [&'a str],
    pub(crate) base: Option<&'a BTreeMap<MemberId, Attributes>>,
    pub(crate) observed: Option<&'a BTreeMap<MemberId, RemoteUser>>,
}

impl Setting<'_> {
    pub(crate) fn plan(&self, wanted: &Users, state: &State) -> Plan {
        let mut desired = desired(wanted);
        for (to, from) in &self.moves {
            let moved = Moved {
                from: id(from),
                origin: Origin::file("users.yaml"),
            };
            desired.moved.insert(id(to), moved);
        }
        plan(
            &desired,
            state,
            &Context {
                key: &key(),
                destination: &destination(),
                removed: self.removed,
                limits: &Limits::default(),
                selection: &Selection::new(self.select),
                base: self.base,
                observed: self.observed,
            },
        )
    }
}

/// The state after an apply of which everything succeeded.
pub(crate) fn applied(mut state: State, plan: &Plan) -> State {
    for planned in &plan.changes {
        if let Change::Move { from, .. } = &planned.change {
            state.users.remove(from);
        }
        match planned.change.write() {
            Some(write) => {
                let entry = Entry::new(
                    &write.digests(&key().for_user(&planned.id)),
                    Timestamp::UNIX_EPOCH,
                );
                state.record(planned.id.clone(), entry);
            }
            None => {
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
        prop::collection::vec("[ab]", 0..3).prop_map(Value::from),
    ]
}

pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
    (
        prop::collection::btree_map("[a-d]", prop::option::of(value()), 0..4),
        prop::collection::btree_map("[d-f]", value(), 0..3),
        prop::option::of(prop::collection::btree_set("[xyz]", 0..3)),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::of("[ek]"),
    )
        .prop_map(
            |(profile, once, tags, email, texting, language)| Attributes {
                language: language.as_deref().and_then(Language::new),
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
                tags: tags.map(|tags| tags.into_iter().collect()),
                unsubscribed: None,
                unsubscribe_email: email,
                unsubscribe_texting: texting,
            },
        )
}

pub(crate) fn users() -> impl Strategy<Value = Users> {
    prop::collection::btree_map("u-[0-9]", attributes(), 0..6)
}

/// Carries out a request on a profile, as Channel's documentation describes it.
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
