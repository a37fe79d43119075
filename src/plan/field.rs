//! Decides what happens to one field, and finds what is known of its value before.

use crate::model::{
    Attributes, FieldAction, FieldDigest, FieldPath, FieldValue, Observed, Previous, RemoteValue,
    RemovedFields, UserKey, Value,
};

/// Whether a flag is recorded as `true`.
pub(crate) fn is_opted_out(path: &FieldPath, recorded: Option<FieldDigest>, key: &UserKey) -> bool {
    path.is_unsubscribe_flag() && recorded == Some(key.field(path, FieldValue::Flag(true)))
}

/// What happens to a field that is recorded and no longer declared.
pub(crate) fn undeclared_action(
    path: &FieldPath,
    old: Previous,
    attributes: &Attributes,
    policy: RemovedFields,
) -> FieldAction {
    let clearable = match path {
        // A key that moves to `profileOnce` is not cleared: the order of clearing and filling within one
        // request is undefined, and `profileOnce` keeps the value that is there.
        FieldPath::Profile(key) => !attributes.profile_once.contains_key(key),
        FieldPath::Tags => true,
        FieldPath::Language
        | FieldPath::ProfileOnce(_)
        | FieldPath::UnsubscribeEmail
        | FieldPath::UnsubscribeTexting
        | FieldPath::Unsubscribed => false,
    };
    if !clearable || policy == RemovedFields::Forget || old == Previous::Cleared {
        FieldAction::Release
    } else {
        FieldAction::Clear {
            old,
            declared: false,
        }
    }
}

/// Finds the value that a recorded digest stands for: cleared, the value in `base`, or a flag.
pub(crate) fn recorded_value(
    path: &FieldPath,
    recorded: Option<FieldDigest>,
    base: Option<&Attributes>,
    key: &UserKey,
) -> Previous {
    let Some(recorded) = recorded else {
        return Previous::Absent;
    };
    let is_recorded = |value: FieldValue<'_>| key.field(path, value) == recorded;
    if is_recorded(FieldValue::Clear) {
        return Previous::Cleared;
    }
    if let Some(value) = base.and_then(|base| base.get(path))
        && is_recorded(value)
    {
        return value.to_value().map_or(Previous::Cleared, Previous::Value);
    }
    [true, false]
        .into_iter()
        .find(|flag| is_recorded(FieldValue::Flag(*flag)))
        .map_or(Previous::DigestOnly, |flag| {
            Previous::Value(Value::Boolean(flag))
        })
}

/// The value that Channel has, as the value before a change.
pub(crate) fn observed_value(path: &FieldPath, observed: &Observed) -> Previous {
    match observed.get(path) {
        RemoteValue::Value(Value::Texts(tags)) if *path == FieldPath::Tags && tags.is_empty() => {
            Previous::Cleared
        }
        RemoteValue::Value(value) => Previous::Value(value),
        RemoteValue::Undeclarable => Previous::Undeclarable,
        RemoteValue::Absent => Previous::Cleared,
    }
}
