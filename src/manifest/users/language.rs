//! Reads the language of a user.

use crate::model::{Language, Value};

use crate::manifest::problem::problems::Problem;
use crate::manifest::syntax::node::Node;
use crate::manifest::syntax::scalar;
use crate::manifest::syntax::scalar::PlainScalar;
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::Scope;
use crate::manifest::users::value::{FieldSite, Kind};

impl Reader<'_> {
    /// Reads a language; `None` after a problem.
    pub(crate) fn language(&mut self, node: &Node<'_>, scope: Scope) -> Option<Language> {
        const HINT: &str =
            "write a language such as \"ko\", or remove the line to leave the language alone";
        let site = FieldSite {
            scope,
            map: "language",
            key: "",
        };
        let Some(scalar) = node.scalar() else {
            let message = format!("expected a string, found {}", node.noun());
            let problem = Problem::error("wrong-type", node.first_character(), message).hint(HINT);
            return self.refuse(&site, problem);
        };
        let meaning = if scalar.plain {
            scalar::classify(&scalar.text)
        } else {
            PlainScalar::Text
        };
        if meaning == PlainScalar::Null {
            let message = "`language` cannot be cleared";
            let problem = Problem::error("null-language", node.span, message).hint(HINT);
            return self.refuse(&site, problem);
        }
        if meaning == PlainScalar::Blank || scalar.text.trim().is_empty() {
            let message = "there is no value here";
            let problem = Problem::error("empty-value", node.span, message).hint(HINT);
            return self.refuse(&site, problem);
        }
        let Value::Text(text) = self.text(scalar, meaning, node.span, &site, Kind::Text)? else {
            return None;
        };
        if !Language::reads_like_a_tag(&text) {
            let message = "this does not look like the code of a language";
            let problem = Problem::warning("odd-language", node.span, message)
                .hint("Channel writes `en`, `ko` or `ja`");
            self.refuse::<Language>(&site, problem);
        }
        Language::new(&text)
    }
}
