//! Loads a project, and makes the states from which it starts.

pub(crate) mod first_state;
pub(crate) mod loaded;
pub(crate) mod other_state;
pub(crate) mod project_file;
pub(crate) mod state_place;

pub(crate) use loaded::{LoadedProject, SANDBOX_FOLDER, field_settings, shown, use_sandbox};
pub(crate) use project_file::{PROJECT_FILE, PROJECT_FILES};
