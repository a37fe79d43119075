//! Prints plans, drift, reports, diagnostics and failures: chooses the renderer and the stream.

use std::fmt;
use std::io;
use std::path::Path;

use crate::cli::args::{DriftFormat, FormatOptions, PlanFormat};
use crate::cli::failure::Failure;
use crate::cli::github;
use crate::cli::project::LoadedProject;
use crate::cli::repository::{files_address, path_in_repository, run_address};
use crate::cli::terminal::Terminal;
use talkform::apply::Report;
use talkform::model::{Diagnostic, ShownIds};
use talkform::render::common::escape;
use talkform::render::common::rejection::ReasonLength;
use talkform::render::{
    Commands, DriftView, PlanView, Style, TextOptions, diagnostic, drift, plan, report, state_size,
};
use talkform::state::{Loaded, Mismatch, Store};
pub(crate) use talkform::words::{counted, shortened};

/// The colours for stdout.
pub(crate) fn style(terminal: Terminal) -> Style {
    if terminal.colour_on_stdout() {
        Style::coloured()
    } else {
        Style::plain()
    }
}

fn style_on_stderr(terminal: Terminal) -> Style {
    if terminal.colour_on_stderr() {
        Style::coloured()
    } else {
        Style::plain()
    }
}

/// Collects what a renderer writes into a string.
pub(crate) fn text_of(
    write: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
) -> Result<String, Failure> {
    let mut text = String::new();
    write(&mut text).map_err(|_| Failure::refused("cannot render the output; this is a bug"))?;
    Ok(text)
}

fn bytes_of(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Failure::refused(format!("cannot render: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Failure::refused(format!("cannot render: {error}")))
}

/// Prints a plan. `full` shows every change in the text format, also where many are alike. `commands` are
/// the commands that it suggests.
pub(crate) fn plan(
    terminal: Terminal,
    settings: &LoadedProject,
    options: &FormatOptions<PlanFormat>,
    full: bool,
    commands: Commands<'_>,
    view: &PlanView<'_>,
) -> Result<(), Failure> {
    match options.format {
        PlanFormat::Text => plan_text(terminal, settings, full, commands, view),
        PlanFormat::Json => terminal.stream(|out| plan::json::write(out, view)),
        PlanFormat::Markdown => {
            let project = path_in_repository(&settings.root);
            let whole = run_address();
            let defaults = plan::markdown::MarkdownOptions::default();
            let options = plan::markdown::MarkdownOptions {
                name: settings.comment_name(&project, options.title.as_deref()),
                max_bytes: options.max_bytes,
                whole: whole.as_deref().unwrap_or(defaults.whole),
                files: &files_address(&project),
                rate: settings.project.channel.rate,
                commands,
            };
            terminal.result(&plan::markdown::comment(view, &options))
        }
        PlanFormat::Html => {
            let options = plan::html::PageOptions {
                environment: settings.environment.as_deref(),
                rate: settings.project.channel.rate,
                commands,
            };
            terminal.stream(|out| plan::html::write(out, view, &options))
        }
    }
}

/// Prints a plan as text. `commands` are those that it suggests.
pub(crate) fn plan_text(
    terminal: Terminal,
    settings: &LoadedProject,
    full: bool,
    commands: Commands<'_>,
    view: &PlanView<'_>,
) -> Result<(), Failure> {
    let options = TextOptions {
        style: style(terminal),
        full,
        rate: settings.project.channel.rate,
        commands,
    };
    terminal.result(&text_of(|out| plan::text::write(out, view, &options))?)
}

/// Prints drift. `full` shows every user in the text format, also where many are alike.
pub(crate) fn drift(
    terminal: Terminal,
    settings: &LoadedProject,
    options: &FormatOptions<DriftFormat>,
    full: bool,
    view: &DriftView<'_>,
) -> Result<(), Failure> {
    match options.format {
        DriftFormat::Text => {
            let style = style(terminal);
            terminal.result(&text_of(|out| drift::text::write(out, view, &style, full))?)
        }
        DriftFormat::Json => terminal.stream(|out| drift::json::write(out, view)),
        DriftFormat::Markdown => {
            let project = path_in_repository(&settings.root);
            let name = settings.comment_name(&project, options.title.as_deref());
            let comment = drift::markdown::comment(view, name, options.max_bytes);
            terminal.result(&comment)
        }
    }
}

/// Prints the report of an apply, as text or as JSON. `commands` are those that it suggests.
pub(crate) fn report(
    terminal: Terminal,
    settings: &LoadedProject,
    report: &Report,
    commands: Commands<'_>,
    json: bool,
) -> Result<(), Failure> {
    if json {
        return terminal.stream(|out| report::json::write(out, report));
    }
    let options = report::text::ReportOptions {
        style: style(terminal),
        reasons: if settings.show_sensitive {
            ReasonLength::Whole
        } else {
            ReasonLength::Short
        },
        commands,
    };
    terminal.result(&text_of(|out| report::text::write(out, report, &options))?)
}

/// Prints warnings on stderr, and as annotations in GitHub Actions.
pub(crate) fn warn(terminal: Terminal, root: &Path, warnings: &[Diagnostic]) {
    if !warnings.is_empty() {
        github::annotate(terminal, root, warnings);
        print_diagnostics(terminal, warnings);
    }
}

fn print_diagnostics(terminal: Terminal, diagnostics: &[Diagnostic]) {
    let options = diagnostic::DiagnosticOptions {
        style: style_on_stderr(terminal),
        ..diagnostic::DiagnosticOptions::default()
    };
    if let Ok(text) = text_of(|out| diagnostic::write(out, diagnostics, &options)) {
        terminal.talk(text.trim_end());
    }
}

/// Diagnostics as a JSON array.
pub(crate) fn diagnostics_json(diagnostics: &[Diagnostic]) -> Result<String, Failure> {
    bytes_of(|out| diagnostic::write_json_array(out, diagnostics))
}

/// How many users a report of a journal names.
const MOST_NAMED: usize = 5;

/// Reports what was read from the journal of an interrupted run.
pub(crate) fn replayed(terminal: Terminal, loaded: &Loaded, ids: &ShownIds) {
    let replay = &loaded.replay;
    if replay.replayed > 0 {
        terminal.talk(&format!(
            "An earlier run was interrupted; {} replayed from its journal.",
            counted(replay.replayed, "change was", "changes were")
        ));
    }
    if replay.torn > 0 {
        terminal.talk(&format!(
            "The journal has an incomplete or damaged line; {} dropped.",
            counted(replay.torn, "byte was", "bytes were")
        ));
    }
    if replay.pending.is_empty() {
        return;
    }
    let count = replay.pending.len();
    let first = replay.pending.iter().take(MOST_NAMED);
    let mut names: Vec<String> = first
        .map(|id| escape::terminal(ids.of(id).as_str()).into_owned())
        .collect();
    if count > MOST_NAMED {
        names.push(format!("and {} more", count - MOST_NAMED));
    }
    let names = names.join(", ");
    terminal.talk(&match replay.mismatch {
        None => format!(
            "{users} being sent when the last run ended ({names}): Channel may have either, so the next apply sends them whole.",
            users = counted(count, "user was", "users were"),
        ),
        Some(mismatch) => format!(
            "A journal was left behind that does not continue this state: {}. Its {users} ({names}) may be on Channel as either run sent them, so the next apply sends them whole.",
            match mismatch {
                Mismatch::Damaged => "its first line is damaged".to_owned(),
                Mismatch::Serial { journal, state } =>
                    format!("it continues serial {journal}, and the state has serial {state}"),
                Mismatch::Concurrent => "several runs wrote journals at the same time".to_owned(),
                Mismatch::Base { serial } =>
                    format!("it continues another state with serial {serial}"),
            },
            users = counted(count, "user", "users"),
        ),
    });
}

/// Warns of a state that git hosting will refuse when it grows. One in a bucket is not in git.
pub(crate) fn large_state(terminal: Terminal, store: &Store, loaded: &Loaded) {
    if store.is_remote() {
        return;
    }
    if let Some(text) = state_size::warning(loaded.file_length(), state_size::LARGE) {
        terminal.talk(&text);
    }
}

/// Prints why a command failed.
pub(crate) fn failure(terminal: Terminal, failure: &Failure) {
    match failure {
        Failure::Diagnostics(found) => print_diagnostics(terminal, found),
        Failure::Refused {
            message,
            details,
            hint,
        } => {
            terminal.talk(&format!("error: {}", shown(message)));
            for detail in details {
                terminal.talk(&format!("  {}", shown(detail)));
            }
            if let Some(hint) = hint {
                terminal.talk(&format!(" help: {}", shown(hint)));
            }
        }
        Failure::Conflict { message, hint } => {
            terminal.talk(&format!("error: {}", shown(message)));
            terminal.talk(&format!(" help: {}", shown(hint)));
        }
        Failure::Usage(message) => {
            terminal.talk(&format!("error: {}", shown(message)));
        }
        Failure::BrokenPipe => {}
    }
}

/// A part of a failure, for stderr. Text of a user may be a megabyte long, so only its beginning is shown.
fn shown(text: &str) -> String {
    const LONGEST: usize = 4000;
    escape::terminal(&shortened(text, LONGEST)).into_owned()
}

/// Prints a failure that does not stop the command.
pub(crate) fn warn_on_failure(terminal: Terminal, result: Result<(), Failure>) {
    if let Err(error) = result {
        failure(terminal, &error);
    }
}
