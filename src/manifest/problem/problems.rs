//! Collects the problems of one file. Places are byte offsets until the end; lines, columns and excerpts
//! are computed only for the problems that are shown.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::{Diagnostic, Origin, Severity};
use crate::words::{counted, shortened};

use crate::manifest::problem::excerpt;
use crate::manifest::problem::excerpt::{MaskedScalar, Masking, Source};
use crate::manifest::problem::span::{Locator, Position, Span};
use crate::manifest::problem::wording::{without_key, without_quoted, without_unknown};

/// The most errors, and the most warnings, that are shown of one file: a broken export of a million lines
/// would otherwise fill the memory with excerpts.
pub(crate) const MOST_SHOWN: usize = 1000;

/// The most characters of a message, a hint or a path. Values are cut before; parsers and rules write messages, too.
const LONGEST: usize = 1000;

/// One problem of a file.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    pub(crate) span: Span,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) related: Vec<(Place, String)>,
    pub(crate) masking: Masking,
}

/// A related place, in this file or in another one.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Here(Span),
    There(Origin),
}

impl Problem {
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            span,
            path: String::new(),
            message: message.into(),
            hint: None,
            related: Vec::new(),
            masking: Masking::ByField,
        }
    }

    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    pub(crate) fn related(mut self, place: Place, word: impl Into<String>) -> Self {
        self.related.push((place, word.into()));
        self
    }

    /// Marks a problem of a text whose fields are unknown, so that its excerpt masks every value.
    pub(crate) fn unparsed(mut self) -> Self {
        self.masking = Masking::Unparsed;
        self
    }

    /// Marks a problem that was found in such a text before its end: a key may be a value, so names of fields alone
    /// are quoted.
    pub(crate) fn of_unparsed(mut self) -> Self {
        self.message = without_unknown(&self.message);
        self.unparsed()
    }
}

/// All problems of one file.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    shown: Vec<Problem>,
    errors: usize,
    warnings: usize,
    scalars: Vec<MaskedScalar>,
    /// The index of the first problem in `shown` whose scalars are not collected yet.
    fresh: usize,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        let count = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= MOST_SHOWN {
            self.shown.push(problem);
        }
    }

    /// Adds a problem unless one with the same code has the same span.
    pub(crate) fn push_new(&mut self, problem: Problem) {
        let is_same = |other: &Problem| other.span == problem.span && other.code == problem.code;
        if !self.shown.iter().any(is_same) {
            self.push(problem);
        }
    }

    /// Adds a problem unless one with the same message has the same span.
    pub(crate) fn push_new_message(&mut self, problem: Problem) {
        let is_same =
            |other: &Problem| other.span == problem.span && other.message == problem.message;
        if !self.shown.iter().any(is_same) {
            self.push(problem);
        }
    }

    /// How many problems will be shown.
    pub(crate) fn shown(&self) -> usize {
        self.shown.len()
    }

    /// Hides values in the messages, hints and paths of all problems but the first `from`, and of those at these spans.
    pub(crate) fn hide_since(&mut self, from: usize, spans: &[Span], hidden: &HiddenTexts) {
        let problems = self.shown.iter_mut().enumerate();
        let concerned =
            problems.filter(|(number, problem)| *number >= from || spans.contains(&problem.span));
        for (_, problem) in concerned {
            problem.message = without_quoted(&problem.message, hidden);
            problem.path = without_key(&problem.path, hidden);
            problem.hint = problem
                .hint
                .take()
                .map(|hint| without_quoted(&hint, hidden));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors + self.warnings == 0
    }

    /// The spans that the excerpts of new problems will show, sorted. The caller adds the scalars within
    /// them while the document still exists.
    pub(crate) fn take_windows(&mut self, text: &str) -> Vec<Span> {
        let mut windows: Vec<Span> = self.shown[self.fresh..]
            .iter()
            .filter(|problem| problem.masking == Masking::ByField)
            .map(|problem| excerpt::window(text, problem.span))
            .collect();
        self.fresh = self.shown.len();
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    /// Adds scalars within such windows.
    pub(crate) fn add_scalars(&mut self, scalars: Vec<MaskedScalar>) {
        self.scalars.extend(scalars);
    }

    /// Returns the diagnostics in the order of their places.
    pub(crate) fn finish(mut self, text: &str, file: &Arc<str>, reveal: bool) -> Vec<Diagnostic> {
        if self.is_empty() {
            return Vec::new();
        }
        self.shown
            .sort_by_key(|problem| (problem.span, problem.severity));
        self.scalars.sort_unstable_by_key(|scalar| scalar.span);
        self.scalars.dedup();
        let source = Source {
            text,
            scalars: &self.scalars,
            reveal,
        };
        let places = locate(text, self.shown.iter().flat_map(offsets));
        let origin = |span: Span| {
            let position = places.get(&span.start).copied().unwrap_or_default();
            position.in_file(file)
        };
        let mut diagnostics: Vec<Diagnostic> = self
            .shown
            .into_iter()
            .map(|problem| Diagnostic {
                code: problem.code,
                severity: problem.severity,
                origin: origin(problem.span),
                path: shortened(&problem.path, LONGEST).into_owned(),
                message: shortened(&problem.message, LONGEST).into_owned(),
                hint: problem
                    .hint
                    .map(|hint| shortened(&hint, LONGEST).into_owned()),
                excerpt: source.excerpt(problem.span, problem.masking),
                related: problem
                    .related
                    .into_iter()
                    .map(|(place, word)| match place {
                        Place::Here(span) => (origin(span), word),
                        Place::There(origin) => (origin, word),
                    })
                    .collect(),
            })
            .collect();
        diagnostics.extend(more(self.errors, Severity::Error, file));
        diagnostics.extend(more(self.warnings, Severity::Warning, file));
        diagnostics
    }
}

fn more(count: usize, severity: Severity, file: &Arc<str>) -> Option<Diagnostic> {
    let hidden = count.checked_sub(MOST_SHOWN).filter(|hidden| *hidden > 0)?;
    let more = match severity {
        Severity::Error => counted(hidden, "more error", "more errors"),
        Severity::Warning => counted(hidden, "more warning", "more warnings"),
    };
    Some(Diagnostic {
        severity,
        ..Diagnostic::error(
            "more-problems",
            Origin::file(file.clone()),
            format!("and {more} in this file"),
        )
    })
}

fn offsets(problem: &Problem) -> impl Iterator<Item = u32> {
    let related = problem.related.iter().filter_map(|(place, _)| match place {
        Place::Here(span) => Some(span.start),
        Place::There(_) => None,
    });
    std::iter::once(problem.span.start).chain(related)
}

fn locate(text: &str, offsets: impl Iterator<Item = u32>) -> HashMap<u32, Position> {
    let mut offsets: Vec<u32> = offsets.collect();
    offsets.sort_unstable();
    let mut locator = Locator::new(text);
    offsets
        .into_iter()
        .map(|offset| (offset, locator.locate(offset as usize)))
        .collect()
}
