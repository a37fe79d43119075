//! Writes what GitHub Actions reads besides the output: step outputs, the step summary and
//! annotations.
//!
//! It writes nothing if the variables of the runner are not set.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::project::LoadedProject;
use crate::cli::repository::{files_address, path_in_repository};
use crate::cli::terminal::Terminal;
use talkform::apply::Report;
use talkform::model::{Action, Diagnostic, Plan};
use talkform::plan::DriftReport;
use talkform::render::common::rejection::ReasonLength;
use talkform::render::{Commands, DriftView, PlanView, Style, annotation, drift, plan, report};

/// The size limit of a step summary, in bytes. GitHub drops one that is larger than 1 MiB.
const MAX_SUMMARY: usize = 1_000_000;

/// GitHub shows at most ten errors and ten warnings of a step.
const MAX_ANNOTATIONS: usize = 10;

/// Whether the runner keeps outputs of this step.
pub(crate) fn keeps_outputs() -> bool {
    path_from("GITHUB_OUTPUT").is_some()
}

/// Writes the outputs and the summary of a plan. `commands` are those that it suggests.
pub(crate) fn planned(
    settings: &LoadedProject,
    plan: &Plan,
    view: &PlanView<'_>,
    title: Option<&str>,
    commands: Commands<'_>,
) -> Result<(), Failure> {
    if let Some(path) = path_from("GITHUB_OUTPUT") {
        let mut more = vec![
            ("pending", plan.pending.to_string()),
            ("unconfirmed", plan.unconfirmed.users.to_string()),
        ];
        if let Some(settings) = &view.settings {
            more.push(("settings-changed", settings.differ().to_string()));
        }
        files::append(&path, &numbers(plan, &more))?;
    }
    if let Some(path) = path_from("GITHUB_STEP_SUMMARY") {
        let project = path_in_repository(&settings.root);
        let options = plan::markdown::MarkdownOptions {
            name: settings.comment_name(&project, title),
            max_bytes: MAX_SUMMARY,
            files: &files_address(&project),
            rate: settings.project.channel.rate,
            commands,
            ..plan::markdown::MarkdownOptions::default()
        };
        files::append(&path, &plan::markdown::comment(view, &options))?;
    }
    Ok(())
}

/// Writes the outputs and the summary of an apply. `commands` are those that it suggests.
pub(crate) fn applied(
    settings: &LoadedProject,
    ended: &Report,
    plan: &Plan,
    commands: Commands<'_>,
) -> Result<(), Failure> {
    if let Some(path) = path_from("GITHUB_OUTPUT") {
        let more = [
            ("failed", ended.failed().to_string()),
            ("different", ended.different().to_string()),
            ("recreated", ended.recreated().to_string()),
            ("pending", ended.uncertain.pending.to_string()),
            ("unconfirmed", ended.uncertain.unconfirmed.to_string()),
            ("stopped", ended.stopped.is_some().to_string()),
        ];
        files::append(&path, &numbers(plan, &more))?;
    }
    if let Some(path) = path_from("GITHUB_STEP_SUMMARY") {
        let options = report::text::ReportOptions {
            style: Style::plain(),
            // With --show-sensitive the reasons are whole, and more people read a summary than a log.
            reasons: if settings.show_sensitive {
                ReasonLength::Nothing
            } else {
                ReasonLength::Short
            },
            commands,
        };
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = report::text::write(&mut text, ended, &options);
        let fenced = annotation::fenced(&text, MAX_SUMMARY);
        files::append(&path, &format!("### talkform apply\n\n{fenced}\n"))?;
    }
    Ok(())
}

/// Writes the outputs and the summary of a drift.
pub(crate) fn drifted(
    settings: &LoadedProject,
    report: &DriftReport,
    view: &DriftView<'_>,
    title: Option<&str>,
) -> Result<(), Failure> {
    if let Some(path) = path_from("GITHUB_OUTPUT") {
        let rows = [
            ("drift", report.has_drift().to_string()),
            ("changed", view.counts.changed.to_string()),
            ("gone", view.counts.gone.to_string()),
            ("created-anew", view.counts.created_anew.to_string()),
            ("consent", view.counts.consent.to_string()),
            ("as-applied", view.counts.as_applied.to_string()),
            ("failed", report.failed.len().to_string()),
            ("stopped", report.stopped.is_some().to_string()),
        ];
        let lines = rows.map(|(name, value)| format!("{name}={value}\n"));
        files::append(&path, &lines.concat())?;
    }
    if let Some(path) = path_from("GITHUB_STEP_SUMMARY") {
        let project = path_in_repository(&settings.root);
        let name = settings.comment_name(&project, title);
        let comment = drift::markdown::comment(view, name, MAX_SUMMARY);
        files::append(&path, &comment)?;
    }
    Ok(())
}

/// Prints annotations, which GitHub shows at the lines of the pull request.
pub(crate) fn annotate(terminal: Terminal, root: &Path, diagnostics: &[Diagnostic]) {
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        let folder = folder(root);
        for is_error in [true, false] {
            let alike = diagnostics
                .iter()
                .filter(|found| found.is_error() == is_error);
            for found in alike.take(MAX_ANNOTATIONS) {
                terminal.talk(&annotation::github(found, &folder));
            }
        }
    }
}

/// The `name=value` lines of a plan; every value is a number, a digest or a boolean.
fn numbers(plan: &Plan, more: &[(&str, String)]) -> String {
    let of = |action| {
        let changes = plan.changes.iter();
        changes
            .filter(|planned| planned.change.action() == action)
            .count()
    };
    let mut text = String::new();
    let rows = [
        ("changes", (!plan.is_empty()).to_string()),
        ("create", of(Action::Create).to_string()),
        ("update", of(Action::Update).to_string()),
        ("move", of(Action::Move).to_string()),
        ("forget", of(Action::Forget).to_string()),
        ("delete", of(Action::Delete).to_string()),
        ("deletions", plan.deletions().to_string()),
        ("unchanged", plan.unchanged.to_string()),
        ("requests", plan.requests().to_string()),
        (
            "limits-exceeded",
            plan.tripped().next().is_some().to_string(),
        ),
        ("digest", plan.digest.to_string()),
        // With a selection, `changes` is only about the users that it covers.
        ("partial", plan.selected.is_some().to_string()),
    ];
    for (name, value) in rows.iter().chain(more) {
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// The path from the top of the repository to the project with `/` at the end, which annotations need; empty at the top.
fn folder(root: &Path) -> String {
    let path = path_in_repository(root);
    if path.is_empty() { path } else { path + "/" }
}

/// The path in a variable of the runner; an empty variable is unset.
fn path_from(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
