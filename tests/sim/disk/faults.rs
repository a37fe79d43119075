//! Which operations of the disk fail, and how often.

use std::io;

use crate::dice::Dice;

/// Chances in a hundred that an operation of a kind fails.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DiskFaults {
    pub(crate) open: usize,
    pub(crate) read: usize,
    pub(crate) write: usize,
    pub(crate) sync: usize,
    pub(crate) rename: usize,
    pub(crate) remove: usize,
    pub(crate) sync_folder: usize,
    /// How many bytes the disk takes besides what is on it; `None` for any number.
    pub(crate) room: Option<usize>,
}

impl DiskFaults {
    /// Some kinds of operations fail, often or seldom.
    pub(crate) fn random(dice: &Dice) -> Self {
        let chance = || {
            if dice.percent(40) {
                *dice.pick(&[3, 10, 40, 100])
            } else {
                0
            }
        };
        Self {
            open: if dice.percent(30) { 10 } else { 0 },
            read: if dice.percent(20) { 10 } else { 0 },
            write: chance(),
            sync: chance(),
            rename: chance(),
            remove: chance(),
            sync_folder: chance(),
            room: dice.percent(40).then(|| dice.below(6000)),
        }
    }

    /// Fails this many times in a hundred.
    pub(crate) fn draw(chance: usize, dice: &Dice) -> io::Result<()> {
        if chance > 0 && dice.percent(chance) {
            return Err(io::Error::other("a fault of the disk"));
        }
        Ok(())
    }
}
