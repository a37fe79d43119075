//! Recognises texts that are no manifests, so that an error names what they are.

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;

/// How a conflict of git begins.
const CONFLICT: &str = "<<<<<<< ";

/// The problem of a text that is something else; `None` if it may be a manifest.
pub(crate) fn problem(text: &str) -> Option<Problem> {
    beginning(text)
        .or_else(|| conflict(text))
        .map(Problem::unparsed)
}

fn beginning(text: &str) -> Option<Problem> {
    let start = text.trim_ascii_start();
    let at = text.len() - start.len();
    let is = |words: &str| {
        start
            .get(..words.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(words))
    };
    let (code, message, hint) = if is("version https://git-lfs.github.com/spec/") {
        (
            "git-lfs-pointer",
            "this file is a pointer of Git LFS, not its content",
            "run `git lfs pull`; in CI, check out with LFS",
        )
    } else if is("$ANSIBLE_VAULT;")
        || is("-----BEGIN PGP MESSAGE")
        || is("-----BEGIN AGE ENCRYPTED")
        || is("age-encryption.org/")
    {
        (
            "encrypted-file",
            "this file is encrypted",
            "decrypt it before talkform reads it",
        )
    } else if is("<!doctype html") || is("<html") || is("<?xml") {
        (
            "not-a-manifest",
            "this file is HTML or XML, not a manifest",
            "it may be the error page of a download",
        )
    } else {
        return None;
    };
    let length = start.find(['\n', '\r']).unwrap_or(start.len());
    Some(Problem::error(code, Span::new(at, at + length), message).hint(hint))
}

fn conflict(text: &str) -> Option<Problem> {
    let begins = |at: usize| at == 0 || text.as_bytes()[at - 1] == b'\n';
    let at = memchr::memmem::find_iter(text.as_bytes(), CONFLICT).find(|at| begins(*at))?;
    let span = Span::new(at, at + CONFLICT.len() - 1);
    let message = "this file has conflicts of a merge that nobody resolved";
    Some(
        Problem::error("conflict-marker", span, message).hint(
            "keep one of the sides, or both, and remove the lines <<<<<<<, ======= and >>>>>>>",
        ),
    )
}
