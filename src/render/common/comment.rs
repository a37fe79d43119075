//! Writes the parts of a Markdown comment that plans and drift share: the marker, the title and the totals.

use crate::render::common::escape::code;

/// After this many blocks that do not fit into a comment, no further block is tried.
pub(crate) const MOST_MISSES: usize = 50;

/// The hidden first line that identifies a comment, so that it can be found and edited.
pub(crate) fn marker(what: &str, environment: Option<&str>) -> String {
    let Some(environment) = environment else {
        return format!("<!-- talkform {what} -->");
    };
    // Two hyphens or an angle bracket would end the HTML comment.
    let is_safe =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let safe: String = environment
        .chars()
        .map(|letter| if is_safe(letter) { letter } else { '_' })
        .collect();
    format!("<!-- talkform {what} {} -->", safe.replace("--", "-_"))
}

/// `### talkform plan for staging`
pub(crate) fn title(what: &str, environment: Option<&str>) -> String {
    match environment {
        Some(environment) => format!("### talkform {what} for {}", code(environment)),
        None => format!("### talkform {what}"),
    }
}

/// The shortest comment, for when nothing else fits: the marker and the totals, cut to `max_bytes`.
pub(crate) fn totals_only(marker: &str, totals: &str, max_bytes: usize) -> String {
    let mut out =
        format!("{marker}\n**This comment is shortened: it holds only the totals.** {totals}\n");
    let mut end = max_bytes.min(out.len());
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}
