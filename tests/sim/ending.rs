//! Checks, once everything is calm, that Channel has what the manifests declare.

use talkform::model::{Desired, FieldPath, FieldValue, RemovedFields, RemovedPolicy, RemovedUsers};

use crate::channel::Remote;
use crate::claims::is_on_channel;

/// What the last run knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// The state of this clone: what people changed may stay.
    State(usize),
    /// What Channel answered to this clone: everything declared is there.
    Channel(usize),
}

/// Checks every declared user, and what is no longer declared.
pub(crate) fn check(
    remote: &Remote,
    desired: &Desired,
    removed: RemovedPolicy,
    knowledge: Knowledge,
) -> Result<(), String> {
    for (id, user) in &desired.users {
        for (path, declared) in user.attributes.fields() {
            let id = id.as_str();
            if is_excused(remote, id, &path, declared, knowledge)
                || is_on_channel(remote, id, &path, declared)
            {
                continue;
            }
            return Err(format!(
                "{path} of {id} is declared as {declared:?}, and Channel has {:?}",
                remote.users.get(id)
            ));
        }
    }
    // Only the state knows what else is ours.
    let Knowledge::State(clone) = knowledge else {
        return Ok(());
    };
    removed_fields(remote, desired, removed.fields, clone)?;
    removed_users(remote, desired, removed.users, clone)
}

fn is_excused(
    remote: &Remote,
    id: &str,
    path: &FieldPath,
    declared: FieldValue<'_>,
    knowledge: Knowledge,
) -> bool {
    match knowledge {
        // A flag that a person changed is that person's choice. What another clone sent, and did not push, cannot be
        // told from it.
        Knowledge::Channel(clone) => {
            path.is_unsubscribe_flag()
                && (remote.ledger.is_changed_by_people(id, &path.to_string())
                    || remote.ledger.is_unaware(clone, id))
        }
        Knowledge::State(clone) => {
            let ledger = &remote.ledger;
            ledger.is_unaware(clone, id)
                || ledger.deleted_by_people.contains(id)
                || ledger.is_changed_by_people(id, &path.to_string())
                || ledger.is_not_taken(id, &path.to_string())
                || declared == FieldValue::Flag(false)
        }
    }
}

/// A field that a request of ours set and that is not declared any more is gone.
fn removed_fields(
    remote: &Remote,
    desired: &Desired,
    policy: RemovedFields,
    clone: usize,
) -> Result<(), String> {
    let ledger = &remote.ledger;
    if policy == RemovedFields::Forget {
        return Ok(());
    }
    for (id, written) in &ledger.ours {
        let member = talkform::model::MemberId::new(id).expect("an id");
        let Some(user) = desired.users.get(&member) else {
            continue;
        };
        let path: FieldPath = written.parse().expect("a path");
        let is_once = matches!(&path, FieldPath::Profile(key) if user.attributes.profile_once.contains_key(key));
        if user.attributes.get(&path).is_some()
            || is_once
            || ledger.is_unaware(clone, id)
            || ledger.is_changed_by_people(id, written)
            || ledger.is_not_taken(id, written)
        {
            continue;
        }
        let nothing = talkform::model::Tags::default();
        let gone = match &path {
            FieldPath::Tags => FieldValue::Tags(&nothing),
            _ => FieldValue::Clear,
        };
        if remote.users.get(id).is_some() && !is_on_channel(remote, id, &path, gone) {
            return Err(format!(
                "{path} of {id} is no longer declared, and Channel has it still"
            ));
        }
    }
    Ok(())
}

/// A user that a request of ours made and that is not declared any more is gone, where it is to be deleted.
fn removed_users(
    remote: &Remote,
    desired: &Desired,
    policy: RemovedUsers,
    clone: usize,
) -> Result<(), String> {
    let ledger = &remote.ledger;
    if policy == RemovedUsers::Forget {
        return Ok(());
    }
    for id in &ledger.created_by_us {
        let member = talkform::model::MemberId::new(id).expect("an id");
        if !desired.users.contains_key(&member)
            && !ledger.is_unaware(clone, id)
            && remote.users.get(id).is_some()
        {
            return Err(format!(
                "{id} is no longer declared, and Channel has it still"
            ));
        }
    }
    Ok(())
}
