//! Writes drift as text for a terminal.

use std::fmt;

use crate::render::common::escape::terminal;
use crate::render::common::line::write_line;
use crate::render::common::selected::selected;
use crate::render::common::style::{Style, paint};
use crate::render::drift::lines;
use crate::render::drift::lines::{blocks, counts, notes, unread};
use crate::render::drift::view::DriftView;

/// Writes drift as text. With `full`, every user and value is shown in full and nothing is grouped.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(
    out: &mut dyn fmt::Write,
    view: &DriftView<'_>,
    style: &Style,
    full: bool,
) -> fmt::Result {
    let destination = view.destination.to_string();
    writeln!(out, "Destination: {}\n", terminal(&destination))?;
    if !view.drift.is_empty() {
        writeln!(
            out,
            "  ~ changed   - gone or missing   + there again or created anew   * changed by the person\n"
        )?;
    }
    let blocks = blocks(view, full);
    for block in &blocks {
        for line in lines::of(block, style, full) {
            write_line(out, &line, style)?;
        }
        writeln!(out)?;
    }
    if blocks.iter().any(|block| block.users.len() > 1) {
        writeln!(
            out,
            "Users with the same drift are shown together; --full shows every user.\n"
        )?;
    }
    let unread = unread(view);
    if !unread.is_empty() {
        writeln!(out, "{}\n", paint(style.warning, &unread.join("\n")))?;
    }
    writeln!(out, "{}", paint(style.strong, &counts(view)))?;
    if let Some(part) = &view.selected {
        let part = selected(part, &|text| terminal(text).into_owned());
        writeln!(out, "{}", paint(style.warning, &part))?;
    }
    for note in notes(view) {
        writeln!(out, "{note}")?;
    }
    if let Some(undecided) = &view.undecided {
        writeln!(
            out,
            "{}",
            undecided.sentence(&|text| terminal(text).into_owned())
        )?;
    }
    Ok(())
}
