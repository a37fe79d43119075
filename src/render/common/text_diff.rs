//! Shows what differs between two values, word by word or line by line.

use std::borrow::Cow;

use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};

use crate::model::{FieldPath, Value};
use crate::render::common::escape::{quoted, terminal};
use crate::render::common::style::{Style, paint};
use crate::render::common::value;

/// Texts up to this many characters are shown whole: `old -> new`.
const SHORT: usize = 40;
/// The longest texts that are compared, in bytes. The work grows with the square of the length.
const MOST_BYTES: usize = 16 * 1024;
/// Unchanged lines shown around a change of a multi-line text.
const CONTEXT: usize = 2;
/// The most lines shown of one difference, unless everything is to be shown.
const MOST_LINES: usize = 40;
/// Characters shown at each end of a long unchanged part.
const STRETCH: usize = 24;
/// The longest run of unchanged items in a list that is shown whole.
const MOST_SAME_ITEMS: usize = 6;

/// A difference as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Within the field's own line.
    Inline(String),
    /// In lines below it.
    Lines {
        /// A remark in the field's own line.
        note: &'static str,
        /// Each line with its mark: `+`, `-` or a space.
        lines: Vec<(char, String)>,
    },
}

/// Shows how the value of a field changes.
pub fn draw(path: &FieldPath, old: &Value, new: &Value, style: &Style, full: bool) -> Drawn {
    match (old, new) {
        (Value::Text(old), Value::Text(new)) => texts(old, new, style, full),
        (Value::Texts(old), Value::Texts(new)) if *path == FieldPath::Tags => {
            Drawn::Inline(sets(path, old, new, style))
        }
        (Value::Texts(old), Value::Texts(new)) => Drawn::Inline(lists(
            &value::items(path, old),
            &value::items(path, new),
            style,
            full,
        )),
        (Value::Numbers(old), Value::Numbers(new)) => {
            let words = |numbers: &[crate::model::Number]| -> Vec<Cow<'static, str>> {
                numbers
                    .iter()
                    .map(|number| Cow::Owned(number.to_string()))
                    .collect()
            };
            Drawn::Inline(lists(&words(old), &words(new), style, full))
        }
        (old, new) => Drawn::Inline(format!(
            "{} -> {}",
            value::value(path, old, full),
            value::value(path, new, full)
        )),
    }
}

fn texts(old: &str, new: &str, style: &Style, full: bool) -> Drawn {
    let is_short = |text: &str| value::cut(text, SHORT).is_none();
    let too_much = old.len().max(new.len()) > MOST_BYTES;
    if !too_much && (old.contains('\n') || new.contains('\n')) {
        return lines(old, new, full);
    }
    if is_short(old) && is_short(new) {
        return Drawn::Inline(format!("{} -> {}", quoted(old), quoted(new)));
    }
    if !too_much && let Some(text) = words(old, new, style, full) {
        return Drawn::Inline(text);
    }
    Drawn::Lines {
        note: "",
        lines: vec![('-', value::text(old, full)), ('+', value::text(new, full))],
    }
}

/// `"The [-brown-]{+red+} fox"`; `None` if the texts have too little in common.
fn words(old: &str, new: &str, style: &Style, full: bool) -> Option<String> {
    let diff = TextDiff::from_unicode_words(old, new);
    let letters = |text: &str| {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .count()
    };
    let kept = diff.ops().iter().map(|op| match op {
        DiffOp::Equal { .. } => op
            .old_range()
            .filter_map(|at| diff.old_slice(at))
            .map(letters)
            .sum(),
        _ => 0,
    });
    if kept.sum::<usize>() * 3 < letters(old).max(letters(new)) {
        return None;
    }
    let mut out = String::from("\"");
    for op in diff.ops() {
        let (_, old_range, new_range) = op.as_tag_tuple();
        let old: String = old_range.filter_map(|at| diff.old_slice(at)).collect();
        let new: String = new_range.filter_map(|at| diff.new_slice(at)).collect();
        if let DiffOp::Equal { .. } = op {
            out.push_str(&unquoted(&stretch(&old, full)));
            continue;
        }
        if !old.is_empty() {
            out.push_str(&paint(style.remove, &format!("[-{}-]", unquoted(&old))));
        }
        if !new.is_empty() {
            out.push_str(&paint(style.add, &format!("{{+{}+}}", unquoted(&new))));
        }
    }
    out.push('"');
    Some(out)
}

fn unquoted(text: &str) -> String {
    let quoted = quoted(text);
    quoted[1..quoted.len() - 1].to_owned()
}

/// An unchanged part; the middle of a long one is left out.
fn stretch(text: &str, full: bool) -> Cow<'_, str> {
    let characters = text.chars().count();
    if full || characters <= 3 * STRETCH {
        return Cow::Borrowed(text);
    }
    let at = |character: usize| {
        text.char_indices()
            .nth(character)
            .map_or(text.len(), |(at, _)| at)
    };
    Cow::Owned(format!(
        "{} … {}",
        &text[..at(STRETCH)],
        &text[at(characters - STRETCH)..]
    ))
}

fn lines(old: &str, new: &str, full: bool) -> Drawn {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (nth, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if nth > 0 {
            lines.push((' ', "…".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let line = change.value().strip_suffix('\n').unwrap_or(change.value());
            lines.push((mark, with_visible_end(line)));
        }
    }
    let only_last_line_end =
        old.strip_suffix('\n') == Some(new) || new.strip_suffix('\n') == Some(old);
    if !full && lines.len() > MOST_LINES {
        let left = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push((' ', format!("… {left} more lines of this difference")));
    }
    Drawn::Lines {
        note: if only_last_line_end {
            "(the line end after the last line)"
        } else {
            ""
        },
        lines,
    }
}

/// A line whose trailing spaces are visible, because they may be the only difference.
fn with_visible_end(line: &str) -> String {
    let text = line.trim_end_matches(' ');
    let spaces = line.len() - text.len();
    format!("{}{}", terminal(text), "·".repeat(spaces))
}

/// `[beta, - trial, + vip/gold]`, in the order of the tags.
fn sets(path: &FieldPath, old: &[String], new: &[String], style: &Style) -> String {
    let mut all: Vec<String> = old.iter().chain(new).cloned().collect();
    all.sort();
    all.dedup();
    let shown = value::items(path, &all);
    let words: Vec<String> = all
        .iter()
        .zip(shown)
        .map(
            |(tag, shown)| match (old.contains(tag), new.contains(tag)) {
                (true, false) => paint(style.remove, &format!("- {shown}")),
                (false, true) => paint(style.add, &format!("+ {shown}")),
                _ => shown.into_owned(),
            },
        )
        .collect();
    format!("[{}]", words.join(", "))
}

/// `["a", - "b", + "c"]`, in the order of the lists.
fn lists(old: &[Cow<'_, str>], new: &[Cow<'_, str>], style: &Style, full: bool) -> String {
    let mut words: Vec<String> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (_, old_range, new_range) = op.as_tag_tuple();
        if let DiffOp::Equal { len, .. } = op {
            let same = &old[old_range];
            if full || len <= MOST_SAME_ITEMS {
                words.extend(same.iter().map(ToString::to_string));
            } else {
                words.push(same[0].to_string());
                words.push(format!("… {} unchanged", len - 2));
                words.push(same[len - 1].to_string());
            }
            continue;
        }
        words.extend(
            old[old_range]
                .iter()
                .map(|item| paint(style.remove, &format!("- {item}"))),
        );
        words.extend(
            new[new_range]
                .iter()
                .map(|item| paint(style.add, &format!("+ {item}"))),
        );
    }
    format!("[{}]", words.join(", "))
}
