//! Makes the journal records of a change.

use jiff::Timestamp;

use crate::apply::intent::intent_of;
use crate::apply::recreate::{missing_opt_outs, restoring};
use crate::model::{Change, DigestKey, Digests, Entry, Plan, PlannedChange, Write};
use crate::remote::ResponseUser;
use crate::state::JournalRecord;

/// The most that executing a plan can write to the journal: the intent of every change, that of restoring the
/// declared opt-outs, and that it is applied with no field confirmed.
pub fn most_written(
    plan: &Plan,
    key: &DigestKey,
    now: Timestamp,
) -> impl Iterator<Item = JournalRecord> {
    plan.changes.iter().flat_map(move |planned| {
        let nothing_confirmed = |digests: &Digests| {
            let unconfirmed = digests.fields.iter().map(|(path, _)| path.clone());
            Entry {
                unconfirmed: unconfirmed.collect(),
                // Digests have one length.
                shown_instead: digests.fields.iter().cloned().collect(),
                ..Entry::new(digests, now)
            }
        };
        let intent = intent_of(planned, key, now);
        let restored = planned.change.write().and_then(|write| {
            let opt_outs = missing_opt_outs(write, &ResponseUser::default())?;
            Some(restoring(write, &opt_outs, &key.for_user(&planned.id), now))
        });
        let intents = intent.into_iter().chain(restored);
        let intents = intents.map(|pending| JournalRecord::Intent(planned.id.clone(), pending));
        let result = record_of(planned, key, &nothing_confirmed);
        intents.chain([result])
    })
}

/// The journal record of an applied change.
pub(crate) fn record_of(
    planned: &PlannedChange,
    key: &DigestKey,
    entry: &dyn Fn(&Digests) -> Entry,
) -> JournalRecord {
    let id = planned.id.clone();
    let digests = |write: &Write| write.digests(&key.for_user(&planned.id));
    match &planned.change {
        Change::Create(write) | Change::Update(write) => {
            JournalRecord::Applied(id, entry(&digests(write)))
        }
        Change::Move { from, write, .. } => JournalRecord::Moved {
            from: from.clone(),
            to: id,
            entry: entry(&digests(write)),
        },
        Change::Forget { .. } | Change::Delete { .. } => JournalRecord::Gone(id),
    }
}
