//! The fields of one user: which there are, and those that are no map and no list.

use std::collections::BTreeSet;

use crate::model::{ApiVersion, Attributes, Declared, MemberId, ProfileKey, Value};

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::wording::{clip, quoted};
use crate::manifest::syntax::node::{Member, Node, Span};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::document::{Reader, first_character};

const HEADER: [&str; 2] = ["apiVersion", "kind"];

/// The fields of a user.
pub(crate) const FIELDS: [&str; 7] = [
    "memberId",
    "profile",
    "profileOnce",
    "tags",
    "unsubscribed",
    "unsubscribeEmail",
    "unsubscribeTexting",
];

/// A user as one file declares it.
#[derive(Debug)]
pub(crate) struct DeclaredUser {
    pub(crate) id: MemberId,
    /// Where the id is written.
    pub(crate) span: Span,
    /// Its place in the list, where it stands in one.
    pub(crate) index: Option<u32>,
    /// `None` where they are as recorded, and so of no interest.
    pub(crate) attributes: Option<Box<Attributes>>,
}

impl DeclaredUser {
    pub(crate) fn path(&self) -> String {
        match self.index {
            Some(index) => format!("users[{index}].memberId"),
            None => "memberId".to_owned(),
        }
    }
}

/// What one map of user fields says, before defaults.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<(MemberId, Span)>,
    pub(crate) profile: Vec<Entry<Declared>>,
    pub(crate) profile_once: Vec<Entry<Value>>,
    pub(crate) tags: Option<BTreeSet<String>>,
    pub(crate) unsubscribed: Option<bool>,
    pub(crate) unsubscribe_email: Option<bool>,
    pub(crate) unsubscribe_texting: Option<bool>,
    /// Where each field is written.
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

/// Whose fields are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of a User document.
    Document,
    /// Those under `defaults`.
    Defaults,
    /// Those of one item of a list.
    Item(u32),
}

impl Scope {
    pub(crate) fn path(self, field: &str) -> String {
        match self {
            Self::Document => field.to_owned(),
            Self::Defaults => format!("defaults.{field}"),
            Self::Item(index) => format!("users[{index}].{field}"),
        }
    }
}

impl Reader<'_> {
    /// Reads a map of user fields.
    pub(crate) fn user(&mut self, members: &[Member<'_>], scope: Scope, span: Span) -> Draft {
        let mut draft = Draft::default();
        let mut named = scope == Scope::Defaults;
        for member in members.iter().filter(|member| !member.refused) {
            let value = &member.value;
            if let Some(field) = FIELDS.iter().find(|field| **field == member.key) {
                draft.places.push((field, member.key_span));
            }
            match &*member.key {
                "apiVersion" | "kind" if scope == Scope::Document => {}
                "memberId" if scope == Scope::Defaults => self.problems.push(
                    Problem::error(
                        "member-id-in-defaults",
                        member.key_span,
                        "`memberId` cannot have a default: no two users share one",
                    )
                    .path(scope.path("memberId"))
                    .hint("move it to the users"),
                ),
                "memberId" => {
                    named = true;
                    draft.id = self.id(value, || scope.path("memberId"));
                }
                "profile" => draft.profile = self.profile(value, scope),
                "profileOnce" => draft.profile_once = self.profile_once(value, scope),
                "tags" => draft.tags = self.tags(value, scope),
                "unsubscribed" => {
                    draft.unsubscribed = self.flag(member, scope);
                    if self.settings.api == ApiVersion::V5 {
                        self.problems.push(
                            Problem::error(
                                "unsupported-field",
                                member.key_span,
                                "API v5 has no `unsubscribed`",
                            )
                            .path(scope.path("unsubscribed"))
                            .hint("write `unsubscribeEmail` and `unsubscribeTexting`"),
                        );
                    }
                }
                "unsubscribeEmail" => draft.unsubscribe_email = self.flag(member, scope),
                "unsubscribeTexting" => draft.unsubscribe_texting = self.flag(member, scope),
                key => self.unknown_user_field(member, key, scope),
            }
        }
        if !named {
            let at = Span::new(span.start(), span.start());
            self.problems.push(
                Problem::error("missing-field", at, "`memberId` is missing")
                    .path(scope.path("memberId"))
                    .hint("every user has a `memberId`, in quotes"),
            );
        }
        draft
    }

    fn unknown_user_field(&mut self, member: &Member<'_>, key: &str, scope: Scope) {
        let hint = if crate::manifest::users::value::is_typed(key) {
            Some(format!("`{key}` belongs under `profile`"))
        } else {
            match (key, scope) {
                ("users" | "defaults" | "moved", Scope::Document) => {
                    Some(format!("`{key}` belongs to `kind: UserList`"))
                }
                ("apiVersion" | "kind", _) => {
                    Some(format!("`{key}` stands at the top of the document"))
                }
                _ => None,
            }
        };
        let known: Vec<&str> = match scope {
            Scope::Document => HEADER.iter().chain(&FIELDS).copied().collect(),
            Scope::Defaults => FIELDS[1..].to_vec(),
            Scope::Item(_) => FIELDS.to_vec(),
        };
        self.unknown_field(member, &scope.path(key), &known, hint);
    }

    /// Reads a member id and says where it is written.
    pub(crate) fn id(
        &mut self,
        node: &Node<'_>,
        path: impl Fn() -> String,
    ) -> Option<(MemberId, Span)> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, path(), "a text");
            return None;
        };
        if scalar.plain {
            match scalar::meaning(&scalar.text) {
                PlainScalar::Text => {}
                PlainScalar::Blank => {
                    self.wrong_type(node, path(), "a text");
                    return None;
                }
                other => {
                    let message = format!(
                        "`{}` without quotes is {}; a member id is a text",
                        clip(&scalar.text),
                        other.noun()
                    );
                    self.problems.push(
                        Problem::error(other.unquoted_code(), node.span, message)
                            .path(path())
                            .hint(format!("quote it: {}", quoted(&scalar.text))),
                    );
                    return None;
                }
            }
        }
        match MemberId::new(&scalar.text) {
            Ok(id) => Some((id, node.span)),
            Err(error) => {
                self.problems.push(
                    Problem::error("invalid-member-id", node.span, error.to_string())
                        .path(path())
                        .hint("1 to 64 characters, no white space, no control characters"),
                );
                None
            }
        }
    }

    fn flag(&mut self, member: &Member<'_>, scope: Scope) -> Option<bool> {
        let node = &member.value;
        let path = scope.path(&member.key);
        let problem = match node.scalar() {
            Some(scalar) if scalar.plain => match scalar::meaning(&scalar.text) {
                PlainScalar::Boolean(flag) => return Some(flag),
                PlainScalar::Blank => {
                    Problem::error("empty-value", node.span, "there is no value here")
                }
                PlainScalar::Null => Problem::error(
                    "null-flag",
                    node.span,
                    format!("`{}` cannot be cleared", member.key),
                ),
                _ => Problem::error("not-a-boolean", node.span, "`true` or `false` is due here"),
            },
            Some(_) => Problem::error(
                "not-a-boolean",
                node.span,
                "a boolean is due here, not a text",
            ),
            None => Problem::error(
                "not-a-boolean",
                first_character(node),
                format!("`true` or `false` is due here, not {}", node.noun()),
            ),
        };
        self.problems.push(
            problem
                .path(path)
                .hint("write `true` or `false`, without quotes; or remove the line"),
        );
        None
    }
}
