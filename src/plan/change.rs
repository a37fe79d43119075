//! What differs between one user's declaration and its record, and the request that mends it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Attributes, Change, Declared, Digests, Entry, FieldAction, FieldChange, FieldPath, MemberId,
    Observed, Previous, ProfileKey, RemovedUsers, Upsert, UserKey, Value, Write,
};
use crate::plan::context::Context;
use crate::plan::field::{declared_action, observed_value, recorded_value, undeclared_action};

/// A user that is not recorded, or is gone: everything declared is sent. Of one that is on Channel
/// already the old values are known.
pub(crate) fn create(
    attributes: &Attributes,
    digests: Digests,
    observed: Option<&Observed>,
) -> Change {
    let fields: Vec<FieldChange> = attributes
        .fields()
        .map(|(path, value)| {
            let old = observed.map_or(Previous::Absent, |observed| observed_value(&path, observed));
            let action = declared_action(&path, value, old);
            FieldChange { path, action }
        })
        .collect();
    Change::Create(Write {
        upsert: Some(upsert(attributes, &fields)),
        digests,
        fields,
        unchanged_fields: 0,
    })
}

/// A user that is recorded with another digest.
pub(crate) fn update(
    attributes: &Attributes,
    digests: Digests,
    (entry, key): (&Entry, &UserKey),
    base: Option<&Attributes>,
    context: &Context<'_>,
) -> Change {
    let left =
        |path: &FieldPath, old| undeclared_action(path, old, attributes, context.removed.fields);
    let (fields, unchanged_fields) = differences(attributes, &digests, (entry, key), base, &left);
    of_fields(attributes, digests, fields, unchanged_fields)
}

/// A user that is recorded under another id. What is said of the fields is said against that record; what
/// is sent is everything, because the new id has nothing yet. Nulls are sent for what is cleared all the
/// same: an earlier run may have been cut off after it sent more.
pub(crate) fn moved(
    attributes: &Attributes,
    digests: Digests,
    (from, last): (&MemberId, &Entry),
    base: Option<&Attributes>,
    context: &Context<'_>,
) -> Change {
    let left = |path: &FieldPath, old: Previous| match undeclared_action(
        path,
        old.clone(),
        attributes,
        context.removed.fields,
    ) {
        FieldAction::Release => FieldAction::Leave { old },
        other => other,
    };
    // The record's digests were made with the key of the old id.
    let key = context.key.for_user(from);
    let as_before = key.digests(attributes);
    let (fields, unchanged_fields) = differences(attributes, &as_before, (last, &key), base, &left);
    let Upsert(changed) = upsert(attributes, &fields);
    let whole = Attributes {
        unsubscribed: attributes.unsubscribed,
        unsubscribe_email: attributes.unsubscribe_email,
        unsubscribe_texting: attributes.unsubscribe_texting,
        ..changed
    };
    Change::Move {
        from: from.clone(),
        last: last.clone(),
        write: Write {
            upsert: Some(Upsert(whole)),
            digests,
            fields,
            unchanged_fields,
        },
        delete_old: context.removed.users == RemovedUsers::Delete,
    }
}

/// One change for each field that is not as recorded, in order, and how many are. `left` decides what
/// becomes of a field that is recorded and no longer declared.
fn differences(
    attributes: &Attributes,
    digests: &Digests,
    (entry, key): (&Entry, &UserKey),
    base: Option<&Attributes>,
    left: &dyn Fn(&FieldPath, Previous) -> FieldAction,
) -> (Vec<FieldChange>, usize) {
    let mut fields = Vec::new();
    let mut unchanged_fields = 0;
    for ((path, value), (_, digest)) in attributes.fields().zip(&digests.fields) {
        let recorded = entry.fields.get(&path);
        if recorded == Some(*digest) {
            unchanged_fields += 1;
        } else {
            let old = recorded_value(&path, recorded, base, key);
            let action = declared_action(&path, value, old);
            fields.push(FieldChange { path, action });
        }
    }
    for (path, recorded) in entry.fields.iter() {
        if attributes.get(path).is_none() {
            let old = recorded_value(path, Some(recorded), base, key);
            fields.push(FieldChange {
                path: path.clone(),
                action: left(path, old),
            });
        }
    }
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    (fields, unchanged_fields)
}

/// An update with these field changes.
pub(crate) fn of_fields(
    attributes: &Attributes,
    digests: Digests,
    mut fields: Vec<FieldChange>,
    unchanged_fields: usize,
) -> Change {
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    // The user's digest has the last word: where it differs and no field does, the user is sent.
    let only_releases = !fields.is_empty()
        && fields
            .iter()
            .all(|field| field.action == FieldAction::Release);
    Change::Update(Write {
        upsert: (!only_releases).then(|| upsert(attributes, &fields)),
        digests,
        fields,
        unchanged_fields,
    })
}

/// The body: the whole desired profile, `profileOnce` and tags, nulls for what is cleared, and
/// only those consent flags that changed, so that an unrelated edit never overturns what a
/// person chose on Channel since. A flag that Channel was seen to have already is left out, too: the
/// person may choose otherwise before the request arrives.
fn upsert(attributes: &Attributes, fields: &[FieldChange]) -> Upsert {
    let Attributes {
        profile,
        profile_once,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = attributes;
    let mut profile: BTreeMap<ProfileKey, Declared> = profile.clone();
    let mut tags: Option<BTreeSet<String>> = tags.clone();
    let changed = |path: &FieldPath, flag: Option<bool>| {
        let is_to_be = |new| {
            let mut fields = fields.iter().filter(|field| field.path == *path);
            fields.any(|field| match &field.action {
                FieldAction::Set { old, .. } => *old != Previous::Value(Value::Boolean(new)),
                _ => true,
            })
        };
        flag.filter(|new| is_to_be(*new))
    };
    for field in fields {
        if let FieldAction::Clear {
            declared: false, ..
        } = field.action
        {
            match &field.path {
                FieldPath::Profile(key) => {
                    profile.insert(key.clone(), Declared::Clear);
                }
                FieldPath::Tags => tags = Some(BTreeSet::new()),
                FieldPath::ProfileOnce(_)
                | FieldPath::UnsubscribeEmail
                | FieldPath::UnsubscribeTexting
                | FieldPath::Unsubscribed => {}
            }
        }
    }
    Upsert(Attributes {
        profile,
        profile_once: profile_once.clone(),
        tags,
        unsubscribed: changed(&FieldPath::Unsubscribed, *unsubscribed),
        unsubscribe_email: changed(&FieldPath::UnsubscribeEmail, *unsubscribe_email),
        unsubscribe_texting: changed(&FieldPath::UnsubscribeTexting, *unsubscribe_texting),
    })
}
