//! The lines that say which consent is left as people chose it on Channel.

use crate::render::common::escape::terminal;
use crate::render::plan::lines::noun;
use crate::render::plan::view::{LeftView, PlanView};

/// How many users that are.
pub(crate) fn users(view: &PlanView<'_>) -> usize {
    let mut ids: Vec<_> = view.left.iter().map(|left| left.id).collect();
    ids.dedup();
    ids.len()
}

/// `2 users changed their consent on Channel since; it is left as they want it:`, and a line for each
/// flag, at most so many. Nothing where there is none.
pub(crate) fn lines(view: &PlanView<'_>, most: usize) -> Vec<String> {
    let left = &view.left;
    if left.is_empty() {
        return Vec::new();
    }
    let count = users(view);
    let mut lines = vec![format!(
        "{count} {} changed consent on Channel since; it is left as it is there:",
        noun(count)
    )];
    lines.extend(left.iter().take(most).map(|left| {
        let LeftView {
            id,
            path,
            found,
            never_confirmed,
            origin: _,
        } = left;
        let found = found.map_or(String::new(), |found| format!(" to {found}"));
        let who = if *never_confirmed {
            "by the person, or never taken by Channel"
        } else {
            "by the person"
        };
        let id = terminal(id.as_str());
        format!("  {id}   {path}: changed{found} {who}; left")
    }));
    if left.len() > most {
        lines.push(format!("  … and {} more", left.len() - most));
    }
    lines
}
