//! The record of what was applied: its text form, its journal, its lock and its files.

mod format;
mod journal;
mod lines;
mod lock;
mod room;
mod rows;
mod seen;
mod store;
mod text;

pub use format::{FormatError, VERSION, schema, write};
pub use journal::{JournalRecord, Replay, ReplayError, replay};
pub use lines::parse;
pub use lock::{Holder, Lock, LockError};
pub use seen::{Seen, SeenHead, seen_line};
pub use store::{JournalWriter, Loaded, Store, StoreError};

#[cfg(test)]
mod tests;
