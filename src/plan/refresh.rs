//! Plans a desired user of whom Channel was asked, so that an apply corrects drift.

use crate::model::{
    Change, DesiredUser, Digests, Entry, FieldAction, FieldChange, FieldValue, KeptConsent,
    MemberId, Observed, Previous, Reason, RemoteUser, RemoteValue, Value,
};
use crate::plan::change;
use crate::plan::compare::{FieldStatus, field_status, is_kept};
use crate::plan::context::Context;
use crate::plan::field::{is_opted_out, observed_value, recorded_value, undeclared_action};

/// Plans a desired user of whom Channel was asked; `None` if nothing has to be done. Consent that the
/// person changed after the last apply is added to `kept_consent`.
pub(crate) fn desired_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: &Digests,
    recorded: Option<&Entry>,
    remote: &RemoteUser,
    context: &Context<'_>,
    kept_consent: &mut Vec<KeptConsent>,
) -> Option<(Change, Reason)> {
    let attributes = &user.attributes;
    match (recorded, remote) {
        (Some(entry), RemoteUser::Present(observed)) => {
            recorded_user((id, user), digests, entry, observed, context, kept_consent)
        }
        (Some(_), RemoteUser::Missing) => Some((
            change::create(attributes, digests.user, None),
            Reason::DeletedOnChannel,
        )),
        (None, RemoteUser::Present(observed)) => Some((
            change::create(attributes, digests.user, Some(observed)),
            Reason::Adopted,
        )),
        (None, RemoteUser::Missing) => Some((
            change::create(attributes, digests.user, None),
            Reason::NotRecorded,
        )),
    }
}

fn recorded_user(
    (id, user): (&MemberId, &DesiredUser),
    digests: &Digests,
    entry: &Entry,
    observed: &Observed,
    context: &Context<'_>,
    kept_consent: &mut Vec<KeptConsent>,
) -> Option<(Change, Reason)> {
    let attributes = &user.attributes;
    let key = context.key.for_user(id);
    let is_as_applied = entry.digest == digests.user;
    let is_new = entry.is_other_person(&key, observed.id.as_deref());
    let mut fields = Vec::new();
    let mut unchanged_fields = 0;
    for ((path, value), (_, digest)) in attributes.fields().zip(&digests.fields) {
        let recorded = entry.fields.get(&path);
        let is_as_recorded = recorded == Some(*digest);
        let status = field_status(&path, *digest, observed, &key);
        // The opt-out belonged to the person before. It is declared, so the new person gets it too.
        let is_lost = is_new
            && path.is_unsubscribe_flag()
            && value == FieldValue::Flag(true)
            && !matches!(status, FieldStatus::Same);
        let old = match status {
            FieldStatus::Same | FieldStatus::NotShown if is_as_recorded && !is_lost => {
                unchanged_fields += 1;
                continue;
            }
            FieldStatus::Other(_)
                if is_as_recorded && !is_new && is_kept(entry, &path, observed, &key) =>
            {
                unchanged_fields += 1;
                continue;
            }
            FieldStatus::Other(RemoteValue::Value(Value::Boolean(found)))
                if is_as_recorded && path.is_unsubscribe_flag() && !is_lost =>
            {
                unchanged_fields += 1;
                kept_consent.push(KeptConsent {
                    id: id.clone(),
                    never_confirmed: entry.unconfirmed.contains(&path),
                    path,
                    chosen: found,
                    origin: user.origin.clone(),
                });
                continue;
            }
            FieldStatus::NotShown if is_new => Previous::Absent,
            FieldStatus::NotShown => recorded_value(&path, recorded, None, &key),
            FieldStatus::Same | FieldStatus::Other(_) => observed_value(&path, observed),
        };
        let opted_out = !is_new && is_opted_out(&path, recorded, &key);
        let action = FieldAction::declared(&path, value, old, opted_out);
        fields.push(FieldChange { path, action });
    }
    for (path, _) in entry.fields.iter() {
        if attributes.get(path).is_none() {
            let old = observed_value(path, observed);
            fields.push(FieldChange {
                path: path.clone(),
                action: undeclared_action(path, old, attributes, context.removed.fields),
            });
        }
    }
    let mut is_drift = !fields.is_empty();
    for path in entry.not_cleared() {
        let old = observed_value(path, observed);
        if attributes.get(path).is_none() && old != Previous::Cleared {
            let path = path.clone();
            let action = undeclared_action(&path, old, attributes, context.removed.fields);
            fields.push(FieldChange { path, action });
        }
    }
    if is_as_applied && fields.is_empty() {
        return None;
    }
    is_drift |= is_new;
    let reason = if is_as_applied && !is_drift {
        Reason::NotCleared
    } else if is_new {
        Reason::CreatedAnew
    } else if is_as_applied {
        Reason::ChangedOnChannel
    } else {
        Reason::Changed
    };
    let change = change::of_fields(attributes, digests.user, fields, unchanged_fields);
    Some((change, reason))
}
