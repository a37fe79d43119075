//! Says why a text cannot be used as rules, and how a user violates them.

/// Why a text cannot be used as rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is not JSON.
    #[error("{0}")]
    NotJson(String),
    /// The text is JSON, but not an object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// This build has no validator.
    #[error("this build of talkform lacks the feature `json-schema`")]
    NotBuilt,
    /// The object is not a JSON Schema, or refers to another text.
    #[error("it is not a valid JSON Schema: {reason}{}", at(.place))]
    NotASchema {
        /// What is wrong.
        reason: String,
        /// The JSON pointer to the place; empty for the whole text.
        place: String,
    },
}

fn at(place: &str) -> String {
    match place {
        "" => String::new(),
        place => format!(" at {place}"),
    }
}

/// One violation of the rules by a user.
pub(crate) struct Violation {
    /// The names and numbers that lead to the value.
    pub(crate) path: Vec<String>,
    /// What is wrong with it.
    pub(crate) message: String,
    /// The JSON pointer to the rule.
    pub(crate) rule: String,
}
