//! Reads the manifests of a git revision through `git ls-tree` and `git cat-file --batch`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Output, Stdio};
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::git::command::{git, not_started};

/// The name of a file, with `/`, and its content.
type File = (Arc<str>, Vec<u8>);

/// The files below `root` in a revision whose names `is_manifest` accepts. Names use `/` and are
/// relative to `root`.
pub(crate) fn read_revision(
    root: &Path,
    revision: &str,
    is_manifest: &dyn Fn(&str) -> bool,
) -> Result<Vec<File>, Failure> {
    if revision.is_empty() || revision.contains(['\n', '\r', '\0']) {
        return Err(Failure::Usage(
            "--base expects the name of a revision".to_owned(),
        ));
    }
    let blobs = list(root, revision)?;
    let mut objects = Objects::open(root)?;
    blobs
        .into_iter()
        .filter(|blob| is_manifest(&blob.name))
        .map(|blob| Ok((Arc::from(blob.name), objects.read(&blob.id)?)))
        .collect::<io::Result<_>>()
        .map_err(|error| {
            Failure::refused(format!(
                "cannot read the files of revision `{revision}`: git cat-file: {error}"
            ))
        })
}

/// A regular file of a tree.
struct Blob {
    name: String,
    id: String,
}

/// Lists the regular files below `root` in a revision. Symbolic links and submodules are left out.
fn list(root: &Path, revision: &str) -> Result<Vec<Blob>, Failure> {
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
        let message = format!("cannot read revision `{revision}` of this folder: {reason}");
        return Err(if reason.contains("Not a valid object name") {
            Failure::with_hint(
                message,
                "a shallow clone has only its own commits: `git fetch --depth=1 origin REVISION` fetches one more (in GitHub Actions: `fetch-depth: 0`)",
            )
        } else {
            Failure::refused(message)
        });
    }
    Ok(stdout.split(|byte| *byte == 0).filter_map(blob).collect())
}

/// Parses `MODE TYPE ID<tab>NAME`.
fn blob(entry: &[u8]) -> Option<Blob> {
    let entry = String::from_utf8_lossy(entry);
    let (head, name) = entry.split_once('\t')?;
    let mut words = head.split(' ');
    let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
    (kind == "blob" && mode != "120000").then(|| Blob {
        name: name.to_owned(),
        id: id.to_owned(),
    })
}

/// A running `git cat-file --batch`.
struct Objects {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn open(root: &Path) -> Result<Self, Failure> {
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
    fn read(&mut self, id: &str) -> io::Result<Vec<u8>> {
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
