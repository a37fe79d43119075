//! Reads one value of a profile; its key and its spelling decide its type.

use crate::model::text::template::unexpanded;
use crate::model::{Declared, Number, Value};

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::{clip, in_backticks, quoted, shown_key};
use crate::manifest::syntax::node::{Content, Node, Scalar};
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::{Ambiguity, PlainScalar};
use crate::manifest::users::check;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::Scope;
use crate::manifest::users::mask;

/// The type of a profile key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Email,
    Phone,
    Int32,
    Number,
    /// A custom key: any type.
    Free,
}

impl Kind {
    pub(crate) fn of(key: &str) -> Self {
        match key {
            "name" | "firstName" | "lastName" | "avatarUrl" => Self::Text,
            "email" => Self::Email,
            "mobileNumber" | "landlineNumber" => Self::Phone,
            "recentPurchaseCount" => Self::Int32,
            "recentPurchaseAmount" => Self::Number,
            _ => Self::Free,
        }
    }
}

/// Whether Channel fixes the type of this key.
pub(crate) fn is_typed(key: &str) -> bool {
    Kind::of(key) != Kind::Free
}

/// The field that a value belongs to.
pub(crate) struct FieldSite<'n> {
    pub(crate) scope: Scope,
    /// `profile` or `profileOnce`, or `language` for the field of that name.
    pub(crate) map: &'static str,
    pub(crate) key: &'n str,
}

impl FieldSite<'_> {
    pub(crate) fn path(&self) -> String {
        if self.map == "language" {
            return self.scope.path(self.map);
        }
        let key = shown_key(self.key);
        clip(&self.scope.path(&format!("{}.{key}", self.map)))
    }
}

impl Reader<'_> {
    fn is_masked(&self, site: &FieldSite<'_>, scalar: &Scalar<'_>) -> bool {
        self.hides(&mask::path(site.map, site.key), scalar)
    }

    /// A value as a message shows it: masked if it is hidden.
    fn shown_value(&self, site: &FieldSite<'_>, scalar: &Scalar<'_>) -> String {
        if self.is_masked(site, scalar) {
            "this value".to_owned()
        } else {
            in_backticks(&scalar.text)
        }
    }

    /// A value as a hint suggests to write it: masked if it is hidden.
    fn suggested_value(&self, site: &FieldSite<'_>, scalar: &Scalar<'_>) -> String {
        if self.is_masked(site, scalar) {
            "\"…\"".to_owned()
        } else {
            quoted(&scalar.text)
        }
    }

    pub(crate) fn refuse<T>(&mut self, site: &FieldSite<'_>, problem: Problem) -> Option<T> {
        self.problems.push(problem.path(site.path()));
        None
    }

    /// Reads what is declared for a key; `None` after a problem.
    pub(crate) fn value(&mut self, node: &Node<'_>, site: &FieldSite<'_>) -> Option<Declared> {
        let kind = Kind::of(site.key);
        let scalar = match &node.content {
            Content::Scalar(scalar) => scalar,
            Content::Map(_) => {
                let message = "Channel cannot store nested objects";
                let problem = Problem::error("nested-object", node.first_character(), message)
                    .hint("write its parts as keys of their own, such as `addressCity`");
                return self.refuse(site, problem);
            }
            Content::List(items) if kind == Kind::Free => {
                return self.list(items, site).map(Declared::Set);
            }
            Content::List(_) => {
                let message = format!("`{}` has one value, not a list", site.key);
                let problem = Problem::error("wrong-type", node.first_character(), message);
                return self.refuse(site, problem);
            }
        };
        let meaning = if scalar.plain {
            scalar::classify(&scalar.text)
        } else {
            PlainScalar::Text
        };
        match meaning {
            PlainScalar::Null => return Some(Declared::Clear),
            PlainScalar::Blank => {
                let hint = if site.map == "profile" {
                    "write `null` to remove the key from Channel, or \"\" for an empty string"
                } else {
                    "write a value, or remove the line"
                };
                let problem =
                    Problem::error("empty-value", node.span, "there is no value here").hint(hint);
                return self.refuse(site, problem);
            }
            _ => {}
        }
        let value = match kind {
            Kind::Text | Kind::Email | Kind::Phone => {
                self.text(scalar, meaning, node.span, site, kind)
            }
            Kind::Int32 | Kind::Number => self.number(scalar, meaning, node.span, site, kind),
            Kind::Free => self.free(scalar, meaning, node.span, site),
        };
        value.map(Declared::Set)
    }

    pub(crate) fn text(
        &mut self,
        scalar: &Scalar<'_>,
        meaning: PlainScalar,
        span: Span,
        site: &FieldSite<'_>,
        kind: Kind,
    ) -> Option<Value> {
        if meaning != PlainScalar::Text {
            let message = format!(
                "expected a string, but {} without quotes is {}",
                self.shown_value(site, scalar),
                meaning.noun()
            );
            let problem = Problem::error(meaning.unquoted_code(), span, message)
                .hint(format!("quote it: {}", self.suggested_value(site, scalar)));
            return self.refuse(site, problem);
        }
        let text = &*scalar.text;
        if kind == Kind::Phone && !check::is_e164(text) {
            let hint = match check::e164_without_punctuation(text) {
                Some(number) if !self.is_masked(site, scalar) => {
                    format!("write {}", quoted(&number))
                }
                _ => {
                    "write + and the country code, then digits only, all of it in quotes".to_owned()
                }
            };
            let message = format!(
                "{} is not an E.164 phone number",
                self.shown_value(site, scalar)
            );
            let problem = Problem::error("not-e164", span, message).hint(hint);
            return self.refuse(site, problem);
        }
        if kind == Kind::Email && !text.is_empty() && !check::looks_like_email(text) {
            let message = format!(
                "{} does not look like an e-mail address",
                self.shown_value(site, scalar)
            );
            let problem = Problem::warning("odd-email", span, message);
            self.refuse::<Value>(site, problem);
        }
        self.checked_text(text, span, site).map(Value::Text)
    }

    fn checked_text(&mut self, text: &str, span: Span, site: &FieldSite<'_>) -> Option<String> {
        if let Some(template) = unexpanded(text) {
            let message = format!("this value holds {template}");
            let problem = Problem::warning("unexpanded-template", span, message)
                .hint("Channel gets the text as it is written");
            self.refuse::<Value>(site, problem);
        }
        let Some(character) = check::control_character(text) else {
            return Some(text.to_owned());
        };
        let message = format!(
            "a string must not contain control characters, this one contains U+{:04X}",
            u32::from(character)
        );
        let problem = Problem::error("control-character", span, message);
        self.refuse(site, problem)
    }

    fn number(
        &mut self,
        scalar: &Scalar<'_>,
        meaning: PlainScalar,
        span: Span,
        site: &FieldSite<'_>,
        kind: Kind,
    ) -> Option<Value> {
        let number = match meaning {
            PlainScalar::Number(Ok(number)) => number,
            PlainScalar::Number(Err(_)) | PlainScalar::NotFinite => {
                return self.free(scalar, meaning, span, site);
            }
            _ => {
                let expected = match kind {
                    Kind::Int32 => "a whole number",
                    _ => "a number",
                };
                let message = format!(
                    "expected {expected}, found {}",
                    self.shown_value(site, scalar)
                );
                let is_number =
                    matches!(scalar::classify(&scalar.text), PlainScalar::Number(Ok(_)));
                let hint = if !scalar.plain && is_number {
                    "remove the quotes"
                } else {
                    "write it in plain decimal digits, without quotes"
                };
                let problem = Problem::error("not-a-number", span, message).hint(hint);
                return self.refuse(site, problem);
            }
        };
        if kind == Kind::Int32 && !check::is_int32(number) {
            let message = format!("{} is not a 32-bit integer", self.shown_value(site, scalar));
            let problem = Problem::error("not-int32", span, message).hint(format!(
                "from {} to {}",
                i32::MIN,
                i32::MAX
            ));
            return self.refuse(site, problem);
        }
        Some(Value::Number(number))
    }

    fn free(
        &mut self,
        scalar: &Scalar<'_>,
        meaning: PlainScalar,
        span: Span,
        site: &FieldSite<'_>,
    ) -> Option<Value> {
        let text = &*scalar.text;
        let problem = match meaning {
            PlainScalar::Boolean(flag) => return Some(Value::Boolean(flag)),
            PlainScalar::Number(Ok(number)) => return Some(Value::Number(number)),
            PlainScalar::Text | PlainScalar::Blank | PlainScalar::Null => {
                return self.checked_text(text, span, site).map(Value::Text);
            }
            PlainScalar::Number(Err(_)) => {
                let message = format!(
                    "{} loses digits: JSON readers keep whole numbers up to 2^53, and 15 to 17 digits of others",
                    self.shown_value(site, scalar)
                );
                Problem::error("number-out-of-range", span, message).hint(format!(
                    "if it is an identifier, quote it: {}",
                    self.suggested_value(site, scalar)
                ))
            }
            PlainScalar::NotFinite => {
                let message = format!("Channel cannot store {}", self.shown_value(site, scalar));
                Problem::error("not-finite", span, message).hint(format!(
                    "write a number, or {} for the string",
                    self.suggested_value(site, scalar)
                ))
            }
            PlainScalar::Ambiguous(look) => {
                let message = format!(
                    "{} without quotes is a string to some readers and {} to others",
                    self.shown_value(site, scalar),
                    meaning.noun()
                );
                let other = match look {
                    Ambiguity::Boolean => ", or `true` or `false` for the boolean",
                    Ambiguity::Null => ", or `null` to remove the key",
                    Ambiguity::Number => ", or plain decimal digits for the number",
                    Ambiguity::Time => ", or the number of seconds",
                    Ambiguity::Date | Ambiguity::Special => "",
                };
                Problem::error(meaning.unquoted_code(), span, message).hint(format!(
                    "write {} for the string{other}",
                    self.suggested_value(site, scalar)
                ))
            }
        };
        self.refuse(site, problem)
    }

    fn list(&mut self, items: &[Node<'_>], site: &FieldSite<'_>) -> Option<Value> {
        let mut texts: Vec<String> = Vec::new();
        let mut numbers: Vec<Number> = Vec::new();
        let mut good = true;
        for item in items {
            match self.item(item, site) {
                Some(Value::Text(text)) => texts.push(text),
                Some(Value::Number(number)) => numbers.push(number),
                Some(_) | None => {
                    good = false;
                    continue;
                }
            }
            if good && !texts.is_empty() && !numbers.is_empty() {
                good = false;
                let message = "a list contains strings or numbers, not both";
                let problem = Problem::error("mixed-list", item.first_character(), message)
                    .hint("quote the numbers to make all of them strings");
                self.refuse::<Value>(site, problem);
            }
        }
        match (good, numbers.is_empty()) {
            (false, _) => None,
            (true, true) => Some(texts.into()),
            (true, false) => Some(numbers.into()),
        }
    }

    fn item(&mut self, item: &Node<'_>, site: &FieldSite<'_>) -> Option<Value> {
        let meaning = match item.scalar() {
            Some(scalar) if scalar.plain => scalar::classify(&scalar.text),
            Some(_) => PlainScalar::Text,
            None => PlainScalar::Null,
        };
        match (item.scalar(), meaning) {
            (Some(scalar), PlainScalar::Text | PlainScalar::Number(_) | PlainScalar::NotFinite) => {
                self.free(scalar, meaning, item.span, site)
            }
            (Some(scalar), PlainScalar::Boolean(_) | PlainScalar::Ambiguous(_)) => {
                let message = format!(
                    "{} without quotes is {}; a list contains strings or numbers",
                    self.shown_value(site, scalar),
                    meaning.noun()
                );
                let problem =
                    Problem::error(meaning.unquoted_code(), item.span, message).hint(format!(
                        "write {} for the string",
                        self.suggested_value(site, scalar)
                    ));
                self.refuse(site, problem)
            }
            (Some(_), PlainScalar::Blank | PlainScalar::Null) | (None, _) => {
                let message = format!("a list contains strings or numbers, not {}", item.noun());
                let problem = Problem::error("wrong-list-item", item.first_character(), message);
                self.refuse(site, problem)
            }
        }
    }
}
