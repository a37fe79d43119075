//! Explains a save that failed after users were sent.

use crate::cli::failure::Failure;
use crate::cli::project::LoadedProject;
use talkform::apply::SaveError;

/// The failure of a save after users were sent.
pub(crate) fn unsaved(settings: &LoadedProject, error: &SaveError) -> Failure {
    let store = &settings.store;
    let (path, journal) = (store.path().display(), store.journal_path());
    let journal = journal.display();
    match error {
        SaveError::Rescued { copy, .. } => Failure::with_hint(
            format!(
                "{error}; what was applied is kept in the journal {journal}, and the whole new state in {}",
                copy.display()
            ),
            if store.is_remote() {
                repeat_apply(settings)
            } else {
                format!(
                    "free disk space, run `mv {} {path}`, then run `{}` again; without the copy the journal is replayed, and users that it lacks are sent again",
                    copy.display(),
                    settings.command(&["apply"])
                )
            },
        ),
        SaveError::NotRescued { .. } => Failure::with_hint(
            format!("{error}; what was applied is kept in the journal {journal}"),
            if store.is_remote() {
                repeat_apply(settings)
            } else {
                format!(
                    "free disk space and run `{}` again: the journal is replayed, and users that it lacks are sent again",
                    settings.command(&["apply"])
                )
            },
        ),
        SaveError::Conflict(error) | SaveError::Journal(error) => settings.state_failure(error),
    }
}

/// What to do where the state is in a bucket: only the journal there can be relied on.
fn repeat_apply(settings: &LoadedProject) -> String {
    format!(
        "when the store answers again, run `{}`: the journal is replayed, and users that it lacks are sent again",
        settings.command(&["apply"])
    )
}
