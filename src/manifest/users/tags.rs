//! Reads the set of tags as Channel stores it: in lower case, without repeats, limited in number.

use std::collections::BTreeSet;

use crate::model::text::characters::first_invisible_beside_emoji;
use crate::model::text::template::unexpanded;
use crate::model::{FieldPath, Tags};

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::wording::{in_backticks, quoted};
use crate::manifest::syntax::node::{Content, Node};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::Scope;

impl Reader<'_> {
    pub(crate) fn tags(&mut self, node: &Node<'_>, scope: Scope) -> Option<Tags> {
        let path = scope.path("tags");
        let Content::List(items) = &node.content else {
            let problem = if node.is_blank() {
                Problem::error("empty-value", node.span, "there is no value here")
            } else {
                let message = format!("expected a list of strings, found {}", node.noun());
                Problem::error("wrong-type", node.first_character(), message)
            };
            self.problems.push(
                problem
                    .path(path)
                    .hint("write `[]` for no tags, or remove the line to leave tags alone"),
            );
            return None;
        };
        let mut tags = BTreeSet::new();
        let mut good = true;
        for (index, item) in items.iter().enumerate() {
            match self.tag(item, &format!("{path}[{index}]")) {
                Some(tag) => {
                    let place = || format!("{path}[{index}]");
                    self.places.tag(&tag, item.span, place);
                    if tags.contains(&tag) {
                        self.repeated(&tag, item, &format!("{path}[{index}]"));
                    }
                    tags.insert(tag);
                }
                None => good = false,
            }
        }
        let most = self.settings.api.most_tags();
        if tags.len() > most {
            let message = format!(
                "a user has at most {most} tags on API {}, found {}",
                self.settings.api,
                tags.len()
            );
            self.problems
                .push(Problem::error("too-many-tags", node.first_character(), message).path(path));
            return None;
        }
        good.then(|| tags.into_iter().collect())
    }

    fn tag(&mut self, item: &Node<'_>, path: &str) -> Option<String> {
        let is_masked = item
            .scalar()
            .is_some_and(|scalar| self.hides(&FieldPath::Tags, scalar));
        let shown = |text: &str| {
            if is_masked {
                "this tag".to_owned()
            } else {
                in_backticks(text)
            }
        };
        let problem = match item.scalar() {
            None => {
                let message = format!("a tag is a string, not {}", item.noun());
                Problem::error("wrong-list-item", item.first_character(), message)
            }
            Some(scalar) => {
                let meaning = if scalar.plain {
                    scalar::classify(&scalar.text)
                } else {
                    PlainScalar::Text
                };
                let text = &*scalar.text;
                if meaning == PlainScalar::Blank || text.trim().is_empty() {
                    Problem::error("empty-tag", item.span, "a tag is not empty")
                } else if meaning != PlainScalar::Text {
                    let fix = if is_masked {
                        "\"…\"".to_owned()
                    } else {
                        quoted(text)
                    };
                    let message = format!(
                        "{} without quotes is {}; a tag is a string",
                        shown(text),
                        meaning.noun()
                    );
                    Problem::error(meaning.unquoted_code(), item.span, message)
                        .hint(format!("quote it: {fix}"))
                } else if let Some(character) = first_invisible_beside_emoji(text) {
                    let message = format!(
                        "a tag has no invisible characters, this one has U+{:04X}",
                        u32::from(character)
                    );
                    Problem::error("invisible-character", item.span, message)
                } else {
                    if let Some(template) = unexpanded(text)
                        && self.first_time("unexpanded-template", text)
                    {
                        let message = format!("this tag holds {template}");
                        let problem = Problem::warning("unexpanded-template", item.span, message);
                        self.problems.push(problem.path(path));
                    }
                    let lower = text.to_lowercase();
                    if lower != text && self.first_time("tag-case", text) {
                        let message = format!("Channel writes {} in lower case", shown(text));
                        let problem = Problem::warning("tag-case", item.span, message).path(path);
                        let problem = if is_masked {
                            problem
                        } else {
                            problem.hint(format!(
                                "write {}; reported once per file",
                                in_backticks(&lower)
                            ))
                        };
                        self.problems.push(problem);
                    }
                    return Some(lower);
                }
            }
        };
        self.problems.push(problem.path(path));
        None
    }

    fn repeated(&mut self, tag: &str, item: &Node<'_>, path: &str) {
        if self.first_time("repeated-tag", tag) {
            let is_masked = item
                .scalar()
                .is_some_and(|scalar| self.hides(&FieldPath::Tags, scalar));
            let tag = if is_masked {
                "this tag".to_owned()
            } else {
                in_backticks(tag)
            };
            let message = format!("{tag} is repeated");
            self.problems.push(
                Problem::warning("repeated-tag", item.span, message)
                    .path(path)
                    .hint("tags are a set; reported once per file"),
            );
        }
    }
}
