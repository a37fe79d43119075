//! Finds where keys and tags are written.

use crate::manifest::problem::span::{Locator, Position, Span};

/// A key of a profile or a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Key(String),
    /// The tag in lower case.
    Tag(String),
}

impl Word {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Tag(text) => text,
        }
    }
}

/// A place of a word.
#[derive(Clone, Debug)]
pub(crate) struct WordPlace {
    pub(crate) span: Span,
    pub(crate) position: Position,
    /// The path within the document.
    pub(crate) path: String,
}

/// The first places of wanted words in a file.
#[derive(Debug, Default)]
pub(crate) struct Places {
    wanted: Vec<Word>,
    found: Vec<(Word, WordPlace)>,
}

impl Places {
    /// Places of these words, none of them found yet.
    pub(crate) fn of(wanted: &[Word]) -> Self {
        Self {
            wanted: wanted.to_vec(),
            found: Vec::new(),
        }
    }

    /// The first place of a word.
    pub(crate) fn first(&self, word: &Word) -> Option<WordPlace> {
        let (_, place) = self.found.iter().find(|(found, _)| found == word)?;
        Some(place.clone())
    }

    /// Notes a key where it is wanted and was not found before.
    pub(crate) fn key(&mut self, text: &str, span: Span, path: impl Fn() -> String) {
        let same = |word: &Word| matches!(word, Word::Key(key) if key == text);
        self.note(same, span, path);
    }

    /// The same for a tag.
    pub(crate) fn tag(&mut self, text: &str, span: Span, path: impl Fn() -> String) {
        let same = |word: &Word| matches!(word, Word::Tag(tag) if tag == text);
        self.note(same, span, path);
    }

    fn note(&mut self, same: impl Fn(&Word) -> bool, span: Span, path: impl Fn() -> String) {
        if let Some(at) = self.wanted.iter().position(same) {
            let place = WordPlace {
                span,
                position: Position::default(),
                path: path(),
            };
            self.found.push((self.wanted.swap_remove(at), place));
        }
    }

    /// Sets the lines and columns.
    pub(crate) fn locate(&mut self, text: &str) {
        let mut locator = Locator::new(text);
        self.found.sort_by_key(|(_, place)| place.span);
        for (_, place) in &mut self.found {
            place.position = locator.locate(place.span.start());
        }
    }
}
