//! Lists the paths that a source file names: in `use` trees and in its code.

use std::collections::BTreeMap;

use crate::tidy::tokens::{Token, tokens};

pub(crate) type Path = Vec<String>;

/// One leaf of a `use` tree: `use a::b as c` is the path `a::b` under the name `c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub path: Path,
    pub name: String,
    pub is_public: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Names {
    pub imports: Vec<Import>,
    /// Paths of two and more segments in the code, their first segment replaced by what it was imported as.
    pub inline: Vec<Path>,
    pub macros: Vec<String>,
    /// What stands after each `dyn`.
    pub trait_objects: Vec<String>,
    pub children: Vec<String>,
}

/// All names of one text.
pub(crate) fn names(text: &str) -> Names {
    let tokens = tokens(text);
    let mut names = Names::default();
    let mut inline = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(word) = tokens[at].word() else {
            at += 1;
            continue;
        };
        if word == "use" && !tokens.get(at + 1).is_some_and(|next| next.is('<')) {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            let is_public =
                before.is_some_and(|token| token.word() == Some("pub") || token.is(')'));
            at = tree(&tokens, at + 1, &[], is_public, &mut names.imports);
            continue;
        }
        let next_word = tokens.get(at + 1).and_then(Token::word);
        if word == "mod"
            && let Some(name) = next_word
        {
            names.children.push(name.to_owned());
        }
        let (path, end) = path(&tokens, at);
        if word == "dyn"
            && let Some(next) = tokens.get(at + 1).and_then(Token::word)
        {
            let (object, _) = self::path(&tokens, at + 1);
            debug_assert_eq!(object[0], next);
            names.trait_objects.push(object.join("::"));
        }
        if tokens.get(end).is_some_and(|sign| sign.is('!'))
            && !tokens.get(end + 1).is_some_and(|sign| sign.is('='))
        {
            names.macros.push(path.join("::"));
        }
        if path.len() > 1 {
            inline.push(path);
        }
        at = end;
    }
    let aliases: BTreeMap<&str, &Path> = names
        .imports
        .iter()
        .map(|import| (import.name.as_str(), &import.path))
        .collect();
    names.inline = inline
        .into_iter()
        .map(|path| match aliases.get(path[0].as_str()) {
            Some(alias) => [alias.as_slice(), &path[1..]].concat(),
            None => path,
        })
        .collect();
    names
}

/// The path that starts at a word, and the place after it.
fn path(tokens: &[Token], from: usize) -> (Path, usize) {
    let mut path: Path = tokens[from].word().map(str::to_owned).into_iter().collect();
    let mut at = from + 1;
    while let [first, second, third, ..] = &tokens[at..]
        && first.is(':')
        && second.is(':')
        && let Some(word) = third.word()
    {
        path.push(word.to_owned());
        at += 3;
    }
    (path, at)
}

/// Reads one `use` tree and returns the place after it.
fn tree(
    tokens: &[Token],
    from: usize,
    prefix: &[String],
    is_public: bool,
    imports: &mut Vec<Import>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Word(word) if word == "as" => {
                if let Some(name) = tokens.get(at + 1).and_then(Token::word) {
                    name.clone_into(&mut leaf(&path, is_public, imports).name);
                }
                return at + 2;
            }
            Token::Word(word) if word == "self" && !path.is_empty() => at += 1,
            Token::Word(word) => {
                path.push(word.clone());
                at += 1;
            }
            Token::Sign('*') => {
                path.push("*".to_owned());
                at += 1;
            }
            Token::Sign(':') => at += 1,
            Token::Sign('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !token.is('}')) {
                    at = tree(tokens, at, &path, is_public, imports);
                    if tokens.get(at).is_some_and(|token| token.is(',')) {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Token::Sign(_) => break,
        }
    }
    leaf(&path, is_public, imports);
    at
}

fn leaf<'a>(path: &[String], is_public: bool, imports: &'a mut Vec<Import>) -> &'a mut Import {
    imports.push(Import {
        path: path.to_vec(),
        name: path.last().cloned().unwrap_or_default(),
        is_public,
    });
    imports.last_mut().expect("pushed just now")
}
