//! Tests `talkform import`: users of Channel become manifests that need no change, and existing files keep their
//! bytes.

mod refusals;
mod round_trip;
mod sources;
mod targets;
mod users;
