//! Serializes values of the model as text in the JSON formats, and describes them in their schemas.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::Serializer;

/// The version of the JSON formats. It increases when a reader of the previous one could be misled.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// For `serialize_with`: the value as it is displayed.
pub(crate) fn as_text<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The types that a profile value can have, for the schema only.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "describes what `Value` serializes to")]
pub(crate) enum AnyValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}
