//! A disk that keeps after a power cut only what was flushed, and any part of the rest.

mod content;
mod faults;
mod interface;
mod model;

pub(crate) use content::Loss;
pub(crate) use faults::DiskFaults;
pub(crate) use model::ModelDisk;
