//! Makes the intent of a change: what is about to be sent, as digests.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{Change, FieldAction, Pending, PendingAction, PlannedChange, RecordedFields};

/// The intent of a change. `None` where no request is sent.
pub(crate) fn intent_of(planned: &PlannedChange, now: Timestamp) -> Option<Pending> {
    let change = &planned.change;
    if !change.sends_request() {
        return None;
    }
    let action = match change {
        Change::Create(_) => PendingAction::Create,
        Change::Update(_) => PendingAction::Update,
        Change::Move {
            from, delete_old, ..
        } => PendingAction::MoveFrom {
            from: from.clone(),
            delete_old: *delete_old,
        },
        Change::Delete { .. } => PendingAction::Delete,
        Change::Forget { .. } => return None,
    };
    let mut touched = BTreeSet::new();
    let mut fields = Vec::new();
    if let Some(write) = change.write() {
        for field in &write.fields {
            let declared = &write.digests.fields;
            let place = declared.binary_search_by(|(path, _)| path.cmp(&field.path));
            match (&field.action, place) {
                (FieldAction::Release | FieldAction::Leave { .. }, _) => {}
                (_, Ok(place)) => fields.push(declared[place].clone()),
                (_, Err(_)) => {
                    touched.insert(field.path.clone());
                }
            }
        }
    }
    Some(Pending {
        action,
        digest: change.write().map(|write| write.digests.user),
        fields: RecordedFields::new(fields),
        touched,
        earlier: Vec::new(),
        since: now,
    })
}
