//! Opens states of a project besides its own: the one to migrate to, and copies.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::project::loaded::LoadedProject;
use crate::cli::project::state_place::store;
use talkform::state;
use talkform::state::{Store, StoreError};

impl LoadedProject {
    /// The store of another state of this project, at a path or an address.
    pub(crate) fn other_store(&self, place: &Path) -> Result<Store, Failure> {
        let secret = self.state_key.as_deref();
        store(Some(place), &self.root, &self.project, secret)
    }

    /// A copy of a state in clear.
    pub(crate) fn copy_in_clear(&self, path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let copy = state::copy_in_clear(bytes, self.state_key.as_deref());
        copy.map_err(|cause| {
            self.state_failure(&StoreError::File {
                doing: "read",
                path: path.to_owned(),
                cause,
            })
        })
    }
}
