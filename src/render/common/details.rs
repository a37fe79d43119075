//! Writes a collapsible part of a Markdown comment: text inside a code fence, within a budget of bytes.

use crate::render::common::line::{Line, Mark};
use crate::words;

/// Bytes around the text: the summary, two fences of three backticks, the closing tag.
const AROUND: usize = 160;

/// A `<details>` element.
pub(crate) struct Details {
    title: &'static str,
    open: bool,
    shown: String,
    users: usize,
    backticks: usize,
}

impl Details {
    pub(crate) fn new(title: &'static str, open: bool) -> Self {
        Self {
            title,
            open,
            shown: String::new(),
            users: 0,
            // The fence is one longer: three.
            backticks: 2,
        }
    }

    /// Subtracts the bytes around the text from the budget.
    pub(crate) fn reserve(budget: &mut usize) {
        *budget = budget.saturating_sub(AROUND);
    }

    /// Adds a text about `users` users. Returns `false` and adds nothing if the budget is too small.
    pub(crate) fn push(&mut self, text: &str, users: usize, budget: &mut usize) -> bool {
        let backticks = longest_run(text).max(self.backticks);
        // Both fences are longer than the longest run of backticks between them.
        let cost = text.len() + 2 * (backticks - self.backticks);
        if cost > *budget {
            return false;
        }
        *budget -= cost;
        self.backticks = backticks;
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
        let fence = "`".repeat(self.backticks + 1);
        let (title, users) = (self.title, words::users(self.users));
        let shown = self.shown.trim_end();
        format!(
            "\n<details{open}><summary><b>{title}</b> ({users})</summary>\n\n\
             {fence}diff\n{shown}\n{fence}\n\n</details>\n"
        )
    }
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
