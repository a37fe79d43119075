//! Locates text in a file: byte spans, lines and columns.

use std::sync::Arc;

use crate::model::Origin;

/// A part of a file's text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// Saturates: no file that is read is longer than `u32` can count.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX).max(start);
        Self { start, end }
    }

    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) fn end(self) -> usize {
        self.end as usize
    }
}

/// The last boundary between characters at or before an offset.
pub(crate) fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A line and a column in characters, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Position {
    /// The same position, with the name of its file.
    pub(crate) fn in_file(self, file: &Arc<str>) -> Origin {
        Origin {
            file: file.clone(),
            line: self.line,
            column: self.column,
        }
    }
}

/// Turns ascending offsets into lines and columns in one walk over the text.
#[derive(Debug)]
pub(crate) struct Locator<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'t> Locator<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// The position of an offset. An offset before the previous one costs a walk from the start of
    /// the text.
    pub(crate) fn locate(&mut self, offset: usize) -> Position {
        let offset = boundary(self.text, offset);
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let passed = &self.text[self.offset..offset];
        let tail = match memchr::memrchr(b'\n', passed.as_bytes()) {
            Some(end) => {
                self.line += count(memchr::memchr_iter(b'\n', passed.as_bytes()).count());
                self.column = 1;
                &passed[end + 1..]
            }
            None => passed,
        };
        self.column += count(tail.chars().count());
        self.offset = offset;
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
