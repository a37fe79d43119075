//! Parses YAML and JSON text into nodes with their spans.

pub(crate) mod aliases;
pub(crate) mod decimal;
pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod node;
pub(crate) mod scalar;
pub(crate) mod yaml;
