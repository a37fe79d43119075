//! From values to what is printed: chooses the renderer, and nothing else.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::cli::args::{DriftArguments, PlanArguments, PlanFormat};
use crate::cli::failure::Failure;
use crate::cli::github;
use crate::cli::project::LoadedProject;
use crate::cli::terminal::Terminal;
use talkform::apply::{DriftReport, Event, Report};
use talkform::model::{Diagnostic, Plan};
use talkform::render::common::escape;
use talkform::render::{
    DriftView, PlanView, Style, TextOptions, diagnostic, drift, plan, progress, report,
};
use talkform::state::Loaded;

/// The colours for stdout.
pub(crate) fn style(terminal: Terminal) -> Style {
    if terminal.colour_on_stdout() {
        Style::coloured()
    } else {
        Style::plain()
    }
}

fn style_for_talk(terminal: Terminal) -> Style {
    if terminal.colour_on_stderr() {
        Style::coloured()
    } else {
        Style::plain()
    }
}

/// What a renderer writes, as a text.
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

/// Prints a plan the way it was asked for.
pub(crate) fn plan(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &PlanArguments,
    plan: &Plan,
) -> Result<(), Failure> {
    let view = PlanView::new(plan, &settings.project.sensitive, settings.show_sensitive);
    match arguments.format {
        PlanFormat::Text => plan_text(terminal, settings, arguments.planning.full, plan),
        PlanFormat::Json => terminal.stream(|out| plan::json::write(out, &view)),
        PlanFormat::Markdown => {
            let options = plan::markdown::MarkdownOptions {
                environment: settings.environment.as_deref(),
                max_bytes: arguments.max_bytes,
                rate: settings.project.channel.rate,
                ..plan::markdown::MarkdownOptions::default()
            };
            terminal.result(&plan::markdown::comment(&view, &options))
        }
    }
}

/// Prints a plan for people.
pub(crate) fn plan_text(
    terminal: Terminal,
    settings: &LoadedProject,
    full: bool,
    plan: &Plan,
) -> Result<(), Failure> {
    let view = PlanView::new(plan, &settings.project.sensitive, settings.show_sensitive);
    let options = TextOptions {
        style: style(terminal),
        full,
        rate: settings.project.channel.rate,
    };
    terminal.result(&text_of(|out| plan::text::write(out, &view, &options))?)
}

/// Prints drift the way it was asked for.
pub(crate) fn drift(
    terminal: Terminal,
    settings: &LoadedProject,
    arguments: &DriftArguments,
    report: &DriftReport,
) -> Result<(), Failure> {
    let view = DriftView::new(report, &settings.project.sensitive, settings.show_sensitive);
    match arguments.format {
        PlanFormat::Text => {
            let style = style(terminal);
            let full = arguments.full;
            terminal.result(&text_of(|out| {
                drift::text::write(out, &view, &style, full)
            })?)
        }
        PlanFormat::Json => terminal.stream(|out| drift::json::write(out, &view)),
        PlanFormat::Markdown => {
            let environment = settings.environment.as_deref();
            let comment = drift::markdown::comment(&view, environment, arguments.max_bytes);
            terminal.result(&comment)
        }
    }
}

/// Prints a report.
pub(crate) fn report(
    terminal: Terminal,
    settings: &LoadedProject,
    report: &Report,
    json: bool,
) -> Result<(), Failure> {
    if json {
        return terminal.stream(|out| report::json::write(out, report));
    }
    let options = report::text::ReportOptions {
        style: style(terminal),
        show_sensitive: settings.show_sensitive,
    };
    terminal.result(&text_of(|out| report::text::write(out, report, &options))?)
}

/// Warnings go to whoever listens.
pub(crate) fn warn(terminal: Terminal, root: &Path, warnings: &[Diagnostic]) {
    if !warnings.is_empty() {
        github::annotate(terminal, root, warnings);
        say_diagnostics(terminal, warnings);
    }
}

fn say_diagnostics(terminal: Terminal, diagnostics: &[Diagnostic]) {
    let options = diagnostic::DiagnosticOptions {
        style: style_for_talk(terminal),
        ..diagnostic::DiagnosticOptions::default()
    };
    if let Ok(text) = text_of(|out| diagnostic::write(out, diagnostics, &options)) {
        terminal.talk(text.trim_end());
    }
}

/// Diagnostics for programs.
pub(crate) fn diagnostics_json(diagnostics: &[Diagnostic]) -> Result<String, Failure> {
    bytes_of(|out| diagnostic::write_json_array(out, diagnostics))
}

/// Says that an earlier run had not ended.
pub(crate) fn replayed(terminal: Terminal, loaded: &Loaded) {
    let replay = &loaded.replay;
    if replay.replayed > 0 {
        terminal.talk(&format!(
            "An earlier run did not end by itself; {} read back from its journal.",
            counted(replay.replayed, "change was", "changes were")
        ));
    }
    if replay.torn > 0 {
        terminal.talk(&format!(
            "The last {} of the journal had not been written whole and {} dropped.",
            counted(replay.torn, "byte", "bytes"),
            if replay.torn == 1 { "was" } else { "were" }
        ));
    }
}

/// Says why a command ended.
pub(crate) fn failure(terminal: Terminal, failure: &Failure) {
    match failure {
        Failure::Diagnostics(found) => say_diagnostics(terminal, found),
        Failure::Refused {
            message,
            details,
            hint,
        } => {
            terminal.talk(&format!("error: {}", escape::terminal(message)));
            for detail in details {
                terminal.talk(&format!("  {}", escape::terminal(detail)));
            }
            if let Some(hint) = hint {
                terminal.talk(&format!(" help: {}", escape::terminal(hint)));
            }
        }
        Failure::Usage(message) => {
            terminal.talk(&format!("error: {}", escape::terminal(message)));
        }
        Failure::BrokenPipe => {}
    }
}

/// A number with its noun.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Tells of an apply while it runs: a bar for a person, a line now and then for a log.
pub(crate) struct Progress {
    terminal: Terminal,
    started: Instant,
    shown: Shown,
}

enum Shown {
    Bar(progress::Progress),
    Lines(progress::LogProgress),
}

impl Progress {
    /// Chooses by who watches stderr.
    pub(crate) fn new(terminal: Terminal) -> Self {
        let shown = if terminal.talks_to_a_person() {
            Shown::Bar(progress::Progress::on_stderr())
        } else {
            Shown::Lines(progress::LogProgress::default())
        };
        Self {
            terminal,
            started: Instant::now(),
            shown,
        }
    }

    /// Takes note of what happened.
    pub(crate) fn on_event(&mut self, event: &Event) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.on_event(event),
            Shown::Lines(lines) => {
                if let Some(line) = lines.on_event(self.started.elapsed(), event) {
                    self.terminal.talk(&line);
                }
            }
        }
    }

    /// Leaves the screen as it was.
    pub(crate) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish();
        }
    }
}
