//! The files and names of the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::dice::Dice;
use crate::disk::content::{Content, Loss};
use crate::disk::faults::DiskFaults;
use crate::sabotage::Sabotage;
use crate::steps::{Step, Steps};
use crate::trace::Trace;

/// One disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct ModelDisk(Arc<Mutex<Inner>>);

#[derive(Debug)]
pub(crate) struct Inner {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<PathBuf, u64>,
    safe_names: BTreeMap<PathBuf, u64>,
    /// Changes of names that no flush of a folder has reached, in order.
    unsynced: Vec<Renaming>,
    locked: BTreeSet<u64>,
    next_file: u64,
    /// How much room is left; `None` for any amount.
    room: Option<usize>,
    pub(crate) faults: DiskFaults,
    /// Whether no fault and no step counts: somebody other than the run looks at the disk.
    is_calm: bool,
    pub(crate) dice: Dice,
    pub(crate) steps: Arc<Steps>,
    pub(crate) sabotage: Sabotage,
    pub(crate) trace: Trace,
}

#[derive(Clone, Debug)]
enum Renaming {
    Link(PathBuf, u64),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl Renaming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, file) => {
                names.insert(path.clone(), *file);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }

    /// Whether it decides which file has this name.
    fn gives(&self, name: &Path) -> bool {
        match self {
            Self::Link(path, _) | Self::Unlink(path) | Self::Rename(_, path) => path == name,
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Link(path, _) | Self::Unlink(path) | Self::Rename(path, _) => path.parent(),
        }
    }
}

fn dead() -> io::Error {
    io::Error::other("the process is dead")
}

impl ModelDisk {
    pub(crate) fn new(dice: Dice, steps: Arc<Steps>, sabotage: Sabotage, trace: Trace) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            safe_names: BTreeMap::new(),
            unsynced: Vec::new(),
            locked: BTreeSet::new(),
            next_file: 1,
            room: None,
            faults: DiskFaults::default(),
            is_calm: true,
            dice,
            steps,
            sabotage,
            trace,
        })))
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on operations are those of a run.
    pub(crate) fn run_begins(&self, faults: DiskFaults) {
        let mut inner = self.inner();
        inner.is_calm = false;
        inner.faults = faults;
        inner.room = faults.room;
    }

    /// The run has ended or was killed: its locks are gone, and so are its files without a name.
    pub(crate) fn run_ends(&self) {
        let mut inner = self.inner();
        inner.is_calm = true;
        inner.faults = DiskFaults::default();
        inner.room = None;
        inner.locked.clear();
        inner.sweep();
    }

    /// The power is cut while no run is under way.
    pub(crate) fn cut_power(&self, loss: Loss) {
        let mut inner = self.inner();
        let dice = inner.dice.clone();
        let renamings = std::mem::take(&mut inner.unsynced);
        let kept = match loss {
            Loss::All => 0,
            Loss::Nothing => renamings.len(),
            Loss::Tail | Loss::Sectors(_) => dice.below(renamings.len() + 1),
        };
        let is_ordered = !matches!(loss, Loss::Sectors(_));
        let mut names = std::mem::take(&mut inner.safe_names);
        for (place, renaming) in renamings.iter().enumerate() {
            if place < kept || (!is_ordered && dice.percent(50)) {
                renaming.apply(&mut names);
            }
        }
        for content in inner.files.values_mut() {
            content.lose(loss, &dice);
        }
        inner.names.clone_from(&names);
        inner.safe_names = names;
        inner.locked.clear();
        inner.sweep();
        let names = inner.names.len();
        inner
            .trace
            .note(|| format!("power cut ({loss:?}): {names} files are left"));
    }

    /// What programs see in a file.
    pub(crate) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner();
        let file = inner.names.get(path)?;
        Some(inner.files.get(file)?.seen().to_vec())
    }

    /// The number of the file with this name.
    pub(crate) fn number(&self, path: &Path) -> Option<u64> {
        self.inner().names.get(path).copied()
    }

    /// Another program, such as git, puts a file in its place for good.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        let file = inner.new_file();
        let content = inner.content(file);
        content.append(bytes);
        content.sync(usize::MAX);
        inner.names.insert(path.to_owned(), file);
        inner.safe_names.insert(path.to_owned(), file);
        // Changes of this name that were not safe yet are older.
        inner.unsynced.retain(|renaming| !renaming.gives(path));
    }

    /// Another program overwrites a file in place.
    pub(crate) fn overwrite(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        if let Some(file) = inner.names.get(path).copied() {
            let content = inner.content(file);
            content.modified = clock::file_time();
            content.set_length(0);
            content.append(bytes);
            content.sync(usize::MAX);
        }
    }

    /// Another program moves a file.
    pub(crate) fn move_file(&self, from: &Path, to: &Path) {
        let mut inner = self.inner();
        inner.rename(from, to);
        inner.sync_folder(from.parent());
        inner.sync_folder(to.parent());
    }

    /// Another program removes a file.
    pub(crate) fn take_away(&self, path: &Path) {
        let mut inner = self.inner();
        inner.unlink(path);
        inner.sync_folder(path.parent());
    }
}

impl Inner {
    /// Counts an operation of a run. `Last` is the operation in which the process dies.
    pub(crate) fn step(&self, what: impl FnOnce() -> String) -> io::Result<Step> {
        if self.is_calm {
            return Ok(Step::Taken);
        }
        match self.steps.step() {
            Step::Dead => Err(dead()),
            step => {
                self.trace
                    .note(|| format!("  {} {}", self.steps.taken(), what()));
                Ok(step)
            }
        }
    }

    /// What a whole operation comes to in the step in which the process dies: it is done or it is not.
    pub(crate) fn is_done(&self, step: Step) -> bool {
        step == Step::Taken || self.dice.percent(50)
    }

    /// The answer to an operation after which the process is dead.
    pub(crate) fn answer<T>(step: Step, answer: T) -> io::Result<T> {
        match step {
            Step::Taken => Ok(answer),
            Step::Last | Step::Dead => Err(dead()),
        }
    }

    pub(crate) fn draw(&self, chance: usize) -> io::Result<()> {
        if self.is_calm {
            return Ok(());
        }
        DiskFaults::draw(chance, &self.dice)
    }

    pub(crate) fn content(&mut self, file: u64) -> &mut Content {
        let missing = || Content::new(clock::file_time());
        self.files.entry(file).or_insert_with(missing)
    }

    pub(crate) fn find(&self, path: &Path) -> Option<u64> {
        self.names.get(path).copied()
    }

    pub(crate) fn names_in(&self, folder: &Path) -> impl Iterator<Item = &Path> {
        let paths = self.names.keys().map(PathBuf::as_path);
        paths.filter(move |path| path.parent() == Some(folder))
    }

    pub(crate) fn new_file(&mut self) -> u64 {
        let file = self.next_file;
        self.next_file += 1;
        self.files.insert(file, Content::new(clock::file_time()));
        file
    }

    fn rename_in_names(&mut self, renaming: Renaming) {
        renaming.apply(&mut self.names);
        self.unsynced.push(renaming);
    }

    pub(crate) fn link(&mut self, path: &Path, file: u64) {
        self.rename_in_names(Renaming::Link(path.to_owned(), file));
    }

    pub(crate) fn unlink(&mut self, path: &Path) {
        self.rename_in_names(Renaming::Unlink(path.to_owned()));
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) {
        self.rename_in_names(Renaming::Rename(from.to_owned(), to.to_owned()));
    }

    pub(crate) fn sync_folder(&mut self, folder: Option<&Path>) {
        let unsynced = std::mem::take(&mut self.unsynced);
        for renaming in unsynced {
            if renaming.folder() == folder {
                renaming.apply(&mut self.safe_names);
            } else {
                self.unsynced.push(renaming);
            }
        }
    }

    /// Takes room for bytes; returns how many fit.
    pub(crate) fn take_room(&mut self, bytes: usize) -> usize {
        if self.is_calm {
            return bytes;
        }
        match &mut self.room {
            None => bytes,
            Some(room) => {
                let fits = bytes.min(*room);
                *room -= fits;
                fits
            }
        }
    }

    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.is_calm || self.room.is_none_or(|room| room as u64 >= bytes)
    }

    pub(crate) fn lock(&mut self, file: u64) -> bool {
        self.locked.insert(file)
    }

    pub(crate) fn unlock(&mut self, file: u64) {
        self.locked.remove(&file);
    }

    /// Drops files that no name leads to, now or after a power cut.
    fn sweep(&mut self) {
        let linked = self.unsynced.iter().filter_map(|renaming| match renaming {
            Renaming::Link(_, file) => Some(*file),
            Renaming::Unlink(_) | Renaming::Rename(..) => None,
        });
        let named: BTreeSet<u64> = self
            .names
            .values()
            .chain(self.safe_names.values())
            .copied()
            .chain(linked)
            .collect();
        self.files.retain(|file, _| named.contains(file));
    }
}
