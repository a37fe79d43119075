//! The name of a decision.

use crate::model::{ApiChange, Change, FieldChange, PlanDigest, PlannedChange};

/// SHA-256 over lineage, serial and every change's id, action, digest and field paths. Reasons,
/// places and known old values are for people and leave it alone. A step to another API version is
/// part of it only where there is one, in words that no id has.
pub(crate) fn of_plan(
    changes: &[PlannedChange],
    api: Option<ApiChange>,
    lineage: &str,
    serial: u64,
) -> PlanDigest {
    let mut parts: Vec<Vec<u8>> = vec![
        b"talkform plan 1".to_vec(),
        lineage.into(),
        serial.to_le_bytes().into(),
    ];
    for PlannedChange {
        id,
        change,
        reason: _,
        origin: _,
        rejected: _,
    } in changes
    {
        parts.push(id.as_str().into());
        parts.push(change.action().into());
        match change {
            Change::Create {
                digests,
                fields,
                upsert: _,
            }
            | Change::Update {
                digests,
                fields,
                upsert: _,
                unchanged_fields: _,
            } => {
                parts.push(digests.user.as_bytes().into());
                parts.push(fields.len().to_le_bytes().into());
                parts.extend(fields.iter().map(field));
            }
            Change::Move {
                from,
                last,
                digests,
                fields,
                delete_old,
                upsert: _,
                unchanged_fields: _,
            } => {
                parts.push(from.as_str().into());
                parts.push(last.digest.as_bytes().into());
                parts.push(vec![u8::from(*delete_old)]);
                parts.push(digests.user.as_bytes().into());
                parts.push(fields.len().to_le_bytes().into());
                parts.extend(fields.iter().map(field));
            }
            Change::Forget { last } | Change::Delete { last } => {
                parts.push(last.digest.as_bytes().into());
            }
        }
    }
    if let Some(step) = api {
        parts.push(format!("api {step}").into());
    }
    PlanDigest::over(parts.iter().map(Vec::as_slice))
}

/// The action and the path. What a field is set to is in the user's digest.
fn field(field: &FieldChange) -> Vec<u8> {
    field.decision().into_bytes()
}
