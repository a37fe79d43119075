//! Computes the state that an earlier one becomes when it is put in the place of a later one.
//!
//! What was applied since then is on Channel, so no user may count as recorded whom the later state knows otherwise. Such
//! a user is as one whose last request has no known result: Channel has it as the one state says or as the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{Entry, MemberId, Pending, PendingAction, State};

/// The earlier state, with what the later one knows.
#[must_use]
pub fn restored(mut earlier: State, later: &State, now: Timestamp) -> State {
    let is_same_key = earlier.salt == later.salt && earlier.key_id == later.key_id;
    let ids = earlier.users.keys().chain(later.users.keys());
    let mut ids: Vec<MemberId> = ids.cloned().collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let (before, after) = (earlier.users.get(&id), later.users.get(&id));
        let is_same = is_same_key
            && match (before, after) {
                (Some(before), Some(after)) => is_same_on_channel(before, after),
                _ => false,
            };
        if !is_same {
            let pending = if is_same_key {
                pending(before.is_some(), after.map(Box::as_ref), now)
            } else {
                Pending::unknown(now)
            };
            earlier.mark_pending(id, pending);
        }
    }
    for (id, pending) in &later.pending {
        let pending = if is_same_key {
            pending.clone()
        } else {
            Pending::unknown(pending.since)
        };
        earlier.mark_pending(id.clone(), pending);
    }
    earlier.rejected = if is_same_key {
        later.rejected.clone()
    } else {
        BTreeMap::new()
    };
    // The later state holds what these journals say.
    earlier.folded.clone_from(&later.folded);
    earlier.serial = earlier.serial.max(later.serial) + 1;
    earlier
}

/// Whether both entries say the same of Channel. The time and the file say nothing of it.
fn is_same_on_channel(one: &Entry, other: &Entry) -> bool {
    let Entry {
        digest,
        at: _,
        file: _,
        fields,
        remote_id,
        unconfirmed,
        shown_instead,
    } = one;
    *digest == other.digest
        && *fields == other.fields
        && *remote_id == other.remote_id
        && *unconfirmed == other.unconfirmed
        && *shown_instead == other.shown_instead
}

/// What was done since the earlier state, as an intent without a result.
fn pending(was_recorded: bool, after: Option<&Entry>, now: Timestamp) -> Pending {
    let unknown = Pending::unknown(now);
    match after {
        Some(after) => Pending {
            action: if was_recorded {
                PendingAction::Update
            } else {
                PendingAction::Create
            },
            digest: Some(after.digest),
            fields: after.fields.clone(),
            touched: after.unconfirmed.clone(),
            ..unknown
        },
        None => Pending {
            action: PendingAction::Delete,
            ..unknown
        },
    }
}
