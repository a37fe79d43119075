//! Stops a run after too many failures in a row.

use tokio::sync::watch;

use crate::model::StopCause;

/// How many users may fail in a row before the run stops. Rejected users do not count: Channel
/// answered, and the cause is the user.
const MAX_FAILURES_IN_A_ROW: usize = 10;

/// Counts failures in a row and asks the run to stop.
pub(crate) struct Breaker<'a> {
    in_a_row: usize,
    stop: &'a watch::Sender<Option<StopCause>>,
}

impl<'a> Breaker<'a> {
    pub(crate) fn new(stop: &'a watch::Sender<Option<StopCause>>) -> Self {
        Self { in_a_row: 0, stop }
    }

    /// Channel answered about a user.
    pub(crate) fn answered(&mut self) {
        self.in_a_row = 0;
    }

    /// A user failed.
    pub(crate) fn failed(&mut self) {
        self.in_a_row += 1;
        if self.in_a_row >= MAX_FAILURES_IN_A_ROW {
            self.stop_for(StopCause::Breaker);
        }
    }

    /// Asks the run to stop. The first cause is kept, because it explains the later ones.
    pub(crate) fn stop_for(&self, cause: StopCause) {
        self.stop.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert(cause);
            first
        });
    }
}
