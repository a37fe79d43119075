//! Loads a project, and makes the states from which it starts.

pub(crate) mod first_state;
pub(crate) mod loaded;

pub(crate) use loaded::{
    LoadedProject, PROJECT_FILE, PROJECT_FILES, SANDBOX_FOLDER, field_settings, shown, use_sandbox,
};
