//! Defines the lines of a plan or of drift, before a renderer adds indentation or the marks of a diff.

use std::fmt;

use crate::model::Origin;
use crate::render::common::escape::{terminal, width};
use crate::render::common::style::{Style, paint};
use crate::words::and_more;

/// How many users of a group are named.
pub(crate) const NAMED: usize = 5;

/// The column in which places begin, unless a title is longer.
const PLACE_COLUMN: usize = 54;

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A sentence above the lines that it describes: `#`.
    Title,
    /// `+`, `~`, `>`, `-`, `x`, `.` or `*`.
    Symbol(char),
    /// No mark.
    Blank,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The kind of the line.
    pub mark: Mark,
    /// The indentation: 0 for a user, 1 for a field, 2 for a line within a field.
    pub depth: usize,
    /// The text, escaped and coloured.
    pub text: String,
    /// The place in a manifest, shown at the right.
    pub place: Option<String>,
}

impl Line {
    pub(crate) fn new(mark: Mark, depth: usize, text: impl Into<String>) -> Self {
        Self {
            mark,
            depth,
            text: text.into(),
            place: None,
        }
    }

    /// The same line with the place where a user is declared.
    pub(crate) fn at(mut self, origin: Option<&Origin>) -> Self {
        self.place = origin.map(place);
        self
    }
}

/// `users/vip.yaml:14`
fn place(origin: &Origin) -> String {
    let file = terminal(&origin.file);
    match origin.line {
        0 => file.into_owned(),
        line => format!("{file}:{line}"),
    }
}

/// The first users of a group, each with its place, then how many more there are.
pub(crate) fn named<'a>(
    users: impl ExactSizeIterator<Item = (String, Option<&'a Origin>)>,
    style: &Style,
) -> Vec<Line> {
    let more = and_more(users.len().saturating_sub(NAMED));
    let mut lines: Vec<Line> = users
        .take(NAMED)
        .map(|(name, origin)| Line::new(Mark::Blank, 1, name).at(origin))
        .collect();
    lines.extend(more.map(|more| Line::new(Mark::Blank, 1, paint(style.quiet, &more))));
    lines
}

/// A field's line before the column of its text is known.
pub(crate) struct FieldLine {
    pub(crate) symbol: char,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) below: Vec<Line>,
}

/// One line for each field, with the texts in one column.
pub(crate) fn aligned(fields: Vec<FieldLine>) -> Vec<Line> {
    let with_text = fields.iter().filter(|field| !field.text.is_empty());
    let widest = with_text.map(|field| width(&field.path)).max().unwrap_or(0);
    let mut lines = Vec::with_capacity(fields.len());
    for field in fields {
        let FieldLine {
            symbol,
            path,
            text,
            below,
        } = field;
        let line = if text.is_empty() {
            path
        } else {
            let gap = widest - width(&path) + 3;
            format!("{path}{:gap$}{text}", "")
        };
        lines.push(Line::new(Mark::Symbol(symbol), 1, line));
        lines.extend(below);
    }
    lines
}

/// Writes a line for a terminal.
pub(crate) fn write_line(out: &mut dyn fmt::Write, line: &Line, style: &Style) -> fmt::Result {
    let Line {
        mark,
        depth,
        text,
        place,
    } = line;
    let indent = 2 + depth * 4;
    let symbol = match mark {
        Mark::Title => paint(style.strong, "#"),
        Mark::Symbol(symbol) => painted_symbol(style, *symbol),
        Mark::Blank => " ".to_owned(),
    };
    write!(out, "{:indent$}{symbol} {text}", "")?;
    if let Some(place) = place {
        let plain = anstream::adapter::strip_str(text).to_string();
        let reached = indent + 2 + width(&plain);
        let gap = PLACE_COLUMN.saturating_sub(reached).max(2);
        write!(out, "{:gap$}{}", "", paint(style.quiet, place))?;
    }
    writeln!(out)
}

/// The symbol in its colour.
pub(crate) fn painted_symbol(style: &Style, symbol: char) -> String {
    let colour = match symbol {
        '+' => style.add,
        '-' | 'x' => style.remove,
        '.' => style.forget,
        _ => style.change,
    };
    paint(colour, &symbol.to_string())
}
