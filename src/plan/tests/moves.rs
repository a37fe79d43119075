//! Checks moves and deletions against a naive planner that shares no code with the real one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::model::{
    Action, Attributes, Change, Declared, FieldChange, FieldPath, LikelyMove, LimitKind, Plan,
    RemovedPolicy, RemovedUsers, State, Upsert,
};
use crate::plan::tests::build::{Moves, Setting, Users, applied, id, recorded, upserted, users};

fn policy(delete: bool) -> RemovedPolicy {
    RemovedPolicy {
        users: if delete {
            RemovedUsers::Delete
        } else {
            RemovedUsers::Forget
        },
        ..RemovedPolicy::default()
    }
}

fn plan_with(wanted: &Users, moves: &Moves, state: &State, delete: bool, select: &[&str]) -> Plan {
    let setting = Setting {
        moves: moves.clone(),
        removed: policy(delete),
        select,
        ..Setting::default()
    };
    setting.plan(wanted, state)
}

/// Generates desired users, recorded users and moves of which the old id is not declared and the new one is.
fn scene() -> impl Strategy<Value = (Users, Users, Moves)> {
    let pairs = prop::collection::vec(("u-[0-9]", "u-[0-9]"), 0..8);
    (users(), users(), pairs, any::<bool>()).prop_map(|(wanted, mut have, pairs, alike)| {
        let mut moves = Moves::new();
        for (from, to) in pairs {
            let known = moves.values().any(|old| *old == from);
            if !known && !wanted.contains_key(&from) && wanted.contains_key(&to) {
                moves.entry(to).or_insert(from);
            }
        }
        if alike {
            // In half of the cases, users who move keep their attributes.
            for (to, from) in &moves {
                have.entry(from.clone())
                    .and_modify(|user| *user = wanted[to].clone());
            }
        }
        (wanted, have, moves)
    })
}

/// Finds what happens to each user by comparing plain attributes.
fn naive(wanted: &Users, have: &Users, moves: &Moves, delete: bool) -> BTreeSet<String> {
    let (mut wanted, mut old) = (wanted.clone(), have.clone());
    let mut words = BTreeSet::new();
    for (to, from) in moves {
        if have.contains_key(from) && !have.contains_key(to) {
            words.insert(format!("move {from} {to}"));
            wanted.remove(to);
            old.remove(from);
        }
    }
    let gone = if delete { "delete" } else { "forget" };
    for (id, user) in &wanted {
        match old.remove(id) {
            None => words.insert(format!("create {id}")),
            Some(was) => was != *user && words.insert(format!("update {id}")),
        };
    }
    words.extend(old.into_keys().map(|id| format!("{gone} {id}")));
    words
}

fn words(plan: &Plan) -> BTreeSet<String> {
    plan.changes
        .iter()
        .map(|planned| match &planned.change {
            Change::Move { from, .. } => format!("move {from} {}", planned.id),
            other => format!("{} {}", other.action(), planned.id),
        })
        .collect()
}

fn flags(user: &Attributes) -> [Option<bool>; 3] {
    [
        user.unsubscribed,
        user.unsubscribe_email,
        user.unsubscribe_texting,
    ]
}

proptest! {
    #[test]
    fn agrees_with_the_naive_planner((wanted, have, moves) in scene(), delete in any::<bool>()) {
        let plan = plan_with(&wanted, &moves, &recorded(&have), delete, &[]);
        prop_assert_eq!(words(&plan), naive(&wanted, &have, &moves, delete));
        let declared = plan.changes.iter().filter(|planned| planned.origin.is_some()).count();
        prop_assert_eq!(plan.unchanged + declared, wanted.len());
        let requests = plan.changes.iter().map(|planned| match &planned.change {
            Change::Move { .. } => if delete { 2 } else { 1 },
            Change::Create(_) | Change::Delete { .. } => 1,
            Change::Update(write) => usize::from(write.sends_request()),
            Change::Forget { .. } => 0,
        });
        prop_assert_eq!(plan.requests(), requests.sum::<usize>());
    }

    #[test]
    fn after_an_apply_nothing_is_left_to_do((wanted, have, moves) in scene(), delete in any::<bool>()) {
        let state = recorded(&have);
        let plan = plan_with(&wanted, &moves, &state, delete, &[]);
        let after = applied(state, &plan);
        let ids: Vec<String> = after.users.keys().map(ToString::to_string).collect();
        prop_assert_eq!(ids, wanted.keys().cloned().collect::<Vec<_>>());
        // An entry of `moved` may stay.
        let again = plan_with(&wanted, &moves, &after, delete, &[]);
        prop_assert!(again.is_empty(), "{again:?}");
    }

    #[test]
    fn what_failed_and_nothing_else_is_planned_again((wanted, have, moves) in scene(), delete in any::<bool>(), mask in any::<u32>()) {
        let state = recorded(&have);
        let first = plan_with(&wanted, &moves, &state, delete, &[]);
        let (mut done, mut failed) = (first.clone(), first.clone());
        let mut at = 0;
        done.changes.retain(|_| { at += 1; mask >> (at % 32) & 1 == 1 });
        at = 0;
        failed.changes.retain(|_| { at += 1; mask >> (at % 32) & 1 == 0 });
        let again = plan_with(&wanted, &moves, &applied(state, &done), delete, &[]);
        prop_assert_eq!(words(&again), words(&failed));
    }

    #[test]
    fn who_moves_is_sent_whole((wanted, have, moves) in scene()) {
        for planned in plan_with(&wanted, &moves, &recorded(&have), false, &[]).changes {
            let Change::Move { from, write, .. } = &planned.change else { continue };
            let Some(upsert) = write.upsert() else { continue };
            let user = &wanted[planned.id.as_str()];
            // Channel has nothing, or it has what was recorded under the old id because an earlier run was
            // cut off.
            let mut channel = BTreeMap::new();
            let mut stale = BTreeMap::new();
            for (key, declared) in &have[from.as_str()].profile {
                if let Declared::Set(value) = declared {
                    stale.insert(key.to_string(), value.clone());
                }
            }
            let was: Vec<String> = stale.keys().cloned().collect();
            upserted(&mut channel, &upsert);
            upserted(&mut stale, &upsert);
            let Upsert(upsert) = upsert;
            for (path, value) in user.fields() {
                if let FieldPath::Profile(key) = &path {
                    prop_assert_eq!(channel.get(key.as_str()).cloned(), value.to_value());
                    prop_assert_eq!(stale.get(key.as_str()).cloned(), value.to_value());
                }
            }
            for key in was {
                if !user.profile.contains_key(&*key) && !user.profile_once.contains_key(&*key) {
                    prop_assert_eq!(stale.get(&key), None);
                }
            }
            prop_assert_eq!([upsert.unsubscribed, upsert.unsubscribe_email, upsert.unsubscribe_texting], flags(user).map(|flag| flag.filter(|out| *out)));
            prop_assert!(user.tags.is_none() || upsert.tags == user.tags);
        }
    }

    /// Counts users who opted out under the old id and not under the new one.
    #[test]
    fn consent_is_weighed_against_the_old_id((wanted, have, moves) in scene()) {
        for planned in plan_with(&wanted, &moves, &recorded(&have), false, &[]).changes {
            let Change::Move { from, write, .. } = &planned.change else { continue };
            let fields = write.fields();
            let new = flags(&wanted[planned.id.as_str()]);
            let old = flags(&have[from.as_str()]);
            let expected = new.into_iter().zip(old).any(|pair| match pair {
                (Some(true) | None, Some(false)) | (Some(true), _) | (None, None) => false,
                (Some(false), old) => old == Some(true),
                (None, Some(true)) => true,
            });
            let counted = fields.iter().any(FieldChange::is_opt_in);
            prop_assert_eq!(counted, expected, "{:?} -> {:?}", old, new);
        }
    }

    #[test]
    fn limits_count_a_move_as_an_update((wanted, have, moves) in scene(), delete in any::<bool>()) {
        let plan = plan_with(&wanted, &moves, &recorded(&have), delete, &[]);
        let of = |action: Action| plan.changes.iter().filter(|p| p.change.action() == action).count();
        let planned = |kind| plan.limits.iter().find(|check| check.kind == kind).map(|check| check.planned);
        prop_assert_eq!(planned(LimitKind::Create), Some(of(Action::Create)));
        prop_assert_eq!(planned(LimitKind::Forget), Some(of(Action::Forget)));
        prop_assert_eq!(planned(LimitKind::Update), Some(of(Action::Update) + of(Action::Move)));
        let deletions = if delete { of(Action::Delete) + of(Action::Move) } else { 0 };
        prop_assert_eq!(planned(LimitKind::Delete), Some(deletions));
        prop_assert_eq!(plan.deletions(), deletions);
    }

    #[test]
    fn either_id_selects_a_move((wanted, have, moves) in scene(), delete in any::<bool>()) {
        let state = recorded(&have);
        for (to, from) in &moves {
            let is_due = have.contains_key(from) && !have.contains_key(to);
            for selected in [from, to] {
                let plan = plan_with(&wanted, &moves, &state, delete, &[selected]);
                let whole = naive(&wanted, &have, &moves, delete);
                let expected: BTreeSet<String> = whole
                    .into_iter()
                    .filter(|line| line.split(' ').skip(1).any(|id| id == selected))
                    .collect();
                prop_assert_eq!(words(&plan), expected);
                if is_due {
                    prop_assert_eq!(plan.changes.len(), 1);
                }
            }
        }
    }

    #[test]
    fn a_likely_move_is_the_only_pair_of_its_kind(wanted in users(), have in users(), delete in any::<bool>()) {
        let plan = plan_with(&wanted, &Moves::new(), &recorded(&have), delete, &[]);
        let mut expected = Vec::new();
        for (from, old) in have.iter().filter(|(id, _)| !wanted.contains_key(*id)) {
            let gone = have.iter().filter(|(id, user)| !wanted.contains_key(*id) && *user == old);
            let new: Vec<&String> = wanted
                .iter()
                .filter(|(id, user)| !have.contains_key(*id) && *user == old)
                .map(|(id, _)| id)
                .collect();
            if let [to] = &*new && gone.count() == 1 && *old != Attributes::default() {
                expected.push(LikelyMove { from: id(from), to: id(to) });
            }
        }
        prop_assert_eq!(plan.likely_moves, expected);
    }
}

#[test]
fn the_decision_about_the_old_id_is_part_of_the_digest() {
    let user = |plan: &str| Attributes {
        profile: [("plan".into(), Declared::Set(plan.into()))].into(),
        ..Attributes::default()
    };
    let wanted = Users::from([("new".to_owned(), user("pro"))]);
    let have = Users::from([
        ("one".to_owned(), user("pro")),
        ("two".to_owned(), user("pro")),
    ]);
    let state = recorded(&have);
    let digest = |from: &str, delete: bool| {
        let moves = Moves::from([("new".to_owned(), from.to_owned())]);
        plan_with(&wanted, &moves, &state, delete, &["new"]).digest
    };
    let digests = BTreeSet::from([
        digest("one", false),
        digest("one", true),
        digest("two", false),
    ]);
    assert_eq!(digests.len(), 3);
}
