//! Damages a state that nobody writes, and repairs it as a person would.

use std::sync::Arc;

use talkform::model::{FieldPath, MemberId, State};
use talkform::state::{Store, StoreError};

use crate::channel::{Field, Ledger};
use crate::clock;
use crate::clones::Clones;
use crate::dice::Dice;
use crate::disk::ModelDisk;
use crate::trace::Trace;

/// Some bytes of the state change. Either the state is read as before, or it is refused and repaired.
pub(crate) fn damage(
    clone: usize,
    disk: &ModelDisk,
    ledger: &mut Ledger,
    dice: &Dice,
    trace: &Trace,
) -> Result<(), String> {
    let path = Clones::state(clone);
    let Some(whole) = disk.read(&path) else {
        return Ok(());
    };
    let store = Store::on(Arc::new(disk.clone()), &path);
    let before = store.load().map_err(|error| error.to_string())?.state;
    disk.put(&path, &damaged(&whole, dice));
    match store.load() {
        Ok(loaded) if loaded.state == before => return Ok(()),
        Ok(_) => return Err("a damaged state is read as another one".to_owned()),
        Err(error) => trace.note(|| format!("the state is damaged: {error}")),
    }
    match store.repair(clock::now()) {
        Ok(Some((repaired, copy))) => {
            disk.take_away(&copy);
            trace.note(|| format!("the state is repaired; lost: {:?}", repaired.lost));
            forget(&repaired.state, ledger);
            Ok(())
        }
        Ok(None) => Err("a state that is refused counts as whole".to_owned()),
        Err(StoreError::Format { cause, .. }) => {
            trace.note(|| format!("the state is restored from a backup: {cause}"));
            disk.put(&path, &whole);
            Ok(())
        }
        Err(error) => Err(format!("the state cannot be repaired: {error}")),
    }
}

/// What talkform has set and the state does not know any more stays on Channel, opt-outs too.
fn forget(state: &State, ledger: &mut Ledger) {
    let knows = |(id, path): &Field| {
        let id = MemberId::new(id).expect("an id");
        let path: FieldPath = path.parse().expect("a path");
        let recorded = state.users.get(&id);
        let sent = state.pending.get(&id);
        recorded.is_some_and(|entry| entry.fields.get(&path).is_some())
            || sent.is_some_and(|pending| pending.paths().contains(&path))
    };
    ledger.ours.retain(knows);
    // Another clone may still record the opt-out. The check that follows finds those that this state still knows.
    if ledger.has_one_clone() {
        ledger.opted_out_by_us.clear();
    }
}

/// The bytes with one kind of damage.
fn damaged(whole: &[u8], dice: &Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let at = dice.below(bytes.len());
    let mut lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let line = dice.below(lines.len());
    match dice.below(6) {
        0 | 1 => bytes[at] ^= 1 << dice.below(7),
        2 => bytes.truncate(at),
        3 => {
            let end = bytes.len().min(at + 16);
            bytes[at..end].fill(0);
        }
        4 => {
            lines.remove(line);
            bytes = lines.concat();
        }
        _ => {
            lines.insert(line, lines[line]);
            bytes = lines.concat();
        }
    }
    bytes
}
