//! Writes the parts of a Markdown comment that plans and drift share: the marker, the title and the totals.

use crate::render::common::escape::{code, markdown};

/// After this many blocks that do not fit into a comment, no further block is tried.
pub(crate) const MOST_MISSES: usize = 50;

/// The most characters of the part of a marker that tells comments apart.
const LONGEST_NAME: usize = 64;

/// What tells the comments of one pull request apart. Each has a comment of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommentName<'a> {
    /// The project's path in the repository; empty at its top.
    pub project: &'a str,
    /// The chosen environment.
    pub environment: Option<&'a str>,
    /// The title that the caller wants; `None` for one that names project and environment.
    pub title: Option<&'a str>,
}

impl CommentName<'_> {
    /// The hidden first line that identifies the comment of a `plan` or a `drift`, so that it can be found and edited.
    pub fn marker(&self, what: &str) -> String {
        let parts = [
            self.project,
            self.environment.unwrap_or(""),
            self.title.unwrap_or(""),
        ];
        let parts = parts.iter().filter(|part| !part.is_empty());
        let name = parts.map(|part| safe(part)).collect::<Vec<_>>().join(".");
        if name.is_empty() {
            return format!("<!-- talkform {what} -->");
        }
        // The end of a long path tells more than its beginning.
        let start = name.len().saturating_sub(LONGEST_NAME);
        format!("<!-- talkform {what} {} -->", &name[start..])
    }

    /// `### talkform plan for staging`
    pub(crate) fn heading(&self, what: &str) -> String {
        if let Some(title) = self.title {
            return format!("### {}", markdown(title));
        }
        let project = Some(self.project).filter(|path| !path.is_empty());
        match (project, self.environment) {
            (None, None) => format!("### talkform {what}"),
            (Some(one), None) | (None, Some(one)) => {
                format!("### talkform {what} for {}", code(one))
            }
            (Some(project), Some(environment)) => {
                format!(
                    "### talkform {what} for {}, {}",
                    code(project),
                    code(environment)
                )
            }
        }
    }
}

/// Only ASCII letters, digits, `_`, `.` and single hyphens: two hyphens or an angle bracket would end the HTML comment.
fn safe(text: &str) -> String {
    let is_safe =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let safe: String = text
        .chars()
        .map(|letter| if is_safe(letter) { letter } else { '_' })
        .collect();
    safe.replace("--", "-_")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_environments_and_titles_have_comments_of_their_own() {
        let long = "a/".repeat(100);
        for (project, environment, title, marker, heading) in [
            (
                "",
                None,
                None,
                "<!-- talkform plan -->",
                "### talkform plan",
            ),
            (
                "",
                Some("prod"),
                None,
                "<!-- talkform plan prod -->",
                "### talkform plan for `prod`",
            ),
            (
                "apps/crm",
                None,
                None,
                "<!-- talkform plan apps_crm -->",
                "### talkform plan for `apps/crm`",
            ),
            (
                "apps/crm",
                Some("prod"),
                None,
                "<!-- talkform plan apps_crm.prod -->",
                "### talkform plan for `apps/crm`, `prod`",
            ),
            (
                "apps",
                None,
                Some("VIP --> <b>"),
                "<!-- talkform plan apps.VIP_-____b_ -->",
                "### VIP \\-\\-&gt; &lt;b&gt;",
            ),
        ] {
            let name = CommentName {
                project,
                environment,
                title,
            };
            assert_eq!(name.marker("plan"), marker);
            assert_eq!(name.heading("plan"), heading);
        }
        let name = CommentName {
            project: &long,
            ..CommentName::default()
        };
        assert_eq!(
            name.marker("plan").len(),
            "<!-- talkform plan  -->".len() + LONGEST_NAME
        );
    }
}
