//! Builds commands that inherit nothing from the environment of the tests but what programs need to run.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Where programs and temporary files are, on Unix and on Windows.
const INHERITED: &[&str] = &["PATH", "TMPDIR", "SystemRoot", "TEMP", "TMP"];

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails unless the run ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Both streams, stdout first.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A program in a folder that is its home too, with both streams captured.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .env("HOME", folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for a program that was started.
pub(crate) fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().expect("the program ends");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// Runs git in a folder and returns its stdout.
#[track_caller]
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let child = command("git", folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost"])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .spawn();
    finish(child.expect("git runs")).expect(0).stdout
}

#[test]
fn a_command_sees_nothing_of_the_tests_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command("env", folder.path()).output().expect("env runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in text.lines() {
        let (name, _) = line.split_once('=').expect("a variable");
        let is_set = ["HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "PWD"].contains(&name);
        assert!(is_set || INHERITED.contains(&name), "{line}");
    }
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!text.contains("CARGO_MANIFEST_DIR"), "{text}");
}
