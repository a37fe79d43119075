//! Masks values, and writes them as text.

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::KeptValue;
use crate::model::{FieldPath, Hidden, Previous, RemoteValue, UserVisibility, Value};
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
    /// Hidden, because it is or may be personal.
    Sensitive,
    /// Hidden, because the project does not call the field public.
    Hidden,
    /// The value that was applied, of which only the digest is recorded.
    AsApplied,
    /// A value on Channel that no manifest can declare.
    Undeclarable,
    /// There is no value.
    Absent,
}

impl<'a> Shown<'a> {
    /// The value, unless it is hidden from the output about its user.
    pub(crate) fn value(
        value: &'a Value,
        path: &FieldPath,
        user: &UserVisibility<'_, '_, '_>,
    ) -> Self {
        match user.hides(path, value) {
            None => Self::Value(value),
            Some(Hidden::Sensitive) => Self::Sensitive,
            Some(Hidden::Undecided) => Self::Hidden,
        }
    }

    pub(crate) fn old(
        old: &'a Previous,
        path: &FieldPath,
        user: &UserVisibility<'_, '_, '_>,
    ) -> Self {
        match old {
            Previous::Absent | Previous::Cleared => Self::Absent,
            Previous::Value(value) => Self::value(value, path, user),
            Previous::DigestOnly | Previous::Undeclarable if user.hides_field(path) => {
                Self::Sensitive
            }
            Previous::DigestOnly => Self::AsApplied,
            Previous::Undeclarable => Self::Undeclarable,
        }
    }

    pub(crate) fn remote(
        found: &'a RemoteValue,
        path: &FieldPath,
        user: &UserVisibility<'_, '_, '_>,
    ) -> Self {
        match found {
            RemoteValue::Absent => Self::Absent,
            RemoteValue::Value(value) => Self::value(value, path, user),
            RemoteValue::Undeclarable if user.hides_field(path) => Self::Sensitive,
            RemoteValue::Undeclarable => Self::Undeclarable,
        }
    }

    pub(crate) fn kept(value: &'a KeptValue) -> Self {
        match value {
            KeptValue::Value(value) => Self::Value(value),
            KeptValue::Sensitive => Self::Sensitive,
            KeptValue::Hidden => Self::Hidden,
            KeptValue::Nothing => Self::Absent,
        }
    }

    /// The same, hidden if `other` is: a value that somebody cut may be a part of it.
    #[must_use]
    pub(crate) fn beside(self, other: Self) -> Self {
        match (self, other) {
            (Self::Value(_), Self::Sensitive | Self::Hidden) => other,
            _ => self,
        }
    }

    /// Whether there is a value that is hidden.
    pub(crate) fn is_hidden(self) -> bool {
        matches!(self, Self::Sensitive | Self::Hidden)
    }

    /// The value in a line of text. With `full`, long values are not shortened.
    pub(crate) fn text(self, path: &FieldPath, full: bool) -> String {
        match self {
            Self::Value(value) => value::value(path, value, full),
            Self::Sensitive => "(sensitive)".to_owned(),
            Self::Hidden => "(hidden)".to_owned(),
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
        let text = if new.is_hidden() {
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
