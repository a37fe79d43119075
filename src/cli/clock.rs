//! The time that is recorded.

use jiff::Timestamp;

#[expect(clippy::disallowed_methods, reason = "this is where the clock lives")]
/// Whole seconds: a state is for people too.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
