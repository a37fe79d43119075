//! Reads the sources, or takes them from a test.

use std::fs;
use std::path::{Path, PathBuf};

/// A file below the crate's folder.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its path from the crate's folder, with `/`.
    pub file: String,
    pub text: String,
}

impl Source {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn is_test(&self) -> bool {
        self.file.contains("/tests/") || !self.file.starts_with("src/")
    }

    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.file)
            .extension()
            .is_some_and(|ending| ending == "rs")
    }
}

/// Every text file below these files and folders of the crate.
pub(crate) fn read(places: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in places {
        walk(&root.join(place), &mut files);
    }
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(&path).ok()?;
            let file = path.strip_prefix(root).expect("below the crate's folder");
            Some(Source {
                file: file.to_string_lossy().replace('\\', "/"),
                text,
            })
        })
        .collect()
}

/// The sources of the program, without its tests.
pub(crate) fn program() -> Vec<Source> {
    let sources = read(&["src"]);
    sources
        .into_iter()
        .filter(|source| source.is_rust() && !source.is_test())
        .collect()
}

fn walk(place: &Path, files: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).expect("a folder") {
            walk(&entry.expect("an entry").path(), files);
        }
    } else if place.is_file() {
        files.push(place.to_owned());
    }
}
