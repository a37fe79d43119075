//! Finds the fields of which a JSON Schema lists every text, with `enum` or `const`.
//!
//! It understands `properties`, `enum`, `const`, `type`, `items`, `allOf`, `anyOf`, `oneOf` and references
//! within the schema. If it understands something else, a field counts as open: its texts stay hidden.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::model::Vocabulary;

/// References and combinations deeper than this count as open; a schema may refer to itself.
const DEEPEST: usize = 16;

/// The texts that are allowed for each field that has such a list, by the field's path.
pub(crate) fn of_fields(schema: &Json) -> BTreeMap<String, Vocabulary> {
    let mut fields = BTreeMap::new();
    for map in ["profile", "profileOnce"] {
        let users = parts(schema, schema, DEEPEST).into_iter();
        let maps = users.filter_map(|user| property(user, map));
        for keys in maps.flat_map(|rule| parts(rule, schema, DEEPEST)) {
            let properties = keys.get("properties").and_then(Json::as_object);
            for (key, rule) in properties.into_iter().flatten() {
                if let Some(texts) = texts(rule, schema, DEEPEST) {
                    fields.insert(format!("{map}.{key}"), texts);
                }
            }
        }
    }
    fields
}

fn property<'s>(schema: &'s Json, name: &str) -> Option<&'s Json> {
    schema.get("properties")?.get(name)
}

/// A schema and everything that holds wherever it holds: what it refers to and what `allOf` lists.
fn parts<'s>(schema: &'s Json, root: &'s Json, depth: usize) -> Vec<&'s Json> {
    let mut all = vec![schema];
    let Some(depth) = depth.checked_sub(1) else {
        return all;
    };
    let more = schema.get("allOf").and_then(Json::as_array);
    for part in more.into_iter().flatten().chain(target(schema, root)) {
        all.extend(parts(part, root, depth));
    }
    all
}

/// What a schema refers to within the same text.
fn target<'s>(schema: &Json, root: &'s Json) -> Option<&'s Json> {
    let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    let decoded = percent_encoding::percent_decode_str(pointer).decode_utf8();
    root.pointer(&decoded.ok()?)
}

/// Every text that a value can be, or that can be an item of it; `None` if there is no list of them.
fn texts(schema: &Json, root: &Json, depth: usize) -> Option<Vocabulary> {
    let depth = depth.checked_sub(1)?;
    let mut allowed: Option<Vocabulary> = None;
    for part in parts(schema, root, depth) {
        let mut lists = vec![listed(part), without_texts(part)];
        for word in ["anyOf", "oneOf"] {
            let choices = part.get(word).and_then(Json::as_array);
            lists.push(choices.and_then(|choices| {
                let all = choices.iter().map(|choice| texts(choice, root, depth));
                let all: Option<Vec<Vocabulary>> = all.collect();
                Some(all?.into_iter().flatten().collect())
            }));
        }
        // A list: a text by itself is not allowed, and its items are listed.
        if is_only(part, "array") {
            let items = part.get("items");
            lists.push(items.and_then(|items| texts(items, root, depth)));
        }
        for list in lists.into_iter().flatten() {
            allowed = Some(match allowed {
                None => list,
                Some(before) => before.intersection(&list).cloned().collect(),
            });
        }
    }
    allowed
}

/// The texts of `enum` or `const`.
fn listed(schema: &Json) -> Option<Vocabulary> {
    let one = schema.get("const").map(std::slice::from_ref);
    let many = schema.get("enum").and_then(Json::as_array);
    let values = one.or(many.map(|values| &**values))?;
    Some(values.iter().flat_map(all_texts).collect())
}

fn all_texts(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(all_texts).collect(),
        _ => Vec::new(),
    }
}

/// No text at all, if the type is neither a text nor a list.
fn without_texts(schema: &Json) -> Option<Vocabulary> {
    let none = ["integer", "number", "boolean", "null"];
    let types = types(schema)?;
    let is_none = types.iter().all(|name| none.contains(name));
    is_none.then(BTreeSet::new)
}

fn is_only(schema: &Json, name: &str) -> bool {
    types(schema).is_some_and(|types| types == [name])
}

fn types(schema: &Json) -> Option<Vec<&str>> {
    match schema.get("type")? {
        Json::String(name) => Some(vec![name]),
        Json::Array(names) => names.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn closed_fields() {
        let schema = json!({
            "$defs": {
                "tier": { "enum": ["bronze", "gold", 3, null] },
                "loop": { "$ref": "#/$defs/loop" },
                "shape": { "properties": { "state": { "const": "active" } } },
            },
            "properties": {
                "profile": {
                    "$ref": "#/$defs/shape",
                    "properties": {
                        "tier": { "$ref": "#/$defs/tier" },
                        "either": { "anyOf": [{ "enum": ["a"] }, { "const": "b" }, { "type": "null" }] },
                        "open": { "anyOf": [{ "enum": ["a"] }, { "type": "string" }] },
                        "both": { "allOf": [{ "enum": ["a", "b"] }, { "enum": ["b", "c"] }, { "minLength": 1 }] },
                        "sizes": { "type": "array", "items": { "enum": ["s", "m"] } },
                        "maybe": { "items": { "enum": ["s", "m"] } },
                        "count": { "type": "integer" },
                        "text": { "type": "string", "pattern": "^a$" },
                        "loop": { "$ref": "#/$defs/loop" },
                        "not": { "not": { "enum": ["a"] } },
                    }
                },
                "profileOnce": { "properties": { "source": { "enum": ["naver"] } } },
            }
        });
        let fields = of_fields(&schema);
        let fields: Vec<String> = fields
            .iter()
            .map(|(field, texts)| {
                let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                format!("{field}: {}", texts.join(" "))
            })
            .collect();
        assert_eq!(
            fields,
            [
                "profile.both: b",
                "profile.count: ",
                "profile.either: a b",
                "profile.sizes: m s",
                "profile.state: active",
                "profile.tier: bronze gold",
                "profileOnce.source: naver",
            ]
        );
    }
}
