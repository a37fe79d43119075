//! Makes the states from which a project starts.

use crate::cli::failure::Failure;
use crate::cli::project::loaded::LoadedProject;
use crate::cli::random::random;
use talkform::model::digest::digests::to_hex;
use talkform::model::{DigestKey, State};

impl LoadedProject {
    /// An empty state, the same in every run, so that a plan without a state has the same digest wherever it is
    /// made. That digest covers neither ids nor values. The first apply replaces its lineage and salt.
    pub(crate) fn provisional_state(&self) -> State {
        State::new(
            String::new(),
            Vec::new(),
            DigestKey::new(&[], self.state_key.as_deref())
                .key_id()
                .map(ToOwned::to_owned),
            self.destination(),
        )
    }

    /// Writes a state without users. Returns `false` and writes nothing if there is a state. The caller holds the
    /// lock, unless nobody else can know the project yet.
    pub(crate) fn create_state(&self) -> Result<bool, Failure> {
        self.check_state_key()?;
        let loaded = self.store.load();
        let loaded = loaded.map_err(|error| self.state_failure(&error))?;
        if loaded.state.is_some() {
            return Ok(false);
        }
        let mut state = self.first_state()?;
        state.serial += 1;
        self.save(&state)?;
        Ok(true)
    }

    /// A new state with a random lineage and salt.
    pub(crate) fn first_state(&self) -> Result<State, Failure> {
        let salt = random::<16>()?;
        let key = DigestKey::new(&salt, self.state_key.as_deref());
        Ok(State::new(
            to_hex(&random::<8>()?),
            salt.to_vec(),
            key.key_id().map(ToOwned::to_owned),
            self.destination(),
        ))
    }
}
