//! The clones of the repository, in which the command runs, and the copy of the state that they share.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::channel::Ledger;
use crate::dice::Dice;
use crate::disk::ModelDisk;
use crate::journal;
use crate::process::journal_of;
use crate::trace::Trace;

/// The shared copy, among the clones of the ledger.
pub(crate) const ORIGIN: usize = usize::MAX;

/// The state, as git has it.
#[derive(Clone, Debug, Default)]
struct Copies {
    /// What was pushed last.
    origin: Option<Vec<u8>>,
    /// For each clone: what it pulled or pushed last.
    known: Vec<Option<Vec<u8>>>,
}

/// All clones.
#[derive(Debug)]
pub(crate) struct Clones(Copies);

impl Clones {
    pub(crate) fn new(count: usize) -> Self {
        Self(Copies {
            origin: None,
            known: vec![None; count],
        })
    }

    /// Makes them known to the ledger.
    pub(crate) fn register(&self, ledger: &mut Ledger) {
        for clone in (0..self.0.known.len()).chain([ORIGIN]) {
            ledger.unaware.entry(clone).or_default();
        }
    }

    pub(crate) fn pick(&self, dice: &Dice) -> usize {
        dice.below(self.0.known.len())
    }

    /// Whether one clone does everything.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.known.len() == 1
    }

    /// The state's file of a clone.
    pub(crate) fn state(clone: usize) -> PathBuf {
        PathBuf::from(format!("/clone-{clone}/talkform.state.json"))
    }

    /// Brings the shared state into a clone. A state of its own that was not pushed gives way where another one was
    /// pushed meanwhile; the journal stays.
    pub(crate) fn pull(
        &mut self,
        clone: usize,
        disk: &ModelDisk,
        ledger: &mut Ledger,
        trace: &Trace,
    ) {
        let path = Self::state(clone);
        let local = disk.read(&path);
        let Some(origin) = self.0.origin.clone() else {
            return;
        };
        if local.as_ref() == Some(&origin) {
            return;
        }
        if self.0.known[clone].as_ref() == Some(&origin) {
            self.push(clone, disk, ledger, trace);
            return;
        }
        trace.note(|| format!("clone {clone} pulls another state"));
        disk.put(&path, &origin);
        self.has_pulled(clone, disk, ledger);
    }

    /// The shared state, where another clone has pushed it since.
    pub(crate) fn pushed_by_others(&self, clone: usize) -> Option<Vec<u8>> {
        let origin = self.0.origin.as_ref();
        let is_new = origin != self.0.known[clone].as_ref();
        origin.filter(|_| is_new).cloned()
    }

    /// The clone has the shared state now, and what its journal tells.
    pub(crate) fn has_pulled(&mut self, clone: usize, disk: &ModelDisk, ledger: &mut Ledger) {
        let path = Self::state(clone);
        let unaware = ledger.unaware.get(&ORIGIN).cloned().unwrap_or_default();
        let own = journal_users(disk, clone).unwrap_or_else(|| {
            // It belongs to another state, so the command refuses to run until a person moves it away.
            disk.take_away(&journal_of(&path));
            BTreeSet::new()
        });
        // The journal tells what this clone sent, and nothing of what another clone sent and did not push.
        let before = ledger.unaware.get(&clone).cloned().unwrap_or_default();
        let rest = unaware.into_iter();
        let rest = rest.filter(|id| !own.contains(id) || before.contains(id));
        let rest = rest.collect();
        ledger.unaware.insert(clone, rest);
        self.0.known[clone].clone_from(&self.0.origin);
    }

    /// Makes the state of a clone the shared one, if it was made from it.
    pub(crate) fn push(
        &mut self,
        clone: usize,
        disk: &ModelDisk,
        ledger: &mut Ledger,
        trace: &Trace,
    ) {
        if self.0.origin != self.0.known[clone] {
            return;
        }
        let Some(local) = disk.read(&Self::state(clone)) else {
            return;
        };
        trace.note(|| format!("clone {clone} pushes its state"));
        let mut unaware = ledger.unaware.get(&clone).cloned().unwrap_or_default();
        unaware.extend(journal_users(disk, clone).unwrap_or_default());
        ledger.unaware.insert(ORIGIN, unaware);
        self.0.origin = Some(local.clone());
        self.0.known[clone] = Some(local);
    }
}

/// The users of whom the journal of a clone tells, beside the state of the clone. `None` where it belongs to another
/// state.
fn journal_users(disk: &ModelDisk, clone: usize) -> Option<BTreeSet<String>> {
    let path = Clones::state(clone);
    let (Some(state), Some(journal)) = (disk.read(&path), disk.read(&journal_of(&path))) else {
        return Some(BTreeSet::new());
    };
    let state = talkform::state::parse(&state).expect("what was pushed or pulled is whole");
    journal::users(&journal, &state)
}
