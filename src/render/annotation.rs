//! Writes for a CI runner: workflow commands that annotate files, and fenced texts for a summary.

use std::fmt::Write as _;

use crate::model::Diagnostic;
use crate::render::common::escape::terminal;

/// A diagnostic as a workflow command of GitHub Actions. `folder` is the path from the repository to the
/// project; it is empty or ends with `/`.
///
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
pub fn github(found: &Diagnostic, folder: &str) -> String {
    let kind = if found.is_error() { "error" } else { "warning" };
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut place = format!(
        "file={}",
        property(&format!("{folder}{}", found.origin.file))
    );
    if found.origin.line > 0 {
        // Writing to a String does not fail.
        let _ = write!(
            place,
            ",line={},col={}",
            found.origin.line, found.origin.column
        );
    }
    let hint = found
        .hint
        .as_ref()
        .map_or_else(String::new, |hint| format!("\nhelp: {hint}"));
    format!(
        "::{kind} {place},title={}::{}",
        property(found.code),
        data(&format!("{}{hint}", found.message))
    )
}

/// Escapes text for a workflow command: first for a terminal, then by the rules of GitHub.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(terminal).collect();
    lines
        .join("\n")
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A text in a code fence that it cannot close, cut to `most` bytes.
pub fn fenced(text: &str, most: usize) -> String {
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let room = most.saturating_sub(2 * fence.len() + 64);
    let cut = (0..=room.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let more = if cut < text.len() {
        "\n(shortened; the log of this job has the whole text)"
    } else {
        ""
    };
    format!("{fence}text\n{}{more}\n{fence}\n", text[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    #[test]
    fn a_command_stays_one_command() {
        let found = Diagnostic::error(
            "wrong-type",
            Origin {
                file: "users/a,b:c.yaml".into(),
                line: 3,
                column: 5,
            },
            "100%\n::add-mask::x\r\u{1b}[31m".to_owned(),
        );
        let text = github(&found, "crm/");
        assert!(text.starts_with(
            "::error file=crm/users/a%2Cb%3Ac.yaml,line=3,col=5,title=wrong-type::100%25%0A"
        ));
        assert!(!text.contains(['\n', '\r', '\u{1b}']), "{text}");
    }

    #[test]
    fn a_fence_is_never_closed_from_within() {
        let text = fenced("a\n```\n````` b", 1000);
        assert!(
            text.starts_with("``````text\n") && text.ends_with("\n``````\n"),
            "{text}"
        );
        let long = fenced(&"한".repeat(1000), 300);
        assert!(long.len() <= 300, "{}", long.len());
        assert!(long.contains("shortened"));
    }
}
