//! Tests digests under a new key.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    Action, Attributes, Declared, DigestKey, FieldPath, Pending, PendingAction, RecordedFields,
    State, UserKey, Value,
};
use crate::plan::rekey::rekey;
use crate::plan::tests::build::{Setting, Users, desired, id, key, recorded};

const SALT: &[u8] = b"another salt";

fn path(text: &str) -> FieldPath {
    text.parse().expect("a field")
}

fn user(plan: &str, opted_out: Option<bool>) -> Attributes {
    Attributes {
        profile: [
            ("plan".into(), Declared::Set(plan.into())),
            ("seats".into(), Declared::Set(3.into())),
        ]
        .into(),
        unsubscribe_email: opted_out,
        ..Attributes::default()
    }
}

/// What was being sent, with an earlier value of each field of `earlier`.
fn sending(key: &UserKey, sent: &Attributes, earlier: &Attributes) -> Pending {
    let digests = key.digests(sent);
    Pending {
        action: PendingAction::Update,
        digest: Some(digests.user),
        fields: RecordedFields::new(digests.fields),
        touched: [path("profile.old")].into(),
        earlier: key.digests(earlier).fields,
        recreated: Some(key.remote_id("two")),
        since: Timestamp::UNIX_EPOCH,
    }
}

fn renewed(state: &State, wanted: &Users) -> (State, DigestKey) {
    let new = DigestKey::new(SALT, None);
    let renewed = rekey(state, &desired(wanted), &key(), (&new, SALT.to_vec()));
    (renewed.expect("declared as recorded"), new)
}

#[test]
fn what_was_being_sent_is_renewed_as_far_as_its_value_is_declared() {
    let as_recorded = user("free", Some(true));
    let wanted = Users::from([("u-1".to_owned(), as_recorded.clone())]);
    let mut state = recorded(&wanted);
    let old = key().for_user(&id("u-1"));
    let sent = user("pro", Some(false));
    let earlier = user("free", Some(true));
    state
        .pending
        .insert(id("u-1"), sending(&old, &sent, &earlier));
    let (renewed, new) = renewed(&state, &wanted);
    let new = new.for_user(&id("u-1"));
    let digest = |attributes: &Attributes, text: &str| {
        let path = path(text);
        let value = attributes.get(&path).expect("declared");
        new.field(&path, value)
    };
    let pending = &renewed.pending[&id("u-1")];
    // Nobody declares "pro", so only its field is known from now on.
    let fields = [
        ("profile.seats", digest(&sent, "profile.seats")),
        ("unsubscribeEmail", digest(&sent, "unsubscribeEmail")),
    ];
    let fields = fields.map(|(text, digest)| (path(text), digest));
    assert_eq!(pending.fields, RecordedFields::new(fields));
    let touched: BTreeSet<FieldPath> = [path("profile.old"), path("profile.plan")].into();
    assert_eq!(pending.touched, touched);
    assert_eq!(pending.earlier, new.digests(&earlier).fields);
    assert_eq!((pending.digest, pending.recreated), (None, None));
    assert_eq!(pending.action, PendingAction::Update);

    // The same decision before and after, and the flags still count as sent.
    let plan = Setting::default().plan(&wanted, &state);
    assert_eq!(plan.changes.len(), 1);
    let upsert = plan.changes[0].change.upsert().expect("a request");
    assert_eq!(upsert.0.unsubscribe_email, Some(true));
}

#[test]
fn a_create_without_a_result_is_renewed_whole_where_it_is_declared() {
    let created = user("pro", None);
    let wanted = Users::from([("u-1".to_owned(), created.clone())]);
    let mut state = recorded(&Users::new());
    for name in ["u-1", "u-2"] {
        let old = key().for_user(&id(name));
        let pending = Pending {
            action: PendingAction::Create,
            ..sending(&old, &created, &Attributes::default())
        };
        state.pending.insert(id(name), pending);
    }
    let (renewed, new) = renewed(&state, &wanted);
    let digests = new.for_user(&id("u-1")).digests(&created);
    let pending = &renewed.pending[&id("u-1")];
    assert_eq!(pending.digest, Some(digests.user));
    assert_eq!(pending.fields, RecordedFields::new(digests.fields));
    // Nobody declares the other one.
    let other = &renewed.pending[&id("u-2")];
    assert_eq!(other.digest, None);
    assert_eq!(other.fields, RecordedFields::default());
    assert_eq!(other.paths().len(), 3);
    let plan = Setting::default().plan(&wanted, &state);
    let actions: Vec<Action> = plan
        .changes
        .iter()
        .map(|planned| planned.change.action())
        .collect();
    assert_eq!(actions, [Action::Create, Action::Forget]);
}

/// The digest of Channel's own id was made with the old key, under which everybody would be another person.
#[test]
fn nobody_becomes_another_person() {
    let wanted = Users::from([("u-1".to_owned(), user("free", Some(true)))]);
    let mut state = recorded(&wanted);
    let entry = state.users.get_mut(&id("u-1")).expect("recorded");
    entry.remote_id = Some(key().for_user(&id("u-1")).remote_id("one"));
    let (renewed, new) = renewed(&state, &wanted);
    assert!(!renewed.is_recreated(&id("u-1"), &new, Some("one")));
}

/// What Channel keeps is in no manifest, so it has to be shown again.
#[test]
fn values_in_a_notation_of_channel_are_unconfirmed_again() {
    let wanted: Users = [("u-1".to_owned(), user("pro", None))].into();
    let mut state = recorded(&wanted);
    let entry = state.users.get_mut(&id("u-1")).expect("recorded");
    let kept = key()
        .for_user(&id("u-1"))
        .field(&path("profile.plan"), (&Value::from("PRO")).into());
    entry.shown_instead.insert(path("profile.plan"), kept);
    assert_eq!(entry.kept_as(&path("profile.plan")), Some(kept));
    let (state, _) = renewed(&state, &wanted);
    let entry = &state.users[&id("u-1")];
    assert!(entry.shown_instead.is_empty());
    assert_eq!(entry.unconfirmed, [path("profile.plan")].into());
}
