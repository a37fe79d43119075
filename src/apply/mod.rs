//! Executes a plan and makes no decision of its own: one outcome for every change.

pub mod event;
pub mod outcome;

pub use event::Event;
pub use outcome::{Outcome, Report, SkipCause, StopCause, UserOutcome};
