//! Tells which scalars of a document an excerpt may show. Everything that is not known to be harmless is
//! masked: the value of a misspelt field may be personal.

use crate::model::Sensitive;

use crate::manifest::problem::excerpt::MaskedScalar;
use crate::manifest::problem::span::Span;
use crate::manifest::syntax::node::{Content, Member, Node};

/// The scalars of a document within the given windows of its text.
pub(crate) fn scalars_in(
    root: &Node<'_>,
    sensitive: &Sensitive,
    windows: &[Span],
) -> Vec<MaskedScalar> {
    let mut walk = Walk {
        sensitive,
        windows,
        scalars: Vec::new(),
    };
    walk.document(root);
    walk.scalars
}

struct Walk<'w> {
    sensitive: &'w Sensitive,
    windows: &'w [Span],
    scalars: Vec<MaskedScalar>,
}

impl Walk<'_> {
    fn add(&mut self, span: Span, masked: bool) {
        // Windows are at most a line long, so few of them end after a place and begin before it.
        let first = self
            .windows
            .partition_point(|window| window.end <= span.start);
        if self
            .windows
            .get(first)
            .is_some_and(|window| window.start < span.end)
        {
            self.scalars.push(MaskedScalar { span, masked });
        }
    }

    fn value(&mut self, node: &Node<'_>, masked: bool) {
        match &node.content {
            Content::Scalar(_) => self.add(node.span, masked),
            Content::List(items) => items.iter().for_each(|item| self.value(item, masked)),
            Content::Map(members) => {
                for member in members {
                    self.add(member.key_span, masked);
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
            self.add(member.key_span, false);
            if member.refused {
                self.value(&member.value, true);
            }
        }
        members.iter().filter(|member| !member.refused)
    }

    fn document(&mut self, root: &Node<'_>) {
        for member in self.members(root) {
            match (&*member.key, &member.value.content) {
                ("apiVersion" | "kind", Content::Scalar(_)) => self.value(&member.value, false),
                ("users", Content::List(users)) => users.iter().for_each(|user| self.user(user)),
                ("moved", Content::List(entries)) => {
                    for entry in entries {
                        self.one_move(entry);
                    }
                }
                ("defaults", _) => self.user(&member.value),
                _ => self.field(member),
            }
        }
    }

    fn one_move(&mut self, entry: &Node<'_>) {
        for member in self.members(entry) {
            let is_id = matches!(&*member.key, "from" | "to") && member.value.scalar().is_some();
            self.value(&member.value, !is_id);
        }
    }

    fn user(&mut self, user: &Node<'_>) {
        for member in self.members(user) {
            self.field(member);
        }
    }

    fn field(&mut self, member: &Member<'_>) {
        let value = &member.value;
        match &*member.key {
            "memberId" => self.value(value, value.scalar().is_none()),
            field @ ("profile" | "profileOnce") => {
                for entry in self.members(value) {
                    let path = format!("{field}.{}", entry.key);
                    let masked = self.sensitive.covers_text(&path);
                    self.value(&entry.value, masked);
                }
            }
            field @ ("tags" | "unsubscribed" | "unsubscribeEmail" | "unsubscribeTexting") => {
                let masked = self.sensitive.covers_text(field);
                self.value(value, masked);
            }
            _ => self.value(value, true),
        }
    }
}
