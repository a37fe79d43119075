//! Checks one user against the project's rules.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{clip, quoted, shown_key};
use crate::manifest::rule_errors::Violation;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{Draft, Scope};
use crate::model::{Attributes, FieldPath, FieldValue, MemberId, Number, ProfileKey, Value};

/// Where the fields of a user are written: in the user or in the defaults.
#[derive(Debug, Default)]
pub(crate) struct FieldSpans {
    fields: HashMap<&'static str, Span>,
    keys: HashMap<(&'static str, String), Span>,
}

impl FieldSpans {
    pub(crate) fn of(draft: &Draft, defaults: &Draft) -> Self {
        let mut spans = Self::default();
        for draft in [defaults, draft] {
            spans.fields.extend(draft.places.iter().copied());
            for entry in &draft.profile {
                let key = ("profile", entry.key.as_str().to_owned());
                spans.keys.insert(key, entry.span);
            }
            for entry in &draft.profile_once {
                let key = ("profileOnce", entry.key.as_str().to_owned());
                spans.keys.insert(key, entry.span);
            }
        }
        spans
    }

    fn find(&self, path: &[String], otherwise: Span) -> Span {
        let Some(field) = path.first() else {
            return otherwise;
        };
        let key = path.get(1).and_then(|key| {
            let field = if field == "profile" {
                "profile"
            } else {
                "profileOnce"
            };
            self.keys.get(&(field, key.clone()))
        });
        key.or_else(|| self.fields.get(&**field))
            .copied()
            .unwrap_or(otherwise)
    }
}

/// Checks a user against the rules. Messages show a value only if it is not hidden.
pub(crate) fn check(
    reader: &mut Reader<'_>,
    id: &MemberId,
    span: Span,
    attributes: &Attributes,
    spans: &FieldSpans,
    scope: Scope,
) {
    let Some(rules) = reader.settings.rules.clone() else {
        return;
    };
    let user = user(id, attributes);
    let violations = rules.violations(&user, |path, value| name(reader.settings, path, value));
    for Violation {
        path,
        message,
        rule,
    } in violations
    {
        let shown = match path.first().map(|field| &**field) {
            None => scope.path("memberId"),
            Some("profile" | "profileOnce") if path.len() > 1 => {
                scope.path(&format!("{}.{}", path[0], shown_key(&path[1])))
            }
            Some(field) => scope.path(field),
        };
        let message = shorten(&message);
        let hint = format!("required by the project's rules: {}", clip(&rule));
        reader.problems.push_new_message(
            Problem::error("rule-violated", spans.find(&path, span), message)
                .path(clip(&shown))
                .hint(hint),
        );
    }
}

/// How a message names the value: by itself if it is a single one that is not hidden.
fn name(settings: &ReadSettings, path: &[String], value: &Json) -> String {
    let field = match (path.first().map(|field| &**field), path.get(1)) {
        (Some("profile"), Some(key)) => Some(FieldPath::Profile(ProfileKey::new(key))),
        (Some("profileOnce"), Some(key)) => Some(FieldPath::ProfileOnce(ProfileKey::new(key))),
        (Some("tags"), _) => Some(FieldPath::Tags),
        _ => None,
    };
    let hides = |field, value: Value| {
        let rule = settings.visibility.field(&field);
        !settings.visibility.reveals() && rule.hides((&value).into()).is_some()
    };
    let is_hidden = match (field, value) {
        (_, Json::Object(_) | Json::Array(_) | Json::Null) | (None, _) => true,
        (Some(field), Json::String(text)) => hides(field, Value::Text(text.clone())),
        (Some(field), Json::Bool(flag)) => hides(field, Value::Boolean(*flag)),
        (Some(field), Json::Number(number)) => number
            .as_f64()
            .and_then(Number::new)
            .is_none_or(|number| hides(field, Value::Number(number))),
    };
    if is_hidden {
        "this value".to_owned()
    } else {
        match value {
            Json::String(text) => quoted(text),
            other => clip(&other.to_string()),
        }
    }
}

/// Cuts a message: rules may list hundreds of values.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A user as rules see it: cleared keys are left out.
fn user(id: &MemberId, attributes: &Attributes) -> Json {
    let mut user = Map::new();
    user.insert("memberId".to_owned(), json!(id.as_str()));
    for (path, value) in attributes.fields() {
        let (map, key) = match &path {
            FieldPath::Profile(key) => ("profile", key),
            FieldPath::ProfileOnce(key) => ("profileOnce", key),
            _ => {
                user.insert(path.to_string(), json!(value));
                continue;
            }
        };
        let keys = user.entry(map).or_insert_with(|| json!({}));
        if value != FieldValue::Clear {
            keys[key.as_str()] = json!(value);
        }
    }
    Json::Object(user)
}
