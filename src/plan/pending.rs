//! Plans users whose last request has no known result.
//!
//! Channel may have such a user as recorded or as it was being sent, so the user is planned whole. Fields that
//! were being sent count as recorded, and a user that was being created counts as recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::digest::digests::UserDigest;
use crate::model::{
    Attributes, Change, Digests, Entry, FieldAction, FieldChange, FieldChanges, FieldDigest,
    FieldPath, MemberId, Observed, Pending, Previous, RecordedFields, State, UserKey, Write,
};
use crate::plan::change::upsert;
use crate::plan::compare::{FieldStatus, field_status};
use crate::plan::context::Context;
use crate::plan::field::{is_opted_out, observed_value, recorded_value, undeclared_action};

/// What is known of a pending user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The last confirmed record; `None` for a user that was being created.
    pub(crate) entry: Option<&'a Entry>,
    /// What was being sent.
    pub(crate) pending: &'a Pending,
    /// What Channel has, if it was asked.
    pub(crate) observed: Option<&'a Observed>,
    /// Whether Channel was asked and has another person than the recorded one.
    pub(crate) is_other_person: bool,
    /// The user's own digest key.
    pub(crate) key: &'a UserKey,
}

impl Known<'_> {
    /// Whether Channel may have a new person under this id, with none of the recorded fields.
    fn may_be_new(&self) -> bool {
        self.is_other_person
            || self.entry.is_none()
            || self.pending.may_have_created()
            || self.pending.may_have_deleted()
    }

    /// Whether the record or the request says that the person opted out: only then may `false` be sent.
    fn is_opted_out(&self, path: &FieldPath) -> bool {
        let recorded = self.entry.and_then(|entry| entry.fields.get(path));
        let recorded = recorded.filter(|_| !self.is_other_person);
        let mut digests = recorded.into_iter().chain(self.pending.sent(path));
        digests.any(|digest| is_opted_out(path, Some(digest), self.key))
    }

    /// What is known of the value before.
    fn previous(&self, path: &FieldPath, base: Option<&Attributes>) -> Previous {
        if let Some(observed) = self.observed {
            return observed_value(path, observed);
        }
        let recorded = self.entry.and_then(|entry| entry.fields.get(path));
        // If the person may be new, the recorded value may be gone.
        if self.is_touched(path) || (recorded.is_some() && self.may_be_new()) {
            return Previous::DigestOnly;
        }
        recorded_value(path, recorded, base, self.key)
    }

    fn is_touched(&self, path: &FieldPath) -> bool {
        self.pending.touched.contains(path) || self.pending.sent(path).next().is_some()
    }

    /// Whether Channel has this value, whichever requests it carried out.
    fn is_certain(&self, path: &FieldPath, digest: FieldDigest) -> bool {
        let recorded = self.entry.and_then(|entry| entry.fields.get(path));
        recorded == Some(digest)
            && self.pending.sent(path).all(|sent| sent == digest)
            && !self.pending.touched.contains(path)
            && !self.may_be_new()
    }
}

/// Plans a desired user that is pending: one change for each field whose value on Channel is not certain.
pub(crate) fn desired_user(
    attributes: &Arc<Attributes>,
    digests: &Digests,
    known: &Known<'_>,
    base: Option<&Attributes>,
    context: &Context<'_>,
) -> Change {
    let mut fields = Vec::new();
    let mut unchanged_fields = 0;
    for ((path, value), (_, digest)) in attributes.fields().zip(&digests.fields) {
        let is_there = path.is_unsubscribe_flag()
            && known.observed.is_some_and(|observed| {
                matches!(
                    field_status(&path, *digest, observed, known.key),
                    FieldStatus::Same
                )
            });
        if known.is_certain(&path, *digest) || is_there {
            unchanged_fields += 1;
            continue;
        }
        let old = known.previous(&path, base);
        let action = FieldAction::declared(&path, value, old, known.is_opted_out(&path));
        fields.push(FieldChange { path, action });
    }
    let recorded = known.entry.into_iter();
    let recorded = recorded.flat_map(|entry| {
        let fields = entry.fields.iter().map(|(path, _)| path);
        fields.chain(entry.not_cleared())
    });
    let mut ours = known.pending.paths();
    ours.extend(recorded);
    for path in ours {
        if attributes.get(path).is_none() {
            let old = known.previous(path, base);
            let action = undeclared_action(path, old, attributes, context.removed.fields);
            fields.push(FieldChange {
                path: path.clone(),
                action,
            });
        }
    }
    fields.sort_by(|one, other| one.path.cmp(&other.path));
    let write = Write {
        declared: Arc::clone(attributes),
        digest: digests.user,
        changes: FieldChanges::Listed {
            upsert: Some(upsert(attributes, &fields)),
            fields,
        },
        unchanged_fields,
    };
    match known.entry {
        Some(_) => Change::Update(write),
        None => Change::Create(write),
    }
}

/// Returns an entry for every pending user that no entry records, so that the user is forgotten or deleted
/// once no manifest declares it.
pub(crate) fn unrecorded(state: &State) -> BTreeMap<&MemberId, Entry> {
    let pending = state.pending.iter();
    let unrecorded = pending.filter(|(id, _)| !state.users.contains_key(*id));
    unrecorded
        .map(|(id, pending)| (id, entry_of(pending)))
        .collect()
}

fn entry_of(pending: &Pending) -> Entry {
    Entry {
        digest: pending.digest.unwrap_or(UserDigest::UNKNOWN),
        at: pending.since,
        file: None,
        fields: RecordedFields::new(
            pending
                .fields
                .iter()
                .map(|(path, digest)| (path.clone(), digest)),
        ),
        remote_id: None,
        unconfirmed: pending.paths().into_iter().cloned().collect(),
        shown_instead: BTreeMap::new(),
    }
}
