//! Reads YAML and JSON text into nodes that know their place.

pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod node;
pub(crate) mod scalar;
pub(crate) mod yaml;
