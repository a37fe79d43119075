//! Finds manifests on disk and reads them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use crate::model::{Diagnostic, Origin, RecordedLookup, Severity};

use crate::manifest::files::assemble::{Keep, read_all};
use crate::manifest::files::unread;
use crate::manifest::inside::is_inside;
use crate::manifest::options::{ReadSettings, Reading};
use crate::manifest::problem::wording::in_backticks;
use crate::regular_file;

/// The longest file that is read, in bytes. A hundred thousand users are about 30 MB. A longer file is
/// refused without reading it.
pub const LONGEST_FILE: u64 = 512 * 1024 * 1024;

/// Finds and reads all manifests of a project. Files are taken in the order of their names, which
/// are relative to `root` and written with `/`.
///
/// Symbolic links are followed within the project. A wildcard matches no name that starts with a dot,
/// and nothing in a folder with such a name.
///
/// With `recorded`, users that have not changed have no attributes, and an unchanged file is hashed but
/// not parsed.
pub fn load(
    root: &Path,
    settings: &ReadSettings,
    recorded: Option<&RecordedLookup<'_>>,
) -> Reading {
    find_and_read(root, settings, recorded, Keep::Values)
}

/// Finds and reads all manifests of a project as [`load`] does, only to check them. The users keep the names of their
/// fields and their tags. Each key of a profile is `null`, and each key of `profileOnce` is `false`.
pub fn check(root: &Path, settings: &ReadSettings) -> Reading {
    find_and_read(root, settings, None, Keep::Names)
}

fn find_and_read(
    root: &Path,
    settings: &ReadSettings,
    recorded: Option<&RecordedLookup<'_>>,
    keep: Keep,
) -> Reading {
    let mut found = Search {
        root,
        files: BTreeMap::new(),
        unread: BTreeSet::new(),
        idle: Vec::new(),
        diagnostics: Vec::new(),
    };
    for pattern in &settings.patterns {
        found.pattern(pattern);
    }
    found.report_idle_patterns();
    found.unread.retain(|name| !found.files.contains_key(name));
    found.diagnostics.extend(unread::warnings(&found.unread));
    let mut seen = HashSet::new();
    let mut diagnostics = found.diagnostics;
    diagnostics.retain(|diagnostic| seen.insert(diagnostic.clone()));
    let (names, paths): (Vec<Arc<str>>, Vec<PathBuf>) = found
        .files
        .into_iter()
        .map(|(name, path)| (Arc::from(name), path))
        .unzip();
    let source = |file: usize| read_bytes(&paths[file], &names[file]).map(Cow::Owned);
    read_all(&names, &source, settings, recorded, keep, diagnostics)
}

/// Returns a predicate: whether a name, relative to the project and with `/`, matches the patterns.
/// Links are not considered.
pub fn matcher(patterns: &[String]) -> impl Fn(&str) -> bool {
    let patterns: Vec<Pattern> = patterns
        .iter()
        .filter_map(|text| Pattern::new(text.strip_prefix("./").unwrap_or(text)).ok())
        .collect();
    move |name| {
        let is_hidden = name.split('/').any(|part| part.starts_with('.'));
        patterns
            .iter()
            .any(|pattern| (!is_hidden || pattern.names_hidden) && pattern.matcher.is_match(name))
    }
}

struct Search<'r> {
    root: &'r Path,
    /// Paths by the name that is shown.
    files: BTreeMap<String, PathBuf>,
    /// Files where patterns look that one of the patterns does not find.
    unread: BTreeSet<String>,
    /// Patterns that find no file.
    idle: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

/// A pattern, and the part of it that is a fixed path.
struct Pattern {
    matcher: GlobMatcher,
    base: PathBuf,
    /// The number of levels below the base at which a match can be.
    depth: usize,
    /// Whether the pattern itself names something with a dot.
    names_hidden: bool,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, globset::Error> {
        let matcher = GlobBuilder::new(text)
            .literal_separator(true)
            .build()?
            .compile_matcher();
        let parts: Vec<&str> = text.split('/').filter(|part| *part != ".").collect();
        let literal = |part: &&&str| !part.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
        let fixed = parts[..parts.len() - 1].iter().take_while(literal).count();
        let rest = &parts[fixed..];
        Ok(Self {
            matcher,
            base: parts[..fixed].iter().collect(),
            depth: if rest
                .iter()
                .any(|part| part.contains("**") || part.contains('{'))
            {
                usize::MAX
            } else {
                rest.len()
            },
            names_hidden: rest.iter().any(|part| part.starts_with('.')),
        })
    }
}

impl Search<'_> {
    fn pattern(&mut self, text: &str) {
        let text = text.strip_prefix("./").unwrap_or(text);
        let pattern = match Pattern::new(text) {
            Ok(pattern) => pattern,
            Err(error) => {
                self.problem("invalid-pattern", text, format!("{}", error.kind()), None);
                return;
            }
        };
        let before = self.diagnostics.len();
        let base = self.root.join(&pattern.base);
        let mut matches = 0;
        match base.try_exists() {
            Ok(false) => {}
            Ok(true) if self.leaves(&base) => self.leaving(&base),
            Ok(true) => matches = self.walk(&base, &pattern),
            Err(error) => {
                let message = format!("this cannot be read: {error}");
                self.problem("unreadable", &self.name(&base), message, None);
            }
        }
        if matches == 0 && self.diagnostics.len() == before {
            self.idle.push(text.to_owned());
        }
    }

    /// A pattern without a file is an error if no other pattern finds one: all users would be forgotten.
    fn report_idle_patterns(&mut self) {
        let others_find = !self.files.is_empty();
        for text in std::mem::take(&mut self.idle) {
            let message = format!("the pattern {} matches no file", in_backticks(&text));
            let hint = "a mistake in a pattern would forget every user: correct it, or remove it";
            self.problem("pattern-matches-nothing", &text, message, Some(hint));
            if others_find && let Some(last) = self.diagnostics.last_mut() {
                last.severity = Severity::Warning;
            }
        }
    }

    fn walk(&mut self, base: &Path, pattern: &Pattern) -> usize {
        let mut matches = 0;
        let mut entries = WalkDir::new(base)
            .follow_links(true)
            .min_depth(1)
            .max_depth(pattern.depth)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unwalkable(&error, pattern);
                    continue;
                }
            };
            let is_folder = entry.file_type().is_dir();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if hidden && !pattern.names_hidden {
                if is_folder {
                    entries.skip_current_dir();
                }
                continue;
            }
            let name = self.name(entry.path());
            if is_folder {
                if entry.path_is_symlink()
                    && entry.depth() < pattern.depth
                    && self.leaves(entry.path())
                {
                    self.leaving(entry.path());
                    entries.skip_current_dir();
                }
            } else if pattern.matcher.is_match(&name) {
                matches += 1;
                self.file(&entry, name);
            } else if !pattern.base.as_os_str().is_empty()
                && unread::differs_in_ending(&name, |other| pattern.matcher.is_match(other))
            {
                // The root holds files of all kinds; a folder that a pattern names holds manifests.
                self.unread.insert(name);
            }
        }
        matches
    }

    fn file(&mut self, entry: &DirEntry, name: String) {
        let path = entry.path();
        if entry.path_is_symlink() && self.leaves(path) {
            self.leaving(path);
        } else if !entry.file_type().is_file() {
            let message = "this is neither a file nor a folder".to_owned();
            let hint = "pipes, sockets and devices are not read";
            self.problem("not-a-file", &name, message, Some(hint));
        } else if self.relative(path).to_str().is_none() {
            let message = "the name of this file is not UTF-8".to_owned();
            self.problem("name-not-utf-8", &name, message, Some("rename it"));
        } else {
            self.files.insert(name, path.to_owned());
        }
    }

    fn unwalkable(&mut self, error: &walkdir::Error, pattern: &Pattern) {
        let path = error.path().unwrap_or(self.root).to_owned();
        let name = self.name(&path);
        if error.loop_ancestor().is_some() {
            let message = "this link leads back to a folder above it".to_owned();
            self.problem("link-loop", &name, message, Some("remove it"));
            return;
        }
        // A broken link that no pattern matches is not a problem.
        let is_link = fs::symlink_metadata(&path).is_ok_and(|data| data.file_type().is_symlink());
        if is_link && !pattern.matcher.is_match(&name) {
            return;
        }
        let reason = error
            .io_error()
            .map_or_else(|| error.to_string(), io::Error::to_string);
        let message = format!("this cannot be read: {reason}");
        self.problem("unreadable", &name, message, None);
    }

    /// Whether a path ends up outside the project's folder.
    fn leaves(&self, path: &Path) -> bool {
        !is_inside(self.root, path)
    }

    fn leaving(&mut self, path: &Path) {
        let name = self.name(path);
        let message = "this link leads out of the project's folder".to_owned();
        let hint = "keep manifests in the project, where they are reviewed";
        self.problem("link-leaves-project", &name, message, Some(hint));
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.root).unwrap_or(path)
    }

    fn name(&self, path: &Path) -> String {
        self.relative(path)
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }

    fn problem(&mut self, code: &'static str, name: &str, message: String, hint: Option<&str>) {
        let mut diagnostic = Diagnostic::error(code, Origin::file(name), message);
        diagnostic.hint = hint.map(str::to_owned);
        self.diagnostics.push(diagnostic);
    }
}

fn read_bytes(path: &Path, name: &Arc<str>) -> Result<Vec<u8>, Box<Diagnostic>> {
    let unreadable = |error: io::Error| {
        let message = format!("this cannot be read: {error}");
        Box::new(Diagnostic::error(
            "unreadable",
            Origin::file(name.clone()),
            message,
        ))
    };
    let file = regular_file::existing(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    if length <= LONGEST_FILE {
        file.take(LONGEST_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if length.max(bytes.len() as u64) > LONGEST_FILE {
        let message = format!(
            "this file is longer than {} MiB",
            LONGEST_FILE / 1024 / 1024
        );
        let problem = Diagnostic::error("file-too-large", Origin::file(name.clone()), message);
        return Err(Box::new(problem.hint("split it into several files")));
    }
    Ok(bytes)
}
