//! Removes the declaration of one user from the text of a manifest. Other users and the comments around stay.

use std::sync::Arc;

use crate::manifest::files::file::{FileReading, read_file};
use crate::manifest::files::format::Format;
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::{Locator, Position, Span};
use crate::manifest::syntax::aliases::links;
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::syntax::{decode, json, yaml};
use crate::manifest::users::declared::DeclaredUser;
use crate::manifest::writing::cut::{Edit, apply, comments_around, document, item};
use crate::model::{Diagnostic, MemberId, Origin};

/// A text without the declaration of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The text; `None` if the file declared nothing but this user, so that it is to be removed.
    pub text: Option<String>,
    /// Whether the file declared the user. Otherwise it had an entry of `moved` alone.
    pub declared: bool,
    /// The former ids of the user: the entries of `moved` that led to the user are removed too.
    pub former: Vec<MemberId>,
    /// The lines of the new text, from 1, that hold the comments directly before and after the removed parts.
    pub comments: Vec<usize>,
}

/// Why a declaration was not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EraseError {
    /// The text is not a valid manifest.
    #[error("the file is not a valid manifest")]
    Unreadable,
    /// Another declaration uses an anchor inside of this one.
    #[error("the alias at {0} uses an anchor inside of the declaration")]
    SharedAnchor(Origin),
    /// The id is written in another declaration, and this one names it by an alias.
    #[error("the member id is an alias of the anchor at {0}, which is not part of the declaration")]
    SharedId(Origin),
    /// An entry of `moved` says that the id belongs to the past.
    #[error("the entry of `moved` at {0} says that the user has another id now")]
    MovedAway(Origin),
    /// The declaration does not stand on lines of its own, or the result would not read as the other users.
    #[error("the declaration at {0} cannot be cut out cleanly")]
    Entangled(Origin),
}

/// Removes a user's declaration, and the entries of `moved` that lead to the user. The result was read again and
/// declares exactly the other users and moves. `None` if the text has neither.
///
/// # Errors
///
/// The declaration cannot be removed; the error says where.
pub fn erase(
    name: &str,
    text: &str,
    id: &MemberId,
    settings: &ReadSettings,
) -> Result<Option<Erased>, EraseError> {
    let name: Arc<str> = Arc::from(name);
    let before = read(&name, text, settings).ok_or(EraseError::Unreadable)?;
    let format = Format::of(&name).ok_or(EraseError::Unreadable)?;
    let place = |position: Position| position.in_file(&name);
    if let Some(entry) = before.moved.iter().find(|entry| entry.from == *id) {
        return Err(EraseError::MovedAway(place(entry.position)));
    }
    let user = before.users.iter().find(|user| user.id == *id);
    let former = before.moved.iter().filter(|entry| entry.to == *id);
    let former: Vec<MemberId> = former.map(|entry| entry.from.clone()).collect();
    let first = user.map(|user| user.position).or_else(|| {
        let entry = before.moved.iter().find(|entry| entry.to == *id);
        entry.map(|entry| entry.position)
    });
    let Some(first) = first else {
        return Ok(None);
    };
    let entangled = || EraseError::Entangled(place(first));

    // The parser's offsets count from behind a byte order mark.
    let body = decode::decode(text.as_bytes()).text;
    let mark = &text[..text.len() - body.len()];
    let cut = Cut { body, id };
    let mut edits = match format {
        Format::Yaml => cut.yaml(),
        Format::Json => cut.json(),
        Format::JsonLines => cut.json_lines(),
    }
    .ok_or_else(entangled)?;
    if let Format::Yaml = format {
        check_anchors(body, &edits, user).map_err(|(is_id, offset)| {
            let origin = place(Locator::new(body).locate(offset));
            if is_id {
                EraseError::SharedId(origin)
            } else {
                EraseError::SharedAnchor(origin)
            }
        })?;
    }
    let rest = apply(body, &mut edits);
    let declares_nothing = user.is_some() && before.users.len() == 1 && is_without_documents(&rest);
    let erased = |text, comments| Erased {
        text,
        declared: user.is_some(),
        former: former.clone(),
        comments,
    };
    if declares_nothing {
        return Ok(Some(erased(None, Vec::new())));
    }
    let comments = match format {
        Format::Yaml => comments_around(body, &edits),
        Format::Json | Format::JsonLines => Vec::new(),
    };
    let text = format!("{mark}{rest}");
    let after = read(&name, &text, settings).ok_or_else(entangled)?;
    if is_without(&before, &after, id) {
        Ok(Some(erased(Some(text), comments)))
    } else {
        Err(entangled())
    }
}

/// Whether a text has no document, not even an empty list. Such a file is an error to the reader.
fn is_without_documents(rest: &str) -> bool {
    // JSON is YAML.
    let documents = yaml::parse(rest);
    documents.broken.is_none() && documents.roots.iter().all(Node::is_blank)
}

/// Reads one file for itself: problems between files do not count. `None` if it has errors.
fn read(name: &Arc<str>, text: &str, settings: &ReadSettings) -> Option<FileReading> {
    // Rules restrict what may be declared, not how a text is read.
    let settings = ReadSettings {
        rules: None,
        ..settings.clone()
    };
    let reading = read_file(name, text.as_bytes(), &settings, Vec::new(), &|_| {});
    let is_valid = !reading.diagnostics.iter().any(Diagnostic::is_error);
    is_valid.then_some(reading)
}

/// Whether a reading is another one without a user and without the moves to that user.
fn is_without(before: &FileReading, after: &FileReading, id: &MemberId) -> bool {
    let users = |reading: &FileReading| {
        let users = reading.users.iter().filter(|user| user.id != *id);
        let users = users.map(|user| (user.id.clone(), user.attributes.clone()));
        users.collect::<Vec<_>>()
    };
    let moves = |reading: &FileReading| {
        let moved = reading.moved.iter().filter(|entry| entry.to != *id);
        let moved = moved.map(|entry| (entry.from.clone(), entry.to.clone()));
        moved.collect::<Vec<_>>()
    };
    let is_gone = after.users.iter().all(|user| user.id != *id)
        && after.moved.iter().all(|entry| entry.to != *id);
    is_gone && users(before) == users(after) && moves(before) == moves(after)
}

/// Fails where the rest needs an anchor of the removed parts, or where the removed id is an alias of the rest. The
/// error says whether it is the id, and the offset.
fn check_anchors(
    text: &str,
    edits: &[Edit],
    user: Option<&DeclaredUser>,
) -> Result<(), (bool, usize)> {
    let is_removed = |at: usize| edits.iter().any(|edit| edit.range.contains(&at));
    for link in links(text) {
        match (is_removed(link.anchor), is_removed(link.alias)) {
            (true, false) => return Err((false, link.alias)),
            (false, true) if user.is_some_and(|user| user.span.start() == link.alias) => {
                return Err((true, link.anchor));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Finds the parts of a text that are about one user.
struct Cut<'a> {
    body: &'a str,
    id: &'a MemberId,
}

impl Cut<'_> {
    fn yaml(&self) -> Option<Vec<Edit>> {
        let documents = yaml::parse(self.body);
        let mut edits = Vec::new();
        for root in &documents.roots {
            if self.is_about(root, "memberId") {
                edits.extend(document(self.body, root)?);
            } else {
                edits.extend(self.lists(root)?);
            }
        }
        Some(edits)
    }

    fn json(&self) -> Option<Vec<Edit>> {
        let whole = Span::new(0, self.body.len());
        let root = json::parse(self.body, whole, &mut Vec::<Problem>::new()).ok()?;
        if self.is_about(&root, "memberId") {
            return Some(vec![Edit::remove(0..self.body.len())]);
        }
        self.lists(&root)
    }

    fn json_lines(&self) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        let mut start = 0;
        for line in self.body.split_inclusive('\n') {
            let span = Span::new(start, start + line.len());
            start += line.len();
            if line.trim_ascii().is_empty() {
                continue;
            }
            let root = json::parse(self.body, span, &mut Vec::<Problem>::new()).ok()?;
            if self.is_about(&root, "memberId") {
                edits.push(Edit::remove(span.start()..span.end()));
            }
        }
        Some(edits)
    }

    /// The edits of `users` and `moved` of one document.
    fn lists(&self, root: &Node<'_>) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        for (list, field) in [("users", "memberId"), ("moved", "to")] {
            let Some(member) = root.get(list) else {
                continue;
            };
            edits.extend(self.list(member, field)?);
        }
        Some(edits)
    }

    fn list(&self, member: &Member<'_>, field: &str) -> Option<Vec<Edit>> {
        let Content::List(items) = &member.value.content else {
            return Some(Vec::new());
        };
        match items.iter().position(|node| self.is_about(node, field)) {
            Some(index) => item(self.body, member, items, index),
            None => Some(Vec::new()),
        }
    }

    fn is_about(&self, node: &Node<'_>, field: &str) -> bool {
        let scalar = node.get(field).and_then(|member| member.value.scalar());
        scalar.is_some_and(|scalar| scalar.text == self.id.as_str())
    }
}
