//! Compiles a project's own rules, a JSON Schema that every desired user must satisfy.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde_json::{Map, Value as Json, json};

#[cfg(not(feature = "json-schema"))]
use crate::manifest::no_validator::Validator;
use crate::manifest::rule_errors::{RulesError, Violation};
#[cfg(feature = "json-schema")]
use crate::manifest::validator::Validator;
use crate::manifest::vocabulary;
use crate::model::Vocabulary;

/// A compiled JSON Schema.
///
/// It is applied to each user as the user will be on Channel: defaults merged, tags normalised, keys
/// that the manifest clears with `null` left out.
pub struct Rules {
    schema: Json,
    validator: Validator,
}

impl PartialEq for Rules {
    /// Two rules are equal if their schemas are. The format of their texts makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Rules {
    /// Compiles a JSON Schema of any draft; `format` is checked. References must stay within the text:
    /// nothing is fetched.
    ///
    /// # Errors
    ///
    /// The text is not a usable JSON Schema.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let schema = serde_json::from_str(text);
        let schema: Json = schema.map_err(|error| RulesError::NotJson(error.to_string()))?;
        if !schema.is_object() {
            return Err(RulesError::NotAnObject);
        }
        let validator = Validator::compile(&schema)?;
        Ok(Self { schema, validator })
    }

    /// All violations of the rules by one user. `name` gets a value and its path, and returns how a
    /// message names the value.
    pub(crate) fn violations(
        &self,
        user: &Json,
        name: impl Fn(&[String], &Json) -> String,
    ) -> Vec<Violation> {
        self.validator.violations(user, name)
    }

    /// The schema as compact JSON, independent of how its text was formatted.
    pub(crate) fn text(&self) -> String {
        self.schema.to_string()
    }

    /// The texts that the rules allow for fields of which they list every text, by the field's path.
    pub fn vocabularies(&self) -> BTreeMap<String, Vocabulary> {
        vocabulary::of_fields(&self.schema)
    }

    /// Adds these rules to a manifest's schema, so that an editor completes and checks them: the rules
    /// of each field, with `null` allowed if it clears a key. Required fields and conditions between
    /// fields are left out: defaults may fulfil them, and an editor does not see both.
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

/// The rules for single keys of `profile` or `profileOnce`.
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

/// Rewrites references within the rules to the new place of the rules.
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

/// Writes a key as a segment of a JSON pointer within a URI.
fn escape(key: &str) -> String {
    let pointer = key.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&pointer, percent_encoding::NON_ALPHANUMERIC).to_string()
}
