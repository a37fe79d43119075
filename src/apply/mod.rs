//! Applies a plan, and reads users from Channel.
//!
//! [`run()`] is what an embedder needs: it prepares the state, executes the plan and saves the result.
//! [`execute()`] gives every change exactly one outcome. [`read_users()`] gives
//! every id exactly one result.

pub(crate) mod breaker;
pub(crate) mod ending;
pub mod event;
pub(crate) mod execute;
pub(crate) mod intent;
pub mod outcome;
pub(crate) mod pace;
pub(crate) mod pool;
pub(crate) mod read_users;
pub(crate) mod reason;
pub(crate) mod records;
pub(crate) mod recreate;
pub(crate) mod requests;
pub mod run;
pub(crate) mod send;
pub(crate) mod settle;

pub use crate::apply::event::Event;
pub use crate::apply::execute::{Options, Record, execute};
pub use crate::apply::outcome::{
    KeptValue, Outcome, RejectionReason, Report, ShownInstead, Uncertain, UserOutcome,
};
pub use crate::apply::pace::Pace;
pub use crate::apply::read_users::{ReadOptions, ReadReport, read_users};
pub use crate::apply::records::most_written;
pub use crate::apply::run::{Finished, RunSettings, SaveError, Start, Target, run};
