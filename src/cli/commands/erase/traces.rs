//! Searches this machine for what still names a user.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::files;
use crate::cli::files::PRIVATE_FOLDER;
use crate::cli::git::history;
use crate::cli::output;
use crate::cli::project::LoadedProject;
use crate::cli::repository::is_in_git;
use crate::cli::terminal::Terminal;
use talkform::manifest;
use talkform::model::text::mentions::Mentions;
use talkform::render::erasure::{FileKind, NamingFile, NamingHistory, Remaining};

/// The most files of the project's folder that are searched, and their bytes.
const MOST_FILES: usize = 100_000;
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The most lines of a file that are named.
const MOST_LINES: usize = 5;

/// Searches the project's folder, the copies of its state elsewhere, and the git history. `lineage` is that of the
/// state, which tells its copies from those of other projects.
pub(crate) fn search(
    settings: &LoadedProject,
    lineage: Option<&str>,
    mentions: &[Mentions],
    terminal: Terminal,
) -> Remaining {
    let mut search = Search {
        settings,
        mentions,
        is_manifest: Box::new(manifest::matcher(&settings.project.manifests)),
        files: Vec::new(),
        left: (MOST_FILES, MOST_BYTES),
        is_whole: true,
    };
    search.folder(&settings.root);
    search.copies(lineage);
    search
        .files
        .sort_by(|one, other| (one.kind, &one.path).cmp(&(other.kind, &other.path)));
    Remaining {
        files: search.files,
        all_files_searched: search.is_whole,
        history: in_history(settings, mentions, terminal),
    }
}

fn in_history(
    settings: &LoadedProject,
    mentions: &[Mentions],
    terminal: Terminal,
) -> Option<NamingHistory> {
    if !is_in_git(&settings.root) {
        return None;
    }
    let names = |bytes: &[u8]| mentions.iter().any(|mentions| mentions.are_in(bytes));
    match history::search(&settings.root, &names) {
        Ok(history) => Some(history),
        Err(failure) => {
            output::failure(terminal, &failure);
            Some(NamingHistory::default())
        }
    }
}

struct Search<'a> {
    settings: &'a LoadedProject,
    mentions: &'a [Mentions],
    is_manifest: Box<dyn Fn(&str) -> bool + 'a>,
    files: Vec<NamingFile>,
    /// How many files and bytes may still be read.
    left: (usize, u64),
    is_whole: bool,
}

impl Search<'_> {
    /// Searches a folder and those below. Links are not followed, and git's own files are left out.
    fn folder(&mut self, folder: &Path) {
        let mut entries = self.entries(folder);
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() == ".git" => {}
                Ok(kind) if kind.is_dir() => self.folder(&path),
                Ok(kind) if kind.is_file() => {
                    let name = self.name(&path);
                    let kind = self.kind(&path, &name);
                    self.file(&path, name, kind, None);
                }
                Ok(_) => {}
                Err(_) => self.is_whole = false,
            }
        }
    }

    /// Lists a folder. What cannot be listed counts as not searched.
    fn entries(&mut self, folder: &Path) -> Vec<fs::DirEntry> {
        files::entries(folder).unwrap_or_else(|_| {
            self.is_whole = false;
            Vec::new()
        })
    }

    /// Searches the files beside a state that lies elsewhere, and the copies that failed saves left behind.
    fn copies(&mut self, lineage: Option<&str>) {
        let state = self.settings.store.path().to_owned();
        let mut found: Vec<PathBuf> = Vec::new();
        let folder = state.parent().map(Path::to_owned).unwrap_or_default();
        if !self.settings.store.is_remote() && !is_below(&state, &self.settings.root) {
            let own = state.file_name().unwrap_or_default();
            found.extend(self.files_in(&folder, &|name| name.starts_with(&*own.to_string_lossy())));
        }
        let temporary = std::env::temp_dir();
        let rescued = self.files_in(&temporary, &|name| name.starts_with("talkform-state-"));
        for path in found {
            let name = path.display().to_string();
            self.file(&path, name, FileKind::State, None);
        }
        for path in rescued {
            let name = path.display().to_string();
            self.file(
                &path,
                name,
                FileKind::State,
                Some(lineage.unwrap_or_default()),
            );
        }
    }

    fn files_in(&mut self, folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
        let entries = self.entries(folder).into_iter();
        let wanted = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_wanted));
        let mut paths = Vec::new();
        for entry in wanted {
            match entry.file_type() {
                Ok(kind) if kind.is_file() => paths.push(entry.path()),
                Ok(_) => {}
                Err(_) => self.is_whole = false,
            }
        }
        paths.sort();
        paths
    }

    /// Searches a file. One of another lineage is passed over.
    fn file(&mut self, path: &Path, name: String, kind: FileKind, lineage: Option<&str>) {
        let Ok(length) = fs::metadata(path).map(|data| data.len()) else {
            self.is_whole = false;
            return;
        };
        if self.left.0 == 0 || length > self.left.1 {
            self.is_whole = false;
            return;
        }
        self.left = (self.left.0 - 1, self.left.1 - length);
        // A copy of a state may be encrypted, and then with a key that this run does not have.
        let read = files::read_bytes(path).ok();
        let read = read.and_then(|bytes| self.settings.copy_in_clear(path, bytes).ok());
        let Some(bytes) = read else {
            self.is_whole = false;
            return;
        };
        let is_own = lineage.is_none_or(|lineage| {
            !lineage.is_empty() && memchr::memmem::find(&bytes, lineage.as_bytes()).is_some()
        });
        if !is_own {
            return;
        }
        let found = self
            .mentions
            .iter()
            .map(|mentions| mentions.lines(&bytes, MOST_LINES));
        let (lines, line_count) = found.fold((Vec::new(), 0), |(mut all, count), (lines, more)| {
            all.extend(lines);
            (all, count + more)
        });
        let is_in_name = || {
            // `a@b.kr.csv` would be another address.
            let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
            let names = |path: &str| {
                let mut mentions = self.mentions.iter();
                mentions.any(|mentions| mentions.are_in(path.as_bytes()))
            };
            names(&name) || names(stem)
        };
        if line_count > 0 || is_in_name() {
            let mut lines = lines;
            lines.sort_unstable();
            lines.truncate(MOST_LINES);
            self.files.push(NamingFile {
                path: name,
                kind,
                lines,
                line_count,
            });
        }
    }

    fn kind(&self, path: &Path, name: &str) -> FileKind {
        let state = self.settings.store.path();
        let own = state.file_name().unwrap_or_default().to_string_lossy();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_private = name.starts_with(PRIVATE_FOLDER);
        if is_private && file.ends_with(".users.jsonl") {
            FileKind::Sandbox
        } else if file.starts_with(&*own) || file.contains(".state.json") {
            FileKind::State
        } else if (self.is_manifest)(name) {
            FileKind::Manifest
        } else {
            FileKind::Other
        }
    }

    /// The path relative to the project, with `/`.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.settings.root).unwrap_or(path);
        let parts = below.components();
        let parts = parts.map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.collect::<Vec<_>>().join("/")
    }
}

fn is_below(path: &Path, folder: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(folder)) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        // A file that does not exist is nowhere.
        _ => true,
    }
}
