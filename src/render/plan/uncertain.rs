//! Writes how many users Channel may not have as recorded, and why.

use crate::render::plan::unconfirmed::UnconfirmedView;
use crate::render::plan::view::PlanView;
use crate::words::{and_more, counted, users};

/// A sentence for the pending users, and a list of the fields that Channel's responses did not show as
/// declared. Empty if everything is certain. `refresh` is the command that reads them, as code; `escaped`
/// escapes text from manifests.
pub(crate) fn lines(
    view: &PlanView<'_>,
    refresh: &str,
    escaped: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let mut lines = Vec::new();
    if view.counts.pending > 0 {
        let pending = counted(view.counts.pending, "user was", "users were");
        lines.push(format!(
            "{pending} being sent when the last run ended; Channel may have either."
        ));
    }
    if !view.unconfirmed.is_empty() {
        let hint = if view.refreshed {
            String::new()
        } else {
            format!(" ({refresh} compares them with what Channel has)")
        };
        lines.push(format!(
            "Channel's last response about {} did not show these fields as declared{hint}:",
            users(view.counts.unconfirmed)
        ));
        lines.extend(view.unconfirmed.iter().map(|field| line(field, escaped)));
    }
    lines
}

/// `- profile.seats: 7 users (u-1, u-2, u-3, u-4, u-5, … and 2 more)`
fn line(field: &UnconfirmedView<'_>, escaped: &dyn Fn(&str) -> String) -> String {
    let UnconfirmedView {
        path,
        users: count,
        first,
    } = field;
    let mut names: Vec<String> = first.iter().map(|id| escaped(id.as_str())).collect();
    names.extend(and_more(count - first.len()));
    let path = escaped(&path.to_string());
    format!("- {path}: {} ({})", users(*count), names.join(", "))
}
