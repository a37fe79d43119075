//! Finds the format of a manifest by its name.

/// The format of a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
    JsonLines,
}

impl Format {
    /// The format by the extension of a name; `None` if no manifest has it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
        match &*extension {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}
