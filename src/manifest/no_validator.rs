//! Stands in for the validator in a build without the feature `json-schema`: no schema compiles.

use serde_json::Value as Json;

use crate::manifest::rule_errors::{RulesError, Violation};

/// A compiled schema, of which this build has none.
pub(crate) enum Validator {}

impl Validator {
    /// Fails: this build compiles no schema.
    pub(crate) fn compile(_: &Json) -> Result<Self, RulesError> {
        Err(RulesError::NotBuilt)
    }

    /// All violations by one value.
    pub(crate) fn violations(
        &self,
        _: &Json,
        _: impl Fn(&[String], &Json) -> String,
    ) -> Vec<Violation> {
        match *self {}
    }
}
