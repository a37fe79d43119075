//! Finds the parts of a text that belong to one item of a list or to one document, and removes them.

use std::ops::Range;

use crate::manifest::syntax::node::{Member, Node};
use crate::manifest::writing::ends::{BLANKS, after_anchor, after_space, end_of};

/// A part of a text and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) with: &'static str,
}

impl Edit {
    pub(crate) fn remove(range: Range<usize>) -> Self {
        Self { range, with: "" }
    }
}

/// The edits that remove one item of a list. `None` if it does not stand on lines of its own or in brackets.
pub(crate) fn item(
    text: &str,
    list: &Member<'_>,
    items: &[Node<'_>],
    index: usize,
) -> Option<Vec<Edit>> {
    let colon = after_space(text, list.key_span.end());
    if text.as_bytes().get(colon) != Some(&b':') {
        return None;
    }
    let value = after_anchor(text, after_space(text, colon + 1));
    if text.as_bytes().get(value) == Some(&b'[') {
        return in_brackets(text, items, index);
    }
    let from = match index.checked_sub(1) {
        None => value,
        Some(before) => end_of(text, &items[before])?,
    };
    let dash = after_sign(text, from, b':');
    if text.as_bytes().get(dash) != Some(&b'-') {
        return None;
    }
    let indent = dash - line_start(text, dash);
    // An item without a value ends at its dash.
    let end = end_of(text, &items[index])?.max(dash + 1);
    let mut edits = vec![Edit::remove(lines(text, dash, end, indent)?)];
    if items.len() == 1 {
        edits.push(Edit {
            range: colon + 1..colon + 1,
            with: " []",
        });
    }
    Some(edits)
}

fn in_brackets(text: &str, items: &[Node<'_>], index: usize) -> Option<Vec<Edit>> {
    let start = items[index].span.start();
    let end = end_of(text, &items[index])?;
    let comma_at = |from| {
        let at = after_space(text, from);
        (text.as_bytes().get(at) == Some(&b',')).then_some(at)
    };
    let is_between =
        |part: Range<usize>| text[part].bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    let before = match index.checked_sub(1) {
        Some(before) => Some(comma_at(end_of(text, &items[before])?)?),
        None => None,
    };
    let (one, other) = match (before, comma_at(end)) {
        (_, Some(comma)) if is_between(end..comma) => (start..comma + 1, None),
        (Some(comma), _) if is_between(comma + 1..start) => (comma..end, None),
        (_, Some(comma)) | (Some(comma), None) => (start..end, Some(comma..comma + 1)),
        (None, None) => (start..end, None),
    };
    let ranges = [Some(one), other].into_iter().flatten();
    Some(
        ranges
            .map(|range| Edit::remove(with_blanks(text, range)))
            .collect(),
    )
}

/// The edits that remove one document with its marker. Comments at the beginning of a line stay.
pub(crate) fn document(text: &str, root: &Node<'_>) -> Option<Vec<Edit>> {
    let start = root.span.start();
    let whole = document_around(text, start);
    let content = lines(text, line_start(text, start), end_of(text, root)?, 0)?;
    let mut edits = Vec::new();
    let mut from = content.start.max(whole.start);
    let mut to = content.end;
    let marker = whole.start..line_end(text, whole.start);
    let has_marker = is_marker(&text[marker.clone()], "---");
    let head = if has_marker { marker.end } else { whole.start };
    if has_marker && marker.end <= from {
        edits.push(Edit::remove(marker));
    }
    if head < from && text[head..from].trim_matches(BLANKS).is_empty() {
        from = head;
    }
    if text[to..whole.end].trim_matches(BLANKS).is_empty() {
        to = whole.end;
    }
    edits.push(Edit::remove(from..to));
    Some(edits)
}

/// The document that contains an offset: from its `---`, or the end of the document before it, to the next one.
fn document_around(text: &str, offset: usize) -> Range<usize> {
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        let next = line_end(text, at);
        let line = &text[at..next];
        let begins = is_marker(line, "---").then_some(at);
        let begins = begins.or_else(|| is_marker(line, "...").then_some(next));
        if let Some(begins) = begins {
            if at > offset {
                return start..at;
            }
            start = begins;
        }
        at = next;
    }
    start..text.len()
}

fn is_marker(line: &str, marker: &str) -> bool {
    let rest = line.strip_prefix(marker);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// The whole lines from `start` to `end`, with the comments below that are indented more than `indent`. `None` if
/// something else stands before `start` on its line.
fn lines(text: &str, start: usize, end: usize, indent: usize) -> Option<Range<usize>> {
    let from = line_start(text, start);
    if !text[from..start].bytes().all(|byte| byte == b' ') {
        return None;
    }
    let mut to = line_end(text, end);
    let mut at = to;
    while at < text.len() {
        let next = line_end(text, at);
        let line = text[at..next].trim_end_matches(BLANKS);
        let inner = line.trim_start_matches(BLANKS);
        if inner.starts_with('#') && line.len() - inner.len() > indent {
            to = next;
        } else if !inner.is_empty() {
            break;
        }
        at = next;
    }
    // Of the blank lines before and after, one side is enough.
    let below = line_end(text, to);
    let is_blank = |line: &str| line.ends_with('\n') && line.trim_matches(BLANKS).is_empty();
    let above = from.checked_sub(1).map(|end| line_start(text, end)..from);
    if above.is_some_and(|above| is_blank(&text[above])) && is_blank(&text[to..below]) {
        to = below;
    }
    Some(from..to)
}

/// The same part with the whole of its lines if nothing else but a comment stands on them, otherwise with the blanks
/// behind it.
fn with_blanks(text: &str, range: Range<usize>) -> Range<usize> {
    let from = line_start(text, range.start);
    let to = line_end(text, range.end);
    let rest = text[range.end..to].trim_matches(BLANKS);
    let is_comment = rest.starts_with('#') && text[range.end..].starts_with([' ', '\t']);
    if text[from..range.start].trim_matches(BLANKS).is_empty() && (rest.is_empty() || is_comment) {
        return from..to;
    }
    let is_blank = |character: char| matches!(character, ' ' | '\t');
    if !text[..range.start].ends_with([' ', '\t', '[', '\n']) {
        return range;
    }
    let behind = &text[range.end..];
    let blanks = behind.len() - behind.trim_start_matches(is_blank).len();
    range.start..range.end + blanks
}

/// The offset after blanks and comments, and after one sign among them.
fn after_sign(text: &str, from: usize, sign: u8) -> usize {
    let at = after_space(text, from);
    if text.as_bytes().get(at) == Some(&sign) {
        after_space(text, at + 1)
    } else {
        at
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The offset after the line end at or after `at`.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n');
    end.map_or(text.len(), |end| at + end + 1)
}

/// Makes the edits, which do not overlap.
pub(crate) fn apply(text: &str, edits: &mut [Edit]) -> String {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    for Edit { range, with } in edits.iter() {
        if let Some(kept) = text.get(at..range.start) {
            out.push_str(kept);
        }
        out.push_str(with);
        at = at.max(range.end);
    }
    out.push_str(&text[at..]);
    out
}

/// The lines of a result, from 1, of the comments that stand directly before and after what was removed. `edits` are
/// those that [`apply`] made, in its order.
pub(crate) fn comments_around(text: &str, edits: &[Edit]) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut passed = 0;
    let mut removed = 0;
    for Edit { range, .. } in edits {
        let newlines = |part: Range<usize>| text[part].matches('\n').count();
        passed += newlines(removed..range.start);
        removed = range.end;
        let is_whole = line_start(text, range.start) == range.start
            && line_start(text, range.end) == range.end
            && !range.is_empty();
        if !is_whole {
            continue;
        }
        let is_comment = |line: &&str| line.trim_start_matches(BLANKS).starts_with('#');
        let above = text[..range.start]
            .lines()
            .rev()
            .take_while(is_comment)
            .count();
        let below = text[range.end..].lines().take_while(is_comment).count();
        lines.extend(passed + 1 - above..=passed + below);
    }
    lines.sort_unstable();
    lines.dedup();
    lines
}
