//! Tests which fields of a state a plan calls unconfirmed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    Attributes, Declared, FieldPath, MemberId, Observed, Pending, PendingAction, Plan, Reason,
    RemoteUser, RemovedFields, RemovedPolicy, State, Unconfirmed, UnconfirmedField, Upsert, Value,
};
use crate::plan::tests::build::{Setting, Users, id, recorded};

fn path(text: &str) -> FieldPath {
    text.parse().expect("a field")
}

/// A user with a field of each kind.
fn attributes() -> Attributes {
    Attributes {
        language: None,
        profile: [
            ("plan".into(), Declared::Set("pro".into())),
            ("trial".into(), Declared::Clear),
        ]
        .into(),
        profile_once: [("source".into(), "web".into())].into(),
        tags: Some(["vip".to_owned()].into()),
        unsubscribed: None,
        unsubscribe_email: Some(true),
        unsubscribe_texting: None,
    }
}

fn wanted(names: &[&str]) -> Users {
    let names = names.iter();
    names
        .map(|name| ((*name).to_owned(), attributes()))
        .collect()
}

fn unconfirmed(state: &mut State, name: &str, paths: &[&str]) {
    let entry = state.users.get_mut(&id(name)).expect("recorded");
    entry.unconfirmed = paths.iter().map(|text| path(text)).collect();
}

#[test]
fn fields_are_counted_over_the_whole_state() {
    let names = ["u-1", "u-2", "u-3", "u-4", "u-5", "u-6", "u-7", "u-8"];
    let wanted = wanted(&names);
    let mut state = recorded(&wanted);
    for name in &names[..7] {
        unconfirmed(&mut state, name, &["tags"]);
    }
    unconfirmed(&mut state, "u-2", &["profile.plan", "tags"]);
    // A selection and users that are no longer declared change nothing.
    let setting = Setting {
        select: &["u-8"],
        ..Setting::default()
    };
    for plan in [
        Setting::default().plan(&wanted, &state),
        setting.plan(&wanted, &state),
        Setting::default().plan(&Users::new(), &state),
    ] {
        let field = |text, users, first: &[&str]| UnconfirmedField {
            path: path(text),
            users,
            first: first.iter().map(|name| id(name)).collect(),
        };
        let expected = Unconfirmed {
            users: 7,
            fields: vec![
                field("profile.plan", 1, &["u-2"]),
                field("tags", 7, &names[..5]),
            ],
            confirmed: BTreeMap::new(),
        };
        assert_eq!(plan.unconfirmed, expected);
        assert_eq!(plan.pending, 0);
    }
}

/// What Channel has, and which of the unconfirmed fields it confirms.
#[test]
fn a_read_confirms_what_is_as_recorded() {
    let all = [
        "profile.plan",
        "profile.released",
        "profile.trial",
        "profileOnce.source",
        "tags",
        "unsubscribeEmail",
    ];
    let as_declared = Observed {
        profile: [
            ("plan".into(), Value::from("pro")),
            ("source".into(), Value::from("of another")),
        ]
        .into(),
        tags: ["vip".to_owned()].into(),
        unsubscribe_email: Some(true),
        ..Observed::default()
    };
    let otherwise = Observed {
        profile: [
            ("trial".into(), Value::from("yes")),
            ("released".into(), Value::from("still there")),
        ]
        .into(),
        unsubscribe_email: Some(false),
        ..Observed::default()
    };
    let not_shown = Observed {
        unsubscribe_email: None,
        ..as_declared.clone()
    };
    for (name, remote, left) in [
        ("as declared", Some(as_declared), vec![]),
        ("otherwise", Some(otherwise), all.to_vec()),
        ("not shown", Some(not_shown), vec!["unsubscribeEmail"]),
        ("gone", None, all.to_vec()),
    ] {
        let wanted = wanted(&["u-1"]);
        let mut state = recorded(&wanted);
        unconfirmed(&mut state, "u-1", &all);
        let remote = match remote {
            Some(observed) => RemoteUser::Present(Box::new(observed)),
            None => RemoteUser::Missing,
        };
        let observed: BTreeMap<MemberId, RemoteUser> = [(id("u-1"), remote)].into();
        let setting = Setting {
            observed: Some(&observed),
            ..Setting::default()
        };
        let found = setting.plan(&wanted, &state).unconfirmed;
        let fields: Vec<String> = found
            .fields
            .iter()
            .map(|field| field.path.to_string())
            .collect();
        assert_eq!(fields, left, "{name}");
        assert_eq!(found.users, usize::from(!left.is_empty()), "{name}");
        let confirmed = found.confirmed.get(&id("u-1")).map_or(0, BTreeSet::len);
        assert_eq!(confirmed, all.len() - left.len(), "{name}");
    }
}

/// Whether the plan clears `profile.released`, and why; `None` where it sends nothing.
fn clears(plan: &Plan) -> Option<(bool, Reason)> {
    let planned = plan.changes.first()?;
    let Upsert(upsert) = planned.change.upsert()?;
    let is_cleared = upsert.profile.get("released") == Some(&Declared::Clear);
    Some((is_cleared, planned.reason))
}

#[test]
fn a_field_that_channel_did_not_clear_is_cleared_again() {
    let wanted = wanted(&["u-1"]);
    let mut state = recorded(&wanted);
    unconfirmed(&mut state, "u-1", &["profile.released", "profile.plan"]);
    let setting = Setting::default();
    assert_eq!(
        clears(&setting.plan(&wanted, &state)),
        Some((true, Reason::NotCleared))
    );
    // Only a field that is to be cleared: a declared one that Channel did not take is reported.
    let mut other = state.clone();
    unconfirmed(&mut other, "u-1", &["profile.plan"]);
    assert!(setting.plan(&wanted, &other).is_empty());

    let forgetting = Setting {
        removed: RemovedPolicy {
            fields: RemovedFields::Forget,
            ..RemovedPolicy::default()
        },
        ..Setting::default()
    };
    let plan = forgetting.plan(&wanted, &state);
    assert_eq!((plan.changes.len(), plan.requests()), (1, 0));

    let as_applied = Observed {
        profile: [
            ("plan".into(), Value::from("pro")),
            ("source".into(), Value::from("web")),
        ]
        .into(),
        tags: ["vip".to_owned()].into(),
        unsubscribe_email: Some(true),
        ..Observed::default()
    };
    let mut still_there = as_applied.clone();
    let released = ("released".into(), Value::from("still there"));
    still_there.profile.extend([released]);
    for (observed, expected) in [
        (as_applied, None),
        (still_there, Some((true, Reason::NotCleared))),
    ] {
        let remote = RemoteUser::Present(Box::new(observed));
        let observed: BTreeMap<MemberId, RemoteUser> = [(id("u-1"), remote)].into();
        let setting = Setting {
            observed: Some(&observed),
            ..Setting::default()
        };
        assert_eq!(clears(&setting.plan(&wanted, &state)), expected);
    }

    let pending = Pending {
        action: PendingAction::Update,
        ..Pending::unknown(Timestamp::UNIX_EPOCH)
    };
    state.pending.insert(id("u-1"), pending);
    assert_eq!(
        clears(&setting.plan(&wanted, &state)),
        Some((true, Reason::Pending))
    );
}
