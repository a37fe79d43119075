//! Recomputes digests under a new key.

use std::collections::BTreeSet;

use crate::model::{
    Attributes, Desired, DigestKey, FieldDigest, FieldPath, FieldValue, MemberId, Pending, Plan,
    PlannedChange, RecordedFields, State, UserKey,
};
use crate::parallel::in_parallel;

/// Recomputes every digest of a state under a new key. Digests do not turn back into values, so the values
/// come from the manifests: a recorded user must be declared exactly as recorded. Rejections of other
/// declarations are dropped, because no manifest declares them. Of a value that was being sent and is not
/// declared, only the field is kept. Channel's own ids, and values that it keeps in its own notation, are learned
/// anew from its next responses.
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
                entry.remote_id = None;
                // What Channel keeps in its own notation is in no manifest, so it is learned anew.
                let shown = std::mem::take(&mut entry.shown_instead);
                entry.unconfirmed.extend(shown.into_keys());
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
    for (id, pending) in &mut renewed.pending {
        let attributes = desired.users.get(id).map(|user| &*user.attributes);
        let keys = (&old.for_user(id), &key.for_user(id));
        *pending = renewed_pending(pending, attributes, keys);
    }
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

fn renewed_pending(
    pending: &Pending,
    attributes: Option<&Attributes>,
    (old, new): (&UserKey, &UserKey),
) -> Pending {
    let Pending {
        action,
        digest,
        fields,
        touched,
        earlier,
        recreated: _,
        since,
    } = pending;
    let mut touched: BTreeSet<FieldPath> = touched.clone();
    let mut renew = |path: &FieldPath, digest: FieldDigest| {
        let declared = attributes.and_then(|attributes| attributes.get(path));
        let known = [
            FieldValue::Clear,
            FieldValue::Flag(true),
            FieldValue::Flag(false),
        ];
        let mut values = declared.into_iter().chain(known);
        let value = values.find(|value| old.field(path, *value) == digest);
        if value.is_none() {
            touched.insert(path.clone());
        }
        value.map(|value| (path.clone(), new.field(path, value)))
    };
    let fields: Vec<_> = fields
        .iter()
        .filter_map(|(path, digest)| renew(path, digest))
        .collect();
    let earlier = earlier.iter();
    let earlier = earlier
        .filter_map(|(path, digest)| renew(path, *digest))
        .collect();
    let is_sent = |attributes: &&Attributes| Some(old.user_digest(attributes)) == *digest;
    Pending {
        action: action.clone(),
        digest: attributes
            .filter(is_sent)
            .map(|attributes| new.user_digest(attributes)),
        fields: RecordedFields::new(fields),
        touched,
        earlier,
        recreated: None,
        since: *since,
    }
}

/// Recomputes the digests that a plan records, with another key. For the first apply: its plan is made
/// before the state has a salt. What the plan does stays the same, and so does its digest.
pub fn rekey_plan(plan: &mut Plan, desired: &Desired, key: &DigestKey) {
    let digests = in_parallel(&plan.changes, |PlannedChange { id, change, .. }| {
        change.write()?;
        let user = desired.users.get(id)?;
        Some(key.for_user(id).user_digest(&user.attributes))
    });
    for (planned, digest) in plan.changes.iter_mut().zip(digests) {
        if let (Some(write), Some(digest)) = (planned.change.write_mut(), digest) {
            write.digest = digest;
        }
    }
}
