//! Tests what percentages allow, above and below ten recorded users.

use std::fmt::Write as _;

use crate::model::{
    Attributes, Declared, Limit, LimitCheck, LimitKind, Limits, Observed, ProfileKey, RemoteUser,
};
use crate::plan::limits::check;
use crate::plan::tests::build::{Setting, Users, id, recorded};

/// What `limit` allows when each limit of a project is set to it.
fn allowed(limit: Limit, recorded: usize) -> Vec<(LimitKind, Option<usize>)> {
    let limits = Limits {
        create: limit,
        update: limit,
        clear: limit,
        forget: limit,
        delete: limit,
        opt_in: limit,
        recreate: limit,
        min_users: 0,
    };
    check(&limits, &[], recorded, 0, 0)
        .into_iter()
        .filter(|check| check.kind != LimitKind::MinUsers)
        .map(|LimitCheck { kind, allowed, .. }| (kind, allowed))
        .collect()
}

#[test]
fn percentages_of_few_recorded_users() {
    let mut table = String::new();
    for percent in [0.0, 5.0, 10.0, 50.0, 100.0] {
        for recorded in [0, 1, 9, 10, 20] {
            let _ = write!(table, "{percent:>3}% of {recorded:>2}:");
            for (kind, allowed) in allowed(Limit::Percent(percent), recorded) {
                let allowed = allowed.map_or("-".to_owned(), |users| users.to_string());
                let _ = write!(table, " {} {allowed}", kind.name());
            }
            table.push('\n');
        }
    }
    insta::assert_snapshot!(table, @"
      0% of  0: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      0% of  1: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      0% of  9: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      0% of 10: create 0 update 0 clear 0 forget 0 delete 0 optIn 0 recreate 0
      0% of 20: create 0 update 0 clear 0 forget 0 delete 0 optIn 0 recreate 0
      5% of  0: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      5% of  1: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      5% of  9: create - update - clear 0 forget 0 delete 0 optIn 0 recreate 0
      5% of 10: create 0 update 0 clear 0 forget 0 delete 0 optIn 0 recreate 0
      5% of 20: create 1 update 1 clear 1 forget 1 delete 1 optIn 1 recreate 1
     10% of  0: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
     10% of  1: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
     10% of  9: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
     10% of 10: create 1 update 1 clear 1 forget 1 delete 1 optIn 1 recreate 1
     10% of 20: create 2 update 2 clear 2 forget 2 delete 2 optIn 2 recreate 2
     50% of  0: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
     50% of  1: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
     50% of  9: create - update - clear 4 forget 4 delete 4 optIn 4 recreate 4
     50% of 10: create 5 update 5 clear 5 forget 5 delete 5 optIn 5 recreate 5
     50% of 20: create 10 update 10 clear 10 forget 10 delete 10 optIn 10 recreate 10
    100% of  0: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
    100% of  1: create - update - clear 1 forget 1 delete 1 optIn 1 recreate 1
    100% of  9: create - update - clear 9 forget 9 delete 9 optIn 9 recreate 9
    100% of 10: create 10 update 10 clear 10 forget 10 delete 10 optIn 10 recreate 10
    100% of 20: create 20 update 20 clear 20 forget 20 delete 20 optIn 20 recreate 20
    ");
}

#[test]
fn one_more_recorded_user_never_allows_less() {
    for percent in (0_u32..=100).map(f64::from).chain([0.5, 9.9, 12.5]) {
        for recorded in 0..30 {
            let fewer = allowed(Limit::Percent(percent), recorded);
            let more = allowed(Limit::Percent(percent), recorded + 1);
            for ((kind, fewer), (_, more)) in fewer.into_iter().zip(more) {
                assert!(
                    fewer.is_none() || fewer <= more,
                    "{percent}% {kind:?} of {recorded}: {fewer:?}, then {more:?}"
                );
            }
        }
    }
}

#[test]
fn a_count_does_not_depend_on_the_recorded_users() {
    for recorded in [0, 9, 10, 1000] {
        for (kind, allowed) in allowed(Limit::Count(3), recorded) {
            assert_eq!(allowed, Some(3), "{kind:?} of {recorded}");
        }
    }
}

#[test]
fn a_null_of_a_new_user_is_no_loss() {
    let null = Attributes {
        profile: [(ProfileKey::new("trial"), Declared::Clear)].into(),
        ..Attributes::default()
    };
    let wanted: Users = [("u-1".to_owned(), null)].into();
    let losses = |setting: &Setting<'_>, have: &Users| {
        let plan = setting.plan(&wanted, &recorded(have));
        let mut checks = plan.limits.into_iter();
        let clear = checks.find(|check| check.kind == LimitKind::Clear);
        clear.expect("every limit is checked").planned
    };
    let nobody = Users::new();
    assert_eq!(losses(&Setting::default(), &nobody), 0);
    let had = [("u-1".to_owned(), Attributes::default())].into();
    assert_eq!(losses(&Setting::default(), &had), 1);

    let losses_of_adoption = |profile| {
        let observed = Observed {
            profile,
            ..Observed::default()
        };
        let observed = [(id("u-1"), RemoteUser::Present(Box::new(observed)))].into();
        let asked = Setting {
            observed: Some(&observed),
            ..Setting::default()
        };
        losses(&asked, &nobody)
    };
    assert_eq!(losses_of_adoption([].into()), 0);
    let trial = [(ProfileKey::new("trial"), true.into())];
    assert_eq!(losses_of_adoption(trial.into()), 1);
}
