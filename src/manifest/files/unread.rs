//! Reports files that look like manifests and that no pattern finds.

use std::collections::BTreeSet;

use crate::manifest::files::format::Format;
use crate::model::{Diagnostic, Origin};
use crate::words::counted;

/// The most files that are reported one by one.
const MOST_NAMED: usize = 20;

/// The endings of manifests.
const ENDINGS: [&str; 5] = ["yaml", "yml", "json", "jsonl", "ndjson"];

/// Whether a file that a pattern does not find has the ending of a manifest, and the pattern would find it with another
/// one. A file that its name leaves out is left out on purpose.
pub(crate) fn differs_in_ending(name: &str, is_found: impl Fn(&str) -> bool) -> bool {
    let Some((stem, _)) = name.rsplit_once('.') else {
        return false;
    };
    Format::of(name).is_some()
        && ENDINGS
            .iter()
            .any(|ending| is_found(&format!("{stem}.{ending}")))
}

/// The warnings about files that lie where patterns look, and that none of the patterns finds.
pub(crate) fn warnings(names: &BTreeSet<String>) -> Vec<Diagnostic> {
    let warning = |name: &str, message: String| {
        Diagnostic::warning("unread-file", Origin::file(name), message)
    };
    let mut warnings: Vec<Diagnostic> = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| {
            warning(name, "no pattern of `manifests` finds this file".to_owned())
                .hint("add a pattern such as users/**/*.{yaml,yml,json,jsonl,ndjson}, rename the file, or move it away")
        })
        .collect();
    if let Some(first) = names.iter().nth(MOST_NAMED) {
        let more = counted(names.len() - MOST_NAMED, "more file", "more files");
        warnings.push(warning(
            first,
            format!("no pattern of `manifests` finds {more}, this one among them"),
        ));
    }
    warnings
}
