//! From nodes to users: the two kinds of documents, their fields, and which of them go where.

use std::collections::HashSet;

use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::{Problem, Problems};
use crate::manifest::problem::wording::{clip, closest_name, in_backticks};
use crate::manifest::syntax::node::{Content, Member, Node, Span};
use crate::manifest::users::key_cache::KeyCache;
use crate::manifest::users::moved::DeclaredMove;
use crate::manifest::users::user::{DeclaredUser, Draft, FIELDS, Scope};
use crate::manifest::users::{defaults, mask};

/// The one version of the manifests' language.
pub(crate) const API_VERSION: &str = "talkform/v1";

const LIST: [&str; 5] = ["apiVersion", "kind", "defaults", "moved", "users"];

/// Reads the documents of one file.
pub(crate) struct Reader<'s> {
    pub(crate) settings: &'s ReadSettings,
    pub(crate) problems: Problems,
    pub(crate) users: Vec<DeclaredUser>,
    /// Those that are good, kept once a file however often they are written.
    pub(crate) keys: KeyCache,
    pub(crate) moved: Vec<DeclaredMove>,
    said: HashSet<(&'static str, String)>,
}

/// Whether a document names its version and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
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
    pub(crate) fn new(settings: &'s ReadSettings) -> Self {
        Self {
            settings,
            problems: Problems::default(),
            users: Vec::new(),
            keys: KeyCache::default(),
            moved: Vec::new(),
            said: HashSet::new(),
        }
    }

    /// Reads a document and lets go of everything but its users and what excerpts need.
    pub(crate) fn document(&mut self, text: &str, root: &Node<'_>, form: Form) {
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
    pub(crate) fn remember(&mut self, text: &str, roots: &[Node<'_>]) {
        let windows = self.problems.take_windows(text);
        if !windows.is_empty() {
            for root in roots {
                let pieces = mask::pieces(root, &self.settings.sensitive, &windows);
                self.problems.add_pieces(pieces);
            }
        }
    }

    fn kinds(&mut self, root: &Node<'_>, members: &[Member<'_>], form: Form) {
        self.api_version(root, form);
        match self.kind(root, form) {
            Some(Kind::User) => {
                let draft = self.user(members, Scope::Document, root.span);
                defaults::settle(self, draft, &Draft::default(), None);
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
                let hint = FIELDS
                    .contains(&&*member.key)
                    .then(|| format!("`{}` belongs to each item of `users`", member.key));
                self.unknown_field(member, &member.key, &LIST, hint);
            }
        }
        let defaults = match root.get("defaults") {
            None => Draft::default(),
            Some(member) => {
                if let Some(fields) = member.value.members() {
                    self.user(fields, Scope::Defaults, member.value.span)
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
                    let draft = self.user(fields, Scope::Item(index), item.span);
                    defaults::settle(self, draft, &defaults, Some(index));
                }
                None => self.wrong_type(item, format!("users[{index}]"), "a map with `memberId`"),
            }
        }
    }

    pub(crate) fn unknown_field(
        &mut self,
        member: &Member<'_>,
        path: &str,
        known: &[&str],
        hint: Option<String>,
    ) {
        let message = format!("there is no field {} here", in_backticks(&member.key));
        let hint = hint.unwrap_or_else(|| match closest_name(&member.key, known) {
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
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, path: String, due: &str) {
        let problem = if node.is_blank() {
            Problem::error("empty-value", node.span, "there is no value here")
                .hint(format!("write {due}, or remove the line"))
        } else {
            let message = format!("{due} is due here, not {}", node.noun());
            Problem::error("wrong-type", first_character(node), message)
        };
        self.problems.push(problem.path(path));
    }

    /// Whether this is the first time that this warning is due for this word in this file.
    pub(crate) fn first_time(&mut self, code: &'static str, word: &str) -> bool {
        self.said.insert((code, word.to_owned()))
    }
}

/// Enough to point at a collection without underlining all of it.
pub(crate) fn first_character(node: &Node<'_>) -> Span {
    match node.content {
        Content::Scalar(_) => node.span,
        Content::List(_) | Content::Map(_) => Span::new(node.span.start(), node.span.start() + 1),
    }
}
