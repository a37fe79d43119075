//! Escapes untrusted text for a terminal, a log, JSON and Markdown.
//!
//! A person with access to the manifests can write text that a terminal, a CI runner or a review
//! page would act on: escape sequences, workflow commands, Markdown. Dangerous characters are made
//! visible rather than removed, so that a reviewer sees them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use unicode_width::UnicodeWidthStr;

use crate::model::text::characters::{is_invisible, starts_ci_command};

fn push_visible(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(other));
        }
    }
}

fn escape(text: &str, quotes: bool) -> Cow<'_, str> {
    let command_first = text.trim_start().starts_with("::");
    let ends_quotes = |character| quotes && matches!(character, '"' | '\\');
    let harmless = |character| !is_invisible(character) && !ends_quotes(character);
    if !command_first && !text.contains("##") && text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut colon_due = command_first;
    let mut after_hash_of_command = false;
    for (at, character) in text.char_indices() {
        match character {
            '#' if after_hash_of_command => {
                out.push_str("\\u{23}");
                after_hash_of_command = false;
            }
            '#' => {
                out.push('#');
                after_hash_of_command = starts_ci_command(&text[at..]);
            }
            // A runner trims the line and looks for two colons at its beginning.
            ':' if colon_due => {
                out.push_str("\\u{3a}");
                colon_due = false;
            }
            '"' | '\\' if quotes => {
                out.push('\\');
                out.push(character);
            }
            other if is_invisible(other) => push_visible(&mut out, other),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Text for a terminal or a log: one line without escape sequences and workflow commands.
pub fn terminal(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// A text in double quotes, as in JSON, but with `\u{202e}` for invisible characters.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(text, true))
}

/// Text for a Markdown paragraph, shown literally: no markup, HTML, link, mention or reference.
pub fn markdown(text: &str) -> String {
    let visible = terminal(text);
    let mut out = String::with_capacity(visible.len() + 16);
    for character in visible.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Mentions and references are detected after Markdown is rendered, so a backslash does
            // not prevent them; an HTML comment splits the text.
            '@' | '#' => {
                out.push('\\');
                out.push(character);
                out.push_str("<!-- -->");
            }
            other if other.is_ascii_punctuation() => {
                out.push('\\');
                out.push(other);
            }
            other => out.push(other),
        }
    }
    out
}

/// Text as Markdown code within a line, also in a table cell.
///
/// Nothing inside a code span is markup. A backtick would end the span and a bar would end a table
/// cell, so a text with one of these is written as HTML with every punctuation mark as an entity.
pub fn code(text: &str) -> String {
    let visible = terminal(text);
    if visible.is_empty() {
        return html_code(&visible);
    }
    let edges = visible.starts_with(' ') || visible.ends_with(' ');
    if edges || visible.contains(['`', '|']) {
        return html_code(&visible);
    }
    format!("`{visible}`")
}

/// Text as HTML code, for places where Markdown is not rendered, such as `<summary>`.
pub fn html_code(text: &str) -> String {
    let visible = terminal(text);
    let mut out = String::from("<code>");
    for character in visible.chars() {
        if character.is_ascii_punctuation() && !matches!(character, '.' | '-' | '_') {
            let _ = write!(out, "&#{};", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out.push_str("</code>");
    out
}

/// How many columns a text takes on a terminal: two for a Korean letter.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Formats JSON for people: the outer two levels are indented, so that every change has its own
/// line, and invisible characters and workflow commands are escaped as `\u202e`. The data is the
/// same.
#[derive(Default)]
struct VisibleJson {
    depth: usize,
    has_items: bool,
}

impl VisibleJson {
    const INDENTED: usize = 2;

    fn begin<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.depth += 1;
        self.has_items = false;
        writer.write_all(&[bracket])
    }

    fn item<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn end<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.depth -= 1;
        if self.has_items && self.depth < Self::INDENTED {
            write!(writer, "\n{:1$}", "", self.depth * 2)?;
        }
        self.has_items = true;
        writer.write_all(&[bracket])
    }

    fn line<W: io::Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        if self.depth > Self::INDENTED {
            return Ok(());
        }
        write!(writer, "\n{:1$}", "", self.depth * 2)
    }
}

impl serde_json::ser::Formatter for VisibleJson {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut written = 0;
        let mut before = None;
        for (at, character) in fragment.char_indices() {
            let command =
                before == Some('#') && character == '#' && starts_ci_command(&fragment[at - 1..]);
            if command || is_invisible(character) {
                writer.write_all(&fragment.as_bytes()[written..at])?;
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                written = at + character.len_utf8();
            }
            before = Some(character);
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b'[')
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b']')
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.item(writer, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_items = true;
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b'{')
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b'}')
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.item(writer, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.depth > Self::INDENTED {
            b":"
        } else {
            b": "
        })
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_items = true;
        Ok(())
    }
}

/// Writes a value as JSON that is safe to show, followed by a line end.
///
/// # Errors
///
/// `out` returns an error.
pub fn write_json(out: &mut dyn io::Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, VisibleJson::default());
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}
