//! Checks the planner against a naive one that shares no code with it, and the promises of a plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::model::{
    Action, Attributes, Change, Declared, FieldAction, FieldPath, FieldValue, MemberId, Plan,
    Previous, RemovedFields, RemovedPolicy, Upsert,
};
use crate::plan::tests::build::{Setting, Users, applied, id, recorded, upserted, users};

fn plan_of(wanted: &Users, applied: &Users) -> Plan {
    Setting::default().plan(wanted, &recorded(applied))
}

/// Finds who is created, updated and forgotten by comparing plain attributes.
fn naive(wanted: &Users, have: &Users) -> BTreeSet<(String, Action)> {
    let ids: BTreeSet<&String> = wanted.keys().chain(have.keys()).collect();
    ids.into_iter()
        .filter_map(|id| match (wanted.get(id), have.get(id)) {
            (Some(_), None) => Some((id.clone(), Action::Create)),
            (None, _) => Some((id.clone(), Action::Forget)),
            (Some(new), Some(old)) => (new != old).then(|| (id.clone(), Action::Update)),
        })
        .collect()
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
        let plan = Setting::default().plan(&wanted, &state);
        let again = Setting::default().plan(&wanted, &applied(state, &plan));
        prop_assert!(again.is_empty(), "{again:?}");
    }

    #[test]
    fn what_failed_and_nothing_else_is_planned_again(wanted in users(), have in users(), mask in any::<u32>()) {
        let state = recorded(&have);
        let first = Setting::default().plan(&wanted, &state);
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
        let again = Setting::default().plan(&wanted, &applied(state, &done));
        let left: Vec<MemberId> = again.changes.iter().map(|planned| planned.id.clone()).collect();
        prop_assert_eq!(left, failed);
    }

    /// Carries out every request on what was applied. The declared profile is then there, and what was
    /// recorded and is no longer declared is gone.
    #[test]
    fn the_requests_lead_to_what_is_declared(wanted in users(), have in users()) {
        let plan = plan_of(&wanted, &have);
        for planned in &plan.changes {
            let Some(upsert) = planned.change.upsert() else {
                continue;
            };
            let id = planned.id.to_string();
            let mut channel = BTreeMap::new();
            let first = BTreeMap::from([(id.clone(), have.get(&id).cloned().unwrap_or_default())]);
            for before in plan_of(&first, &BTreeMap::new()).changes {
                if let Change::Create(write) = before.change {
                    upserted(&mut channel, &write.upsert().expect("a request"));
                }
            }
            upserted(&mut channel, &upsert);
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
            if let (Change::Update(_), Some(Upsert(upsert))) = (&planned.change, planned.change.upsert()) {
                let id = planned.id.to_string();
                let (new, old) = (&wanted[&id], &have[&id]);
                // `false` is sent only for a recorded `true`.
                let sent = |new: Option<bool>, old: Option<bool>| new.filter(|new| Some(*new) != old && (*new || old == Some(true)));
                prop_assert_eq!(upsert.unsubscribe_email, sent(new.unsubscribe_email, old.unsubscribe_email));
                prop_assert_eq!(upsert.unsubscribe_texting, sent(new.unsubscribe_texting, old.unsubscribe_texting));
            }
        }
    }

    #[test]
    fn an_earlier_revision_changes_what_is_shown_and_nothing_else(wanted in users(), have in users(), other in users()) {
        let state = recorded(&have);
        let blind = Setting::default().plan(&wanted, &state);
        for revision in [&have, &other] {
            let base: BTreeMap<MemberId, Attributes> = revision
                .iter()
                .map(|(name, attributes)| (id(name), attributes.clone()))
                .collect();
            let shown = Setting { base: Some(&base), ..Setting::default() }.plan(&wanted, &state);
            prop_assert_eq!(shown.digest, blind.digest);
            for planned in &shown.changes {
                for field in planned.change.fields().iter() {
                    if let FieldAction::Set { old: Previous::Value(value), .. } = &field.action {
                        let before = have[planned.id.as_str()].get(&field.path).and_then(FieldValue::to_value);
                        prop_assert_eq!(Some(value.clone()), before);
                    }
                }
            }
        }
    }
}

fn user(edit: impl FnOnce(&mut Attributes)) -> Users {
    let mut attributes = Attributes::default();
    edit(&mut attributes);
    BTreeMap::from([("u-1".to_owned(), attributes)])
}

fn actions(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .flat_map(|planned| planned.change.fields().into_owned())
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
    let (Change::Update(_), Some(upsert)) =
        (&plan.changes[0].change, plan.changes[0].change.upsert())
    else {
        panic!("{plan:?}");
    };
    assert_eq!(
        serde_json::to_string(&upsert).expect("json"),
        r#"{"tags":[]}"#
    );

    let setting = Setting {
        removed: RemovedPolicy {
            fields: RemovedFields::Forget,
            ..RemovedPolicy::default()
        },
        ..Setting::default()
    };
    let kept = setting.plan(&wanted, &recorded(&have));
    assert_eq!(kept.requests(), 0);
}

#[test]
fn limits_trip_when_exceeded_and_not_before() {
    let many = |count: usize| -> Users {
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
    assert!(tripped(8, 9).is_empty());
    assert_eq!(tripped(7, 9), ["forget"]);
    assert_eq!(tripped(0, 9), ["forget", "minUsers"]);
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
    assert!(opt_ins(flag(Some(false)), flag(Some(true))));
    // Nothing is sent: whoever opted out on Channel stays opted out.
    assert!(!opt_ins(flag(Some(false)), nobody()));
    assert!(!opt_ins(flag(Some(false)), flag(None)));
    assert!(!opt_ins(flag(Some(true)), nobody()));
    assert!(!opt_ins(flag(Some(true)), flag(Some(false))));
    assert!(!opt_ins(flag(Some(false)), flag(Some(false))));
}
