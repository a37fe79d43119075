//! One file: its format by its name, its documents, its users.

use std::sync::Arc;

use crate::model::{ContentDigest, Diagnostic, KnownFile};

use crate::manifest::files::chunks;
use crate::manifest::files::chunks::Users;
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::{Locator, Problem};
use crate::manifest::syntax::node::Span;
use crate::manifest::syntax::{decode, json, yaml};
use crate::manifest::users::document::{Form, Reader};
use crate::manifest::users::moved::DeclaredMove;
use crate::manifest::users::user::DeclaredUser;

/// What one file says.
#[derive(Default)]
pub(crate) struct FileReading {
    pub(crate) users: Vec<DeclaredUser>,
    /// The lines and columns of the users' ids.
    pub(crate) places: Vec<(u32, u32)>,
    /// Ids that it says have changed. What they mean depends on the other files.
    pub(crate) moved: Vec<DeclaredMove>,
    /// The lines and columns of the old ids.
    pub(crate) moved_places: Vec<(u32, u32)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What it is known by; filled in by whoever has the bytes.
    pub(crate) content: Option<ContentDigest>,
    /// Where it was not read, because all its users are as recorded.
    pub(crate) known: Option<KnownFile>,
}

/// Reads one file. What is `known` of it already, in the order of places, becomes part of its
/// diagnostics. Each user is handed to `settle`.
pub(crate) fn read_file(
    name: &Arc<str>,
    bytes: &[u8],
    settings: &ReadSettings,
    known: Vec<Problem>,
    settle: &(dyn Fn(&mut DeclaredUser) + Sync),
) -> FileReading {
    let decoded = decode::decode(bytes);
    let text = decoded.text;
    if let (None, Some(format), []) = (&decoded.problem, Format::of(name), &*known)
        && let Some((users, places)) = chunks::read(text, format, settings, settle, chunks::PIECE)
    {
        return FileReading {
            users,
            places,
            ..FileReading::default()
        };
    }
    let mut reader = Reader::new(settings);
    match (decoded.problem, Format::of(name)) {
        (Some(problem), _) => reader.problems.push(problem),
        (None, Some(Format::Yaml)) => read_yaml(&mut reader, text, known),
        (None, Some(Format::Json)) => read_json(&mut reader, text, known),
        (None, Some(Format::JsonLines)) => read_json_lines(&mut reader, text, known),
        (None, None) => reader.problems.push(
            Problem::error("unknown-format", Span::default(), "this file is no manifest by its name")
                .hint("manifests end in .yaml, .yml, .json, .jsonl or .ndjson; narrow the pattern that finds it")
                .unparsed(),
        ),
    }
    let Reader {
        problems,
        mut users,
        moved,
        ..
    } = reader;
    let places = places(text, &users);
    users.iter_mut().for_each(settle);
    let mut locator = Locator::new(text);
    let moved_places = moved
        .iter()
        .map(|entry| locator.locate(entry.from_span.start()))
        .collect();
    FileReading {
        users,
        places,
        moved,
        moved_places,
        diagnostics: problems.finish(text, name, settings.show_sensitive),
        ..FileReading::default()
    }
}

/// The users of a text of which there is nothing to say, and that says nothing but users.
pub(crate) fn flawless(text: &str, format: Format, settings: &ReadSettings) -> Option<Users> {
    let mut reader = Reader::new(settings);
    match format {
        Format::Yaml => read_yaml(&mut reader, text, Vec::new()),
        Format::Json => read_json(&mut reader, text, Vec::new()),
        Format::JsonLines => read_json_lines(&mut reader, text, Vec::new()),
    }
    let Reader {
        problems,
        users,
        moved,
        ..
    } = reader;
    let places = places(text, &users);
    (problems.is_empty() && moved.is_empty()).then_some((users, places))
}

fn places(text: &str, users: &[DeclaredUser]) -> Vec<(u32, u32)> {
    let mut locator = Locator::new(text);
    let starts = users.iter().map(|found| found.span.start());
    starts.map(|start| locator.locate(start)).collect()
}

/// How a file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
    JsonLines,
}

impl Format {
    pub(crate) fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
        match &*extension {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

fn read_yaml(reader: &mut Reader<'_>, text: &str, known: Vec<Problem>) {
    let documents = yaml::parse(text);
    let whole = documents.broken.is_none();
    for problem in documents.problems {
        reader
            .problems
            .push(if whole { problem } else { problem.unparsed() });
    }
    for problem in known {
        reader.problems.push(problem);
    }
    reader.remember(text, &documents.roots);
    let (blank, full): (Vec<_>, Vec<_>) = documents.roots.iter().partition(|root| root.is_blank());
    if whole && full.is_empty() {
        reader.problems.push(empty_file());
    } else {
        for root in blank {
            reader.problems.push(
                Problem::warning("empty-document", root.span, "this document is empty")
                    .hint("remove the `---`"),
            );
        }
    }
    for root in full {
        reader.document(text, root, Form::Document);
    }
    if let Some(problem) = documents.broken {
        reader.problems.push(problem.unparsed());
    }
}

fn empty_file() -> Problem {
    Problem::error("empty-file", Span::default(), "this file declares nothing")
        .hint("a file that lost its content would forget its users: remove the file, or write `users: []`")
        .unparsed()
}

fn read_json(reader: &mut Reader<'_>, text: &str, known: Vec<Problem>) {
    if text.trim_ascii().is_empty() {
        reader.problems.push(empty_file());
        return;
    }
    let mut problems = known;
    match json::parse(text, Span::new(0, text.len()), &mut problems) {
        Ok(root) => {
            for problem in problems {
                reader.problems.push(problem);
            }
            reader.document(text, &root, Form::Document);
        }
        Err(problem) => {
            for problem in problems {
                reader.problems.push(problem.unparsed());
            }
            reader.problems.push(*problem);
        }
    }
}

fn read_json_lines(reader: &mut Reader<'_>, text: &str, known: Vec<Problem>) {
    let mut known = known.into_iter().peekable();
    let mut start = 0;
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        let span = Span::new(start, start + line.len());
        start += line.len();
        if line.trim_ascii().is_empty() {
            continue;
        }
        blank = false;
        let mut problems = Vec::new();
        let root = json::parse(text, span, &mut problems);
        while let Some(problem) = known.next_if(|problem| problem.span.start < span.end) {
            problems.push(problem);
        }
        match root {
            Ok(root) => {
                for problem in problems {
                    reader.problems.push(problem);
                }
                reader.document(text, &root, Form::Line);
            }
            Err(problem) => {
                for problem in problems {
                    reader.problems.push(problem.unparsed());
                }
                reader.problems.push(*problem);
            }
        }
    }
    if blank {
        reader.problems.push(empty_file());
    }
}
