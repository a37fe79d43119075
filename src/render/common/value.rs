//! Writes a single value as text.

use std::borrow::Cow;

use crate::model::{FieldPath, Value};
use crate::render::common::escape::{quoted, terminal};

/// The longest text that is shown whole, in characters, unless everything is to be shown.
const MOST_CHARACTERS: usize = 200;
/// The longest list that is shown whole, unless everything is to be shown.
const MOST_ITEMS: usize = 20;

/// A value in a line of text: texts in double quotes, tags without.
pub fn value(path: &FieldPath, value: &Value, full: bool) -> String {
    match value {
        Value::Text(text) => self::text(text, full),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Texts(items) => list(&self::items(path, items), full),
        Value::Numbers(numbers) => list(
            &numbers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            full,
        ),
    }
}

/// A text in double quotes. Of a long text, the beginning and how many characters follow.
pub fn text(text: &str, full: bool) -> String {
    match cut(text, MOST_CHARACTERS) {
        Some((beginning, left)) if !full => {
            format!("{} … ({left} more characters)", quoted(beginning))
        }
        _ => quoted(text),
    }
}

/// The items of a list as they are shown: tags without quotes if they cannot be misread.
pub fn items<'a>(path: &FieldPath, items: &'a [String]) -> Vec<Cow<'a, str>> {
    let is_bare = |item: &str| {
        *path == FieldPath::Tags
            && item.starts_with(char::is_alphanumeric)
            && item.chars().all(|letter| {
                letter.is_alphanumeric() || matches!(letter, '/' | '-' | '_' | '.' | ':')
            })
    };
    items
        .iter()
        .map(|item| match item {
            item if is_bare(item) => terminal(item),
            item => Cow::Owned(quoted(item)),
        })
        .collect()
}

fn list<S: AsRef<str>>(items: &[S], full: bool) -> String {
    let shown = if full {
        items.len()
    } else {
        items.len().min(MOST_ITEMS)
    };
    let mut words: Vec<Cow<'_, str>> = items[..shown]
        .iter()
        .map(|item| Cow::Borrowed(item.as_ref()))
        .collect();
    if shown < items.len() {
        words.push(Cow::Owned(format!("… {} more", items.len() - shown)));
    }
    format!("[{}]", words.join(", "))
}

/// The first `most` characters of a longer text and how many follow; `None` if it is not longer.
pub fn cut(text: &str, most: usize) -> Option<(&str, usize)> {
    let (end, _) = text.char_indices().nth(most)?;
    Some((&text[..end], text[end..].chars().count()))
}
