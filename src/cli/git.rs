//! Reads the manifests of a git revision through `git ls-tree` and `git cat-file --batch`.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;

use crate::cli::failure::Failure;

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

/// The commit that is checked out; `None` where the folder is in no repository or git cannot be run.
pub(crate) fn head(root: &Path) -> Option<String> {
    let output = git(root)
        .args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?;
    let commit = commit.trim();
    let is_commit = output.status.success()
        && commit.len() >= 40
        && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit.to_owned())
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

/// A git command in `root` that reads this repository alone, offline, and sees no secret.
fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if is_withheld(&name) {
            command.env_remove(name);
        }
    }
    command
        // A bare repository inside of a checkout may be planted; its configuration can run programs.
        .args(["-c", "safe.bareRepository=explicit"])
        .arg("-C")
        .arg(root)
        // A plan is offline: a partial clone must not fetch what it lacks.
        .env("GIT_NO_LAZY_FETCH", "1")
        // Messages are matched, so they must not be translated.
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// Whether git must not get a variable: credentials of talkform, and what a hook sets to point git
/// at the repository of the hook. Configuration that a person sets stays.
fn is_withheld(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_configuration = (name.starts_with("GIT_CONFIG_") && name != "GIT_CONFIG_PARAMETERS")
        || name == "GIT_CEILING_DIRECTORIES";
    name.starts_with("TALKFORM_") || (name.starts_with("GIT_") && !is_configuration)
}

fn not_started(error: &io::Error) -> Failure {
    Failure::with_hint(
        format!("cannot run git: {error}"),
        "--base reads old values through git: install it, or leave --base out",
    )
}
