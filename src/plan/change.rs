//! Plans the create, update or move of one user, and its request.

use std::sync::Arc;

use crate::model::{
    Attributes, Change, Declared, Digests, Entry, FieldAction, FieldChange, FieldChanges,
    FieldPath, MemberId, Observed, Pending, Previous, RemovedUsers, Tags, Upsert, UserDigest,
    UserKey, Value, Write,
};
use crate::plan::context::Context;
use crate::plan::field::{is_opted_out, observed_value, recorded_value, undeclared_action};

/// Plans a user that is not recorded, or that Channel no longer has: everything declared is sent.
/// `observed` is what Channel has of the user, if it was asked.
pub(crate) fn create(
    attributes: &Arc<Attributes>,
    digest: UserDigest,
    observed: Option<&Observed>,
) -> Change {
    let listed = |observed| {
        let fields = attributes.fields();
        let fields = fields.map(|(path, value)| {
            let old = observed_value(&path, observed);
            let action = FieldAction::declared(&path, value, old, false);
            FieldChange { path, action }
        });
        let fields: Vec<FieldChange> = fields.collect();
        let upsert = Some(upsert(attributes, &fields));
        FieldChanges::Listed { upsert, fields }
    };
    Change::Create(Write {
        declared: Arc::clone(attributes),
        digest,
        changes: observed.map_or(FieldChanges::AllNew, listed),
        unchanged_fields: 0,
    })
}

/// Plans a user that is recorded with another digest, or of whom Channel did not clear a field.
pub(crate) fn update(
    attributes: &Arc<Attributes>,
    digests: &Digests,
    (entry, key): (&Entry, &UserKey),
    base: Option<&Attributes>,
    context: &Context<'_>,
) -> Change {
    let undeclared =
        |path: &FieldPath, old| undeclared_action(path, old, attributes, context.removed.fields);
    let (mut fields, unchanged_fields) =
        differences(attributes, digests, (entry, key), base, &undeclared);
    for path in entry.not_cleared() {
        if attributes.get(path).is_none() {
            let action = undeclared(path, Previous::DigestOnly);
            let path = path.clone();
            fields.push(FieldChange { path, action });
        }
    }
    of_fields(attributes, digests.user, fields, unchanged_fields)
}

/// Plans a user that is recorded under another id. The field changes compare with that record. The request
/// holds everything declared, because Channel has nothing under the new id. It also holds nulls for cleared
/// fields, because an interrupted earlier run may have sent those fields under the new id.
pub(crate) fn moved(
    attributes: &Arc<Attributes>,
    digest: UserDigest,
    (from, last): (&MemberId, &Entry),
    base: Option<&Attributes>,
    pending: Option<&Pending>,
    context: &Context<'_>,
) -> Change {
    let undeclared = |path: &FieldPath, old: Previous| match undeclared_action(
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
    let (mut fields, unchanged_fields) =
        differences(attributes, &as_before, (last, &key), base, &undeclared);
    // An earlier run may have sent these under the new id.
    for path in pending.into_iter().flat_map(Pending::paths) {
        let is_planned = |field: &FieldChange| field.path == *path;
        if attributes.get(path).is_none() && !fields.iter().any(is_planned) {
            let old = Previous::DigestOnly;
            let action = undeclared_action(path, old, attributes, context.removed.fields);
            let path = path.clone();
            fields.push(FieldChange { path, action });
        }
    }
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    let Upsert(changed) = upsert(attributes, &fields);
    let whole = Arc::unwrap_or_clone(changed).with_consent(attributes.consent().opt_outs());
    Change::Move {
        from: from.clone(),
        last: Box::new(last.clone()),
        write: Write {
            declared: Arc::clone(attributes),
            digest,
            changes: FieldChanges::Listed {
                upsert: Some(whole.into()),
                fields,
            },
            unchanged_fields,
        },
        delete_old: context.removed.users == RemovedUsers::Delete,
    }
}

/// Returns one change for each field that differs from the record, in order, and how many fields are as
/// recorded. `undeclared` decides what happens to a field that is recorded and no longer declared.
fn differences(
    attributes: &Attributes,
    digests: &Digests,
    (entry, key): (&Entry, &UserKey),
    base: Option<&Attributes>,
    undeclared: &dyn Fn(&FieldPath, Previous) -> FieldAction,
) -> (Vec<FieldChange>, usize) {
    let mut fields = Vec::new();
    let mut unchanged_fields = 0;
    for ((path, value), (_, digest)) in attributes.fields().zip(&digests.fields) {
        let recorded = entry.fields.get(&path);
        if recorded == Some(*digest) {
            unchanged_fields += 1;
        } else {
            let old = recorded_value(&path, recorded, base, key);
            let opted_out = is_opted_out(&path, recorded, key);
            let action = FieldAction::declared(&path, value, old, opted_out);
            fields.push(FieldChange { path, action });
        }
    }
    for (path, recorded) in entry.fields.iter() {
        if attributes.get(path).is_none() {
            let old = recorded_value(path, Some(recorded), base, key);
            fields.push(FieldChange {
                path: path.clone(),
                action: undeclared(path, old),
            });
        }
    }
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    (fields, unchanged_fields)
}

/// Plans an update with these field changes.
pub(crate) fn of_fields(
    attributes: &Arc<Attributes>,
    digest: UserDigest,
    mut fields: Vec<FieldChange>,
    unchanged_fields: usize,
) -> Change {
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    // The user's digest decides: if it differs and no field does, the user is sent.
    let only_releases = !fields.is_empty()
        && fields
            .iter()
            .all(|field| field.action == FieldAction::Release);
    let upsert = (!only_releases).then(|| upsert(attributes, &fields));
    Change::Update(Write {
        declared: Arc::clone(attributes),
        digest,
        changes: FieldChanges::Listed { upsert, fields },
        unchanged_fields,
    })
}

/// Builds the body: the whole desired profile, `profileOnce` and tags, nulls for cleared fields, and only
/// the consent flags that changed. An unrelated edit therefore never overturns what a person chose on
/// Channel. A flag that Channel already has is left out too, because the person may change it before
/// the request arrives.
pub(crate) fn upsert(attributes: &Attributes, fields: &[FieldChange]) -> Upsert {
    let Attributes {
        language,
        profile,
        profile_once,
        tags,
        unsubscribed,
        unsubscribe_email,
        unsubscribe_texting,
    } = attributes;
    let mut tags = tags.clone();
    let mut cleared = Vec::new();
    let changed = |path: &FieldPath, flag: Option<bool>| {
        let is_to_be = |new| {
            let mut fields = fields.iter().filter(|field| field.path == *path);
            fields.any(|field| match &field.action {
                FieldAction::Set { old, .. } => *old != Previous::Value(Value::Boolean(new)),
                _ => false,
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
                    cleared.push((key.clone(), Declared::Clear));
                }
                FieldPath::Tags => tags = Some(Tags::default()),
                FieldPath::Language
                | FieldPath::ProfileOnce(_)
                | FieldPath::UnsubscribeEmail
                | FieldPath::UnsubscribeTexting
                | FieldPath::Unsubscribed => {}
            }
        }
    }
    let profile = profile.clone().into_iter().chain(cleared);
    Upsert(Arc::new(Attributes {
        language: language.clone(),
        profile: profile.collect(),
        profile_once: profile_once.clone(),
        tags,
        unsubscribed: changed(&FieldPath::Unsubscribed, *unsubscribed),
        unsubscribe_email: changed(&FieldPath::UnsubscribeEmail, *unsubscribe_email),
        unsubscribe_texting: changed(&FieldPath::UnsubscribeTexting, *unsubscribe_texting),
    }))
}
