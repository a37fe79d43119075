//! What people do on Channel without talkform: they opt out, change themselves, and are deleted and made anew.

use serde_json::json;

use crate::channel::ledger::Ledger;
use crate::channel::users::{FLAGS, Users};
use crate::dice::Dice;
use crate::repository::{KEYS, TAGS, TEXTS};
use crate::trace::Trace;

/// One person does something.
pub(crate) fn act(users: &mut Users, ledger: &mut Ledger, dice: &Dice, trace: &Trace) {
    let ids = users.ids();
    if ids.is_empty() {
        return;
    }
    let id = dice.pick(&ids).clone();
    match dice.below(10) {
        0..=3 => {
            let flag = *dice.pick(&FLAGS);
            let value = dice.percent(80);
            set_flag(users, ledger, &id, flag, value);
            trace.note(|| format!("people: {id} sets {flag} to {value}"));
        }
        4 | 5 => {
            let key = *dice.pick(&KEYS);
            let value = dice.pick(&TEXTS);
            let user = users.get_mut(&id).expect("a user");
            user.profile.insert(key.to_owned(), json!(value));
            changed_key(ledger, &id, key);
            trace.note(|| format!("people: {id} sets {key} to {value}"));
        }
        6 => {
            let key = *dice.pick(&KEYS);
            let user = users.get_mut(&id).expect("a user");
            user.profile.remove(key);
            changed_key(ledger, &id, key);
            trace.note(|| format!("people: {id} removes {key}"));
        }
        7 => {
            let user = users.get_mut(&id).expect("a user");
            user.tags = [(*dice.pick(&TAGS)).to_lowercase()].into();
            ledger.changed(&id, "tags");
            trace.note(|| format!("people: {id} has other tags"));
        }
        8 => {
            delete(users, ledger, &id);
            trace.note(|| format!("people: {id} is deleted"));
        }
        _ => {
            delete(users, ledger, &id);
            users.create(&id);
            ledger.deleted_by_people.remove(&id);
            if dice.percent(50) {
                let flag = *dice.pick(&FLAGS);
                set_flag(users, ledger, &id, flag, true);
            }
            trace.note(|| format!("people: {id} is deleted and made anew"));
        }
    }
}

fn set_flag(users: &mut Users, ledger: &mut Ledger, id: &str, flag: &str, value: bool) {
    let user = users.get_mut(id).expect("a user");
    user.flags.insert(flag.to_owned(), value);
    ledger.changed(id, flag);
}

fn changed_key(ledger: &mut Ledger, id: &str, key: &str) {
    ledger.changed(id, &format!("profile.{key}"));
    ledger.changed(id, &format!("profileOnce.{key}"));
}

fn delete(users: &mut Users, ledger: &mut Ledger, id: &str) {
    users.remove(id);
    ledger.deleted_by_people.insert(id.to_owned());
    for key in KEYS {
        changed_key(ledger, id, key);
    }
    ledger.changed(id, "tags");
    for flag in FLAGS {
        ledger.changed(id, flag);
    }
}
