//! Drift as a comment, or as the body of an issue: the numbers first, everything else folded.

use crate::render::common::details::{Details, draw};
use crate::render::common::escape::{code, markdown};
use crate::render::common::style::Style;
use crate::render::drift::lines;
use crate::render::drift::lines::{blocks, counts, notes, unread};
use crate::render::drift::view::{DriftStanding, DriftView};
use crate::render::plan::markdown::marker_of;

/// The comment, never longer than `max_bytes`. Each environment has a comment of its own.
pub fn comment(view: &DriftView<'_>, environment: Option<&str>, max_bytes: usize) -> String {
    // After so many blocks that do not fit, hardly one will: nothing more is drawn.
    const TRIES: usize = 50;
    let head = head(view, environment);
    let unread = unread(view);
    let mut folds = [
        (
            DriftStanding::Changed,
            Details::new("On Channel otherwise than applied", true),
        ),
        (DriftStanding::Gone, Details::new("Gone from Channel", true)),
        (
            DriftStanding::Consent,
            Details::new("The person's own choice", false),
        ),
    ];
    let fixed = head.len() + notice(usize::MAX, usize::MAX).len();
    let mut budget = max_bytes.saturating_sub(fixed);
    let mut troubles = Details::new("Could not be read", true);
    Details::reserve(&mut budget);
    let failed = view.report.failed.len();
    if failed > 0 {
        let text = format!("{}\n", unread.join("\n"));
        troubles.push(&text, failed, &mut budget);
    }
    let blocks = blocks(view, false);
    let mut hidden = 0;
    for (standing, fold) in &mut folds {
        let mut misses = 0;
        Details::reserve(&mut budget);
        for block in blocks.iter().filter(|block| block.standing == *standing) {
            let count = block.users.len();
            let fits = misses <= TRIES && {
                let text = draw(lines::of(block, &Style::plain(), false));
                fold.push(&text, count, &mut budget)
            };
            if !fits {
                misses += 1;
                hidden += count;
            }
        }
    }
    let mut out = head;
    if hidden > 0 {
        out.push_str(&notice(hidden, view.users.len()));
    }
    for (_, fold) in &folds {
        out.push_str(&fold.text());
    }
    out.push_str(&troubles.text());
    if out.len() > max_bytes {
        return last_resort(view, environment, max_bytes);
    }
    out
}

fn head(view: &DriftView<'_>, environment: Option<&str>) -> String {
    let title = match environment {
        Some(environment) => format!("### talkform drift for {}", code(environment)),
        None => "### talkform drift".to_owned(),
    };
    let mut lines = vec![
        marker_of("drift", environment),
        title,
        String::new(),
        format!("**{}**", counts(view)),
    ];
    lines.extend(notes(view).iter().map(|note| markdown(note)));
    lines.push(String::new());
    lines.join("\n")
}

fn notice(hidden: usize, all: usize) -> String {
    format!(
        "\n> [!WARNING]\n> **This comment is shortened: {hidden} of {all} users who differ are not in it.**\n"
    )
}

fn last_resort(view: &DriftView<'_>, environment: Option<&str>, max_bytes: usize) -> String {
    let mut out = format!(
        "{}\n**This comment is shortened: nothing but the numbers is in it.** {}\n",
        marker_of("drift", environment),
        counts(view)
    );
    let mut end = max_bytes.min(out.len());
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}
