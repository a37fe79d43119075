//! One seed: a repository, a Channel and a disk, and runs between edits, faults, crashes and other people's changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use talkform::apply::SaveError;
use talkform::manifest::read_texts;
use talkform::model::{
    ApiVersion, Desired, Limit, RemovedFields, RemovedPolicy, RemovedUsers, Selection, State,
};
use talkform::state::{Store, StoreError};

use crate::channel::{Network, Remote, Users};
use crate::clock;
use crate::clones::Clones;
use crate::dice::Dice;
use crate::disk::{Loss, ModelDisk};
use crate::disturbances::Replacement;
use crate::ending::Knowledge;
use crate::plot::Plot;
use crate::process::{Ended, Run, Settings, apply, declared_false, journal_of};
use crate::repository::Repository;
use crate::sabotage::Sabotage;
use crate::steps::Steps;
use crate::trace::Trace;
use crate::{claims, damage, disturbances, ended, ending};

/// Everything in one seed.
pub(crate) struct World {
    dice: Dice,
    trace: Trace,
    steps: Arc<Steps>,
    disk: ModelDisk,
    network: Network,
    repository: Repository,
    clones: Clones,
    settings: Settings,
    sabotage: Sabotage,
    /// How many steps the last whole run took.
    usual_steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Sabotage, trace: Trace) -> Self {
        clock::reset();
        fastrand::seed(seed);
        let dice = Dice::new(seed);
        let steps = Arc::new(Steps::default());
        let api = *dice.pick(&[ApiVersion::V4, ApiVersion::V5]);
        let removed = RemovedPolicy {
            users: *dice.pick(&[RemovedUsers::Forget, RemovedUsers::Delete]),
            fields: *dice.pick(&[
                RemovedFields::Clear,
                RemovedFields::Clear,
                RemovedFields::Forget,
            ]),
        };
        let settings = Settings {
            api,
            removed,
            state_key: dice.percent(30).then(|| dice.name(20)),
        };
        let ids = *dice.pick(&[1, 2, 3, 5, 8]);
        let users = Users::new(api, dice.percent(50));
        let remote = Remote::new(users, dice.clone(), sabotage, trace.clone());
        let clones = *dice.pick(&[1, 1, 1, 2]);
        trace.note(|| format!("{settings:?}, {ids} ids, {clones} clones"));
        let world = Self {
            disk: ModelDisk::new(dice.clone(), Arc::clone(&steps), sabotage, trace.clone()),
            network: Network::new(remote, Arc::clone(&steps)),
            repository: Repository::new(api, ids, trace.clone()),
            clones: Clones::new(clones),
            dice,
            trace,
            steps,
            settings,
            sabotage,
            usual_steps: 60,
        };
        world.clones.register(&mut world.network.remote().ledger);
        world
    }

    /// Lives through the seed.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let rounds = self.dice.between(2, 12);
        for round in 0..rounds {
            self.trace.note(|| format!("round {round}"));
            self.round()?;
        }
        self.finish()
    }

    fn round(&mut self) -> Result<(), String> {
        match self.dice.below(10) {
            0..=5 => {
                let changes = *self.dice.pick(&[1, 2, 3, 10]);
                self.repository.edit(changes, &self.dice);
            }
            6..=8 => self.repository.revert(&self.dice),
            _ => {}
        }
        while self.dice.percent(30) {
            self.network.remote().people_act();
        }
        let clone = self.clones.pick(&self.dice);
        // A clone that does not pull may run on an old state, and may pull during the run.
        if self.dice.percent(70) {
            self.pull(clone);
        }
        if self.dice.percent(8) {
            let mut remote = self.network.remote();
            let ledger = &mut remote.ledger;
            damage::damage(clone, &self.disk, ledger, &self.dice, &self.trace)?;
            drop(remote);
            self.check(clone)?;
        }
        let plot = Plot::random(&self.dice, self.usual_steps);
        self.process(clone, &plot)?;
        self.check(clone)?;
        clock::pass(Duration::from_secs(self.dice.between(1, 5000)));
        Ok(())
    }

    fn pull(&mut self, clone: usize) {
        let mut remote = self.network.remote();
        self.clones
            .pull(clone, &self.disk, &mut remote.ledger, &self.trace);
    }

    /// Runs the command once in a clone, and checks how it ended.
    fn process(&mut self, clone: usize, plot: &Plot) -> Result<(), String> {
        self.vandalise(clone)?;
        let state = Clones::state(clone);
        let before = (self.disk.number(&state), self.disk.read(&state));
        let had_journal = self.disk.read(&journal_of(&state)).is_some();
        let unaware = self.network.remote().ledger.unaware[&clone].clone();
        let ends = self.execute(clone, &state, plot);
        let (is_dead, taken) = (self.steps.is_dead(), self.steps.taken());
        self.network.remote().settle();
        if is_dead {
            self.trace.note(|| "the process is killed".to_owned());
        } else {
            self.usual_steps = taken;
        }
        for ended in &ends {
            self.trace
                .note(|| format!("a process ends by itself: {}", ended::brief(ended)));
        }
        self.check_ends(&ends)?;
        let after = (self.disk.number(&state), self.disk.read(&state));
        let is_disturbed = had_journal || plot.disturbs_the_state();
        if matches!(ends[..], [Ended::Nothing]) && !is_disturbed && before != after {
            ended::check_cleaned(before.1.as_deref())?;
        }
        for ended in &ends {
            let unaware = (ends.len() == 1).then_some(&unaware);
            self.resolve(clone, &state, ended, unaware);
        }
        if !is_dead && self.dice.percent(80) {
            let mut remote = self.network.remote();
            self.clones
                .push(clone, &self.disk, &mut remote.ledger, &self.trace);
        }
        if self.dice.percent(if is_dead { 50 } else { 15 }) {
            let loss = *self.dice.pick(&[
                Loss::All,
                Loss::Nothing,
                Loss::Tail,
                Loss::Sectors(16),
                Loss::Sectors(512),
            ]);
            self.disk.cut_power(loss);
        }
        Ok(())
    }

    /// Checks what the processes sent, and how they ended.
    fn check_ends(&mut self, ends: &[Ended]) -> Result<(), String> {
        let mut remote = self.network.remote();
        let violations = std::mem::take(&mut remote.ledger.violations);
        if let Some(violation) = violations.first() {
            return Err(violation.clone());
        }
        let mut checked = ends.iter().zip(&remote.processes);
        checked.try_for_each(|(ended, conduct)| ended::check(ended, conduct))
    }

    /// Runs the command, and a rival beside it where the plot has one. Returns how they ended; nothing where they
    /// were killed.
    fn execute(&mut self, clone: usize, state: &Path, plot: &Plot) -> Vec<Ended> {
        self.trace
            .note(|| format!("run in clone {clone}: {plot:?}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let desired = self.desired();
        {
            let mut remote = self.network.remote();
            remote.run_begins(plot.weather.clone());
            remote.ledger.run_begins(clone, declared_false(&desired));
        }
        self.steps.begin(plot.crash_at);
        self.disk.run_begins(plot.faults);
        let run = |process| Run {
            settings: &self.settings,
            read: self.repository.settings(),
            manifests: self.repository.now(),
            disk: Arc::new(self.disk.clone()),
            state: state.to_owned(),
            rescue_folder: PathBuf::from("/tmp"),
            network: self.network.of(process),
            parallelism: *self.dice.pick(&[1, 2, 8]),
            fail_fast: plot.fail_fast,
            refresh: plot.refresh,
            selected: plot.selected.clone(),
            recreate: plot.recreate,
            stop_after: plot.stop_after,
            first: self.dice.number(),
        };
        let (one, other) = (run(0), run(1));
        let mut has_pulled = None;
        let ends = runtime.block_on(async {
            clock::run_begins();
            has_pulled = self.start_disturbances(clone, state, plot);
            let rival = async {
                let time = plot.rival_after?;
                tokio::time::sleep(time).await;
                Some(apply(other).await)
            };
            let ends = tokio::select! {
                biased;
                () = self.steps.death() => Vec::new(),
                (one, other) = async { tokio::join!(apply(one), rival) } => {
                    [one].into_iter().chain(other).collect()
                }
            };
            clock::run_ends();
            ends
        });
        let is_killed = ends.is_empty() || self.steps.is_dead();
        // What the process still holds is dropped here, when it is dead already.
        if is_killed {
            self.steps.crash();
        }
        drop(runtime);
        self.disk.run_ends();
        if has_pulled.is_some_and(|has_pulled| has_pulled.load(Ordering::Relaxed)) {
            let mut remote = self.network.remote();
            self.clones
                .has_pulled(clone, &self.disk, &mut remote.ledger);
        }
        if is_killed { Vec::new() } else { ends }
    }

    /// Starts what happens during the run without its doing. Returns whether another clone's state is pulled.
    fn start_disturbances(
        &self,
        clone: usize,
        state: &Path,
        plot: &Plot,
    ) -> Option<Arc<AtomicBool>> {
        if let Some(time) = plot.crash_after {
            disturbances::crash_after(time, Arc::clone(&self.steps));
        }
        let replacement = Replacement {
            disk: self.disk.clone(),
            state: state.to_owned(),
            pulled: self.clones.pushed_by_others(clone),
            in_place: self.dice.percent(50),
            trace: self.trace.clone(),
        };
        let time = plot.replaced_after?;
        Some(disturbances::replace_after(time, replacement))
    }

    /// What is declared now.
    fn desired(&self) -> Desired {
        let texts = self.repository.now().texts();
        read_texts(texts, &self.repository.settings()).desired
    }

    /// What a person does with a state that could not be saved in its place. `unaware` is what the clone did not know
    /// before the run; `None` if another process ran in it, too: then the copy lacks what that one did.
    fn resolve(
        &mut self,
        clone: usize,
        state: &Path,
        ended: &Ended,
        unaware: Option<&BTreeSet<String>>,
    ) {
        let Ended::Applied {
            saved:
                Err(
                    SaveError::Rescued { copy, .. }
                    | SaveError::Conflict(StoreError::Conflict { copy, .. }),
                ),
            ..
        } = ended
        else {
            return;
        };
        if let Some(unaware) = unaware
            && self.dice.percent(50)
        {
            self.trace
                .note(|| "a person moves the copy into its place".to_owned());
            self.disk.move_file(copy, state);
            let mut remote = self.network.remote();
            remote.ledger.unaware.insert(clone, unaware.clone());
        } else {
            self.disk.take_away(copy);
        }
    }

    /// Loads the state of a clone with its journal, and compares what it claims with Channel.
    fn check(&mut self, clone: usize) -> Result<(), String> {
        let Some(state) = self.load(clone)? else {
            return Ok(());
        };
        let key = self.settings.key(&state.salt);
        let mut remote = self.network.remote();
        claims::check(&remote, &state, &key, clone)?;
        claims::note_opt_outs(&mut remote, &state, &key);
        claims::let_go(&mut remote, &state);
        if self.clones.is_alone() {
            claims::check_flags(&mut remote, &state, &key)?;
        }
        Ok(())
    }

    fn load(&self, clone: usize) -> Result<Option<State>, String> {
        let disk = Arc::new(self.disk.clone());
        let store = Store::on(disk, &Clones::state(clone));
        let loaded = store.load();
        let loaded = loaded.map_err(|error| format!("the state cannot be read: {error}"))?;
        Ok(loaded.state)
    }

    /// Everything is calm: Channel becomes what the manifests declare, and the next plan is empty.
    fn finish(&mut self) -> Result<(), String> {
        let clone = 0;
        self.pull(clone);
        self.trace.note(|| "everything is calm".to_owned());
        self.converge(clone, false)?;
        let (desired, removed) = (self.desired(), self.settings.removed);
        let knowledge = Knowledge::State(clone);
        ending::check(&self.network.remote(), &desired, removed, knowledge)?;
        self.converge(clone, true)?;
        ending::check(
            &self.network.remote(),
            &desired,
            removed,
            Knowledge::Channel(clone),
        )
    }

    /// Runs until nothing is to do.
    fn converge(&mut self, clone: usize, refresh: bool) -> Result<(), String> {
        for _ in 0..2 {
            let state = Clones::state(clone);
            let ends = self.execute(clone, &state, &Plot::calm(refresh));
            self.check_ends(&ends)?;
            match &ends[..] {
                [Ended::Nothing] => return Ok(()),
                [
                    Ended::Applied {
                        saved: Err(error), ..
                    },
                ] => return Err(format!("not saved although all is calm: {error}")),
                [Ended::Applied { .. }] => self.check(clone)?,
                other => return Err(format!("ends although all is calm: {other:?}")),
            }
        }
        let state = self.load(clone)?.ok_or("there is no state")?;
        let (any, all) = (Limit::Percent(100.0), Selection::default());
        let plan = self.settings.plan(&self.desired(), &state, any, &all, None);
        if !refresh && plan.is_empty() {
            return Ok(());
        }
        Err(format!("after two runs there is still to do: {plan:?}"))
    }

    /// Plants the faults that are none of disk or network.
    fn vandalise(&mut self, clone: usize) -> Result<(), String> {
        let state = Clones::state(clone);
        match self.sabotage {
            Sabotage::JournalIsRemoved => self.disk.take_away(&journal_of(&state)),
            Sabotage::PendingIsForgotten => {
                let Some(mut loaded) = self.load(clone)? else {
                    return Ok(());
                };
                if !loaded.pending.is_empty() {
                    loaded.pending.clear();
                    loaded.serial += 1;
                    let mut bytes = Vec::new();
                    talkform::state::write(&loaded, &mut bytes).expect("written");
                    self.disk.put(&state, &bytes);
                    self.disk.take_away(&journal_of(&state));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
