//! Tells which scalars of a document a diagnostic may show. Everything that is not known to be harmless is
//! masked: the value of a misspelt field may be personal.

use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::visibility::personal_value;
use crate::model::{FieldPath, FieldRule, Value, Visibility};

use crate::manifest::field_names::{API_VERSION, MOVE, is_field_name};
use crate::manifest::problem::excerpt::MaskedScalar;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::closest_name;
use crate::manifest::syntax::node::{Content, Member, Node, Scalar};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::{Ambiguity, PlainScalar};

/// The scalars of a document within the given windows of its text.
pub(crate) fn scalars_in(
    root: &Node<'_>,
    visibility: &Visibility,
    windows: &[Span],
) -> Vec<MaskedScalar> {
    let mut walk = Walk {
        visibility,
        hides_ids: visibility.ids().hides(),
        windows,
        scalars: Vec::new(),
        defaults: defaults_of(root),
        hidden: HiddenTexts::default(),
    };
    walk.document(root);
    walk.scalars
}

/// Whether the value of a field is hidden where it is written like this, whatever the user's other values.
pub(crate) fn hides(visibility: &Visibility, path: &FieldPath, scalar: &Scalar<'_>) -> bool {
    !visibility.reveals() && hidden_by(&visibility.field(path), scalar)
}

fn hidden_by(rule: &FieldRule<'_>, scalar: &Scalar<'_>) -> bool {
    let meaning = if scalar.plain {
        scalar::classify(&scalar.text)
    } else {
        PlainScalar::Text
    };
    match meaning {
        // A number with too many digits is an identifier.
        PlainScalar::Text
        | PlainScalar::Ambiguous(Ambiguity::Date)
        | PlainScalar::Number(Err(_)) => {
            let text = Value::Text(scalar.text.clone().into_owned());
            rule.hides((&text).into()).is_some()
        }
        // Other readers disagree about these, but none takes them for more than a number or a word.
        PlainScalar::Blank
        | PlainScalar::Null
        | PlainScalar::Boolean(_)
        | PlainScalar::Number(Ok(_))
        | PlainScalar::NotFinite
        | PlainScalar::Ambiguous(_) => {
            *rule == FieldRule::Hidden || personal_value::looks_personal(&scalar.text)
        }
    }
}

/// The fields that a document declares for each of its users.
pub(crate) fn defaults_of<'n, 't>(root: &'n Node<'t>) -> &'n [Member<'t>] {
    let defaults = root
        .get("defaults")
        .and_then(|member| member.value.members());
    defaults.unwrap_or_default()
}

/// The hidden values of a user: those of its fields and those of the defaults.
pub(crate) fn hidden_texts(
    fields: &[Member<'_>],
    defaults: &[Member<'_>],
    visibility: &Visibility,
) -> HiddenTexts {
    let mut hidden = HiddenTexts::default();
    if visibility.reveals() {
        return hidden;
    }
    let is_header = |member: &&Member<'_>| matches!(&*member.key, "apiVersion" | "kind");
    let members = fields.iter().chain(defaults);
    for member in members.filter(|member| !is_header(member)) {
        match field_paths(member) {
            Fields::Keys(map, entries) => {
                for entry in entries {
                    let rule = (!entry.refused).then(|| visibility.field(&path(map, &entry.key)));
                    add_hidden(&entry.value, rule.as_ref(), &mut hidden);
                }
            }
            Fields::One(path) => {
                add_hidden(&member.value, Some(&visibility.field(&path)), &mut hidden);
            }
            Fields::Id if !visibility.ids().hides() => {}
            Fields::Id | Fields::None => add_hidden(&member.value, None, &mut hidden),
        }
    }
    hidden
}

/// What may be an id in an entry of `moved`, where ids are hidden: one may stand where a key belongs.
pub(crate) fn hidden_in_move(members: &[Member<'_>], visibility: &Visibility) -> HiddenTexts {
    let mut hidden = HiddenTexts::default();
    if visibility.ids().hides() {
        for member in members {
            if !MOVE.contains(&&*member.key) {
                let key = Value::Text(member.key.clone().into_owned());
                hidden.add((&key).into());
            }
            add_hidden(&member.value, None, &mut hidden);
        }
    }
    hidden
}

/// Adds the spans of the keys that the parser refused.
pub(crate) fn add_refused_keys(members: &[Member<'_>], spans: &mut Vec<Span>) {
    for member in members {
        if member.refused {
            spans.push(member.key_span);
        }
        add_refused_keys(member.value.members().unwrap_or_default(), spans);
    }
}

/// Adds the scalars of a value that its field's rule hides; without a rule, all of them.
fn add_hidden(node: &Node<'_>, rule: Option<&FieldRule<'_>>, hidden: &mut HiddenTexts) {
    match &node.content {
        Content::Scalar(scalar) => {
            let is_word = scalar.plain
                && matches!(
                    scalar::classify(&scalar.text),
                    PlainScalar::Blank | PlainScalar::Null | PlainScalar::Boolean(_)
                );
            if !is_word && rule.is_none_or(|rule| hidden_by(rule, scalar)) {
                let text = Value::Text(scalar.text.clone().into_owned());
                hidden.add((&text).into());
            }
        }
        Content::List(items) => items.iter().for_each(|item| add_hidden(item, rule, hidden)),
        Content::Map(members) => members
            .iter()
            .for_each(|member| add_hidden(&member.value, None, hidden)),
    }
}

/// What a member of a user stands for.
enum Fields<'n, 't> {
    /// The keys of `profile` or `profileOnce`.
    Keys(&'static str, &'n [Member<'t>]),
    /// A field of its own.
    One(FieldPath),
    Id,
    /// Nothing that is known.
    None,
}

fn field_paths<'n, 't>(member: &'n Member<'t>) -> Fields<'n, 't> {
    if member.refused {
        return Fields::None;
    }
    match (&*member.key, member.value.members()) {
        ("profile", Some(entries)) => Fields::Keys("profile", entries),
        ("profileOnce", Some(entries)) => Fields::Keys("profileOnce", entries),
        ("memberId", _) => Fields::Id,
        (
            field @ ("language" | "tags" | "unsubscribed" | "unsubscribeEmail"
            | "unsubscribeTexting"),
            _,
        ) => field.parse().map_or(Fields::None, Fields::One),
        _ => Fields::None,
    }
}

/// The field of a key of `profile` or `profileOnce`.
pub(crate) fn path(map: &str, key: &str) -> FieldPath {
    match map {
        "language" => FieldPath::Language,
        "profile" => FieldPath::Profile(key.into()),
        _ => FieldPath::ProfileOnce(key.into()),
    }
}

/// Whether a value is a word or a number, as people write flags: `yes`, `"true"`, `1`.
fn is_flag(value: &Node<'_>) -> bool {
    value.scalar().is_some_and(|scalar| {
        !matches!(
            scalar::classify(&scalar.text),
            PlainScalar::Text | PlainScalar::Number(Err(_))
        )
    })
}

struct Walk<'w, 't> {
    visibility: &'w Visibility,
    hides_ids: bool,
    windows: &'w [Span],
    scalars: Vec<MaskedScalar>,
    /// The fields that count for every user.
    defaults: &'w [Member<'t>],
    /// The hidden values of the current user.
    hidden: HiddenTexts,
}

impl Walk<'_, '_> {
    fn shows(&self, span: Span) -> bool {
        // Windows are at most a line long, so few of them end after a place and begin before it.
        let first = self
            .windows
            .partition_point(|window| window.end <= span.start);
        self.windows
            .get(first)
            .is_some_and(|window| window.start < span.end)
    }

    /// Whether a key looks like a value, which is then hidden.
    fn hides_key(&self, key: &str) -> bool {
        !self.visibility.reveals()
            && !is_field_name(key)
            && (personal_value::looks_personal(key) || self.hidden.are_in(key))
    }

    fn shows_part_of(&self, node: &Node<'_>) -> bool {
        match &node.content {
            Content::Scalar(_) => self.shows(node.span),
            Content::List(items) => items.iter().any(|item| self.shows_part_of(item)),
            Content::Map(members) => members
                .iter()
                .any(|member| self.shows(member.key_span) || self.shows_part_of(&member.value)),
        }
    }

    fn add(&mut self, span: Span, masked: bool) {
        if self.shows(span) {
            self.scalars.push(MaskedScalar { span, masked });
        }
    }

    /// The value of a field that has a rule.
    fn ruled(&mut self, node: &Node<'_>, rule: &FieldRule<'_>) {
        match &node.content {
            Content::Scalar(scalar) => {
                if self.shows(node.span) {
                    let masked = !self.visibility.reveals()
                        && (hidden_by(rule, scalar) || self.hidden.are_in(&scalar.text));
                    self.add(node.span, masked);
                }
            }
            Content::List(items) => items.iter().for_each(|item| self.ruled(item, rule)),
            Content::Map(_) => self.value(node, *rule == FieldRule::Hidden),
        }
    }

    fn value(&mut self, node: &Node<'_>, masked: bool) {
        match &node.content {
            Content::Scalar(_) => self.add(node.span, masked),
            Content::List(items) => items.iter().for_each(|item| self.value(item, masked)),
            Content::Map(members) => {
                for member in members {
                    // No field has such a map, so nobody knows what its keys are.
                    let is_known = is_field_name(&member.key);
                    self.add(member.key_span, masked || !is_known);
                    self.value(&member.value, true);
                }
            }
        }
    }

    /// The members of a map that have a meaning; everything else in it is masked.
    fn members<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
    ) -> impl Iterator<Item = &'n Member<'t>> + use<'n, 't> {
        let members = node.members().unwrap_or_default();
        if node.members().is_none() {
            self.value(node, true);
        }
        for member in members {
            if self.shows(member.key_span) {
                self.add(member.key_span, self.hides_key(&member.key));
            }
            if member.refused {
                self.value(&member.value, true);
            }
        }
        members.iter().filter(|member| !member.refused)
    }

    fn document(&mut self, root: &Node<'_>) {
        let is_list = ["users", "defaults", "moved"]
            .iter()
            .any(|key| root.get(key).is_some());
        if !is_list {
            return self.user(root, true);
        }
        for member in self.members(root) {
            match (&*member.key, &member.value.content) {
                ("apiVersion" | "kind", Content::Scalar(scalar)) => {
                    self.header(&member.value, scalar);
                }
                ("users", Content::List(users)) => {
                    for user in users {
                        self.user(user, false);
                    }
                }
                ("moved", Content::List(entries)) => {
                    for entry in entries {
                        self.one_move(entry);
                    }
                }
                ("defaults", _) => self.user(&member.value, false),
                _ => self.field(member),
            }
        }
    }

    /// The version or the kind of a document, misspelt at most.
    fn header(&mut self, node: &Node<'_>, scalar: &Scalar<'_>) {
        let is_known =
            closest_name(&scalar.text, &[API_VERSION, "User", "UserList", "Project"]).is_some();
        self.value(node, !is_known);
    }

    fn one_move(&mut self, entry: &Node<'_>) {
        if self.shows_part_of(entry) {
            let members = entry.members().unwrap_or_default();
            self.hidden = hidden_in_move(members, self.visibility);
        }
        for member in self.members(entry) {
            let is_id = matches!(&*member.key, "from" | "to") && member.value.scalar().is_some();
            self.value(&member.value, self.hides_ids || !is_id);
        }
        self.hidden = HiddenTexts::default();
    }

    fn user(&mut self, user: &Node<'_>, has_header: bool) {
        if let Some(members) = user.members()
            && self.shows_part_of(user)
        {
            self.hidden = hidden_texts(members, self.defaults, self.visibility);
        }
        for member in self.members(user) {
            match (&*member.key, &member.value.content) {
                ("apiVersion" | "kind", Content::Scalar(scalar)) if has_header => {
                    self.header(&member.value, scalar);
                }
                _ => self.field(member),
            }
        }
        self.hidden = HiddenTexts::default();
    }

    fn field(&mut self, member: &Member<'_>) {
        let value = &member.value;
        match field_paths(member) {
            Fields::Id => self.value(value, self.hides_ids || value.scalar().is_none()),
            Fields::Keys(map, _) => {
                for entry in self.members(value) {
                    let rule = self.visibility.field(&path(map, &entry.key));
                    self.ruled(&entry.value, &rule);
                }
            }
            // A text stands where a flag belongs by mistake.
            Fields::One(path) if path.is_unsubscribe_flag() && !is_flag(value) => {
                self.value(value, true);
            }
            Fields::One(path) => {
                let rule = self.visibility.field(&path);
                self.ruled(value, &rule);
            }
            Fields::None => self.value(value, true),
        }
    }
}
