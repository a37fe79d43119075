//! Names the fields whose texts are hidden only because the project says nothing about them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{FieldPath, Visibility};
use crate::words::counted;

/// The most fields that the sentence names.
const MOST_NAMED: usize = 30;

/// Fields that are hidden until the project calls them public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Undecided")]
pub struct UndecidedView {
    /// The fields, such as `profile.note`.
    pub fields: Vec<String>,
    /// The setting of the project file that shows them, as YAML: with the patterns that it has already.
    pub setting: String,
}

impl UndecidedView {
    /// `None` if there is no such field.
    pub(crate) fn new<'p>(
        hidden: impl IntoIterator<Item = &'p FieldPath>,
        visibility: &Visibility,
    ) -> Option<Self> {
        // `profile` and `profileOnce` name the same keys.
        let fields: BTreeSet<String> = hidden
            .into_iter()
            .map(|path| match path {
                FieldPath::ProfileOnce(key) => format!("profile.{key}"),
                other => other.to_string(),
            })
            .collect();
        if fields.is_empty() {
            return None;
        }
        let public = visibility.public().iter();
        let all: Vec<String> = public
            .map(|pattern| &*pattern.text)
            .chain(fields.iter().map(|field| &**field))
            .map(scalar)
            .collect();
        Some(Self {
            setting: format!("public: [{}]", all.join(", ")),
            fields: fields.into_iter().collect(),
        })
    }

    /// One line; `escaped` escapes text from manifests.
    pub(crate) fn sentence(&self, escaped: &dyn Fn(&str) -> String) -> String {
        let Self { fields, setting } = self;
        let named: Vec<String> = fields
            .iter()
            .take(MOST_NAMED)
            .map(|field| escaped(field))
            .collect();
        let more = fields.len().saturating_sub(MOST_NAMED);
        let more = match more {
            0 => String::new(),
            more => format!(" and {}", counted(more, "more field", "more fields")),
        };
        format!(
            "Hidden because talkform.yaml does not call them public: {}{more}. To show their texts: {}",
            named.join(", "),
            escaped(setting)
        )
    }
}

/// A pattern as an item of a YAML list in brackets.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(char::is_alphabetic)
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-'));
    if is_plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FieldPatterns, FieldSettings};

    #[test]
    fn the_setting_keeps_what_is_there() {
        let visibility = Visibility::new(FieldSettings {
            public: FieldPatterns::new(&["profile.*Size"]),
            ..FieldSettings::default()
        });
        let path = |text: &str| -> FieldPath { text.parse().expect("a field") };
        let hidden = [
            path("profileOnce.note"),
            path("profile.note"),
            path("profile.등급"),
        ];
        let view = UndecidedView::new(&hidden, &visibility).expect("fields");
        assert_eq!(view.fields, ["profile.note", "profile.등급"]);
        assert_eq!(
            view.setting,
            "public: [\"profile.*Size\", profile.note, profile.등급]"
        );
        assert_eq!(UndecidedView::new([], &visibility), None);
    }
}
