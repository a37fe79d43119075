//! Writes talkform commands with the flags of this run, so that a suggested command works in the same shell.

use std::path::Path;

use crate::cli::args::Global;

/// The flags of this run that choose the project, its environment and the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Invocation {
    flags: Vec<String>,
    hides_ids: bool,
}

impl Invocation {
    /// The flags of this run.
    pub(crate) fn of(global: &Global) -> Self {
        let mut flags = Self::in_folder(&global.directory).flags;
        if let Some(name) = &global.environment {
            flags.extend(["--env".to_owned(), name.clone()]);
        }
        if let Some(path) = &global.state {
            flags.extend(["--state".to_owned(), path.display().to_string()]);
        }
        if global.sandbox {
            flags.push("--sandbox".to_owned());
        }
        Self {
            flags,
            hides_ids: false,
        }
    }

    /// The same where patterns of ids are hidden or not.
    #[must_use]
    pub(crate) fn hiding_ids(self, hides_ids: bool) -> Self {
        Self { hides_ids, ..self }
    }

    /// The flags that choose the project in a folder, without an environment.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let folder = folder.strip_prefix(".").unwrap_or(folder);
        let flags = if folder.as_os_str().is_empty() {
            Vec::new()
        } else {
            vec!["-C".to_owned(), folder.display().to_string()]
        };
        Self {
            flags,
            hides_ids: false,
        }
    }

    /// A command line for a POSIX shell: `talkform`, the flags of this run, and these words.
    pub(crate) fn command<S: AsRef<str>>(&self, words: &[S]) -> String {
        let flags = self.flags.iter().map(String::as_str);
        let words = words.iter().map(AsRef::as_ref);
        let mut line = vec!["talkform".to_owned()];
        line.extend(flags.map(quoted));
        let mut is_pattern = false;
        for word in words {
            line.push(if is_pattern && self.hides_ids {
                quoted("(sensitive)")
            } else {
                quoted(word)
            });
            is_pattern = word == "--select";
        }
        line.join(" ")
    }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    // Only a null byte cannot be quoted, and no argument of a process contains one.
    shlex::try_quote(word).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(flags: &[&str]) -> Invocation {
        Invocation {
            flags: flags.iter().map(ToString::to_string).collect(),
            hides_ids: false,
        }
    }

    #[test]
    fn commands_are_quoted_for_a_shell() {
        assert_eq!(Invocation::default().command(&["plan"]), "talkform plan");
        assert_eq!(
            Invocation::in_folder(Path::new(".")).command(&["plan"]),
            "talkform plan"
        );
        let all = flags(&["-C", "our users/$HOME", "--env", "staging", "--sandbox"]);
        let words = ["apply", "--select", "u-*", "--approve-limits"];
        let command = all.command(&[&words[..], &["optIn=3,sha256:0f"]].concat());
        let expected = "talkform -C 'our users/$HOME' --env staging --sandbox apply --select 'u-*' --approve-limits 'optIn=3,sha256:0f'";
        assert_eq!(command, expected);
        let hidden = all
            .hiding_ids(true)
            .command(&["plan", "--select", "kim", "--out"]);
        assert!(
            hidden.ends_with("plan --select '(sensitive)' --out"),
            "{hidden}"
        );
        let words = shlex::split(&flags(&["-C", "it's \"x\"`y`\n;"]).command(&["plan"]));
        let expected = ["talkform", "-C", "it's \"x\"`y`\n;", "plan"];
        assert_eq!(words.expect("words"), expected);
    }
}
