//! Checks what a state claims against what Channel has.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use talkform::model::{DigestKey, FieldPath, FieldValue, MemberId, Number, State, UserKey, Value};

use crate::channel::Remote;

/// A field as the model Channel has it.
fn value(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Bool(flag) => Some(Value::Boolean(*flag)),
        Json::Number(number) => Some(Value::Number(Number::new(number.as_f64()?)?)),
        Json::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().map(Value::from)
        }
        Json::Null | Json::Object(_) => None,
    }
}

/// Whether Channel has a field as declared. A flag that is declared as `false` claims nothing: what a person chose
/// stays.
pub(crate) fn is_on_channel(
    remote: &Remote,
    id: &str,
    path: &FieldPath,
    declared: FieldValue<'_>,
) -> bool {
    let Some(user) = remote.users.get(id) else {
        return false;
    };
    match (path, declared) {
        (FieldPath::Profile(key), FieldValue::Clear) => !user.profile.contains_key(key.as_str()),
        (FieldPath::Profile(key), FieldValue::Value(declared)) => {
            let found = user.profile.get(key.as_str()).and_then(value);
            found.as_ref() == Some(declared)
        }
        (FieldPath::ProfileOnce(key), _) => user.profile.contains_key(key.as_str()),
        (FieldPath::Tags, FieldValue::Tags(tags)) => user.tags.iter().eq(tags),
        (flag, FieldValue::Flag(declared)) => {
            !declared || user.flags.get(&flag.to_string()) == Some(&true)
        }
        (path, declared) => panic!("{path} is declared as {declared:?}"),
    }
}

/// Whether Channel has a field as the digest says.
fn is_as_recorded(
    remote: &Remote,
    id: &MemberId,
    path: &FieldPath,
    digest: talkform::model::FieldDigest,
    key: &UserKey,
) -> bool {
    let is = |value: FieldValue<'_>| key.field(path, value) == digest;
    let Some(user) = remote.users.get(id.as_str()) else {
        return false;
    };
    match path {
        FieldPath::Profile(name) => match user.profile.get(name.as_str()).map(value) {
            None => is(FieldValue::Clear),
            Some(found) => found.is_some_and(|found| is(FieldValue::Value(&found))),
        },
        FieldPath::ProfileOnce(name) => user.profile.contains_key(name.as_str()),
        FieldPath::Language => panic!("the manifests here declare no language"),
        FieldPath::Tags => is(FieldValue::Tags(&user.tags.iter().cloned().collect())),
        FieldPath::Unsubscribed | FieldPath::UnsubscribeEmail | FieldPath::UnsubscribeTexting => {
            !is(FieldValue::Flag(true)) || user.flags.get(&path.to_string()) == Some(&true)
        }
    }
}

/// Every field of a user that is not pending is on Channel as recorded, unless a person changed it, Channel did not
/// confirm it, or another clone sent the user meanwhile.
pub(crate) fn check(
    remote: &Remote,
    state: &State,
    key: &DigestKey,
    clone: usize,
) -> Result<(), String> {
    let ledger = &remote.ledger;
    for (id, entry) in &state.users {
        let name = id.as_str();
        if state.pending.contains_key(id)
            || ledger.is_unaware(clone, name)
            || ledger.deleted_by_people.contains(name)
        {
            continue;
        }
        if remote.users.get(name).is_none() {
            return Err(format!(
                "the state records {id}, and Channel does not have it"
            ));
        }
        let key = key.for_user(id);
        for (path, digest) in entry.fields.iter() {
            let is_excused = entry.unconfirmed.contains(path)
                || ledger.is_changed_by_people(name, &path.to_string());
            // The state claims what Channel keeps, where that is another notation.
            let claimed = entry.kept_as(path).unwrap_or(digest);
            if !is_excused && !is_as_recorded(remote, id, path, claimed, &key) {
                return Err(format!(
                    "the state claims {path} of {id}, and Channel has {:?}",
                    remote.users.get(name)
                ));
            }
        }
    }
    Ok(())
}

/// Tells the ledger which users the state has let go of.
pub(crate) fn let_go(remote: &mut Remote, state: &State) {
    let is_known = |id: &String| {
        let id = MemberId::new(id).expect("an id");
        state.users.contains_key(&id) || state.pending.contains_key(&id)
    };
    let ledger = &remote.ledger;
    let mut users: BTreeSet<String> = ledger.created_by_us.clone();
    users.extend(ledger.ours.iter().map(|(id, _)| id.clone()));
    for id in users.iter().filter(|id| !is_known(id)) {
        remote.ledger.forget(id);
    }
}

/// Tells the ledger which flags the state records as `true`, and which may have been set: nobody knows whether the
/// request of an intent left.
pub(crate) fn note_opt_outs(remote: &mut Remote, state: &State, key: &DigestKey) {
    let mut note = |id: &MemberId, path: &FieldPath, digest| {
        let key = key.for_user(id);
        if path.is_unsubscribe_flag() && digest == key.field(path, FieldValue::Flag(true)) {
            let flag = (id.to_string(), path.to_string());
            remote.ledger.opted_out_by_us.insert(flag);
        }
    };
    for (id, entry) in &state.users {
        for (path, digest) in entry.fields.iter() {
            note(id, path, digest);
        }
    }
    for (id, pending) in &state.pending {
        for path in pending.paths() {
            for digest in pending.sent(path) {
                note(id, path, digest);
            }
        }
    }
}

/// Tells the ledger which flags the state does not record as `true` any more. One that it records as `false` is off,
/// unless a person set it.
pub(crate) fn check_flags(
    remote: &mut Remote,
    state: &State,
    key: &DigestKey,
) -> Result<(), String> {
    let opted_out: Vec<(String, String)> = remote.ledger.opted_out_by_us.iter().cloned().collect();
    for (user, flag) in opted_out {
        let id = MemberId::new(&user).expect("an id");
        let path: FieldPath = flag.parse().expect("a flag");
        if state.pending.contains_key(&id) {
            continue;
        }
        let Some(entry) = state.users.get(&id) else {
            remote.ledger.opted_out_by_us.remove(&(user, flag));
            continue;
        };
        let key = key.for_user(&id);
        let recorded = entry.fields.get(&path);
        if recorded == Some(key.field(&path, FieldValue::Flag(true))) {
            continue;
        }
        let is_off = recorded == Some(key.field(&path, FieldValue::Flag(false)));
        let is_on_there = remote
            .users
            .get(&user)
            .is_some_and(|there| there.flags.get(&flag) == Some(&true));
        let is_excused = remote.ledger.is_changed_by_people(&user, &flag)
            || remote
                .ledger
                .kept_on
                .contains(&(user.clone(), flag.clone()))
            || entry.unconfirmed.contains(&path);
        if is_off && is_on_there && !is_excused {
            return Err(format!(
                "the state records {flag} of {user} as false, and it is on"
            ));
        }
        remote.ledger.opted_out_by_us.remove(&(user, flag));
    }
    note_kept_on(remote, state, key);
    Ok(())
}

/// Tells the ledger which flags the state records as `false` although somebody else has turned them on.
fn note_kept_on(remote: &mut Remote, state: &State, key: &DigestKey) {
    for (id, entry) in &state.users {
        let key = key.for_user(id);
        let Some(there) = remote.users.get(id.as_str()) else {
            continue;
        };
        for (path, digest) in entry
            .fields
            .iter()
            .filter(|(path, _)| path.is_unsubscribe_flag())
        {
            let flag = (id.to_string(), path.to_string());
            let is_recorded_off = digest == key.field(path, FieldValue::Flag(false));
            let is_on = there.flags.get(&flag.1) == Some(&true);
            if is_recorded_off && is_on && !remote.ledger.opted_out_by_us.contains(&flag) {
                remote.ledger.kept_on.insert(flag);
            }
        }
    }
}
