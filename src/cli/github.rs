//! What GitHub Actions is told besides the output: numbers for later steps, a summary, places in files.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::output;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply::{DriftReport, Report};
use talkform::model::{Diagnostic, Plan};
use talkform::render::{DriftView, PlanView, Style, annotation, drift, plan, report};

/// GitHub takes a MiB of summary from each step, and nothing of one that is larger.
const MOST_SUMMARY: usize = 1_000_000;

/// GitHub shows ten errors and ten warnings of a step.
const MOST_ANNOTATIONS: usize = 10;

/// Tells of a plan. Without GitHub's variables nothing is written.
pub(crate) fn planned(terminal: Terminal, settings: &LoadedProject, plan: &Plan) {
    // The runner's own files: that they cannot be written spoils no plan.
    if let Err(failure) = tell_of_plan(settings, plan) {
        output::failure(terminal, &failure);
    }
}

fn tell_of_plan(settings: &LoadedProject, plan: &Plan) -> Result<(), Failure> {
    let view = PlanView::new(plan, &settings.project.sensitive, settings.show_sensitive);
    if let Some(path) = named("GITHUB_OUTPUT") {
        files::append(&path, &numbers(plan, &[]))?;
    }
    if let Some(path) = named("GITHUB_STEP_SUMMARY") {
        let options = plan::markdown::MarkdownOptions {
            environment: settings.environment.as_deref(),
            max_bytes: MOST_SUMMARY,
            rate: settings.project.channel.rate,
            ..plan::markdown::MarkdownOptions::default()
        };
        files::append(&path, &plan::markdown::comment(&view, &options))?;
    }
    Ok(())
}

/// Tells of an apply.
pub(crate) fn applied(terminal: Terminal, ended: &Report, plan: &Plan) {
    if let Err(failure) = tell_of_apply(ended, plan) {
        output::failure(terminal, &failure);
    }
}

fn tell_of_apply(ended: &Report, plan: &Plan) -> Result<(), Failure> {
    if let Some(path) = named("GITHUB_OUTPUT") {
        let more = [
            ("failed", ended.failed().to_string()),
            ("stopped", ended.stopped.is_some().to_string()),
        ];
        files::append(&path, &numbers(plan, &more))?;
    }
    if let Some(path) = named("GITHUB_STEP_SUMMARY") {
        let options = report::text::ReportOptions {
            style: Style::plain(),
            show_sensitive: false,
        };
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = report::text::write(&mut text, ended, &options);
        let fenced = annotation::fenced(&text, MOST_SUMMARY);
        files::append(&path, &format!("### talkform apply\n\n{fenced}\n"))?;
    }
    Ok(())
}

/// Tells of drift.
pub(crate) fn drifted(terminal: Terminal, settings: &LoadedProject, report: &DriftReport) {
    if let Err(failure) = tell_of_drift(settings, report) {
        output::failure(terminal, &failure);
    }
}

fn tell_of_drift(settings: &LoadedProject, report: &DriftReport) -> Result<(), Failure> {
    let view = DriftView::new(report, &settings.project.sensitive, settings.show_sensitive);
    if let Some(path) = named("GITHUB_OUTPUT") {
        let rows = [
            ("drift", report.has_drift().to_string()),
            ("changed", view.counts.changed.to_string()),
            ("gone", view.counts.gone.to_string()),
            ("consent", view.counts.consent.to_string()),
            ("as-applied", view.counts.as_applied.to_string()),
            ("failed", report.failed.len().to_string()),
            ("stopped", report.stopped.is_some().to_string()),
        ];
        let lines = rows.map(|(name, value)| format!("{name}={value}\n"));
        files::append(&path, &lines.concat())?;
    }
    if let Some(path) = named("GITHUB_STEP_SUMMARY") {
        let environment = settings.environment.as_deref();
        let comment = drift::markdown::comment(&view, environment, MOST_SUMMARY);
        files::append(&path, &comment)?;
    }
    Ok(())
}

/// Marks what is wrong at its place in the pull request.
pub(crate) fn annotate(terminal: Terminal, root: &Path, diagnostics: &[Diagnostic]) {
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        let folder = folder(root);
        for is_error in [true, false] {
            let alike = diagnostics
                .iter()
                .filter(|found| found.is_error() == is_error);
            for found in alike.take(MOST_ANNOTATIONS) {
                terminal.talk(&annotation::github(found, &folder));
            }
        }
    }
}

/// `name=value` lines; every value is a number, a digest or a truth value.
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
        ("create", of("create").to_string()),
        ("update", of("update").to_string()),
        ("move", of("move").to_string()),
        ("forget", of("forget").to_string()),
        ("delete", of("delete").to_string()),
        ("deletions", plan.deletions().to_string()),
        ("unchanged", plan.unchanged.to_string()),
        ("requests", plan.requests().to_string()),
        (
            "limits-exceeded",
            plan.tripped().next().is_some().to_string(),
        ),
        ("digest", plan.digest.to_string()),
    ];
    for (name, value) in rows.iter().chain(more) {
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// The way from where the runner starts to the project, as far as it can be told.
fn folder(root: &Path) -> String {
    let parts: Vec<_> = root
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        })
        .collect();
    if root.is_absolute() || parts.is_empty() {
        String::new()
    } else {
        parts.join("/") + "/"
    }
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
