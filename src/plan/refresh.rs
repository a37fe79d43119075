//! A recorded user next to what Channel shows: drift joins the plan, so that an apply sets it right.

use crate::model::{
    Change, DesiredUser, Digests, Entry, FieldChange, FieldPath, KeptConsent, MemberId, Observed,
    Previous, Reason, RemoteUser, RemoteValue, Value,
};
use crate::plan::change;
use crate::plan::change::{declared_action, of_fields, old_value, undeclared_action};
use crate::plan::compare::{Standing, standing};
use crate::plan::planner::Context;

/// What has to be done for a desired user of whom Channel was asked; `None` for nothing. Consent that
/// the person changed since is added to `left`.
pub(crate) fn desired_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: Digests,
    recorded: Option<&Entry>,
    sighting: &RemoteUser,
    context: &Context<'_>,
    left: &mut Vec<KeptConsent>,
) -> Option<(Change, Reason)> {
    let attributes = &user.attributes;
    match (recorded, sighting) {
        (Some(entry), RemoteUser::Present(observed)) => {
            recorded_user((id, user), digests, entry, observed, context, left)
        }
        (Some(_), RemoteUser::Missing) => Some((
            change::create(attributes, digests, None),
            Reason::DeletedOnChannel,
        )),
        (None, RemoteUser::Present(observed)) => Some((
            change::create(attributes, digests, Some(observed)),
            Reason::Adopted,
        )),
        (None, RemoteUser::Missing) => Some((
            change::create(attributes, digests, None),
            Reason::NotRecorded,
        )),
    }
}

fn recorded_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: Digests,
    entry: &Entry,
    observed: &Observed,
    context: &Context<'_>,
    left: &mut Vec<KeptConsent>,
) -> Option<(Change, Reason)> {
    let attributes = &user.attributes;
    let is_as_applied = entry.digest == digests.user;
    let mut fields = Vec::new();
    let mut unchanged_fields = 0;
    for ((path, value), (_, digest)) in attributes.fields().zip(&digests.fields) {
        let recorded = entry.fields.get(&path);
        let is_as_recorded = recorded == Some(*digest);
        let old = match standing(&path, *digest, observed, context.key) {
            Standing::Same | Standing::NotShown if is_as_recorded => {
                unchanged_fields += 1;
                continue;
            }
            Standing::Other(RemoteValue::Value(Value::Boolean(found)))
                if is_as_recorded && path.is_unsubscribe_flag() =>
            {
                unchanged_fields += 1;
                left.push(KeptConsent {
                    id: id.clone(),
                    never_confirmed: entry.unconfirmed.contains(&path),
                    path,
                    chosen: found,
                    origin: user.origin.clone(),
                });
                continue;
            }
            Standing::NotShown => old_value(&path, recorded, None, context.key),
            Standing::Same | Standing::Other(_) => seen(&path, observed),
        };
        let action = declared_action(&path, value, old);
        fields.push(FieldChange { path, action });
    }
    for (path, _) in entry.fields.iter() {
        if attributes.get(path).is_none() {
            let old = seen(path, observed);
            fields.push(FieldChange {
                path: path.clone(),
                action: undeclared_action(path, old, attributes, context.removed.fields),
            });
        }
    }
    if is_as_applied && fields.is_empty() {
        return None;
    }
    let reason = if is_as_applied {
        Reason::ChangedOnChannel
    } else {
        Reason::Changed
    };
    let change = of_fields(attributes, digests, fields, unchanged_fields);
    Some((change, reason))
}

/// What Channel has, as the value before a change.
pub(crate) fn seen(path: &FieldPath, observed: &Observed) -> Previous {
    match observed.get(path) {
        RemoteValue::Value(Value::Texts(tags)) if *path == FieldPath::Tags && tags.is_empty() => {
            Previous::Cleared
        }
        RemoteValue::Value(value) => Previous::Value(value),
        RemoteValue::Undeclarable => Previous::Undeclarable,
        RemoteValue::Absent => Previous::Cleared,
    }
}
