//! Checks a plan against the project's limits.

use crate::model::{
    Change, FieldAction, Limit, LimitCheck, LimitKind, Limits, PlannedChange, Previous,
};

/// The fewest recorded users for which a percentage of every limit counts.
const LEAST_RECORDED: usize = 10;

/// Compares each limit with what the changes do.
///
/// A percentage is a share of the recorded users, rounded down. Below ten recorded users, the percentages of
/// `create` and `update` do not count, because a share of so few users means little. The percentages of the
/// limits against a loss (`clear`, `forget`, `delete`, `optIn`, `recreate`) count, and allow at least one user if
/// they would allow one of ten: 10 % allows one user, 50 % of 8 users allows 4, 5 % and 0 % allow none.
pub(crate) fn check(
    limits: &Limits,
    changes: &[PlannedChange],
    recorded: usize,
    desired: usize,
    recreated: usize,
) -> Vec<LimitCheck> {
    let Limits {
        create,
        update,
        clear,
        forget,
        delete,
        opt_in,
        recreate,
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
        allowed: allowed(kind, limit, recorded),
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
        row(LimitKind::Clear, clear, count(loses_something)),
        row(
            LimitKind::Forget,
            forget,
            count(|change| matches!(change, Change::Forget { .. })),
        ),
        row(LimitKind::Delete, delete, count(Change::deletes)),
        row(LimitKind::OptIn, opt_in, count(Change::is_opt_in)),
        row(LimitKind::Recreate, recreate, recreated),
        row(LimitKind::MinUsers, Limit::Count(min_users), desired),
    ]
}

fn allowed(kind: LimitKind, limit: Limit, recorded: usize) -> Option<usize> {
    let percent = match limit {
        Limit::Count(count) => return Some(count),
        Limit::Percent(percent) => percent,
    };
    if recorded >= LEAST_RECORDED {
        return Some(share(percent, recorded));
    }
    guards_against_loss(kind)
        .then(|| share(percent, recorded).max(share(percent, LEAST_RECORDED).min(1)))
}

/// Whether a limit's percentage counts for few recorded users too.
fn guards_against_loss(kind: LimitKind) -> bool {
    match kind {
        LimitKind::Clear
        | LimitKind::Forget
        | LimitKind::Delete
        | LimitKind::OptIn
        | LimitKind::Recreate => true,
        LimitKind::Create | LimitKind::Update | LimitKind::MinUsers => false,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a percentage between 0 and 100 of a count of users"
)]
fn share(percent: f64, users: usize) -> usize {
    (users as f64 * percent / 100.0).floor() as usize
}

/// Whether a user loses a field. A null of a new user removes nothing, unless Channel was asked and has
/// the field: then the user is adopted.
fn loses_something(change: &Change) -> bool {
    let is_new = matches!(change, Change::Create(_));
    // A user of whom Channel has nothing loses nothing.
    change.listed().iter().any(|field| match &field.action {
        FieldAction::Clear { old, .. } => match old {
            Previous::Absent => !is_new,
            Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable => true,
            Previous::Cleared => false,
        },
        FieldAction::Set { .. }
        | FieldAction::Release
        | FieldAction::Leave { .. }
        | FieldAction::Once { .. } => false,
    })
}
