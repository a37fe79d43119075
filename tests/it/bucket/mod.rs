//! A state in a bucket: saved under a condition, locked with an expiry, with a journal in parts.

mod encryption;
mod fake_s3;
mod faults;
mod federation;
mod locks;
mod offline;
mod places;
mod racing;
mod saving;
mod versions;
mod world;
