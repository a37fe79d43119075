//! Lists the consent flags that people changed on Channel and that an apply keeps.

use crate::render::common::escape::terminal;
use crate::render::plan::view::{KeptConsentView, PlanView};
use crate::words;

/// How many users kept a flag.
pub(crate) fn users(view: &PlanView<'_>) -> usize {
    let mut ids: Vec<_> = view.kept_consent.iter().map(|kept| &kept.id).collect();
    ids.dedup();
    ids.len()
}

/// A sentence, then a line for each of the first `most` flags. Empty if no flag is kept.
pub(crate) fn lines(view: &PlanView<'_>, most: usize) -> Vec<String> {
    if view.kept_consent.is_empty() {
        return Vec::new();
    }
    let title = format!(
        "{} changed consent on Channel since the last apply; it is kept:",
        words::users(users(view))
    );
    let flags = words::first(view.kept_consent.iter().map(line), most);
    let flags = flags.into_iter().map(|flag| format!("  {flag}"));
    std::iter::once(title).chain(flags).collect()
}

fn line(kept: &KeptConsentView<'_>) -> String {
    let KeptConsentView {
        id,
        path,
        found,
        never_confirmed,
        origin: _,
    } = kept;
    let found = found.map_or(String::new(), |found| format!(" to {found}"));
    let who = if *never_confirmed {
        "by the person, or Channel never stored what was sent"
    } else {
        "by the person"
    };
    let id = terminal(id.as_str());
    format!("{id}   {path}: changed{found} {who}; kept")
}
