//! Writes down what happened in a seed, for people and for the comparison of two runs of the same seed.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock;

/// The events of a seed so far; nothing where nobody wants them.
#[derive(Clone, Debug)]
pub(crate) struct Trace(Option<Arc<Mutex<Vec<String>>>>);

impl Trace {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self(is_kept.then(Arc::default))
    }

    /// Adds an event. The text is made only where the trace is kept.
    pub(crate) fn note(&self, event: impl FnOnce() -> String) {
        if let Some(events) = &self.0 {
            let line = format!("{} {}", clock::now(), event());
            events
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    /// A short name for everything that happened: two runs with the same events have the same one.
    pub(crate) fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for line in self.lines() {
            hasher.update(line.as_bytes());
            hasher.update(b"\n");
        }
        let bytes = hasher.finalize();
        let (first, _) = bytes.split_at(8);
        format!(
            "{:016x}",
            u64::from_be_bytes(first.try_into().expect("8 bytes"))
        )
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = |events: &Arc<Mutex<Vec<String>>>| {
            let events = events.lock().unwrap_or_else(PoisonError::into_inner);
            events.clone()
        };
        self.0.as_ref().map_or_else(Vec::new, lines)
    }
}
