//! Searches the git history: every version of every file that a branch, a tag, a stash or the reflog leads to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::cli::failure::Failure;
use crate::cli::git::command::{git, not_started};
use crate::cli::git::objects::Objects;
use talkform::render::erasure::{NamingCommit, NamingHistory};

/// The most bytes of files that are read.
const MOST_BYTES: usize = 4 * 1024 * 1024 * 1024;

/// The most commits that are kept.
const MOST_COMMITS: usize = 1000;

/// Finds the commits that made a file which `names` accepts, or whose message it accepts, the latest first.
///
/// Each version of a file is read once and counts for every commit that made it.
pub(crate) fn search(root: &Path, names: &dyn Fn(&[u8]) -> bool) -> Result<NamingHistory, Failure> {
    let mut process = git(root)
        .args(["-c", "log.showRoot=true", "-c", "log.showSignature=false"])
        .args([
            "log",
            "--all",
            "--reflog",
            "-c",
            "--raw",
            "-z",
            "--no-abbrev",
        ])
        .args([
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
        ])
        .args([
            "--ignore-submodules=all",
            "--format=tformat:commit %H%x00%B",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| not_started(&error))?;
    let stdout = process.stdout.take().expect("stdout is piped");
    let mut search = Search {
        objects: Objects::open(root)?,
        names,
        versions: HashMap::new(),
        bytes: 0,
        history: NamingHistory {
            all_searched: true,
            ..NamingHistory::default()
        },
    };
    let read = search.read(BufReader::new(stdout));
    let ended = process.wait();
    let is_whole = read.is_ok() && ended.is_ok_and(|status| status.success());
    search.history.all_searched &= is_whole && has_all_commits(root);
    Ok(search.history)
}

/// Whether the repository has its whole history. One of which git cannot tell counts as shallow.
fn has_all_commits(root: &Path) -> bool {
    let output = git(root)
        .args(["rev-parse", "--is-shallow-repository"])
        .output();
    output.is_ok_and(|output| output.stdout.starts_with(b"false"))
}

struct Search<'a> {
    objects: Objects,
    names: &'a dyn Fn(&[u8]) -> bool,
    /// Whether each version of a file that was read names the user.
    versions: HashMap<String, bool>,
    bytes: usize,
    history: NamingHistory,
}

impl Search<'_> {
    /// Reads the output of git: for each commit its id, its message, and for each file the line of its version and its
    /// path, all ended by zero bytes.
    fn read(&mut self, mut log: impl BufRead) -> std::io::Result<()> {
        let mut commit: Option<NamingCommit> = None;
        while let Some(part) = next(&mut log)? {
            let text = String::from_utf8_lossy(&part);
            // A line end stands between a message and the first file.
            let text = text.trim_start_matches('\n');
            if text.starts_with(':') {
                let path = next(&mut log)?.unwrap_or_default();
                if self.is_named_by(text)
                    && let Some(commit) = &mut commit
                {
                    commit
                        .files
                        .push(String::from_utf8_lossy(&path).into_owned());
                }
            } else if let Some(id) = text.strip_prefix("commit ") {
                let id = id.to_owned();
                let message = next(&mut log)?.unwrap_or_default();
                self.keep(commit.take());
                commit = Some(NamingCommit {
                    commit: id,
                    files: Vec::new(),
                    in_message: (self.names)(&message),
                });
            }
        }
        self.keep(commit);
        Ok(())
    }

    fn keep(&mut self, commit: Option<NamingCommit>) {
        let Some(commit) = commit else {
            return;
        };
        if commit.files.is_empty() && !commit.in_message {
            return;
        }
        self.history.commit_count += 1;
        if self.history.commits.len() < MOST_COMMITS {
            self.history.commits.push(commit);
        }
    }

    /// Whether the version of a file names the user. `line` has one colon, one mode and one id for each parent, then
    /// the mode and the id of the version: `:OLDMODE NEWMODE OLDID NEWID STATUS`. Of a merge, git lists the files that
    /// differ from all parents.
    fn is_named_by(&mut self, line: &str) -> bool {
        let words = line.trim_start_matches(':');
        let parents = line.len() - words.len();
        let mut words = words.split(' ');
        let (Some(mode), Some(id)) = (words.nth(parents), words.nth(parents)) else {
            return false;
        };
        // A submodule has no file, and a removed file has no version.
        if mode == "160000" || id.bytes().all(|digit| digit == b'0') {
            return false;
        }
        if let Some(known) = self.versions.get(id) {
            return *known;
        }
        let is_named = if self.bytes > MOST_BYTES {
            self.history.all_searched = false;
            false
        } else if let Ok(content) = self.objects.read(id) {
            self.bytes += content.len();
            (self.names)(&content)
        } else {
            // A partial clone lacks it.
            self.history.all_searched = false;
            false
        };
        self.versions.insert(id.to_owned(), is_named);
        is_named
    }
}

/// The bytes to the next zero byte; `None` at the end.
fn next(log: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut part = Vec::new();
    if log.read_until(0, &mut part)? == 0 {
        return Ok(None);
    }
    if part.last() == Some(&0) {
        part.pop();
    }
    Ok(Some(part))
}
