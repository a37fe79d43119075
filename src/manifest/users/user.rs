//! Reads one user: dispatches its fields, reads the id and the flags.

use crate::model::{ApiVersion, MemberId, identifies_nobody};

use crate::manifest::field_names::{HEADER, USER};
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{clip, in_backticks, quoted, shown_key};
use crate::manifest::syntax::node::{Member, Node};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{Draft, Scope};
use crate::manifest::users::value;

impl Reader<'_> {
    /// Reads a map of user fields.
    pub(crate) fn user(&mut self, members: &[Member<'_>], scope: Scope, span: Span) -> Draft {
        let mut draft = Draft::default();
        let mut named = scope == Scope::Defaults;
        for member in members.iter().filter(|member| !member.refused) {
            let node = &member.value;
            if let Some(field) = USER.iter().find(|field| **field == member.key) {
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
                    draft.id = self.id(node, || scope.path("memberId"));
                    if let Some((id, span)) = &draft.id {
                        self.warn_of_nobody(id, *span, scope);
                    }
                }
                "language" => draft.language = self.language(node, scope),
                "profile" => draft.profile = self.profile(node, scope),
                "profileOnce" => draft.profile_once = self.profile_once(node, scope),
                "tags" => draft.tags = self.tags(node, scope),
                "unsubscribed" => {
                    draft.unsubscribed = self.flag(member, scope);
                    if self.settings.api == ApiVersion::V5 {
                        self.problems.push(
                            Problem::error(
                                "unsupported-field",
                                member.key_span,
                                "API v5 does not support `unsubscribed`",
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
                    .hint("every user needs a `memberId`, in quotes"),
            );
        }
        draft
    }

    fn unknown_user_field(&mut self, member: &Member<'_>, key: &str, scope: Scope) {
        let hint = if value::is_typed(key) {
            Some(format!("`{key}` belongs under `profile`"))
        } else {
            match (key, scope) {
                ("users" | "defaults" | "moved", Scope::Document) => {
                    Some(format!("`{key}` belongs to `kind: UserList`"))
                }
                ("apiVersion" | "kind", _) => {
                    Some(format!("`{key}` belongs at the top of the document"))
                }
                _ => None,
            }
        };
        let known: Vec<&str> = match scope {
            Scope::Document => HEADER.iter().chain(&USER).copied().collect(),
            Scope::Defaults => USER[1..].to_vec(),
            Scope::Item(_) => USER.to_vec(),
        };
        self.unknown_field(member, &scope.path(&shown_key(key)), &known, hint);
    }

    /// Reads a member id and the span where it is written.
    pub(crate) fn id(
        &mut self,
        node: &Node<'_>,
        path: impl Fn() -> String,
    ) -> Option<(MemberId, Span)> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, path(), "a string");
            return None;
        };
        if scalar.plain {
            match scalar::classify(&scalar.text) {
                PlainScalar::Text => {}
                PlainScalar::Blank => {
                    self.wrong_type(node, path(), "a string");
                    return None;
                }
                other => {
                    let (what, hint) = if self.settings.visibility.ids().hides() {
                        ("this".to_owned(), "quote it".to_owned())
                    } else {
                        let hint = format!("quote it: {}", quoted(&scalar.text));
                        (format!("`{}`", clip(&scalar.text)), hint)
                    };
                    let noun = other.noun();
                    let message =
                        format!("{what} without quotes is {noun}; a member id is a string");
                    self.problems.push(
                        Problem::error(other.unquoted_code(), node.span, message)
                            .path(path())
                            .hint(hint),
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
                        .hint("1 to 64 characters, no white space, no invisible characters"),
                );
                None
            }
        }
    }

    fn warn_of_nobody(&mut self, id: &MemberId, span: Span, scope: Scope) {
        let Some(reason) = identifies_nobody(id.as_str()) else {
            return;
        };
        let message = format!("{} is {reason}", in_backticks(id.as_str()));
        self.problems.push(
            Problem::warning("id-of-nobody", span, message)
                .path(scope.path("memberId"))
                .hint("correct the id; with this one, several people become one user on Channel"),
        );
    }

    fn flag(&mut self, member: &Member<'_>, scope: Scope) -> Option<bool> {
        let node = &member.value;
        let path = scope.path(&member.key);
        let problem = match node.scalar() {
            Some(scalar) if scalar.plain => match scalar::classify(&scalar.text) {
                PlainScalar::Boolean(flag) => return Some(flag),
                PlainScalar::Blank => {
                    Problem::error("empty-value", node.span, "there is no value here")
                }
                PlainScalar::Null => Problem::error(
                    "null-flag",
                    node.span,
                    format!("`{}` cannot be cleared", member.key),
                ),
                _ => Problem::error("not-a-boolean", node.span, "expected `true` or `false`"),
            },
            Some(_) => Problem::error(
                "not-a-boolean",
                node.span,
                "expected a boolean, found a string",
            ),
            None => Problem::error(
                "not-a-boolean",
                node.first_character(),
                format!("expected `true` or `false`, found {}", node.noun()),
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
