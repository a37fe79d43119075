//! Checks the shape of files: length, first line, quotes, and what a `mod.rs` holds.

use std::collections::BTreeMap;

use crate::tidy::assert_none;
use crate::tidy::source::{Source, program, read};
use crate::tidy::tokens::{Token, tokens};

const MOST_LINES: usize = 500;
const MOST_FILES: usize = 22;

pub(crate) fn long_files(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.is_rust())
        .map(|source| (&source.file, source.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect()
}

pub(crate) fn full_folders(sources: &[Source]) -> Vec<String> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        if let Some((folder, _)) = source.file.rsplit_once('/') {
            *folders.entry(folder).or_default() += 1;
        }
    }
    folders
        .into_iter()
        .filter(|(_, files)| *files > MOST_FILES)
        .map(|(folder, files)| format!("{folder}: {files} files"))
        .collect()
}

/// Files that do not begin by telling what they do.
pub(crate) fn headless_files(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.is_rust() && !source.text.starts_with("//! "))
        .map(|source| source.file.clone())
        .collect()
}

pub(crate) fn angle_quotes(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for (line, text) in source.text.lines().enumerate() {
            if text.contains(['\u{ab}', '\u{bb}']) {
                wrong.push(format!("{}:{}: {}", source.file, line + 1, text.trim()));
            }
        }
    }
    wrong
}

/// The one place that writes the commands that messages suggest: it knows the flags of the run.
const SUGGESTIONS: &str = "src/cli/suggest/";

/// Messages that suggest a command in fixed words, without the flags of the run. Comments and help may.
pub(crate) fn fixed_suggestions(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        if source.is_test() || source.file.starts_with(SUGGESTIONS) {
            continue;
        }
        for (line, text) in source.text.lines().enumerate() {
            let text = text.trim();
            if !text.starts_with("//") && text.contains("`talkform ") {
                wrong.push(format!("{}:{}: {text}", source.file, line + 1));
            }
        }
    }
    wrong
}

/// Code in a `mod.rs` or `lib.rs` other than `mod`, `use` and attributes.
pub(crate) fn folders_with_code(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.file.ends_with("/mod.rs") || source.file.ends_with("/lib.rs"))
        .filter_map(|source| {
            let item = first_code(&tokens(&source.text))?;
            Some(format!("{} holds {item}", source.file))
        })
        .collect()
}

/// The first words of the first item that is no `mod name;` and no `use`.
fn first_code(tokens: &[Token]) -> Option<String> {
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        if tokens[at].is('#') {
            at = closing(tokens, at);
            continue;
        }
        if tokens[at].word() == Some("pub") {
            at += 1;
            if tokens.get(at).is_some_and(|token| token.is('(')) {
                at = closing(tokens, at);
            }
        }
        let word = tokens.get(at).and_then(Token::word);
        let end = at + tokens[at..].iter().position(|token| token.is(';'))?;
        let is_allowed = match word {
            Some("mod") => end == at + 2,
            Some("use") => true,
            _ => false,
        };
        if !is_allowed {
            let words = tokens[start..].iter().filter_map(Token::word).take(4);
            return Some(words.collect::<Vec<_>>().join(" "));
        }
        at = end + 1;
    }
    None
}

/// The place after the bracket that closes the first one from here on.
fn closing(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

#[test]
fn files_stay_short() {
    assert_none(&long_files(&read(&["src", "tests/it", "benches"])));
}

#[test]
fn folders_stay_small() {
    assert_none(&full_folders(&read(&["src"])));
}

#[test]
fn every_file_begins_with_what_it_does() {
    assert_none(&headless_files(&read(&["src", "tests/it", "benches"])));
}

#[test]
fn quotes_are_straight() {
    let places = ["src", "benches", "README.md", "tests/README.md", "docs"];
    assert_none(&angle_quotes(&read(&places)));
}

#[test]
fn suggested_commands_carry_the_flags_of_the_run() {
    assert_none(&fixed_suggestions(&program()));
}

#[test]
fn a_folder_only_declares_and_re_exports() {
    assert_none(&folders_with_code(&program()));
}
