//! The time of the simulated world. Inside of a run it is tokio's paused clock; between runs it is moved by hand.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

thread_local! {
    /// Since 1970, without the run that is under way.
    static BASE: Cell<Duration> = const { Cell::new(BEGINNING) };
    /// When the run under way began.
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets the clock to the beginning of the simulated world.
pub(crate) fn reset() {
    BASE.set(BEGINNING);
    STARTED.set(None);
}

fn since_1970() -> Duration {
    let run = STARTED
        .get()
        .map_or(Duration::ZERO, |started| started.elapsed());
    BASE.get() + run
}

/// The time, as the program under test records it.
pub(crate) fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + since_1970()
}

/// The time of a change of a file. File systems keep it no finer than this.
pub(crate) fn file_time() -> SystemTime {
    let ticks = since_1970().as_millis() / 4;
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ticks * 4).unwrap_or(u64::MAX))
}

/// Lets time pass while no run is under way.
pub(crate) fn pass(time: Duration) {
    BASE.set(BASE.get() + time);
}

/// Called at the beginning of a run, inside of its runtime.
pub(crate) fn run_begins() {
    STARTED.set(Some(Instant::now()));
}

/// Called at the end of a run, inside of its runtime.
pub(crate) fn run_ends() {
    BASE.set(since_1970());
    STARTED.set(None);
}
