//! Keeps the record of what was applied: its text form, its journal, its lock and its files.

pub(crate) mod answer_line;
pub(crate) mod bucket;
pub(crate) mod disk;
pub(crate) mod disk_space;
pub(crate) mod drift_checkpoint;
pub(crate) mod encryption;
pub(crate) mod file_stamp;
pub(crate) mod folder;
pub(crate) mod format;
pub(crate) mod journal;
pub(crate) mod journal_writer;
pub(crate) mod line_text;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod read;
pub(crate) mod records;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod store;
pub(crate) mod store_error;
pub(crate) mod system_disk;
pub(crate) mod temporary;
pub(crate) mod user_line;
pub(crate) mod versions;
pub(crate) mod write;

pub use crate::regular_file::{FileKind, NotRegular, OpenError};
pub use crate::state::bucket::history::Restored;
pub use crate::state::disk::{
    Access, Background, Disk, DiskFile, FileIdentity, Flushing, Lease, ObjectVersion, Replaced,
    Running,
};
pub use crate::state::drift_checkpoint::{CheckpointHeader, DriftCheckpoint, record_line};
pub use crate::state::encryption::encryption_error::EncryptionError;
pub use crate::state::encryption::form::Holds;
pub use crate::state::encryption::policy::copy_in_clear;
pub use crate::state::format::{FormatError, VERSION, line_check, schema};
pub use crate::state::journal::JournalRecord;
pub use crate::state::journal_writer::{JournalWriter, NotFlushed, Ticket};
pub use crate::state::lock::Lock;
pub use crate::state::read::parse;
pub use crate::state::repair::{Repaired, repair};
pub use crate::state::replay::{Mismatch, OpenIntents, Replay, ReplayError, replay};
pub use crate::state::store::{Loaded, Store};
pub use crate::state::store_error::{LockError, LockOwner, StoreError, StoreFault};
pub use crate::state::system_disk::SystemDisk;
pub use crate::state::versions::restored::restored;
pub use crate::state::versions::version::{Saved, StateId, Version, VersionCopy};
pub use crate::state::write::write;

#[cfg(test)]
mod tests;
