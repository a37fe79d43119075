//! Adds users to the text of a manifest. Every old byte stays unchanged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::field_names::API_VERSION;
use crate::manifest::files::format::Format;
use crate::manifest::files::texts::read_texts;
use crate::manifest::options::ReadSettings;
use crate::manifest::syntax::node::{Content, Node};
use crate::manifest::syntax::{decode, yaml};
use crate::manifest::writing::yaml as writing;
use crate::model::{Attributes, MemberId};

/// The indentation of the items of a new list.
const INDENT: usize = 2;

/// Why users were not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A file of this format cannot contain several users.
    #[error("users are added to .yaml, .yml, .jsonl and .ndjson files only")]
    Format,
    /// The existing text is not a valid manifest.
    #[error("the existing text is not a valid manifest")]
    Unreadable,
    /// The result would not read as the old users and the new ones.
    #[error("the users cannot be added without changing how the file reads")]
    Differs,
}

/// Adds users to a text: as items of the last document's list if that is safe, otherwise as a new document.
/// The result was read again and declares exactly the old users and the new ones.
///
/// # Errors
///
/// The users cannot be added; nothing was changed.
pub fn append(
    name: &str,
    old: Option<&str>,
    users: &BTreeMap<MemberId, Attributes>,
    settings: &ReadSettings,
) -> Result<String, AppendError> {
    let format = Format::of(name).ok_or(AppendError::Format)?;
    let mut expected = match old {
        None => BTreeMap::new(),
        Some(old) => read(name, old, settings).ok_or(AppendError::Unreadable)?,
    };
    let before = expected.len();
    expected.extend(users.iter().map(|(id, user)| (id.clone(), user.clone())));
    if expected.len() != before + users.len() {
        return Err(AppendError::Differs);
    }
    let old = old.unwrap_or_default();
    let candidates = match format {
        Format::Json => return Err(AppendError::Format),
        Format::JsonLines => vec![lines(users)],
        Format::Yaml if old.is_empty() => vec![list(users)],
        Format::Yaml => last_list(old)
            .map(|indent| indented(&writing::items(users), indent))
            .into_iter()
            .chain([format!("---\n{}", list(users))])
            .collect(),
    };
    candidates
        .iter()
        .map(|added| joined(old, added))
        .find(|text| read(name, text, settings).as_ref() == Some(&expected))
        .ok_or(AppendError::Differs)
}

/// Writes one user as a new file. The result was read again, as that of [`append`].
///
/// # Errors
///
/// The text would not read as this user.
pub fn document(
    id: &MemberId,
    user: &Attributes,
    settings: &ReadSettings,
) -> Result<String, AppendError> {
    let fields = writing::fields(id, user);
    let text = format!("apiVersion: {API_VERSION}\nkind: User\n{fields}");
    let expected = BTreeMap::from([(id.clone(), user.clone())]);
    if read("user.yaml", &text, settings) == Some(expected) {
        Ok(text)
    } else {
        Err(AppendError::Differs)
    }
}

fn read(name: &str, text: &str, settings: &ReadSettings) -> Option<BTreeMap<MemberId, Attributes>> {
    // Rules restrict what may be declared, not how a text is read.
    let settings = ReadSettings {
        rules: None,
        ..settings.clone()
    };
    let reading = read_texts(vec![(Arc::from(name), text.as_bytes().to_vec())], &settings);
    if reading.has_errors() {
        return None;
    }
    let users = reading.desired.users.into_iter();
    Some(
        users
            .map(|(id, user)| (id, Arc::unwrap_or_clone(user.attributes)))
            .collect(),
    )
}

fn list(users: &BTreeMap<MemberId, Attributes>) -> String {
    let items = indented(&writing::items(users), INDENT);
    format!("apiVersion: {API_VERSION}\nkind: UserList\nusers:\n{items}")
}

fn lines(users: &BTreeMap<MemberId, Attributes>) -> String {
    users
        .iter()
        .map(|(id, user)| writing::json_line(id, user))
        .collect()
}

fn indented(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out.push_str(&space);
        }
        out.push_str(line);
    }
    out
}

/// Adds text at the end, on a line of its own, with the line ends of the old text.
fn joined(old: &str, added: &str) -> String {
    let is_windows = old
        .split_inclusive('\n')
        .next()
        .is_some_and(|line| line.ends_with("\r\n"));
    let end = if is_windows { "\r\n" } else { "\n" };
    let mut text = String::with_capacity(old.len() + added.len() + 2);
    text.push_str(old);
    if !old.is_empty() && !old.ends_with('\n') {
        text.push_str(end);
    }
    if is_windows {
        text.push_str(&added.replace('\n', end));
    } else {
        text.push_str(added);
    }
    text
}

/// The indentation of the last list, if items can be added to it: the last document is a block list of
/// users, nothing comes after it, and it has no defaults, which would apply to the new users too.
fn last_list(old: &str) -> Option<usize> {
    let text = decode::decode(old.as_bytes()).text;
    let documents = yaml::parse(text);
    let root = documents.roots.last()?;
    let kind = &root.get("kind")?.value;
    let is_list = kind.scalar().is_some_and(|kind| kind.text == "UserList");
    let users = &root.get("users")?.value;
    let Content::List(items) = &users.content else {
        return None;
    };
    let ends_with_users = root.members()?.last()?.key == "users";
    if !is_list || !ends_with_users || root.get("defaults").is_some() {
        return None;
    }
    let dash = dash_before(text, items.first()?)?;
    let ended = text[dash..]
        .lines()
        .any(|line| line.starts_with("...") || line.starts_with("---"));
    let line = text[..dash].rfind('\n').map_or(0, |end| end + 1);
    let is_alone = text[line..dash].bytes().all(|byte| byte == b' ');
    (is_alone && !ended).then_some(dash - line)
}

/// The offset of the dash before an item; `None` if the list is not a block list.
fn dash_before(text: &str, item: &Node<'_>) -> Option<usize> {
    let before = text
        .get(..item.span.start())?
        .trim_end_matches([' ', '\r', '\n']);
    before.ends_with('-').then(|| before.len() - 1)
}
