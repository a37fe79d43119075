//! Draws every random choice of a seed.

use std::sync::{Arc, Mutex, PoisonError};

/// One source of random numbers. Clones share it, so the order of draws is part of the run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Arc<Mutex<fastrand::Rng>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn number(&self) -> u64 {
        self.with(|rng| rng.u64(..))
    }

    /// A number below the bound; 0 where the bound is 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        self.with(|rng| rng.usize(..bound.max(1)))
    }

    /// A number in the range, both ends included.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        self.with(|rng| rng.u64(least..=most))
    }

    /// True this many times in a hundred.
    pub(crate) fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Letters and digits.
    pub(crate) fn name(&self, length: usize) -> String {
        self.with(|rng| (0..length).map(|_| rng.alphanumeric()).collect())
    }
}
