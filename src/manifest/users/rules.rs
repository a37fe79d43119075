//! A project's own rules: a JSON Schema that every desired user must satisfy.

use std::collections::HashMap;
use std::fmt;

use jsonschema::Validator;
use jsonschema::paths::LocationSegment;
use serde_json::{Map, Value as Json, json};

use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::wording::clip;
use crate::manifest::syntax::node::Span;
use crate::manifest::users::document::Reader;
use crate::manifest::users::user::{Draft, Scope};
use crate::model::{Attributes, FieldPath, FieldValue, MemberId, ProfileKey};

/// A JSON Schema, ready to be asked.
///
/// It is asked about each user as it will be on Channel: defaults merged, tags normalised, keys that the
/// manifest clears with `null` left out.
pub struct Rules {
    schema: Json,
    validator: Validator,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Rules {
    /// Reads a JSON Schema of any draft; `format` is checked. References must stay within the text: nothing
    /// is fetched. Otherwise says why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schema: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !schema.is_object() {
            return Err("it is no JSON object".to_owned());
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| {
                let place = error.instance_path().as_str();
                let place = if place.is_empty() {
                    String::new()
                } else {
                    format!(" at {place}")
                };
                format!("it is no valid JSON Schema: {error}{place}")
            })?;
        Ok(Self { schema, validator })
    }

    /// The schema, written the same way however its text was.
    pub(crate) fn text(&self) -> String {
        self.schema.to_string()
    }

    /// A manifest's schema with these rules put in, so that an editor completes and checks them: what they
    /// say of each field, with `null` allowed where it clears a key. Required fields and conditions
    /// between fields are not put in: defaults may fulfil them, which only `validate` sees.
    pub fn fold_into(&self, manifest: &mut Json) {
        let mut rules = self.schema.clone();
        if let Some(map) = rules.as_object_mut() {
            map.remove("$schema");
            map.remove("$id");
        }
        rebase(&mut rules);
        let mut folded: HashMap<&str, Json> = HashMap::new();
        if let Some(fields) = self.schema.get("properties").and_then(Json::as_object) {
            for field in fields.keys() {
                let path = format!("#/$defs/rules/properties/{}", escape(field));
                let has_keys = matches!(&**field, "profile" | "profileOnce");
                let what = if has_keys {
                    of_keys(&fields[field], &path, field == "profile")
                } else {
                    json!({ "$ref": path })
                };
                folded.insert(field, what);
            }
        }
        for definition in ["UserDocument", "ListItem", "Defaults"] {
            let Some(properties) = manifest["$defs"][definition]["properties"].as_object_mut()
            else {
                continue;
            };
            for (field, what) in &folded {
                if let Some(known) = properties.get_mut(*field) {
                    let mut both = json!({ "allOf": [known.take(), what] });
                    if let Some(description) = both["allOf"][0]
                        .as_object_mut()
                        .and_then(|known| known.remove("description"))
                    {
                        both["description"] = description;
                    }
                    *known = both;
                }
            }
        }
        manifest["$defs"]["rules"] = rules;
    }
}

/// What rules say of single keys of `profile` or `profileOnce`.
fn of_keys(rules: &Json, path: &str, clears: bool) -> Json {
    let mut out = Map::new();
    for kind in ["properties", "patternProperties"] {
        let Some(keys) = rules.get(kind).and_then(Json::as_object) else {
            continue;
        };
        let keys: Map<String, Json> = keys
            .keys()
            .map(|key| {
                let rule = json!({ "$ref": format!("{path}/{kind}/{}", escape(key)) });
                let what = if clears {
                    json!({ "anyOf": [rule, { "type": "null" }] })
                } else {
                    rule
                };
                (key.clone(), what)
            })
            .collect();
        out.insert(kind.to_owned(), Json::Object(keys));
    }
    Json::Object(out)
}

/// References within the rules lead to where the rules are now.
fn rebase(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map {
                match value {
                    Json::String(target) if key == "$ref" => {
                        if let Some(rest) = target.strip_prefix('#')
                            && (rest.is_empty() || rest.starts_with('/'))
                        {
                            *target = format!("#/$defs/rules{rest}");
                        }
                    }
                    other => rebase(other),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(rebase),
        _ => {}
    }
}

/// A key as a segment of a JSON pointer within a URI.
fn escape(key: &str) -> String {
    let pointer = key.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&pointer, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Where the fields of a user are written: in its own text or in the defaults.
#[derive(Debug, Default)]
pub(crate) struct Places {
    fields: HashMap<&'static str, Span>,
    keys: HashMap<(&'static str, String), Span>,
}

impl Places {
    pub(crate) fn of(draft: &Draft, defaults: &Draft) -> Self {
        let mut places = Self::default();
        for draft in [defaults, draft] {
            places.fields.extend(draft.places.iter().copied());
            for entry in &draft.profile {
                let key = ("profile", entry.key.as_str().to_owned());
                places.keys.insert(key, entry.span);
            }
            for entry in &draft.profile_once {
                let key = ("profileOnce", entry.key.as_str().to_owned());
                places.keys.insert(key, entry.span);
            }
        }
        places
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

/// Holds a user against the rules. Messages name a value only where it may be shown.
pub(crate) fn check(
    reader: &mut Reader<'_>,
    id: &MemberId,
    span: Span,
    attributes: &Attributes,
    places: &Places,
    scope: Scope,
) {
    let Some(rules) = reader.settings.rules.clone() else {
        return;
    };
    let user = user(id, attributes);
    for error in rules.validator.iter_errors(&user) {
        let path: Vec<String> = error
            .instance_path()
            .segments()
            .map(|segment| match segment {
                LocationSegment::Property(name) => name.into_owned(),
                LocationSegment::Index(index) => index.to_string(),
            })
            .collect();
        let shown = match path.first().map(|field| &**field) {
            None => scope.path("memberId"),
            Some("profile" | "profileOnce") if path.len() > 1 => scope.path(&path[..2].join(".")),
            Some(field) => scope.path(field),
        };
        let message = shorten(
            &error
                .masked_with(name(reader.settings, &path, error.instance()))
                .to_string(),
        );
        let hint = format!(
            "the project's rules say so: {}",
            clip(error.schema_path().as_str())
        );
        reader.problems.push_unsaid(
            Problem::error("rule-violated", places.find(&path, span), message)
                .path(clip(&shown))
                .hint(hint),
        );
    }
}

/// What a message calls the value: itself, if it is a single one and may be shown.
fn name(settings: &ReadSettings, path: &[String], value: &Json) -> String {
    let field = match (path.first().map(|field| &**field), path.get(1)) {
        (Some("profile"), Some(key)) => Some(FieldPath::Profile(ProfileKey::new(key))),
        (Some("profileOnce"), Some(key)) => Some(FieldPath::ProfileOnce(ProfileKey::new(key))),
        (Some("tags"), _) => Some(FieldPath::Tags),
        _ => None,
    };
    let hides = |field| !settings.show_sensitive && settings.sensitive.covers(&field);
    match (field, value) {
        (_, Json::Object(_) | Json::Array(_)) | (None, _) => "this value".to_owned(),
        (Some(field), _) if hides(field.clone()) => "this value".to_owned(),
        (Some(_), value) => clip(&value.to_string()),
    }
}

/// Rules may list hundreds of values.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A user as rules see it.
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
