//! Recomputes digests under a new key.

use crate::model::{Change, Desired, DigestKey, MemberId, Plan, RecordedFields, State};

/// Recomputes every digest of a state under a new key. Digests do not turn back into values, so the values
/// come from the manifests: a recorded user must be declared exactly as recorded. Rejections of other
/// declarations are dropped, because no manifest declares them.
///
/// # Errors
///
/// The users that are not declared as recorded, in order.
pub fn rekey(
    state: &State,
    desired: &Desired,
    old: &DigestKey,
    new: (&DigestKey, Vec<u8>),
) -> Result<State, Vec<MemberId>> {
    let (key, salt) = new;
    let mut renewed = state.clone();
    let mut lost = Vec::new();
    for (id, entry) in &mut renewed.users {
        match desired.users.get(id) {
            Some(user) if old.for_user(id).user_digest(&user.attributes) == entry.digest => {
                let digests = key.for_user(id).digests(&user.attributes);
                entry.digest = digests.user;
                entry.fields = RecordedFields::new(digests.fields);
            }
            _ => lost.push(id.clone()),
        }
    }
    if !lost.is_empty() {
        return Err(lost);
    }
    renewed.rejected.retain(|id, rejection| {
        let Some(user) = desired.users.get(id) else {
            return false;
        };
        let is_this = old.for_user(id).user_digest(&user.attributes) == rejection.digest;
        rejection.digest = key.for_user(id).user_digest(&user.attributes);
        is_this
    });
    // The digests of files were made with the old key.
    renewed.files.clear();
    for entry in renewed.users.values_mut() {
        entry.file = None;
    }
    renewed.salt = salt;
    renewed.key_id = key.key_id().map(ToOwned::to_owned);
    renewed.serial += 1;
    Ok(renewed)
}

/// Recomputes the digests that a plan records, with another key. For the first apply: its plan is made
/// before the state has a salt. What the plan does stays the same, and so does its digest.
pub fn rekey_plan(plan: &Plan, desired: &Desired, key: &DigestKey) -> Plan {
    let mut plan = plan.clone();
    for planned in &mut plan.changes {
        let write = match &mut planned.change {
            Change::Create(write) | Change::Update(write) | Change::Move { write, .. } => write,
            Change::Forget { .. } | Change::Delete { .. } => continue,
        };
        if let Some(user) = desired.users.get(&planned.id) {
            write.digests = key.for_user(&planned.id).digests(&user.attributes);
        }
    }
    plan
}
