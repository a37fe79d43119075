//! Reads documents of kind `User` and `UserList`.

use crate::manifest::field_names::{API_VERSION, LIST, USER};
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{closest_name, shown_key};
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{Draft, Scope};
use crate::manifest::users::defaults;
use crate::manifest::users::mask;

/// Where a document comes from. It decides what the header must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A whole document: `apiVersion` and `kind` are required, either kind is allowed.
    Document,
    /// A line of JSON Lines: the header is optional, the kind is `User`.
    Line,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    UserList,
}

impl Reader<'_> {
    /// Reads a document. Keeps its users, its moves, and the scalars for excerpts.
    pub(crate) fn document(&mut self, root: &Node<'_>, form: Form) {
        match root.members() {
            Some(_) if root.get("sops").is_some_and(|member| member.value.members().is_some()) => {
                let span = root.get("sops").map_or(root.span, |member| member.key_span);
                self.problems.push(
                    Problem::error("encrypted-file", span, "this file is encrypted with sops")
                        .hint("decrypt it before talkform reads it: `sops decrypt`"),
                );
            }
            Some(members) => self.kinds(root, members, form),
            None if matches!(root.content, Content::List(_)) => self.problems.push(
                Problem::error(
                    "top-level-list",
                    root.first_character(),
                    "a document is a map with `memberId` or `users`, and this one is a list",
                )
                .hint("write it under `users` of a document with `apiVersion: talkform/v1` and `kind: UserList`"),
            ),
            None => self.problems.push(
                Problem::error(
                    "wrong-type",
                    root.span,
                    format!(
                        "a document is a map with `memberId` or `users`, not {}",
                        root.noun()
                    ),
                )
                .hint("start with `apiVersion: talkform/v1`"),
            ),
        }
        self.remember(std::slice::from_ref(root));
    }

    fn kinds(&mut self, root: &Node<'_>, members: &[Member<'_>], form: Form) {
        self.api_version(root, form);
        match self.kind(root, form) {
            Some(Kind::User) => {
                let before = self.problems.shown();
                let draft = self.user(members, Scope::Document, root.span);
                defaults::apply_defaults(self, draft, &Draft::default(), None);
                self.hide_since(before, members, &[]);
            }
            Some(Kind::UserList) => self.user_list(root, members),
            None => {}
        }
    }

    fn api_version(&mut self, root: &Node<'_>, form: Form) {
        let Some(member) = root.get("apiVersion") else {
            if form == Form::Document {
                self.missing(root.span, "apiVersion", "`apiVersion: talkform/v1`");
            }
            return;
        };
        if member
            .value
            .scalar()
            .is_none_or(|scalar| scalar.text != API_VERSION)
        {
            self.problems.push(
                Problem::error(
                    "unknown-api-version",
                    member.value.span,
                    format!("this version of talkform reads `apiVersion: {API_VERSION}` only"),
                )
                .path("apiVersion")
                .hint(format!("write `apiVersion: {API_VERSION}`")),
            );
        }
    }

    fn kind(&mut self, root: &Node<'_>, form: Form) -> Option<Kind> {
        let Some(member) = root.get("kind") else {
            if form == Form::Line {
                return Some(Kind::User);
            }
            self.missing(root.span, "kind", "`kind: User` or `kind: UserList`");
            return match (root.get("users"), root.get("memberId")) {
                (Some(_), _) => Some(Kind::UserList),
                (None, Some(_)) => Some(Kind::User),
                (None, None) => None,
            };
        };
        let text = member.value.scalar().map(|scalar| &*scalar.text);
        let kind = match text {
            Some("User") => return Some(Kind::User),
            Some("UserList") if form == Form::Document => return Some(Kind::UserList),
            Some(text) => text,
            None => "",
        };
        let (message, hint) = match (form, kind) {
            (Form::Line, _) => (
                "a line of JSON Lines is one user".to_owned(),
                "write `\"kind\": \"User\"`, or leave it out".to_owned(),
            ),
            (Form::Document, "Project") => (
                "a project file is not a manifest".to_owned(),
                "exclude it from the patterns under `manifests`".to_owned(),
            ),
            (Form::Document, _) => (
                "expected `kind: User` or `kind: UserList`".to_owned(),
                match closest_name(kind, &["User", "UserList"]) {
                    Some(name) => format!("did you mean {name}?"),
                    None => "write `kind: User` or `kind: UserList`".to_owned(),
                },
            ),
        };
        self.problems.push(
            Problem::error("unknown-kind", member.value.span, message)
                .path("kind")
                .hint(hint),
        );
        None
    }

    fn missing(&mut self, span: Span, field: &str, hint: &str) {
        let span = Span::new(span.start(), span.start());
        self.problems.push(
            Problem::error("missing-field", span, format!("`{field}` is missing"))
                .path(field)
                .hint(format!("add {hint}")),
        );
    }

    fn user_list(&mut self, root: &Node<'_>, members: &[Member<'_>]) {
        for member in members.iter().filter(|member| !member.refused) {
            if !LIST.contains(&&*member.key) {
                let hint = USER
                    .contains(&&*member.key)
                    .then(|| format!("`{}` belongs to each item of `users`", member.key));
                self.unknown_field(member, &shown_key(&member.key), &LIST, hint);
            }
        }
        let defaults = match root.get("defaults") {
            None => Draft::default(),
            Some(member) => {
                if let Some(fields) = member.value.members() {
                    let before = self.problems.shown();
                    let draft = self.user(fields, Scope::Defaults, member.value.span);
                    self.hide_since(before, fields, &[]);
                    draft
                } else {
                    self.wrong_type(&member.value, "defaults".to_owned(), "a map");
                    Draft::default()
                }
            }
        };
        defaults::check_defaults(self, &defaults);
        if let Some(member) = root.get("moved") {
            self.moved(&member.value);
        }
        let Some(users) = root.get("users") else {
            self.missing(root.span, "users", "`users:` with a list of users");
            return;
        };
        let Content::List(items) = &users.value.content else {
            self.wrong_type(&users.value, "users".to_owned(), "a list");
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            match item.members() {
                Some(fields) => {
                    let before = self.problems.shown();
                    let draft = self.user(fields, Scope::Item(index), item.span);
                    defaults::apply_defaults(self, draft, &defaults, Some(index));
                    self.hide_since(before, fields, mask::defaults_of(root));
                }
                None => self.wrong_type(item, format!("users[{index}]"), "a map with `memberId`"),
            }
        }
    }
}
