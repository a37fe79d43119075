//! Makes the journal records of a change.

use jiff::Timestamp;

use crate::apply::intent::intent_of;
use crate::apply::outcome::ShownInstead;
use crate::apply::recreate::{missing_opt_outs, restoring};
use crate::model::{
    Change, DigestKey, Digests, Entry, FieldPath, Plan, PlannedChange, RemoteIdDigest,
};
use crate::remote::{Confirmation, ResponseUser};
use crate::state::JournalRecord;

/// The most that executing a plan can write to the journal: the intent of every change, that of restoring the
/// declared opt-outs, and that it is applied with no field confirmed. Only the lengths are right: digests have one
/// length, so none is computed.
pub fn most_written(plan: &Plan, now: Timestamp) -> impl Iterator<Item = JournalRecord> {
    let any_key = DigestKey::new(&[], None);
    plan.changes.iter().flat_map(move |planned| {
        let digests = planned.change.write();
        let digests = digests.map(|write| Digests::blank(&write.declared));
        let nothing_confirmed = |digests: &Digests| {
            let unconfirmed = digests.fields.iter().map(|(path, _)| path.clone());
            Entry {
                unconfirmed: unconfirmed.collect(),
                shown_instead: digests.fields.iter().cloned().collect(),
                ..Entry::new(digests, now)
            }
        };
        let intent = intent_of(planned, digests.as_ref(), now);
        let restored = planned.change.write().and_then(|write| {
            let opt_outs = missing_opt_outs(write, &ResponseUser::default())?;
            Some(restoring(
                write,
                &opt_outs,
                &any_key.for_user(&planned.id),
                now,
            ))
        });
        let intents = intent.into_iter().chain(restored);
        let intents = intents.map(|pending| JournalRecord::Intent(planned.id.clone(), pending));
        let result = record_of(planned, digests.as_ref().map(nothing_confirmed));
        intents.chain([result])
    })
}

/// The digests of everything that a change declares; `None` for a forget and a delete.
pub(crate) fn digests_of(planned: &PlannedChange, key: &DigestKey) -> Option<Digests> {
    let write = planned.change.write()?;
    Some(write.digests(&key.for_user(&planned.id)))
}

/// The entry of a user with what Channel's response said of it: how it differs from what is declared, what it shows in
/// place of that, and the person that it is about. `before` is the entry before.
pub(crate) fn answered(
    planned: &PlannedChange,
    before: Option<&Entry>,
    entry: Entry,
    confirmation: &Confirmation,
    instead: &ShownInstead,
    remote_id: Option<RemoteIdDigest>,
) -> Entry {
    let remote_id = remote_id.or_else(|| before.and_then(|before| before.remote_id));
    // An update that only releases fields learns nothing from Channel.
    let before = before.filter(|_| !planned.change.puts_user());
    let is_recorded = |path: &FieldPath| entry.fields.get(path).is_some();
    let still_unconfirmed = before.into_iter().flat_map(|before| &before.unconfirmed);
    let unconfirmed = still_unconfirmed
        .filter(|path| is_recorded(path))
        .cloned()
        .chain(confirmation.unconfirmed())
        .collect();
    let still_instead = before.into_iter().flat_map(|before| &before.shown_instead);
    let shown_instead = still_instead
        .filter(|(path, _)| is_recorded(path))
        .chain(&instead.digests)
        .map(|(path, digest)| (path.clone(), *digest))
        .collect();
    Entry {
        remote_id,
        unconfirmed,
        shown_instead,
        ..entry
    }
}

/// The journal record of an applied change. `entry` is the new entry of its user; a forget and a delete have none.
pub(crate) fn record_of(planned: &PlannedChange, entry: Option<Entry>) -> JournalRecord {
    let id = planned.id.clone();
    match (&planned.change, entry) {
        (Change::Move { from, .. }, Some(entry)) => JournalRecord::Moved {
            from: from.clone(),
            to: id,
            entry,
        },
        (_, Some(entry)) => JournalRecord::Applied(id, entry),
        (_, None) => JournalRecord::Gone(id),
    }
}
