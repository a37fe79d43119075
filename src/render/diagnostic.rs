//! Writes diagnostics with the source lines they are about, or as JSON.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Renderer, Snippet};
use serde::Serialize;

use crate::model::{Diagnostic, Excerpt, Origin, Severity};
use crate::render::common::escape::{terminal, write_json};
use crate::render::common::style::Style;
use crate::words::{and_more, counted};

/// How diagnostics are shown.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosticOptions {
    /// The colours.
    pub style: Style,
    /// How many diagnostics are shown; the rest are counted.
    pub most: usize,
}

impl Default for DiagnosticOptions {
    fn default() -> Self {
        Self {
            style: Style::plain(),
            most: 200,
        }
    }
}

/// Writes diagnostics by file, line, column and code, then how many there are. Writes nothing if there are none.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(
    out: &mut dyn fmt::Write,
    diagnostics: &[Diagnostic],
    options: &DiagnosticOptions,
) -> fmt::Result {
    if diagnostics.is_empty() {
        return Ok(());
    }
    let renderer = if options.style.is_coloured() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    // If some are left out, warnings are left out before errors.
    let mut shown = sorted(diagnostics);
    shown.sort_by_key(|diagnostic| diagnostic.severity);
    shown.truncate(options.most);
    shown.sort_by(|one, other| order(one).cmp(&order(other)));
    for diagnostic in &shown {
        for line in renderer.render(&groups(diagnostic)).lines() {
            if !parts_place_from_snippet(line) {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        writeln!(out)?;
    }
    let left = diagnostics.len() - shown.len();
    if let Some(more) = and_more(left) {
        writeln!(out, "{more}, not shown.")?;
    }
    writeln!(out, "{}", tally(diagnostics))
}

/// Whether it is the line of three colons that `annotate_snippets` draws between a place and its
/// snippet. It carries no information, and a CI runner takes it for the start of a command.
fn parts_place_from_snippet(line: &str) -> bool {
    anstream::adapter::strip_str(line).to_string().trim() == ":::"
}

type Order<'a> = (&'a str, u32, u32, &'static str, &'a str);

fn order(diagnostic: &Diagnostic) -> Order<'_> {
    let Origin { file, line, column } = &diagnostic.origin;
    (file, *line, *column, diagnostic.code, &diagnostic.message)
}

fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort_by(|one, other| order(one).cmp(&order(other)));
    sorted
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let Diagnostic {
        code,
        severity,
        origin,
        path,
        message,
        hint,
        excerpt,
        related,
    } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut first = level
        .primary_title(terminal(message))
        .id(*code)
        .element(place(origin));
    if let Some(excerpt) = excerpt {
        first = first.element(snippet(excerpt, origin));
    }
    if !path.is_empty() {
        first = first.element(Level::NOTE.message(format!("in {}", terminal(path))));
    }
    if let Some(hint) = hint {
        first = first.element(Level::HELP.message(terminal(hint)));
    }
    let mut groups = vec![first];
    for (origin, word) in related {
        let title = Level::NOTE.secondary_title(terminal(word));
        groups.push(Group::with_title(title).element(place(origin)));
    }
    groups
}

/// The place is given apart from the snippet, which would count columns in the shortened, escaped line.
fn place(origin: &Origin) -> Place<'_> {
    let place = Place::path(terminal(&origin.file));
    match (origin.line, origin.column) {
        (0, _) => place,
        (line, 0) => place.line(line as usize),
        (line, column) => place.line(line as usize).char_column(column as usize),
    }
}

fn snippet<'a>(
    excerpt: &'a Excerpt,
    origin: &Origin,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let Excerpt { text, start, end } = excerpt;
    let shown = terminal(text);
    let moved = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let mut moved = terminal(before).len().min(shown.len());
        while !shown.is_char_boundary(moved) {
            moved -= 1;
        }
        moved
    };
    let start = moved(*start);
    let span = start..moved(*end).max(start);
    Snippet::source(shown)
        .line_start(origin.line.max(1) as usize)
        .annotation(AnnotationKind::Primary.span(span))
}

/// `3 errors, 1 warning in 2 files`
fn tally(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|one| one.is_error()).count();
    let files: BTreeSet<&str> = diagnostics.iter().map(|one| &*one.origin.file).collect();
    let kinds: Vec<String> = [
        (errors, "error", "errors"),
        (diagnostics.len() - errors, "warning", "warnings"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    let files = counted(files.len(), "file", "files");
    format!("{} in {files}", kinds.join(", "))
}

#[derive(Serialize)]
struct DiagnosticJson<'a> {
    code: &'static str,
    severity: Severity,
    file: &'a str,
    line: u32,
    column: u32,
    path: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    related: Vec<RelatedJson<'a>>,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

/// Writes all diagnostics as a JSON array, in the same order as [`write()`].
///
/// # Errors
///
/// `out` returns an error.
pub fn write_json_array(out: &mut dyn io::Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let all: Vec<_> = sorted(diagnostics)
        .into_iter()
        .map(|diagnostic| DiagnosticJson {
            code: diagnostic.code,
            severity: diagnostic.severity,
            file: &diagnostic.origin.file,
            line: diagnostic.origin.line,
            column: diagnostic.origin.column,
            path: &diagnostic.path,
            message: &diagnostic.message,
            hint: diagnostic.hint.as_deref(),
            related: diagnostic
                .related
                .iter()
                .map(|(origin, message)| RelatedJson {
                    file: &origin.file,
                    line: origin.line,
                    column: origin.column,
                    message,
                })
                .collect(),
        })
        .collect();
    write_json(out, &all)
}
