//! Executes a plan and makes no decision of its own: one outcome for every change. Reads users the
//! same way: one reading for each.

pub mod event;
pub(crate) mod execute;
pub mod outcome;
pub(crate) mod pace;
pub(crate) mod pool;
pub(crate) mod read_users;
pub(crate) mod send;
pub(crate) mod survey;

pub use crate::apply::event::Event;
pub use crate::apply::execute::{Options, Record, execute, most_written};
pub use crate::apply::outcome::{Outcome, Report, SkipCause, UserOutcome};
pub use crate::apply::pace::Pace;
pub use crate::apply::read_users::{ReadOptions, ReadReport, Reading, read_users};
pub use crate::apply::survey::{DriftCollector, DriftReport, Sample};
