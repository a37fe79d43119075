//! Writes which part of the users a plan or a drift covers.

use crate::model::Selected;
use crate::words::{first, users};

/// The most patterns that are named.
const MOST_NAMED: usize = 10;

/// `Selected: u-1, vip-*: 3 of 150 users; the others are left out.`
///
/// `escaped` escapes text from outside.
pub fn selected(part: &Selected, escaped: &dyn Fn(&str) -> String) -> String {
    let Selected {
        patterns,
        users: count,
        of,
    } = part;
    format!(
        "Selected: {}: {count} of {}; the others are left out.",
        first(patterns.iter().map(|pattern| escaped(pattern)), MOST_NAMED).join(", "),
        users(*of)
    )
}
