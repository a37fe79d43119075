//! Reads the entries of `moved`: ids that changed.

use crate::manifest::field_names::MOVE;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::shown_key;
use crate::manifest::syntax::node::{Content, Member, Node};
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::DeclaredMove;

impl Reader<'_> {
    /// Reads the entries of one document.
    pub(crate) fn moved(&mut self, node: &Node<'_>) {
        let Content::List(items) = &node.content else {
            self.wrong_type(node, "moved".to_owned(), "a list");
            return;
        };
        for (index, item) in items.iter().enumerate() {
            match item.members() {
                Some(members) => self.one_move(index, item, members),
                None => self.wrong_type(
                    item,
                    format!("moved[{index}]"),
                    "a map with `from` and `to`",
                ),
            }
        }
    }

    fn one_move(&mut self, index: usize, item: &Node<'_>, members: &[Member<'_>]) {
        let path = |field: &str| format!("moved[{index}].{field}");
        let before = self.problems.shown();
        for member in members.iter().filter(|member| !member.refused) {
            if !MOVE.contains(&&*member.key) {
                self.unknown_field(member, &path(&shown_key(&member.key)), &MOVE, None);
            }
        }
        self.hide_move_since(before, members);
        let mut ids = MOVE.map(|field| {
            let Some(member) = item.get(field) else {
                let at = Span::new(item.span.start(), item.span.start());
                self.problems.push(
                    Problem::error("missing-field", at, format!("`{field}` is missing"))
                        .path(path(field))
                        .hint("an entry is `{ from: \"old id\", to: \"new id\" }`"),
                );
                return None;
            };
            self.id(&member.value, || path(field))
        });
        let (Some((from, from_span)), Some((to, to_span))) = (ids[0].take(), ids[1].take()) else {
            return;
        };
        if from == to {
            self.problems.push(
                Problem::error("move-to-itself", to_span, "an id cannot move to itself")
                    .path(path("to"))
                    .hint("remove this entry, or correct one of the ids"),
            );
            return;
        }
        let position = self.move_positions.locate(from_span.start());
        self.moved.push(DeclaredMove {
            from,
            to,
            from_span,
            position,
            to_span,
            index,
        });
    }
}
