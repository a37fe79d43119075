//! Manifests as they were in a revision, read through one `git cat-file --batch`.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use crate::cli::failure::Failure;

/// A name with `/`, and the content.
type File = (Arc<str>, Vec<u8>);

/// The files of a revision below `root` whose names `wanted` takes, with `/` and relative to it.
pub(crate) fn read_revision(
    root: &Path,
    revision: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<File>, Failure> {
    if revision.is_empty() || revision.contains(['\n', '\r', '\0']) {
        return Err(Failure::Usage(
            "--base takes the name of a revision".to_owned(),
        ));
    }
    let mut git = Git::start(root)?;
    let found = git.walk(revision, wanted);
    let ended = git.end();
    match found {
        Ok(Some(files)) => Ok(files),
        Ok(None) => Err(Failure::with_hint(
            format!("git has no revision «{revision}» with this folder in it"),
            "a shallow clone has only its own commits: `git fetch --depth=1 origin REVISION` brings one more (in GitHub Actions: `fetch-depth: 0`)",
        )),
        Err(error) => Err(Failure::refused(format!(
            "git cannot read «{revision}»: {}",
            if ended.is_empty() {
                error.to_string()
            } else {
                ended
            }
        ))),
    }
}

struct Git {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

enum Object {
    Tree { content: Vec<u8>, id_bytes: usize },
    Blob(Vec<u8>),
    Other,
}

impl Git {
    fn start(root: &Path) -> Result<Self, Failure> {
        let mut process = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["cat-file", "--batch"])
            // A plan is offline: a partial clone does not fetch what it lacks.
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Failure::with_hint(
                    format!("cannot run git: {error}"),
                    "--base reads old values through git",
                )
            })?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Ok(Self {
            process,
            requests,
            answers,
        })
    }

    /// Ends git and returns what it complained about.
    fn end(mut self) -> String {
        self.requests = None;
        let mut complaint = String::new();
        if let Some(stderr) = self.process.stderr.take() {
            // Bounded, and lossy is good enough: it is shown to a person.
            let mut bytes = Vec::new();
            let _ = stderr.take(4096).read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes)
                .trim()
                .clone_into(&mut complaint);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        complaint
    }

    /// `None` where the revision or the folder is not there.
    fn walk(
        &mut self,
        revision: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> io::Result<Option<Vec<File>>> {
        let mut files = Vec::new();
        let mut trees = VecDeque::new();
        match self.object(&format!("{revision}:./"))? {
            Some(Object::Tree { content, id_bytes }) => {
                trees.push_back((String::new(), content, id_bytes));
            }
            _ => return Ok(None),
        }
        while let Some((folder, content, id_bytes)) = trees.pop_front() {
            for (kind, name, id) in entries(&content, id_bytes) {
                let path = format!("{folder}{name}");
                match kind {
                    Kind::Tree => {
                        if let Some(Object::Tree { content, id_bytes }) = self.object(&id)? {
                            trees.push_back((format!("{path}/"), content, id_bytes));
                        }
                    }
                    Kind::File if wanted(&path) => {
                        if let Some(Object::Blob(content)) = self.object(&id)? {
                            files.push((path.into(), content));
                        }
                    }
                    Kind::File | Kind::Other => {}
                }
            }
        }
        Ok(Some(files))
    }

    fn object(&mut self, name: &str) -> io::Result<Option<Object>> {
        let requests = self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        requests.write_all(name.as_bytes())?;
        requests.write_all(b"\n")?;
        requests.flush()?;
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        // `ID TYPE SIZE`, or `NAME missing` and the like.
        let words: Vec<&str> = header.trim_end().split(' ').collect();
        let [id, kind, size] = words[..] else {
            return if header.is_empty() {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(None)
            };
        };
        let Ok(size) = size.parse::<usize>() else {
            return Ok(None);
        };
        let mut content = vec![0; size];
        self.answers.read_exact(&mut content)?;
        self.answers.read_exact(&mut [0])?;
        Ok(Some(match kind {
            "tree" => Object::Tree {
                content,
                id_bytes: id.len() / 2,
            },
            "blob" => Object::Blob(content),
            _ => Object::Other,
        }))
    }
}

enum Kind {
    Tree,
    File,
    Other,
}

/// A tree object is a run of `MODE NAME\0ID`, the id as bytes.
fn entries(mut content: &[u8], id_bytes: usize) -> Vec<(Kind, String, String)> {
    let mut found = Vec::new();
    while let Some(end) = content.iter().position(|byte| *byte == 0) {
        let (head, rest) = content.split_at(end);
        let Some(id) = rest.get(1..=id_bytes) else {
            break;
        };
        content = &rest[1 + id_bytes..];
        let head = String::from_utf8_lossy(head);
        let Some((mode, name)) = head.split_once(' ') else {
            break;
        };
        let kind = match mode {
            "40000" => Kind::Tree,
            "100644" | "100755" => Kind::File,
            _ => Kind::Other,
        };
        found.push((
            kind,
            name.to_owned(),
            talkform::model::digest::digests::to_hex(id),
        ));
    }
    found
}
