//! A value as it may be shown, after masking, and the text for it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{FieldPath, Previous, RemoteValue, Value};
use crate::render::common::json::AnyValue;
use crate::render::common::line::{Line, Mark};
use crate::render::common::style::{Style, paint};
use crate::render::common::text_diff;
use crate::render::common::text_diff::Drawn;
use crate::render::common::value;

/// A value, or why it cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(tag = "is", content = "value", rename_all = "camelCase")]
pub enum Shown<'a> {
    /// The value itself.
    Value(#[schemars(with = "AnyValue")] &'a Value),
    /// Masked, because the field is sensitive.
    #[serde(rename = "sensitive")]
    Masked,
    /// The value that was applied, of which only the digest is recorded.
    AsApplied,
    /// A value on Channel that no manifest can declare.
    Undeclarable,
    /// There is no value.
    Absent,
}

impl<'a> Shown<'a> {
    pub(crate) fn value(value: &'a Value, masked: bool) -> Self {
        if masked {
            Self::Masked
        } else {
            Self::Value(value)
        }
    }

    pub(crate) fn old(old: &'a Previous, masked: bool) -> Self {
        match old {
            Previous::Absent | Previous::Cleared => Self::Absent,
            Previous::DigestOnly | Previous::Value(_) | Previous::Undeclarable if masked => {
                Self::Masked
            }
            Previous::DigestOnly => Self::AsApplied,
            Previous::Value(value) => Self::Value(value),
            Previous::Undeclarable => Self::Undeclarable,
        }
    }

    pub(crate) fn remote(found: &'a RemoteValue, masked: bool) -> Self {
        match found {
            RemoteValue::Absent => Self::Absent,
            _ if masked => Self::Masked,
            RemoteValue::Value(value) => Self::Value(value),
            RemoteValue::Undeclarable => Self::Undeclarable,
        }
    }

    /// The value in a line of text. With `full`, long values are not shortened.
    pub(crate) fn text(self, path: &FieldPath, full: bool) -> String {
        match self {
            Self::Value(value) => value::value(path, value, full),
            Self::Masked => "(sensitive)".to_owned(),
            Self::AsApplied => "(as applied)".to_owned(),
            Self::Undeclarable => "(a value that no manifest can declare)".to_owned(),
            Self::Absent => "(none)".to_owned(),
        }
    }
}

/// How a value changes: the text after the field's path, and the lines below it.
pub(crate) fn difference(
    path: &FieldPath,
    old: Shown<'_>,
    new: Shown<'_>,
    style: &Style,
    full: bool,
) -> (String, Vec<Line>) {
    let (Shown::Value(before), Shown::Value(after)) = (old, new) else {
        let text = if new == Shown::Masked {
            new.text(path, full)
        } else {
            format!("{} -> {}", old.text(path, full), new.text(path, full))
        };
        return (text, Vec::new());
    };
    if before == after {
        let note = paint(style.quiet, "(already on Channel)");
        return (format!("{}   {note}", new.text(path, full)), Vec::new());
    }
    match text_diff::draw(path, before, after, style, full) {
        Drawn::Inline(text) => (text, Vec::new()),
        Drawn::Lines { note, lines } => {
            let lines = lines
                .into_iter()
                .map(|(mark, text)| match mark {
                    ' ' => Line::new(Mark::Blank, 2, text),
                    symbol => Line::new(Mark::Symbol(symbol), 2, text),
                })
                .collect();
            (note.to_owned(), lines)
        }
    }
}
