//! Understands, or answers, the words of terraform and kubectl.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Words of other programs that mean nothing here, and what to use instead.
const ANSWERS: [(&[&str], &str); 11] = [
    (
        &["destroy", "delete", "--destroy"],
        "remove users from the manifests; with `removed: { users: delete }` in the project file, apply deletes them on Channel",
    ),
    (
        &["refresh", "--refresh-only"],
        "`drift` shows how Channel differs from what was applied, `apply --refresh` corrects it",
    ),
    (
        &["get", "describe", "list", "output"],
        "`state list` shows the recorded users, `state show ID` one of them, `show` the state",
    ),
    (
        &["--dry-run"],
        "`plan` shows what apply would change, and sends nothing",
    ),
    (
        &["-f", "--filename", "--var-file"],
        "the patterns of `manifests` in the project file find the manifests; -C DIR names the project's folder",
    ),
    (
        &["-n", "--namespace", "--context", "--workspace", "workspace"],
        "environments of the project file are chosen with --env NAME",
    ),
    (
        &["-o", "--output"],
        "the format is chosen with --format, a plan file with --out",
    ),
    (&["-y"], "an apply without a question takes --auto-approve"),
    (
        &["--force"],
        "nothing is forced: limits are approved with --approve-limits DIGEST",
    ),
    (
        &["login"],
        "credentials come from TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET",
    ),
    (
        &["fmt", "edit", "create", "taint", "untaint"],
        "users are changed in the manifests; `validate` checks them",
    ),
];

/// The arguments with two dashes before long options: `-auto-approve` is how terraform writes them.
pub(crate) fn with_two_dashes(arguments: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let mut is_over = false;
    arguments
        .into_iter()
        .map(|word| {
            is_over |= word == "--";
            match word.to_str() {
                Some(text) if !is_over && has_long_name(text, command) => format!("-{text}").into(),
                _ => word,
            }
        })
        .collect()
}

fn has_long_name(word: &str, command: &Command) -> bool {
    let Some(name) = word.strip_prefix('-') else {
        return false;
    };
    let name = name.split('=').next().unwrap_or_default();
    name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase()) && knows(command, name)
}

fn knows(command: &Command, name: &str) -> bool {
    let is_answered = || {
        ANSWERS
            .iter()
            .any(|(words, _)| words.contains(&&*format!("--{name}")))
    };
    let here = command.get_arguments().any(|argument| {
        let aliases = argument.get_all_aliases().unwrap_or_default();
        argument.get_long() == Some(name) || aliases.contains(&name)
    });
    here || is_answered() || command.get_subcommands().any(|sub| knows(sub, name))
}

/// What to do instead of a word that no command and no option has.
pub(crate) fn answer(error: &clap::Error) -> Option<&'static str> {
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else {
        return None;
    };
    let word = word.split('=').next().unwrap_or_default();
    ANSWERS
        .iter()
        .find(|(words, _)| words.contains(&word))
        .map(|(_, answer)| *answer)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::run::Arguments;

    fn rewritten(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let words = with_two_dashes(words, &Arguments::command());
        words.join(" ".as_ref()).into_string().expect("UTF-8")
    }

    #[test]
    fn terraforms_words_are_understood() {
        for (line, expected) in [
            (
                "talkform apply -auto-approve",
                "talkform apply --auto-approve",
            ),
            (
                "talkform plan -target=u-1 -refresh",
                "talkform plan --target=u-1 --refresh",
            ),
            (
                "talkform -C dir plan -out x",
                "talkform -C dir plan --out x",
            ),
            (
                "talkform plan -h -unknown -f x",
                "talkform plan -h -unknown -f x",
            ),
            ("talkform import -- -out", "talkform import -- -out"),
        ] {
            assert_eq!(rewritten(line), expected);
            let parsed = Arguments::command().try_get_matches_from(expected.split(' '));
            let is_known = !line.contains("-unknown");
            assert_eq!(parsed.is_ok(), is_known, "{line} {parsed:?}");
        }
        for line in [
            "talkform diff",
            "talkform version",
            "talkform apply --yes",
            "talkform plan --target u-1",
        ] {
            let parsed = Arguments::command().try_get_matches_from(line.split(' '));
            assert!(parsed.is_ok(), "{line} {parsed:?}");
        }
    }

    #[test]
    fn words_without_a_meaning_are_answered() {
        for (line, word) in [
            ("talkform destroy", "removed: { users: delete }"),
            ("talkform refresh", "`drift`"),
            ("talkform apply --dry-run", "`plan`"),
            ("talkform apply --dry-run=client", "`plan`"),
            ("talkform apply -f users.yaml", "`manifests`"),
            ("talkform get", "`state list`"),
            ("talkform workspace", "--env"),
            ("talkform plan -o", "--format"),
            ("talkform apply -y", "--auto-approve"),
            ("talkform apply --force", "--approve-limits"),
        ] {
            let error = Arguments::command().try_get_matches_from(line.split(' '));
            let error = error.expect_err("unknown");
            let answer = answer(&error).unwrap_or_else(|| panic!("{line}: {error}"));
            assert!(answer.contains(word), "{line}: {answer}");
        }
        let error = Arguments::command().try_get_matches_from(["talkform", "nonsense"]);
        assert_eq!(answer(&error.expect_err("unknown")), None);
    }
}
