//! Executes a plan and makes no decision of its own: one outcome for every change. Reads users the
//! same way: one reading for each.

pub mod event;
mod executor;
mod flight;
pub mod outcome;
mod pace;
mod reader;
mod survey;
mod traffic;

pub use event::Event;
pub use executor::{Options, Record, execute, most_written};
pub use outcome::{Outcome, Report, SkipCause, StopCause, UserOutcome};
pub use pace::Pace;
pub use reader::{ReadOptions, ReadReport, Reading, read_users};
pub use survey::{DriftReport, Sample, Survey};
