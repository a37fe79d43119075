//! Executes a plan and makes no decision of its own: one outcome for every change.

pub mod event;
mod executor;
mod flight;
pub mod outcome;

pub use event::Event;
pub use executor::{Options, Record, execute, most_written};
pub use outcome::{Outcome, Report, SkipCause, StopCause, UserOutcome};
