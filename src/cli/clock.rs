//! Reads the wall clock.

use jiff::Timestamp;

#[expect(clippy::disallowed_methods, reason = "this is where the clock lives")]
/// The current time in whole seconds, which keeps the state readable.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
