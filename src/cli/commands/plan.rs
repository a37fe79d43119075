//! `plan`

use crate::cli::args::{Global, PlanArguments, Planning};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::cli::terminal::Terminal;
use crate::model::{Desired, Plan, Selection, State};
use crate::plan;

/// Reads, plans and prints. Opens no socket, takes no lock, writes no file.
pub(crate) fn run(
    global: &Global,
    arguments: &PlanArguments,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let settings = Settings::read(global)?;
    let (desired, warnings) = settings.desired()?;
    output::warn(terminal, &warnings);
    let loaded = settings.store.load()?;
    output::replayed(terminal, &loaded);
    let state = settings.recorded(&loaded);
    let plan = decide(&settings, &arguments.planning, &desired, &state)?;
    output::plan(terminal, &settings, arguments, &plan)?;
    Ok(if arguments.detailed_exitcode && !plan.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}

/// The plan of these users against this state.
pub(crate) fn decide(
    settings: &Settings,
    planning: &Planning,
    desired: &Desired,
    state: &State,
) -> Result<Plan, Failure> {
    Ok(plan::plan(
        desired,
        state,
        &plan::Context {
            key: &settings.digest_key(state)?,
            removed: settings.project.removed,
            limits: &settings.project.limits,
            selection: &Selection::new(&planning.select),
            base: None,
        },
    ))
}
