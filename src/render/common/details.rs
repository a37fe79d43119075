//! Writes a collapsible part of a Markdown comment within a budget of bytes: text inside a code fence, or Markdown.

use crate::render::common::escape::terminal;
use crate::render::common::line::{Line, Mark};
use crate::words;

/// Bytes around the text: the summary, two fences of three backticks, the closing tag.
const AROUND: usize = 160;

/// The fewest backticks of a fence.
const SHORTEST_FENCE: usize = 3;

/// A `<details>` element.
pub(crate) struct Details {
    title: &'static str,
    open: bool,
    shown: String,
    users: usize,
    /// The longest run of backticks that the fence has to exceed; `None` without a fence.
    backticks: Option<usize>,
}

impl Details {
    pub(crate) fn new(title: &'static str, open: bool) -> Self {
        Self {
            title,
            open,
            shown: String::new(),
            users: 0,
            backticks: Some(SHORTEST_FENCE - 1),
        }
    }

    /// A part whose text is Markdown.
    pub(crate) fn of_markdown(title: &'static str, open: bool) -> Self {
        Self {
            backticks: None,
            ..Self::new(title, open)
        }
    }

    /// Subtracts the bytes around the text from the budget.
    pub(crate) fn reserve(budget: &mut usize) {
        *budget = budget.saturating_sub(AROUND);
    }

    /// Adds a text about `users` users. Returns `false` and adds nothing if the budget is too small.
    pub(crate) fn push(&mut self, text: &str, users: usize, budget: &mut usize) -> bool {
        let before = self.backticks;
        let after = before.map(|before| longest_run(text).max(before));
        // Both fences are longer than the longest run of backticks between them.
        let longer = after.unwrap_or_default() - before.unwrap_or_default();
        let cost = text.len() + 2 * longer;
        if cost > *budget {
            return false;
        }
        *budget -= cost;
        self.backticks = after;
        self.shown.push_str(text);
        self.users += users;
        true
    }

    /// The Markdown; empty if nothing was added.
    pub(crate) fn text(&self) -> String {
        if self.shown.is_empty() {
            return String::new();
        }
        let open = if self.open { " open" } else { "" };
        let (title, users) = (self.title, words::users(self.users));
        let shown = self.shown.trim_end();
        let shown = match self.backticks {
            Some(backticks) => fenced(shown, "diff", backticks),
            None => format!("{shown}\n"),
        };
        format!(
            "\n<details{open}><summary><b>{title}</b> ({users})</summary>\n\n{shown}\n</details>\n"
        )
    }
}

/// The text in a fence of more than so many backticks.
fn fenced(text: &str, language: &str, backticks: usize) -> String {
    let fence = "`".repeat(backticks + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// A command in a fence, below a title that unfolds it.
pub(crate) fn folded_command(title: &str, command: &str) -> String {
    let command = terminal(command);
    let backticks = longest_run(&command).max(SHORTEST_FENCE - 1);
    let fenced = fenced(&command, "sh", backticks);
    format!("<details><summary>{title}</summary>\n\n{fenced}\n</details>")
}

/// The lines of one user or group in a fence of their own, and an empty line; empty without lines.
pub(crate) fn fenced_diff(lines: Vec<Line>) -> String {
    if lines.is_empty() {
        return String::new();
    }
    // The heading above says who it is, so the fields are not indented below a name.
    let lines = lines.into_iter().map(|line| Line {
        depth: line.depth.saturating_sub(1),
        ..line
    });
    let text = draw(lines.collect());
    let backticks = longest_run(&text).max(SHORTEST_FENCE - 1);
    format!("{}\n", fenced(text.trim_end(), "diff", backticks))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != '`');
    runs.map(str::len).max().unwrap_or(0)
}

/// The lines with their marks in the first column, where the highlighting of a diff expects them.
pub(crate) fn draw(lines: Vec<Line>) -> String {
    let lines: Vec<String> = lines
        .into_iter()
        .map(|line| {
            let Line {
                mark,
                depth,
                text,
                place,
            } = line;
            let symbol = match mark {
                Mark::Title => '#',
                // A diff has no mark for a change, but `!` is highlighted.
                Mark::Symbol('~') => '!',
                // `-` is highlighted; the `x` before the text distinguishes a deleted user from a removed field.
                Mark::Symbol('x') => '-',
                Mark::Symbol(symbol) => symbol,
                Mark::Blank => ' ',
            };
            let text = if mark == Mark::Symbol('x') {
                format!("x {text}")
            } else {
                text
            };
            let indent = depth * 4;
            let place = place.map_or(String::new(), |place| format!("   {place}"));
            format!("{symbol} {:indent$}{text}{place}\n", "")
        })
        .collect();
    format!("{}\n", lines.concat())
}
