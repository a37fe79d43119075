//! Computes the digest that identifies a plan.

use crate::model::{ApiChange, Change, PlanDigest, PlannedChange, Write};

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
        parts.push(change.action().as_str().into());
        match change {
            Change::Create(write) | Change::Update(write) => add_write(&mut parts, write),
            Change::Move {
                from,
                last,
                write,
                delete_old,
            } => {
                parts.push(from.as_str().into());
                parts.push(last.digest.as_bytes().into());
                parts.push(vec![u8::from(*delete_old)]);
                add_write(&mut parts, write);
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

/// The new value of a field is part of the user's digest, so a field adds only its action and path.
fn add_write(parts: &mut Vec<Vec<u8>>, write: &Write) {
    let Write {
        digests,
        fields,
        upsert: _,
        unchanged_fields: _,
    } = write;
    parts.push(digests.user.as_bytes().into());
    parts.push(fields.len().to_le_bytes().into());
    parts.extend(fields.iter().map(|field| field.decision().into_bytes()));
}
