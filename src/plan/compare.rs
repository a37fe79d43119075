//! How a user on Channel differs from what was applied.

use crate::model::{
    Attributes, Entry, FieldDigest, FieldDrift, FieldDriftKind, FieldPath, FieldValue, Observed,
    Previous, RemoteValue, UserKey, Value,
};
use crate::plan::field::recorded_value;

/// A recorded user next to what Channel shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The fields that differ, in order.
    pub fields: Vec<FieldDrift>,
    /// How many recorded fields are as applied.
    pub as_applied: usize,
    /// How many are not as applied, but as the manifest declares them by now.
    pub as_declared: usize,
    /// How many consent flags Channel does not show, so that nothing can be said of them.
    pub not_shown: usize,
}

/// Compares every recorded field with what is on Channel. What is not recorded is nobody's business, and
/// what `profileOnce` filled in may be changed by anybody, as long as it is there.
pub fn compare(
    entry: &Entry,
    declared: Option<&Attributes>,
    observed: &Observed,
    key: &UserKey,
) -> Comparison {
    let mut comparison = Comparison::default();
    for (path, recorded) in entry.fields.iter() {
        let is_declared = || declared.and_then(|declared| declared.get(path));
        match field_status(path, recorded, observed, key) {
            FieldStatus::Same => comparison.as_applied += 1,
            FieldStatus::NotShown => comparison.not_shown += 1,
            FieldStatus::Other(_)
                if is_declared().is_some_and(|value| is_on(path, value, observed)) =>
            {
                comparison.as_declared += 1;
            }
            FieldStatus::Other(found) => {
                let applied = recorded_value(path, Some(recorded), declared, key);
                comparison.fields.push(FieldDrift {
                    path: path.clone(),
                    kind: kind(path, applied, found),
                    never_confirmed: entry.unconfirmed.contains(path),
                });
            }
        }
    }
    comparison
}

/// The declared fields that Channel does not have as declared. Of what `profileOnce` declares, any
/// value is as good.
pub fn differing(declared: &Attributes, observed: &Observed) -> Vec<FieldPath> {
    let differs = |path: &FieldPath, value| match path {
        FieldPath::ProfileOnce(_) => observed.get(path) == RemoteValue::Absent,
        _ => !is_on(path, value, observed),
    };
    declared
        .fields()
        .filter(|(path, value)| differs(path, *value))
        .map(|(path, _)| path)
        .collect()
}

/// What Channel has, next to a digest of what it should have.
pub(crate) enum FieldStatus {
    Same,
    NotShown,
    Other(RemoteValue),
}

pub(crate) fn field_status(
    path: &FieldPath,
    wanted: FieldDigest,
    observed: &Observed,
    key: &UserKey,
) -> FieldStatus {
    let found = observed.get(path);
    let is_same = match (path, &found) {
        (FieldPath::ProfileOnce(_), found) => *found != RemoteValue::Absent,
        (FieldPath::Tags, _) => key.field(path, FieldValue::Tags(&observed.tags)) == wanted,
        (FieldPath::Profile(_), RemoteValue::Value(value)) => {
            key.field(path, FieldValue::Value(value)) == wanted
        }
        (FieldPath::Profile(_), RemoteValue::Absent) => {
            key.field(path, FieldValue::Clear) == wanted
        }
        (FieldPath::Profile(_), RemoteValue::Undeclarable) => false,
        (
            FieldPath::Unsubscribed | FieldPath::UnsubscribeEmail | FieldPath::UnsubscribeTexting,
            _,
        ) => match observed.flag(path) {
            Some(flag) => key.field(path, FieldValue::Flag(flag)) == wanted,
            None => return FieldStatus::NotShown,
        },
    };
    if is_same {
        FieldStatus::Same
    } else {
        FieldStatus::Other(found)
    }
}

fn is_on(path: &FieldPath, declared: FieldValue<'_>, observed: &Observed) -> bool {
    match (observed.get(path), declared.to_value()) {
        (RemoteValue::Value(found), Some(declared)) => found == declared,
        (RemoteValue::Absent, None) => true,
        _ => false,
    }
}

fn kind(path: &FieldPath, applied: Previous, found: RemoteValue) -> FieldDriftKind {
    match (&applied, &found) {
        (Previous::Value(Value::Boolean(applied)), RemoteValue::Value(Value::Boolean(found)))
            if path.is_unsubscribe_flag() =>
        {
            FieldDriftKind::Consent {
                applied: *applied,
                found: *found,
            }
        }
        (Previous::Cleared, _) => FieldDriftKind::Returned { found },
        (_, RemoteValue::Absent) => FieldDriftKind::Missing { applied },
        _ => FieldDriftKind::Changed { applied, found },
    }
}
