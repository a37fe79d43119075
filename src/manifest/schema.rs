//! Returns the JSON Schemas of manifests and of the project file, for editors and for CI.
//!
//! The schemas are written by hand in `schemas/`. Tests compare them with the reader: both know the same
//! fields and accept the same examples. The reader checks more, and reports where.

use serde_json::{Value, json};

use crate::model::ApiVersion;

const MANIFEST: &str = include_str!("../../schemas/manifest.schema.json");

const PROJECT: &str = include_str!("../../schemas/project.schema.json");

/// The definitions that hold the fields of a user.
pub(crate) const USER_DEFINITIONS: [&str; 3] = ["UserDocument", "ListItem", "Defaults"];

/// The JSON Schema (draft 2020-12) of one manifest document, for one API version.
pub fn manifest_schema(api: ApiVersion) -> Value {
    let mut schema = parse(MANIFEST);
    for definition in USER_DEFINITIONS {
        let properties = &mut schema["$defs"][definition]["properties"];
        properties["tags"]["maxItems"] = json!(api.most_tags());
        if api == ApiVersion::V5
            && let Some(properties) = properties.as_object_mut()
        {
            properties.remove("unsubscribed");
        }
    }
    schema
}

/// The JSON Schema (draft 2020-12) of the project file.
pub fn project_schema() -> Value {
    parse(PROJECT)
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("the schemas of the program are JSON")
}
