//! Holds the state of reading one file: the settings, the problems and what was declared so far.

use std::collections::HashSet;

use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::{Problem, Problems};
use crate::manifest::problem::span::Locator;
use crate::manifest::problem::wording::{clip, closest_name, key_in_backticks};
use crate::manifest::syntax::node::{Member, Node, Scalar};
use crate::manifest::users::declared::{DeclaredMove, DeclaredUser};
use crate::manifest::users::key_cache::KeyCache;
use crate::manifest::users::mask;
use crate::manifest::users::places::Places;
use crate::model::FieldPath;

/// Reads the documents of one file.
pub(crate) struct Reader<'r> {
    pub(crate) settings: &'r ReadSettings,
    pub(crate) problems: Problems,
    pub(crate) users: Vec<DeclaredUser>,
    /// Profile keys that were checked before in this file.
    pub(crate) keys: KeyCache,
    pub(crate) moved: Vec<DeclaredMove>,
    /// Where words that the caller asks for are written.
    pub(crate) places: Places,
    text: &'r str,
    /// Users and moves are located in two walks: a document may write one before or after the other.
    pub(crate) user_positions: Locator<'r>,
    pub(crate) move_positions: Locator<'r>,
    reported: HashSet<(&'static str, String)>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(text: &'r str, settings: &'r ReadSettings) -> Self {
        Self {
            settings,
            problems: Problems::default(),
            users: Vec::new(),
            keys: KeyCache::default(),
            moved: Vec::new(),
            places: Places::default(),
            text,
            user_positions: Locator::new(text),
            move_positions: Locator::new(text),
            reported: HashSet::new(),
        }
    }

    /// Keeps the scalars that the excerpts of new problems will show, each masked or not.
    pub(crate) fn remember(&mut self, roots: &[Node<'_>]) {
        let windows = self.problems.take_windows(self.text);
        if !windows.is_empty() {
            for root in roots {
                let scalars = mask::scalars_in(root, &self.settings.visibility, &windows);
                self.problems.add_scalars(scalars);
            }
        }
    }

    /// Whether a message must not show the value of a field.
    pub(crate) fn hides(&self, path: &FieldPath, scalar: &Scalar<'_>) -> bool {
        mask::hides(&self.settings.visibility, path, scalar)
    }

    /// Hides the values of a user with these fields and defaults in the problems after the first `from`, and in those
    /// about keys of the user, which the parser reported before.
    pub(crate) fn hide_since(
        &mut self,
        from: usize,
        fields: &[Member<'_>],
        defaults: &[Member<'_>],
    ) {
        if self.problems.shown() == 0 {
            return;
        }
        let mut refused = Vec::new();
        mask::add_refused_keys(fields, &mut refused);
        if self.problems.shown() > from || !refused.is_empty() {
            let hidden = mask::hidden_texts(fields, defaults, &self.settings.visibility);
            self.problems.hide_since(from, &refused, &hidden);
        }
    }

    /// Hides what may be ids in the problems of an entry of `moved` after the first `from`.
    pub(crate) fn hide_move_since(&mut self, from: usize, members: &[Member<'_>]) {
        if self.problems.shown() > from {
            let hidden = mask::hidden_in_move(members, &self.settings.visibility);
            self.problems.hide_since(from, &[], &hidden);
        }
    }

    /// Reports a field that does not exist here, with the nearest known name.
    pub(crate) fn unknown_field(
        &mut self,
        member: &Member<'_>,
        path: &str,
        known: &[&str],
        hint: Option<String>,
    ) {
        let message = format!("unknown field {}", key_in_backticks(&member.key));
        let hint = hint.unwrap_or_else(|| match closest_name(&member.key, known) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("expected one of: {}", known.join(", ")),
        });
        self.problems.push(
            Problem::error("unknown-field", member.key_span, message)
                .path(clip(path))
                .hint(hint),
        );
    }

    /// Reports a node of the wrong type; `expected` is a noun such as "a list".
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, path: String, expected: &str) {
        let problem = if node.is_blank() {
            Problem::error("empty-value", node.span, "there is no value here")
                .hint(format!("write {expected}, or remove the line"))
        } else {
            let message = format!("expected {expected}, found {}", node.noun());
            Problem::error("wrong-type", node.first_character(), message)
        };
        self.problems.push(problem.path(path));
    }

    /// Whether this warning was not yet reported for this word in this file.
    pub(crate) fn first_time(&mut self, code: &'static str, word: &str) -> bool {
        self.reported.insert((code, word.to_owned()))
    }
}
