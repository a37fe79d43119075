//! Reads one file: decodes it, then reads it in chunks or whole.

use std::sync::Arc;

use crate::model::{ContentDigest, Diagnostic, UnchangedFile};

use crate::manifest::files::format::Format;
use crate::manifest::files::{chunks, whole};
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::syntax::decode;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{DeclaredMove, DeclaredUser};
use crate::manifest::users::places::{Places, Word};

/// What one file declares.
#[derive(Default)]
pub(crate) struct FileReading {
    pub(crate) users: Vec<DeclaredUser>,
    /// What they mean depends on the other files.
    pub(crate) moved: Vec<DeclaredMove>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The digest of its bytes and format; set by the caller, who has the bytes.
    pub(crate) content: Option<ContentDigest>,
    /// Set if the file was not read, because all its users are as recorded.
    pub(crate) unchanged: Option<UnchangedFile>,
}

/// Reads one file for the first places of these words.
pub(crate) fn locate(
    name: &Arc<str>,
    bytes: &[u8],
    settings: &ReadSettings,
    words: &[Word],
) -> Places {
    let decoded = decode::decode(bytes);
    let mut reader = Reader::new(decoded.text, settings);
    reader.places = Places::of(words);
    if let (None, Some(format)) = (decoded.problem, Format::of(name)) {
        whole::read(&mut reader, decoded.text, format, Vec::new());
    }
    let mut places = reader.places;
    places.locate(decoded.text);
    places
}

/// Reads one file. The problems in `across` were found by looking at other files; they are in the
/// order of their spans and become part of the diagnostics. `on_user` is called with each user.
pub(crate) fn read_file(
    name: &Arc<str>,
    bytes: &[u8],
    settings: &ReadSettings,
    across: Vec<Problem>,
    on_user: &(dyn Fn(&mut DeclaredUser) + Sync),
) -> FileReading {
    let decoded = decode::decode(bytes);
    let text = decoded.text;
    let format = Format::of(name);
    if let (None, Some(format), []) = (&decoded.problem, format, &*across)
        && let Some(users) = chunks::read(text, format, settings, on_user, chunks::CHUNK)
    {
        return FileReading {
            users,
            ..FileReading::default()
        };
    }
    let mut reader = Reader::new(text, settings);
    match (decoded.problem, format) {
        (Some(problem), _) => reader.problems.push(problem),
        (None, Some(format)) => whole::read(&mut reader, text, format, across),
        (None, None) => reader.problems.push(
            Problem::error("unknown-format", Span::default(), "the name of this file is not that of a manifest")
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
    users.iter_mut().for_each(on_user);
    FileReading {
        users,
        moved,
        diagnostics: problems.finish(text, name, settings.visibility.reveals()),
        ..FileReading::default()
    }
}
