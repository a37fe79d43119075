//! Reads the maps `profile` and `profileOnce` and checks their keys.

use crate::model::visibility::personal_value;
use crate::model::{Declared, Value};

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::wording::{clip, key_in_backticks, quoted, shown_key};
use crate::manifest::syntax::node::{Member, Node};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::check;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::{Entry, Scope};
use crate::manifest::users::near_miss;
use crate::manifest::users::value::FieldSite;

impl Reader<'_> {
    pub(crate) fn profile(&mut self, node: &Node<'_>, scope: Scope) -> Vec<Entry<Declared>> {
        self.entries(node, scope, "profile")
    }

    pub(crate) fn profile_once(&mut self, node: &Node<'_>, scope: Scope) -> Vec<Entry<Value>> {
        self.entries(node, scope, "profileOnce")
            .into_iter()
            .filter_map(|Entry { key, value, span }| match value {
                Declared::Set(value) => Some(Entry { key, value, span }),
                Declared::Clear => {
                    let message = "`profileOnce` only fills in missing keys, so null has no meaning";
                    self.problems.push(
                        Problem::error("null-in-profile-once", span, message)
                            .path(clip(&scope.path(&format!("profileOnce.{}", shown_key(key.as_str())))))
                            .hint("remove the line; to remove the key from Channel write null under `profile`"),
                    );
                    None
                }
            })
            .collect()
    }

    fn entries(
        &mut self,
        node: &Node<'_>,
        scope: Scope,
        map: &'static str,
    ) -> Vec<Entry<Declared>> {
        let Some(members) = node.members() else {
            self.wrong_type(node, scope.path(map), "a map");
            return Vec::new();
        };
        let mut entries = Vec::with_capacity(members.len());
        for member in members.iter().filter(|member| !member.refused) {
            let site = FieldSite {
                scope,
                map,
                key: &member.key,
            };
            self.places
                .key(&member.key, member.key_span, || site.path());
            let key = match self.keys.get(&member.key, member.key_plain) {
                Some(key) => Some(key),
                None => self
                    .check_key(member, &site)
                    .then(|| self.keys.put(&member.key, member.key_plain)),
            };
            if let Some(value) = self.value(&member.value, &site)
                && let Some(key) = key
            {
                entries.push(Entry {
                    key,
                    value,
                    span: member.key_span,
                });
            }
        }
        entries
    }

    fn check_key(&mut self, member: &Member<'_>, site: &FieldSite<'_>) -> bool {
        let key = &*member.key;
        let problem = if key.is_empty() {
            Problem::error("invalid-key", member.key_span, "a key must not be empty")
        } else if let Some(character) = check::forbidden_in_key(key) {
            let message = match character {
                '.' => "a key must not contain dots".to_owned(),
                c if c.is_whitespace() => "a key must not contain white space".to_owned(),
                c => format!(
                    "a key must not contain invisible characters, this one contains U+{:04X}",
                    u32::from(c)
                ),
            };
            Problem::error("invalid-key", member.key_span, message)
                .hint("keys are written like `utmSource`")
        } else if key == "empty" {
            let message = "`empty` is not an attribute, but an artefact of the API's documentation";
            Problem::error("empty-artefact", member.key_span, message).hint("remove it")
        } else if personal_value::looks_personal(key) {
            let message = "this key looks like an e-mail address, a phone number or another number of a person";
            Problem::error("personal-key", member.key_span, message)
                .hint("a value may stand where a key belongs; plans, comments and the state hold keys as they are")
        } else if member.key_plain && scalar::classify(key) != PlainScalar::Text {
            let meaning = scalar::classify(key);
            let message = format!(
                "the key {} without quotes is {}",
                key_in_backticks(key),
                meaning.noun()
            );
            Problem::error(meaning.unquoted_code(), member.key_span, message)
                .hint(format!("quote it: {}", quoted(&shown_key(key))))
        } else {
            if check::is_placeholder(key) && self.first_time("placeholder-key", key) {
                let message = format!(
                    "{} is an example of the API's documentation",
                    key_in_backticks(key)
                );
                self.problems.push(
                    Problem::warning("placeholder-key", member.key_span, message)
                        .path(site.path())
                        .hint("remove it, unless it is intended"),
                );
            }
            if let Some(documented) = near_miss::documented_key(key) {
                if self.first_time("key-near-miss", key) {
                    let message = format!("{} is a key of your own", key_in_backticks(key));
                    self.problems.push(
                        Problem::warning("key-near-miss", member.key_span, message)
                            .path(site.path())
                            .hint(format!(
                                "did you mean {documented}? Only that one is Channel's; reported once per file"
                            )),
                    );
                }
            } else if !check::is_camel_case(key) && self.first_time("key-style", key) {
                let message = format!("the key {} is not camelCase", key_in_backticks(key));
                self.problems.push(
                    Problem::warning("key-style", member.key_span, message)
                        .path(site.path())
                        .hint("Channel's own keys are written like `utmSource`; reported once per file"),
                );
            }
            return true;
        };
        self.problems.push(problem.path(site.path()));
        false
    }
}
