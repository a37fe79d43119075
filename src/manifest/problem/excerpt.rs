//! Makes the source line under a diagnostic: masks it, then cuts it.

use crate::manifest::field_names::is_field_name;
use crate::manifest::problem::span::{Span, boundary};
use crate::model::Excerpt;

/// About how many characters of a long line are shown.
const WIDTH: usize = 160;

/// How many of them are before the problem.
const BEFORE: usize = 60;

/// How much text on either side of the problem is considered, in bytes: enough for [`WIDTH`] characters of
/// four bytes each.
const REACH: usize = WIDTH * 4;

/// The replacement of a masked value.
const SENSITIVE: &str = "(sensitive)";

/// Which words of an excerpt may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Masking {
    /// The document was read: each scalar is masked or not.
    ByField,
    /// The document was not read: only names of known fields are shown.
    Unparsed,
}

/// A scalar of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MaskedScalar {
    pub(crate) span: Span,
    pub(crate) masked: bool,
}

/// The text of a file and its scalars.
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    /// Every scalar that an excerpt may show, sorted.
    pub(crate) scalars: &'t [MaskedScalar],
    /// Whether every value is shown.
    pub(crate) reveal: bool,
}

/// The part of a line that an excerpt may show.
pub(crate) fn window(text: &str, span: Span) -> Span {
    let at = boundary(text, span.start());
    let from = boundary(text, at.saturating_sub(REACH));
    let to = boundary(text, at + REACH);
    let start = text[from..at]
        .rfind('\n')
        .map_or(from, |end| from + end + 1);
    let end = text[at..to].find('\n').map_or(to, |length| at + length);
    Span::new(start, end)
}

impl Source<'_> {
    /// The line around a place; `None` if it is blank.
    pub(crate) fn excerpt(&self, span: Span, masking: Masking) -> Option<Excerpt> {
        let window = window(self.text, span);
        let line = &self.text[window.start()..window.end()];
        if line.trim().is_empty() {
            return None;
        }
        let masks = match masking {
            _ if self.reveal => Vec::new(),
            Masking::ByField => self.field_masks(window),
            Masking::Unparsed => {
                let mut masks = Vec::new();
                mask_words(self.text, window, &is_field_name, &mut masks);
                masks
            }
        };
        let mut shown = Line::default();
        let mut masks = masks.into_iter().peekable();
        let mut skip_to = 0;
        for (offset, character) in line.char_indices() {
            let at = window.start() + offset;
            if at < skip_to {
                continue;
            }
            if let Some((masked, mask)) = masks.next_if(|(masked, _)| masked.start() <= at) {
                shown.mark(masked, span, mask);
                skip_to = masked.end();
                continue;
            }
            shown.character(at, character, span);
        }
        let cut_before = window.start() > 0 && self.text.as_bytes()[window.start() - 1] != b'\n';
        let cut_after = self.text[window.end()..]
            .chars()
            .next()
            .is_some_and(|next| next != '\n');
        Some(shown.finish(cut_before, cut_after))
    }

    /// The masked scalars, and every word outside of a scalar: a comment may quote any value.
    fn field_masks(&self, window: Span) -> Vec<(Span, &'static str)> {
        let nothing = |_: &str| false;
        let mut masks = Vec::new();
        let mut at = window.start();
        for scalar in self
            .scalars
            .iter()
            .take_while(|scalar| scalar.span.start < window.end)
            .filter(|scalar| scalar.span.end > window.start)
        {
            let start = scalar.span.start().max(at);
            mask_words(self.text, Span::new(at, start), &nothing, &mut masks);
            let rest = Span::new(start, scalar.span.end());
            if scalar.masked && rest.end > rest.start {
                masks.push((rest, SENSITIVE));
            } else {
                for (from, to) in marks_of(&self.text[start..rest.end()]) {
                    let mark = Span::new(start + from, start + to);
                    mask_words(self.text, mark, &nothing, &mut masks);
                }
            }
            at = at.max(scalar.span.end().min(window.end()));
        }
        mask_words(self.text, Span::new(at, window.end()), &nothing, &mut masks);
        masks
    }
}

/// The anchor, the tags and the alias at the beginning of a scalar, whose names may be values. The tags of YAML itself
/// are not.
fn marks_of(scalar: &str) -> Vec<(usize, usize)> {
    const OF_YAML: [&str; 6] = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!binary"];
    let mut marks = Vec::new();
    let mut rest = scalar;
    while rest.starts_with(['&', '*', '!']) {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let at = scalar.len() - rest.len();
        if !OF_YAML.contains(&&rest[..end]) {
            marks.push((at, at + end));
        }
        rest = rest[end..].trim_start();
    }
    marks
}

/// Masks every word, except for words before a colon that may be shown.
fn mask_words(
    text: &str,
    part: Span,
    is_shown: &dyn Fn(&str) -> bool,
    masks: &mut Vec<(Span, &'static str)>,
) {
    let is_word = |c: char| c.is_alphanumeric() || !c.is_ascii() || "._-+@/\\%$=~^()".contains(c);
    let mut at = part.start();
    while let Some(found) = text[at..part.end()].find(is_word) {
        let start = at + found;
        let tail = &text[start..part.end()];
        let length = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
        let (word, after) = tail.split_at(length);
        let key = after.trim_start_matches(['"', '\'']).starts_with(':') && is_shown(word);
        let punctuation = word.chars().all(|c| c.is_ascii_punctuation() && c != '@');
        if !key && !punctuation {
            masks.push((Span::new(start, start + length), "…"));
        }
        at = start + length;
    }
}

/// A line that is being built, with the place of the problem in it.
#[derive(Default)]
struct Line {
    text: String,
    start: Option<usize>,
    end: usize,
}

impl Line {
    fn mark(&mut self, masked: Span, span: Span, mask: &str) {
        let before = self.text.len();
        self.text.push_str(mask);
        if masked.start <= span.start && span.start < masked.end {
            self.start = Some(before);
        }
        if span.end > masked.start && self.start.is_some() {
            self.end = self.text.len();
        }
    }

    fn character(&mut self, at: usize, character: char, span: Span) {
        if self.start.is_none() && at >= span.start() {
            self.start = Some(self.text.len());
        }
        self.text.push(match character {
            '\t' => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        });
        if at < span.end() {
            self.end = self.text.len();
        }
    }

    fn finish(mut self, cut_before: bool, cut_after: bool) -> Excerpt {
        let length = self.text.trim_end_matches(['\u{FFFD}', ' ']).len();
        self.text.truncate(length);
        let start = self.start.unwrap_or(length).min(length);
        let end = self.end.clamp(start, length);
        let first = if self.text.chars().nth(WIDTH).is_some() {
            nth_before(&self.text, start, BEFORE)
        } else {
            0
        };
        let last = nth_after(&self.text, first, WIDTH);
        let prefix = if cut_before || first > 0 { "…" } else { "" };
        let suffix = if cut_after || last < length {
            "…"
        } else {
            ""
        };
        let shift = |at: usize| at.min(last) - first + prefix.len();
        Excerpt {
            text: format!("{prefix}{}{suffix}", &self.text[first..last]),
            start: shift(start),
            end: shift(end),
        }
    }
}

fn nth_before(text: &str, at: usize, characters: usize) -> usize {
    text[..at]
        .char_indices()
        .rev()
        .take(characters)
        .last()
        .map_or(at, |(index, _)| index)
}

fn nth_after(text: &str, at: usize, characters: usize) -> usize {
    text[at..]
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(index, _)| at + index)
}
