//! Checks a plan against the project's limits.

use crate::model::{
    Change, FieldAction, FieldChange, Limit, LimitCheck, LimitKind, Limits, PlannedChange, Previous,
};

/// Below this many recorded users, a percentage does not count.
const LEAST_RECORDED: usize = 10;

pub(crate) fn check(
    limits: &Limits,
    changes: &[PlannedChange],
    recorded: usize,
    desired: usize,
) -> Vec<LimitCheck> {
    let Limits {
        create,
        update,
        clear,
        forget,
        delete,
        opt_in,
        min_users,
    } = *limits;
    let count = |counts: fn(&Change) -> bool| {
        changes
            .iter()
            .filter(|planned| counts(&planned.change))
            .count()
    };
    let row = |kind, limit, planned| LimitCheck {
        kind,
        limit,
        allowed: allowed(limit, recorded),
        planned,
    };
    vec![
        row(
            LimitKind::Create,
            create,
            count(|change| matches!(change, Change::Create(_))),
        ),
        row(
            LimitKind::Update,
            update,
            count(|change| matches!(change, Change::Update(_) | Change::Move { .. })),
        ),
        row(
            LimitKind::Clear,
            clear,
            count(|change| change.fields().iter().any(loses_something)),
        ),
        row(
            LimitKind::Forget,
            forget,
            count(|change| matches!(change, Change::Forget { .. })),
        ),
        row(LimitKind::Delete, delete, count(Change::deletes)),
        row(
            LimitKind::OptIn,
            opt_in,
            count(|change| change.fields().iter().any(FieldChange::is_opt_in)),
        ),
        row(LimitKind::MinUsers, Limit::Count(min_users), desired),
    ]
}

fn allowed(limit: Limit, recorded: usize) -> Option<usize> {
    match limit {
        Limit::Count(count) => Some(count),
        Limit::Percent(_) if recorded < LEAST_RECORDED => None,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a percentage between 0 and 100 of a count of users"
        )]
        Limit::Percent(percent) => Some((recorded as f64 * percent / 100.0).floor() as usize),
    }
}

fn loses_something(field: &FieldChange) -> bool {
    matches!(
        &field.action,
        FieldAction::Clear {
            old: Previous::Absent
                | Previous::DigestOnly
                | Previous::Value(_)
                | Previous::Undeclarable,
            ..
        }
    )
}
