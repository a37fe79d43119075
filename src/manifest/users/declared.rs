//! Holds what one file declares: users, moves, and the fields of a user before defaults are merged.

use std::sync::Arc;

use crate::manifest::problem::span::{Position, Span};
use crate::model::{Attributes, Declared, Language, MemberId, ProfileKey, Tags, Value};

/// A user as one file declares it.
#[derive(Debug)]
pub(crate) struct DeclaredUser {
    pub(crate) id: MemberId,
    /// Where the id is written.
    pub(crate) span: Span,
    pub(crate) position: Position,
    /// The index of the user in `users`; `None` for a `User` document.
    pub(crate) index: Option<u32>,
    /// `None` if they are as recorded.
    pub(crate) attributes: Option<Arc<Attributes>>,
}

impl DeclaredUser {
    /// The path of the id, for a problem.
    pub(crate) fn path(&self) -> String {
        match self.index {
            Some(index) => format!("users[{index}].memberId"),
            None => "memberId".to_owned(),
        }
    }
}

/// One map of user fields, before defaults are merged.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<(MemberId, Span)>,
    pub(crate) language: Option<Language>,
    pub(crate) profile: Vec<Entry<Declared>>,
    pub(crate) profile_once: Vec<Entry<Value>>,
    pub(crate) tags: Option<Tags>,
    pub(crate) unsubscribed: Option<bool>,
    pub(crate) unsubscribe_email: Option<bool>,
    pub(crate) unsubscribe_texting: Option<bool>,
    /// The span of each field.
    pub(crate) places: Vec<(&'static str, Span)>,
}

/// A profile key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    pub(crate) key: ProfileKey,
    pub(crate) value: T,
    /// Where the key is written.
    pub(crate) span: Span,
}

/// Whose fields a map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A `User` document.
    Document,
    /// The `defaults` of a list.
    Defaults,
    /// One item of a list.
    Item(u32),
}

impl Scope {
    /// The path of a field, for a problem.
    pub(crate) fn path(self, field: &str) -> String {
        match self {
            Self::Document => field.to_owned(),
            Self::Defaults => format!("defaults.{field}"),
            Self::Item(index) => format!("users[{index}].{field}"),
        }
    }
}

/// One entry of `moved`.
#[derive(Debug)]
pub(crate) struct DeclaredMove {
    pub(crate) from: MemberId,
    pub(crate) to: MemberId,
    /// Where the old id is written.
    pub(crate) from_span: Span,
    /// The position of the old id.
    pub(crate) position: Position,
    /// Where the new id is written.
    pub(crate) to_span: Span,
    /// The index of the entry in `moved`.
    pub(crate) index: usize,
}

impl DeclaredMove {
    /// The path of a field of the entry, for a problem.
    pub(crate) fn path(&self, field: &str) -> String {
        format!("moved[{}].{field}", self.index)
    }
}
