//! Reads manifests from memory.

use std::borrow::Cow;
use std::sync::Arc;

use crate::manifest::files::assemble::{self, Keep};
use crate::manifest::options::{ReadSettings, Reading};
use crate::model::RecordedLookup;

/// Reads manifests from memory, such as those of a git revision. Names decide the format (`.yaml`,
/// `.yml`, `.json`, `.jsonl`, `.ndjson`) and the order.
pub fn read_texts(files: Vec<(Arc<str>, Vec<u8>)>, settings: &ReadSettings) -> Reading {
    read_texts_beside(files, settings, None)
}

/// [`read_texts`], with a lookup of recorded users and files: users that have not changed have no
/// attributes.
pub fn read_texts_beside(
    mut files: Vec<(Arc<str>, Vec<u8>)>,
    settings: &ReadSettings,
    recorded: Option<&RecordedLookup<'_>>,
) -> Reading {
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let names: Vec<Arc<str>> = files.iter().map(|(name, _)| name.clone()).collect();
    let source = |file: usize| Ok(Cow::Borrowed(&*files[file].1));
    assemble::read_all(
        &names,
        &source,
        settings,
        recorded,
        Keep::Values,
        Vec::new(),
    )
}
