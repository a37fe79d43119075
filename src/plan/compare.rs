//! Compares recorded and declared fields with what Channel has.

use crate::model::{
    Attributes, Entry, FieldDigest, FieldDrift, FieldDriftKind, FieldPath, FieldValue, Observed,
    Previous, RemoteValue, UserKey, Value,
};
use crate::plan::field::recorded_value;

/// How the recorded fields of a user compare with Channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Whether the person was deleted on Channel and created anew.
    pub is_created_anew: bool,
    /// The fields that differ, in order.
    pub fields: Vec<FieldDrift>,
    /// How many recorded fields are as applied.
    pub as_applied: usize,
    /// How many recorded fields differ and are as the manifest now declares them.
    pub as_declared: usize,
    /// How many consent flags Channel does not show, so that they cannot be compared.
    pub not_shown: usize,
}

/// Compares every recorded field with what Channel has. Fields that are not recorded are ignored. A
/// `profileOnce` field may have any value and differs only if Channel has none. If the person was created
/// anew, a missing opt-out is no choice.
pub fn compare(
    entry: &Entry,
    declared: Option<&Attributes>,
    observed: &Observed,
    key: &UserKey,
) -> Comparison {
    let is_new = entry.is_other_person(key, observed.id.as_deref());
    let mut comparison = Comparison {
        is_created_anew: is_new,
        ..Comparison::default()
    };
    for (path, recorded) in entry.fields.iter() {
        let is_declared = || declared.and_then(|declared| declared.get(path));
        match field_status(path, recorded, observed, key) {
            FieldStatus::Same => comparison.as_applied += 1,
            FieldStatus::Other(_) if !is_new && is_kept(entry, path, observed, key) => {
                comparison.as_applied += 1;
            }
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
                    kind: kind(path, applied, found, is_new),
                    never_confirmed: entry.unconfirmed.contains(path),
                });
            }
        }
    }
    comparison
}

/// Returns the declared fields that differ on Channel. A `profileOnce` field differs only if Channel has
/// no value.
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

/// How a field on Channel compares with a digest.
pub(crate) enum FieldStatus {
    Same,
    NotShown,
    Other(RemoteValue),
}

pub(crate) fn field_status(
    path: &FieldPath,
    expected: FieldDigest,
    observed: &Observed,
    key: &UserKey,
) -> FieldStatus {
    let found = observed.get(path);
    let is_same = match (path, &found) {
        (FieldPath::ProfileOnce(_), found) => *found != RemoteValue::Absent,
        (FieldPath::Tags, _) => key.field(path, FieldValue::Tags(&observed.tags)) == expected,
        (FieldPath::Language | FieldPath::Profile(_), RemoteValue::Value(value)) => {
            key.field(path, FieldValue::Value(value)) == expected
        }
        (FieldPath::Profile(_), RemoteValue::Absent) => {
            key.field(path, FieldValue::Clear) == expected
        }
        (FieldPath::Language, RemoteValue::Absent | RemoteValue::Undeclarable)
        | (FieldPath::Profile(_), RemoteValue::Undeclarable) => false,
        (
            FieldPath::Unsubscribed | FieldPath::UnsubscribeEmail | FieldPath::UnsubscribeTexting,
            _,
        ) => match observed.flag(path) {
            Some(flag) => key.field(path, FieldValue::Flag(flag)) == expected,
            None => return FieldStatus::NotShown,
        },
    };
    if is_same {
        FieldStatus::Same
    } else {
        FieldStatus::Other(found)
    }
}

/// The digest of what Channel has for a field; `None` for a consent flag and for a value that no manifest can declare.
pub(crate) fn found_digest(
    path: &FieldPath,
    observed: &Observed,
    key: &UserKey,
) -> Option<FieldDigest> {
    let found = observed.get(path);
    let value = match (path, &found) {
        (FieldPath::Tags, _) => FieldValue::Tags(&observed.tags),
        (
            FieldPath::Language | FieldPath::Profile(_) | FieldPath::ProfileOnce(_),
            RemoteValue::Value(value),
        ) => FieldValue::Value(value),
        (FieldPath::Profile(_) | FieldPath::ProfileOnce(_), RemoteValue::Absent) => {
            FieldValue::Clear
        }
        _ => return None,
    };
    Some(key.field(path, value))
}

/// Whether Channel has a field in the notation in which it keeps the recorded value.
pub(crate) fn is_kept(entry: &Entry, path: &FieldPath, observed: &Observed, key: &UserKey) -> bool {
    let kept = entry.kept_as(path);
    kept.is_some() && kept == found_digest(path, observed, key)
}

fn is_on(path: &FieldPath, declared: FieldValue<'_>, observed: &Observed) -> bool {
    match (observed.get(path), declared.to_value()) {
        (RemoteValue::Value(found), Some(declared)) => found == declared,
        (RemoteValue::Absent, None) => true,
        _ => false,
    }
}

fn kind(path: &FieldPath, applied: Previous, found: RemoteValue, is_new: bool) -> FieldDriftKind {
    match (&applied, &found) {
        (Previous::Value(Value::Boolean(applied)), RemoteValue::Value(Value::Boolean(found)))
            if path.is_unsubscribe_flag() && (*found || !is_new) =>
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
