//! Reads a state.

use crate::model::State;
use crate::state::format;
use crate::state::format::FormatError;

/// Reads a state.
///
/// # Errors
///
/// The text is no state that this program can use.
pub fn parse(text: &str) -> Result<State, FormatError> {
    format::parse(text)
}
