//! From nodes to users: the two kinds of documents, their fields, and which of them go where.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{ApiVersion, Attributes, Declared, MemberId, ProfileKey, Value};

use super::node::{Content, Member, Node, Span};
use super::problem::{Problem, Problems};
use super::say::{clip, nearest, quoted, show};
use super::scalar::{self, Meaning};
use super::{ReadSettings, masks, resolve};

/// The one version of the manifests' language.
pub(super) const API_VERSION: &str = "talkform/v1";

const HEADER: [&str; 2] = ["apiVersion", "kind"];
const LIST: [&str; 4] = ["apiVersion", "kind", "defaults", "users"];
const USER: [&str; 7] = [
    "memberId",
    "profile",
    "profileOnce",
    "tags",
    "unsubscribed",
    "unsubscribeEmail",
    "unsubscribeTexting",
];

/// Reads the documents of one file.
pub(super) struct Reader<'s> {
    pub(super) settings: &'s ReadSettings,
    pub(super) problems: Problems,
    pub(super) users: Vec<Found>,
    keys: HashMap<String, ProfileKey>,
    said: HashSet<(&'static str, String)>,
}

/// A user as one file declares it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: MemberId,
    /// Where the id is written.
    pub(super) span: Span,
    /// Its place in the list, where it stands in one.
    pub(super) index: Option<u32>,
    pub(super) attributes: Attributes,
}

impl Found {
    pub(super) fn path(&self) -> String {
        match self.index {
            Some(index) => format!("users[{index}].memberId"),
            None => "memberId".to_owned(),
        }
    }
}

/// What one map of user fields says, before defaults.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<(MemberId, Span)>,
    pub(super) profile: Vec<Entry<Declared>>,
    pub(super) profile_once: Vec<Entry<Value>>,
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) unsubscribed: Option<bool>,
    pub(super) unsubscribe_email: Option<bool>,
    pub(super) unsubscribe_texting: Option<bool>,
}

/// A profile key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry<T> {
    pub(super) key: ProfileKey,
    pub(super) value: T,
    /// Where the key is written.
    pub(super) span: Span,
}

/// Whose fields are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of a User document.
    Document,
    /// Those under `defaults`.
    Defaults,
    /// Those of one item of a list.
    Item(u32),
}

impl Scope {
    pub(super) fn path(self, field: &str) -> String {
        match self {
            Self::Document => field.to_owned(),
            Self::Defaults => format!("defaults.{field}"),
            Self::Item(index) => format!("users[{index}].{field}"),
        }
    }
}

/// Whether a document names its version and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It must, and it may be of either kind.
    Document,
    /// A line of JSON Lines: it need not, and it is a User.
    Line,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    UserList,
}

impl<'s> Reader<'s> {
    pub(super) fn new(settings: &'s ReadSettings) -> Self {
        Self {
            settings,
            problems: Problems::default(),
            users: Vec::new(),
            keys: HashMap::new(),
            said: HashSet::new(),
        }
    }

    /// Reads a document and lets go of everything but its users and what excerpts need.
    pub(super) fn document(&mut self, text: &str, root: &Node<'_>, form: Form) {
        match root.members() {
            Some(members) => self.kinds(root, members, form),
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
        self.remember(text, std::slice::from_ref(root));
    }

    /// Keeps what the excerpts of new problems need to know of their documents.
    pub(super) fn remember(&mut self, text: &str, roots: &[Node<'_>]) {
        let windows = self.problems.take_windows(text);
        if !windows.is_empty() {
            for root in roots {
                let pieces = masks::pieces(root, &self.settings.sensitive, &windows);
                self.problems.add_pieces(pieces);
            }
        }
    }

    fn kinds(&mut self, root: &Node<'_>, members: &[Member<'_>], form: Form) {
        self.api_version(root, form);
        match self.kind(root, form) {
            Some(Kind::User) => {
                let draft = self.user(members, Scope::Document, root.span);
                resolve::settle(self, draft, &Draft::default(), None);
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
                "a project file is no manifest".to_owned(),
                "take it out of the patterns under `manifests`".to_owned(),
            ),
            (Form::Document, _) => (
                "a document is of kind User or UserList".to_owned(),
                match nearest(kind, &["User", "UserList"]) {
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
                self.unknown_field(member, &member.key, &LIST, hint);
            }
        }
        let defaults = match root.get("defaults") {
            None => Draft::default(),
            Some(member) => match member.value.members() {
                Some(fields) => self.user(fields, Scope::Defaults, member.value.span),
                None => {
                    self.wrong_type(&member.value, "defaults".to_owned(), "a map");
                    Draft::default()
                }
            },
        };
        resolve::check_defaults(self, &defaults);
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
                    let draft = self.user(fields, Scope::Item(index), item.span);
                    resolve::settle(self, draft, &defaults, Some(index));
                }
                None => self.wrong_type(item, format!("users[{index}]"), "a map with `memberId`"),
            }
        }
    }

    fn user(&mut self, members: &[Member<'_>], scope: Scope, span: Span) -> Draft {
        let mut draft = Draft::default();
        let mut named = scope == Scope::Defaults;
        for member in members.iter().filter(|member| !member.refused) {
            let value = &member.value;
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
                    draft.id = self.member_id(value, scope);
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
        let hint = if super::profile::is_typed(key) {
            Some(format!("`{key}` belongs under `profile`"))
        } else {
            match (key, scope) {
                ("users" | "defaults", Scope::Document) => {
                    Some(format!("`{key}` belongs to `kind: UserList`"))
                }
                ("apiVersion" | "kind", _) => {
                    Some(format!("`{key}` stands at the top of the document"))
                }
                _ => None,
            }
        };
        let known: Vec<&str> = match scope {
            Scope::Document => HEADER.iter().chain(&USER).copied().collect(),
            Scope::Defaults => USER[1..].to_vec(),
            Scope::Item(_) => USER.to_vec(),
        };
        self.unknown_field(member, &scope.path(key), &known, hint);
    }

    fn unknown_field(
        &mut self,
        member: &Member<'_>,
        path: &str,
        known: &[&str],
        hint: Option<String>,
    ) {
        let message = format!("there is no field {} here", show(&member.key));
        let hint = hint.unwrap_or_else(|| match nearest(&member.key, known) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("the fields here are {}", known.join(", ")),
        });
        self.problems.push(
            Problem::error("unknown-field", member.key_span, message)
                .path(clip(path))
                .hint(hint),
        );
    }

    /// Says that something else than a map or a list is due.
    pub(super) fn wrong_type(&mut self, node: &Node<'_>, path: String, due: &str) {
        let problem = if node.is_blank() {
            Problem::error("empty-value", node.span, "there is no value here")
                .hint(format!("write {due}, or remove the line"))
        } else {
            let message = format!("{due} is due here, not {}", node.noun());
            Problem::error("wrong-type", first_character(node), message)
        };
        self.problems.push(problem.path(path));
    }

    fn member_id(&mut self, node: &Node<'_>, scope: Scope) -> Option<(MemberId, Span)> {
        let path = || scope.path("memberId");
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, path(), "a text");
            return None;
        };
        if scalar.plain {
            match scalar::meaning(&scalar.text) {
                Meaning::Text => {}
                Meaning::Blank => {
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
                Meaning::Boolean(flag) => return Some(flag),
                Meaning::Blank => {
                    Problem::error("empty-value", node.span, "there is no value here")
                }
                Meaning::Null => Problem::error(
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

    /// The key, kept once a file however often it is written.
    pub(super) fn key(&mut self, text: &str) -> ProfileKey {
        if let Some(key) = self.keys.get(text) {
            return key.clone();
        }
        let key = ProfileKey::new(text);
        self.keys.insert(text.to_owned(), key.clone());
        key
    }

    /// Whether this is the first time that this warning is due for this word in this file.
    pub(super) fn first_time(&mut self, code: &'static str, word: &str) -> bool {
        self.said.insert((code, word.to_owned()))
    }

    /// A user is complete.
    pub(super) fn found(&mut self, found: Found) {
        self.users.push(found);
    }
}

/// Enough to point at a collection without underlining all of it.
pub(super) fn first_character(node: &Node<'_>) -> Span {
    match node.content {
        Content::Scalar(_) => node.span,
        Content::List(_) | Content::Map(_) => Span::new(node.span.start(), node.span.start() + 1),
    }
}
