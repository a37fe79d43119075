//! Counts what a run does to disk and network, and ends the run at one of these steps.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The steps of the run that is under way.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    run: Mutex<Run>,
    has_crashed: Notify,
}

#[derive(Debug, Default)]
struct Run {
    taken: u64,
    crash_at: Option<u64>,
    is_dead: bool,
}

/// What becomes of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is taken.
    Taken,
    /// The process dies in the middle of it.
    Last,
    /// The process is dead, although its code runs on until it waits for something.
    Dead,
}

impl Steps {
    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins another run, which crashes at this step.
    pub(crate) fn begin(&self, crash_at: Option<u64>) {
        *self.run() = Run {
            taken: 0,
            crash_at,
            is_dead: false,
        };
    }

    pub(crate) fn step(&self) -> Step {
        let mut run = self.run();
        if run.is_dead {
            return Step::Dead;
        }
        run.taken += 1;
        if run.crash_at == Some(run.taken) {
            run.is_dead = true;
            self.has_crashed.notify_one();
            return Step::Last;
        }
        Step::Taken
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.run().is_dead
    }

    /// The process dies between two steps.
    pub(crate) fn crash(&self) {
        self.run().is_dead = true;
        self.has_crashed.notify_one();
    }

    pub(crate) fn taken(&self) -> u64 {
        self.run().taken
    }

    /// Waits until the process is dead.
    pub(crate) async fn death(&self) {
        while !self.is_dead() {
            self.has_crashed.notified().await;
        }
    }
}
