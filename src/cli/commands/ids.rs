//! Reads the member ids that a person names on the command line.

use crate::cli::failure::Failure;
use crate::cli::project::LoadedProject;
use talkform::model::{MemberId, ShownIds, State};

/// Checks an id of the command line.
pub(crate) fn member_id(text: &str, shown: &ShownIds) -> Result<MemberId, Failure> {
    MemberId::new(text).map_err(|error| {
        Failure::Usage(if shown.hides() {
            format!("an id of the command line is none: {error}")
        } else {
            format!("`{text}`: {error}")
        })
    })
}

/// The id that a person names: by itself, or by the digest that stands for it in the output.
pub(crate) fn resolved(
    settings: &LoadedProject,
    state: &State,
    text: &str,
) -> Result<MemberId, Failure> {
    let shown = settings.ids()?;
    if !ShownIds::is_digest(text) {
        return member_id(text, &shown);
    }
    let recorded = state.users.keys().chain(state.rejected.keys());
    if let Some(id) = shown.find(text, recorded.chain(state.pending.keys())) {
        return Ok(id.clone());
    }
    // A user who was never applied is in the manifests alone.
    let desired = settings.desired().map(|(desired, _)| desired);
    let declared = desired.iter().flat_map(|desired| desired.users.keys());
    match shown.find(text, declared) {
        Some(id) => Ok(id.clone()),
        None => member_id(text, &shown),
    }
}
