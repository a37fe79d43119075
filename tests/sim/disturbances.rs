//! Starts what happens during a run without its doing: the process is killed, another program writes the state.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::disk::ModelDisk;
use crate::steps::Steps;
use crate::trace::Trace;

/// Another program puts a state in the place of the one that the run loaded.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) disk: ModelDisk,
    pub(crate) state: PathBuf,
    /// The state that another clone pushed; `None` for the same bytes as before.
    pub(crate) pulled: Option<Vec<u8>>,
    pub(crate) in_place: bool,
    pub(crate) trace: Trace,
}

/// Kills the process after this time.
pub(crate) fn crash_after(time: Duration, steps: Arc<Steps>) {
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        steps.crash();
    });
}

/// Replaces the state after this time. Returns whether another clone's state has been pulled.
pub(crate) fn replace_after(time: Duration, replacement: Replacement) -> Arc<AtomicBool> {
    let has_pulled = Arc::new(AtomicBool::new(false));
    let pulled_in_time = Arc::clone(&has_pulled);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        if replacement.replace() {
            pulled_in_time.store(true, Ordering::Relaxed);
        }
    });
    has_pulled
}

impl Replacement {
    /// Returns whether another clone's state is in its place now.
    fn replace(&self) -> bool {
        let Self {
            disk,
            state,
            pulled,
            in_place,
            trace,
        } = self;
        let Some(bytes) = pulled.clone().or_else(|| disk.read(state)) else {
            return false;
        };
        trace.note(|| {
            let is_pulled = pulled.is_some();
            format!("the state is replaced (in place: {in_place}, of another clone: {is_pulled})")
        });
        if *in_place && disk.read(state).is_some() {
            disk.overwrite(state, &bytes);
        } else {
            disk.put(state, &bytes);
        }
        pulled.is_some()
    }
}
