//! Splits a table into its rows and cells (RFC 4180), and finds the damage that other readers pass over.
//!
//! The `csv` crate reads a quote that is never closed to the end of the file, as one cell, without an error: the
//! people of all those rows are lost, and stand inside of a value. A property test compares the rows of tables
//! without damage with those of that crate.

use std::fmt;
use std::str::FromStr;

/// The character between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// Whether it is the comma, which needs no word.
    pub fn is_comma(self) -> bool {
        self.0 == b','
    }

    const USUAL: [u8; 4] = [b',', b';', b'\t', b'|'];
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.as_bytes()) {
            ("tab" | "\\t", _) => Ok(Self(b'\t')),
            (_, [byte]) if *byte == b'\t' || byte.is_ascii_punctuation() && *byte != b'"' => {
                Ok(Self(*byte))
            }
            _ => Err("expected one sign such as `,` or `;`, or `tab`".to_owned()),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tabs"),
            byte => write!(f, "`{}`", char::from(byte)),
        }
    }
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
    /// Whether text stands between a closing quote and the next delimiter.
    pub(crate) has_text_after_quote: bool,
    /// Of each quoted cell of several lines: which cell it is, and the delimiters in each of its lines.
    pub(crate) of_several_lines: Vec<(usize, Vec<usize>)>,
}

impl Record {
    /// Whether it is a line without text.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(&*self.cells, [cell] if cell.trim().is_empty())
    }

    /// Whether a cell holds the end of its row, whole rows, and the beginning of another row: what a missing quote
    /// leaves if another one is missing below.
    pub(crate) fn swallows_rows(&self, columns: usize) -> bool {
        self.of_several_lines.iter().any(|(cell, delimiters)| {
            let Some(([first], [middle @ .., last])) = delimiters.split_at_checked(1) else {
                return false;
            };
            columns > 1
                && first + cell + 1 == columns
                && last == cell
                && middle.iter().all(|count| count + 1 == columns)
        })
    }
}

/// A quote after which no row can be told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenQuote {
    /// The file ends before it is closed.
    Open {
        /// Where it opens.
        line: usize,
    },
    /// Text follows where it is closed, some lines below.
    Misplaced {
        /// Where it opens.
        line: usize,
        /// Where it is closed.
        end: usize,
    },
}

impl fmt::Display for BrokenQuote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { line } => write!(f, "the quote that opens in line {line} is not closed"),
            Self::Misplaced { line, end } => write!(
                f,
                "the quote that opens in line {line} is closed in the middle of line {end}"
            ),
        }
    }
}

/// The delimiter, and the text and the line where the rows begin. Excel writes `sep=;` before them; otherwise the sign
/// that stands most in the first line counts.
pub(crate) fn begin(text: &str, named: Option<Delimiter>) -> (Delimiter, &str, usize) {
    let (first, rest) = split_line(text);
    let first = first.trim_matches('"');
    let told = first
        .split_at_checked(4)
        .filter(|(word, _)| word.eq_ignore_ascii_case("sep="))
        .and_then(|(_, sign)| sign.parse().ok());
    match (named, told) {
        (Some(named), Some(_)) => (named, rest, 2),
        (None, Some(told)) => (told, rest, 2),
        (Some(named), None) => (named, text, 1),
        (None, None) => (most_frequent(text), text, 1),
    }
}

fn split_line(text: &str) -> (&str, &str) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    let rest = rest
        .strip_prefix("\r\n")
        .or(rest.get(1..))
        .unwrap_or_default();
    (line, rest)
}

fn most_frequent(text: &str) -> Delimiter {
    let mut counts = [0; Delimiter::USUAL.len()];
    let mut is_quoted = false;
    let mut has_text = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted && has_text => break,
            _ if !is_quoted => {
                has_text |= !byte.is_ascii_whitespace();
                if let Some(at) = Delimiter::USUAL.iter().position(|sign| *sign == byte) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let at = counts.iter().position(|count| *count == most);
    Delimiter(Delimiter::USUAL[at.unwrap_or_default()])
}

/// Reads rows from the top to the bottom of a text.
pub(crate) struct Records<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    delimiter: u8,
}

impl<'t> Records<'t> {
    /// `line` is the number of the text's first line.
    pub(crate) fn new(text: &'t str, line: usize, delimiter: Delimiter) -> Self {
        Self {
            text,
            at: 0,
            line,
            delimiter: delimiter.0,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes an end of line, if there is one here.
    fn end_line(&mut self) -> bool {
        match self.peek() {
            Some(b'\r') if self.text.as_bytes().get(self.at + 1) == Some(&b'\n') => self.at += 2,
            Some(b'\r' | b'\n') => self.at += 1,
            _ => return false,
        }
        self.line += 1;
        true
    }

    fn record(&mut self) -> Result<Record, BrokenQuote> {
        let mut record = Record {
            line: self.line,
            ..Record::default()
        };
        loop {
            let cell = self.cell(&mut record)?;
            record.cells.push(cell);
            if self.peek() == Some(self.delimiter) {
                self.at += 1;
            } else {
                self.end_line();
                return Ok(record);
            }
        }
    }

    fn cell(&mut self, record: &mut Record) -> Result<String, BrokenQuote> {
        let start = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        if self.peek() == Some(b'"') {
            return self.quoted(record);
        }
        let rest = &self.text.as_bytes()[self.at..];
        let length = memchr::memchr3(self.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
        self.at += length;
        Ok(self.text[start..self.at].to_owned())
    }

    fn quoted(&mut self, record: &mut Record) -> Result<String, BrokenQuote> {
        let opened = self.line;
        self.at += 1;
        let mut cell = String::new();
        let mut from = self.at;
        let mut inside = vec![0];
        loop {
            match self.peek() {
                None => return Err(BrokenQuote::Open { line: opened }),
                Some(b'"') if self.text.as_bytes().get(self.at + 1) == Some(&b'"') => {
                    cell.push_str(&self.text[from..=self.at]);
                    self.at += 2;
                    from = self.at;
                }
                Some(b'"') => break,
                Some(b'\r' | b'\n') => {
                    self.end_line();
                    inside.push(0);
                }
                Some(byte) => {
                    self.at += 1;
                    if byte == self.delimiter
                        && let Some(count) = inside.last_mut()
                    {
                        *count += 1;
                    }
                }
            }
        }
        cell.push_str(&self.text[from..self.at]);
        self.at += 1;
        if self.line > opened {
            record.of_several_lines.push((record.cells.len(), inside));
        }
        let rest = &self.text.as_bytes()[self.at..];
        let length = memchr::memchr3(self.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
        if !rest[..length].trim_ascii().is_empty() {
            if self.line > opened {
                return Err(BrokenQuote::Misplaced {
                    line: opened,
                    end: self.line,
                });
            }
            record.has_text_after_quote = true;
        }
        self.at += length;
        Ok(cell)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, BrokenQuote>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.at < self.text.len()).then(|| {
            let record = self.record();
            if record.is_err() {
                self.at = self.text.len();
            }
            record
        })
    }
}
