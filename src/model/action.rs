//! Names what a change does to a user.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a change does to a user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The user is sent to Channel and becomes recorded.
    Create,
    /// A recorded user changes.
    Update,
    /// A recorded user gets another member id.
    Move,
    /// A recorded user is dropped from the state and left alone on Channel.
    Forget,
    /// A recorded user is deleted on Channel and dropped from the state.
    Delete,
}

impl Action {
    /// The word for it: `create`, `update`, `move`, `forget` or `delete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Move => "move",
            Self::Forget => "forget",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialised_word_is_the_displayed_word() {
        for action in [
            Action::Create,
            Action::Update,
            Action::Move,
            Action::Forget,
            Action::Delete,
        ] {
            let json = serde_json::to_value(action).expect("json");
            assert_eq!(json, action.to_string());
            let back: Action = serde_json::from_value(json).expect("an action");
            assert_eq!(back, action);
        }
    }
}
