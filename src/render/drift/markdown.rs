//! Writes drift as a Markdown comment or the body of an issue: the totals first, the rest collapsible.

use crate::render::common::comment;
use crate::render::common::comment::{CommentName, MOST_MISSES};
use crate::render::common::details::{Details, draw};
use crate::render::common::escape::{code, markdown};
use crate::render::common::selected::selected;
use crate::render::common::style::Style;
use crate::render::drift::lines;
use crate::render::drift::lines::{blocks, counts, notes, unread};
use crate::render::drift::view::{DriftView, Standing};

/// The comment, never longer than `max_bytes`.
pub fn comment(view: &DriftView<'_>, name: CommentName<'_>, max_bytes: usize) -> String {
    let head = head(view, name);
    let mut sections = [
        (
            Standing::Changed,
            Details::new("Different on Channel from what was applied", true),
        ),
        (Standing::Gone, Details::new("No longer on Channel", true)),
        (
            Standing::CreatedAnew,
            Details::new("Deleted on Channel and created anew", true),
        ),
        (
            Standing::Consent,
            Details::new("Consent that people changed", false),
        ),
    ];
    let fixed = head.len() + notice(usize::MAX, usize::MAX).len();
    let mut budget = max_bytes.saturating_sub(fixed);
    let mut failed = Details::new("Could not be read", true);
    Details::reserve(&mut budget);
    if !view.failed.is_empty() {
        let text = format!("{}\n", unread(view).join("\n"));
        failed.push(&text, view.failed.len(), &mut budget);
    }
    let blocks = blocks(view, false);
    let mut hidden = 0;
    for (standing, details) in &mut sections {
        let mut misses = 0;
        Details::reserve(&mut budget);
        for block in blocks.iter().filter(|block| block.standing == *standing) {
            let count = block.users.len();
            let fits = misses <= MOST_MISSES && {
                let text = draw(lines::of(block, &Style::plain(), false));
                details.push(&text, count, &mut budget)
            };
            if !fits {
                misses += 1;
                hidden += count;
            }
        }
    }
    let mut out = head;
    if hidden > 0 {
        out.push_str(&notice(hidden, view.drift.len()));
    }
    for (_, details) in &sections {
        out.push_str(&details.text());
    }
    out.push_str(&failed.text());
    if out.len() > max_bytes {
        let marker = name.marker("drift");
        return comment::totals_only(&marker, &counts(view), max_bytes);
    }
    out
}

fn head(view: &DriftView<'_>, name: CommentName<'_>) -> String {
    let mut lines = vec![
        name.marker("drift"),
        name.heading("drift"),
        String::new(),
        format!("Destination: {}", code(&view.destination.to_string())),
        String::new(),
        format!("**{}**", counts(view)),
    ];
    lines.extend(view.selected.as_ref().map(|part| selected(part, &code)));
    lines.extend(notes(view).iter().map(|note| markdown(note)));
    let undecided = view.undecided.iter();
    lines.extend(undecided.map(|undecided| undecided.sentence(&code)));
    lines.push(String::new());
    lines.join("\n")
}

fn notice(hidden: usize, all: usize) -> String {
    format!(
        "\n> [!WARNING]\n> **This comment is shortened: {hidden} of {all} users who differ are not shown.**\n"
    )
}
