//! Reads the manifests of a git revision through `git ls-tree` and `git cat-file --batch`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Output, Stdio};
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::git::command::{git, not_started};

/// The name of a file, with `/`, and its content.
type File = (Arc<str>, Vec<u8>);

/// The regular files below a folder in a revision. Names use `/` and are relative to that folder.
pub(crate) struct Revision<'r> {
    root: &'r Path,
    name: &'r str,
    blobs: Vec<Blob>,
    links: Vec<String>,
    has_folder: bool,
}

impl<'r> Revision<'r> {
    /// Lists the files below `root`. A folder that the revision does not have is empty.
    pub(crate) fn list(root: &'r Path, name: &'r str) -> Result<Self, Failure> {
        if name.is_empty() || name.contains(['\n', '\r', '\0']) {
            return Err(Failure::Usage(
                "--base expects the name of a revision".to_owned(),
            ));
        }
        let entries = list(root, name)?;
        let has_folder = entries.is_some();
        let entries = entries.unwrap_or_default();
        let (links, blobs) = entries.into_iter().partition(|blob: &Blob| blob.is_link);
        let links = Vec::from_iter(links)
            .into_iter()
            .map(|link: Blob| link.name);
        Ok(Self {
            root,
            name,
            blobs,
            links: links.collect(),
            has_folder,
        })
    }

    /// Whether the revision has the folder at all.
    pub(crate) fn has_folder(&self) -> bool {
        self.has_folder
    }

    /// The names of symbolic links. They are not followed.
    pub(crate) fn links(&self) -> &[String] {
        &self.links
    }

    /// Reads the files whose names `wanted` accepts.
    pub(crate) fn read(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<File>, Failure> {
        let mut objects = Objects::open(self.root)?;
        self.blobs
            .iter()
            .filter(|blob| wanted(&blob.name))
            .map(|blob| Ok((Arc::from(&*blob.name), objects.read(&blob.id)?)))
            .collect::<io::Result<_>>()
            .map_err(|error| {
                Failure::refused(format!(
                    "cannot read the files of revision `{}`: git cat-file: {error}",
                    self.name
                ))
            })
    }

    /// Whether the file of this name is another one on disk. `false` if the revision has no such file.
    pub(crate) fn differs_on_disk(&self, name: &str) -> Result<bool, Failure> {
        let Some(blob) = self.blobs.iter().find(|blob| blob.name == name) else {
            return Ok(false);
        };
        if !files::exists(&self.root.join(name)) {
            return Ok(true);
        }
        // Git reads the file: a state may be large.
        let output = git(self.root)
            .args(["hash-object", "--no-filters", "--", name])
            .output()
            .map_err(|error| not_started(&error))?;
        if !output.status.success() {
            return Err(Failure::refused(format!(
                "cannot compare {name} with revision `{}`: {}",
                self.name,
                String::from_utf8_lossy(&output.stderr).trim()
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim() != blob.id)
    }
}

/// A regular file or a symbolic link of a tree.
struct Blob {
    name: String,
    id: String,
    is_link: bool,
}

/// Lists the regular files and links below `root` in a revision; `None` if it has no such folder. Submodules are left out.
fn list(root: &Path, revision: &str) -> Result<Option<Vec<Blob>>, Failure> {
    let Output {
        status,
        stdout,
        stderr,
    } = git(root)
        .args(["ls-tree", "-rz", "--full-tree", "--end-of-options"])
        .arg(format!("{revision}:./"))
        .output()
        .map_err(|error| not_started(&error))?;
    if !status.success() {
        let reason = String::from_utf8_lossy(&stderr).trim().to_owned();
        let is_unknown = reason.contains("Not a valid object name");
        if is_unknown && is_commit(root, revision) {
            // The folder is new since then.
            return Ok(None);
        }
        let message = format!("cannot read revision `{revision}` of this folder: {reason}");
        return Err(if is_unknown {
            Failure::with_hint(
                message,
                "a shallow clone has only its own commits: `git fetch --depth=1 origin REVISION` fetches one more (in GitHub Actions: `fetch-depth: 0`)",
            )
        } else {
            Failure::refused(message)
        });
    }
    let entries = stdout.split(|byte| *byte == 0);
    Ok(Some(entries.filter_map(blob).collect()))
}

/// Whether the repository has this commit.
fn is_commit(root: &Path, revision: &str) -> bool {
    git(root)
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(format!("{revision}^{{commit}}"))
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Parses `MODE TYPE ID<tab>NAME`.
fn blob(entry: &[u8]) -> Option<Blob> {
    let entry = String::from_utf8_lossy(entry);
    let (head, name) = entry.split_once('\t')?;
    let mut words = head.split(' ');
    let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
    (kind == "blob").then(|| Blob {
        name: name.to_owned(),
        id: id.to_owned(),
        is_link: mode == "120000",
    })
}

/// A running `git cat-file --batch`.
pub(crate) struct Objects {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        let mut process = git(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(&error))?;
        Ok(Self {
            requests: process.stdin.take().expect("stdin is piped"),
            answers: BufReader::new(process.stdout.take().expect("stdout is piped")),
            process,
        })
    }

    /// Reads one object. An object that a partial clone lacks is an error.
    pub(crate) fn read(&mut self, id: &str) -> io::Result<Vec<u8>> {
        writeln!(self.requests, "{id}")?;
        self.requests.flush()?;
        // `ID TYPE SIZE`, or `ID missing`.
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        let size = header.trim_end().split(' ').nth(2);
        let size = size
            .and_then(|size| size.parse::<usize>().ok())
            .ok_or_else(|| {
                io::Error::other(format!("unexpected answer `{}`", header.trim_end()))
            })?;
        let mut content = vec![0; size];
        self.answers.read_exact(&mut content)?;
        self.answers.read_exact(&mut [0])?;
        Ok(content)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
