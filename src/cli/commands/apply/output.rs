//! Prints the plan and the report of an apply.

use crate::cli::args::DataFormat;
use crate::cli::commands::apply::arguments::ApplyArguments;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply::Report;
use talkform::render::{Commands, PlanView};

/// Prints the plan. A plan that cannot be printed stops the command only if a person is about to be asked about it.
pub(crate) fn show(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    commands: Commands<'_>,
    view: &PlanView<'_>,
) -> Result<(), Failure> {
    match output::plan_text(terminal, settings, arguments.planning.full, commands, view) {
        Err(failure) if arguments.approval.auto_approve || view.is_empty() => {
            output::failure(terminal, &failure);
            Ok(())
        }
        shown => shown,
    }
}

/// Prints the report. A report that cannot be printed does not change the exit code.
pub(crate) fn report(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &ApplyArguments,
    commands: Commands<'_>,
    report: &Report,
) {
    // An empty plan has printed "No changes" already.
    if arguments.format != DataFormat::Json && report.outcomes.is_empty() && report.api.is_none() {
        return;
    }
    if let Err(failure) = output::report(
        terminal,
        settings,
        report,
        commands,
        arguments.format == DataFormat::Json,
    ) {
        output::failure(terminal, &failure);
    }
}
