//! Checks values by a JSON Schema.

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use serde_json::Value as Json;

use crate::manifest::rule_errors::{RulesError, Violation};

/// A compiled schema.
pub(crate) struct Validator(jsonschema::Validator);

impl Validator {
    /// Compiles a schema of any draft; `format` is checked, and nothing is fetched.
    pub(crate) fn compile(schema: &Json) -> Result<Self, RulesError> {
        let compiled = jsonschema::options()
            .should_validate_formats(true)
            .build(schema);
        compiled.map(Self).map_err(|error| RulesError::NotASchema {
            // The file may be no schema at all: its values are not repeated.
            reason: match error.kind() {
                ValidationErrorKind::Referencing(_) => {
                    "a `$ref` names a schema that is not in this file".to_owned()
                }
                _ => error.masked().to_string(),
            },
            place: error.instance_path().as_str().to_owned(),
        })
    }

    /// All violations by one value. `name` gets a value and its path, and returns how a
    /// message names the value.
    pub(crate) fn violations(
        &self,
        value: &Json,
        name: impl Fn(&[String], &Json) -> String,
    ) -> Vec<Violation> {
        let errors = self.0.iter_errors(value).map(|error| {
            let path: Vec<String> = error
                .instance_path()
                .segments()
                .map(|segment| match segment {
                    LocationSegment::Property(name) => name.into_owned(),
                    LocationSegment::Index(index) => index.to_string(),
                })
                .collect();
            Violation {
                message: error.masked_with(name(&path, error.instance())).to_string(),
                rule: error.schema_path().as_str().to_owned(),
                path,
            }
        });
        errors.collect()
    }
}
