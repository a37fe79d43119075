//! Makes the intent of a change: what is about to be sent, as digests.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    Change, Digests, FieldAction, Pending, PendingAction, PlannedChange, RecordedFields,
};

/// The intent of a change. `None` if no request is sent. `digests` are those of everything declared; a forget and a
/// delete have none.
pub(crate) fn intent_of(
    planned: &PlannedChange,
    digests: Option<&Digests>,
    now: Timestamp,
) -> Option<Pending> {
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
    if let (
        Some(write),
        Some(Digests {
            fields: declared, ..
        }),
    ) = (change.write(), digests)
    {
        // Channel may have nothing of it under the new id, so the request holds everything declared.
        let is_move = matches!(change, Change::Move { .. });
        fields.extend(declared.iter().filter(|_| is_move).cloned());
        for field in write.fields().iter() {
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
        digest: change.write().map(|write| write.digest),
        fields: RecordedFields::new(fields),
        touched,
        earlier: Vec::new(),
        recreated: None,
        since: now,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{
        Attributes, Declared, DigestKey, Entry, FieldChanges, MemberId, Reason, Upsert, Value,
        Write,
    };

    #[test]
    fn a_move_names_everything_declared() {
        let id = |text| MemberId::new(text).expect("an id");
        let attributes = Arc::new(Attributes {
            profile: [("note".into(), Declared::Set(Value::Text("pro".into())))].into(),
            tags: Some(["vip".to_owned()].into()),
            ..Attributes::default()
        });
        let key = DigestKey::new(b"salt", None);
        let now = Timestamp::UNIX_EPOCH;
        let digests = key.for_user(&id("new")).digests(&attributes);
        let planned = PlannedChange {
            id: id("new"),
            change: Change::Move {
                from: id("old"),
                last: Box::new(Entry::new(
                    &key.for_user(&id("old")).digests(&attributes),
                    now,
                )),
                write: Write {
                    declared: Arc::clone(&attributes),
                    digest: digests.user,
                    changes: FieldChanges::Listed {
                        upsert: Some(Upsert(attributes)),
                        // Nothing differs from the record of the old id.
                        fields: Vec::new(),
                    },
                    unchanged_fields: 2,
                },
                delete_old: false,
            },
            reason: Reason::Moved,
            origin: None,
            rejected: None,
        };
        let pending = intent_of(&planned, Some(&digests), now).expect("a request is sent");
        assert_eq!(pending.fields, RecordedFields::new(digests.fields));
    }
}
