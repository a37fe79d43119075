//! Drift for a terminal.

use std::fmt;

use crate::render::common::style::{Style, paint};
use crate::render::drift::lines;
use crate::render::drift::lines::{blocks, counts, notes, unread};
use crate::render::drift::view::DriftView;
use crate::render::plan::text::write_line;

/// Writes what was found as text. With `full`, every user and every value, nothing grouped.
pub fn write(
    out: &mut dyn fmt::Write,
    view: &DriftView<'_>,
    style: &Style,
    full: bool,
) -> fmt::Result {
    if !view.users.is_empty() {
        writeln!(
            out,
            "  ~ changed   - gone or missing   + there again   * the person's choice\n"
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
            "Users who are alike are shown together; --full shows every one.\n"
        )?;
    }
    let unread = unread(view);
    if !unread.is_empty() {
        writeln!(out, "{}\n", paint(style.warning, &unread.join("\n")))?;
    }
    writeln!(out, "{}", paint(style.strong, &counts(view)))?;
    for note in notes(view) {
        writeln!(out, "{note}")?;
    }
    Ok(())
}
