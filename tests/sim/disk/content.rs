//! The content of one file: what programs see, what is safe, and what lies between.

use std::time::SystemTime;

use crate::dice::Dice;

/// A change of the content.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

/// What a power cut leaves of the changes that no flush has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// None of them.
    All,
    /// The first of them, and a part of the next one.
    Tail,
    /// Any sectors of them, in any order; the length may have arrived without the content.
    Sectors(usize),
    /// All of them.
    Nothing,
}

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    seen: Vec<u8>,
    safe: Vec<u8>,
    /// What no flush has reached, in order.
    unsynced: Vec<Change>,
    pub(crate) modified: SystemTime,
}

impl Content {
    pub(crate) fn new(modified: SystemTime) -> Self {
        Self {
            seen: Vec::new(),
            safe: Vec::new(),
            unsynced: Vec::new(),
            modified,
        }
    }

    pub(crate) fn seen(&self) -> &[u8] {
        &self.seen
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.unsynced.push(change);
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let at = self.seen.len();
            let bytes = bytes.to_vec();
            self.change(Change::Write { at, bytes });
        }
    }

    pub(crate) fn set_length(&mut self, length: usize) {
        self.change(Change::Length(length));
    }

    /// How many changes no flush has reached.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Flushes the first changes.
    pub(crate) fn sync(&mut self, count: usize) {
        let count = count.min(self.unsynced.len());
        for change in self.unsynced.drain(..count) {
            change.apply(&mut self.safe);
        }
    }

    /// A flush fails. Some of the changes have reached the disk, and no later flush writes the others: the system
    /// believes that they are there.
    pub(crate) fn forsake(&mut self, dice: &Dice) {
        let loss = *dice.pick(&[Loss::All, Loss::Tail, Loss::Sectors(16), Loss::Nothing]);
        self.reach(loss, dice);
    }

    /// The power is cut.
    pub(crate) fn lose(&mut self, loss: Loss, dice: &Dice) {
        self.reach(loss, dice);
        self.seen = self.safe.clone();
    }

    /// A part of the changes reaches the disk. The others are lost.
    fn reach(&mut self, loss: Loss, dice: &Dice) {
        let changes = std::mem::take(&mut self.unsynced);
        match loss {
            Loss::All => {}
            Loss::Nothing => changes
                .iter()
                .for_each(|change| change.apply(&mut self.safe)),
            Loss::Tail => {
                let kept = dice.below(changes.len() + 1);
                for change in &changes[..kept] {
                    change.apply(&mut self.safe);
                }
                if let Some(Change::Write { at, bytes }) = changes.get(kept) {
                    let bytes = bytes[..dice.below(bytes.len() + 1)].to_vec();
                    Change::Write { at: *at, bytes }.apply(&mut self.safe);
                }
            }
            Loss::Sectors(size) => {
                for change in &changes {
                    self.lose_sectors(change, size, dice);
                }
            }
        }
    }

    fn lose_sectors(&mut self, change: &Change, size: usize, dice: &Dice) {
        let Change::Write { at, bytes } = change else {
            if dice.percent(50) {
                change.apply(&mut self.safe);
            }
            return;
        };
        let mut from = *at;
        let end = at + bytes.len();
        while from < end {
            let to = end.min((from / size + 1) * size);
            if dice.percent(50) {
                let bytes = bytes[from - at..to - at].to_vec();
                Change::Write { at: from, bytes }.apply(&mut self.safe);
            } else if dice.percent(50) && self.safe.len() < to {
                self.safe.resize(to, 0);
            }
            from = to;
        }
    }
}
