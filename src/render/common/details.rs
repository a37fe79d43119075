//! A part of a Markdown comment that can be folded: people's text inside a fence, within a budget.

use crate::render::plan::lines;
use crate::render::plan::lines::{Line, Mark};

/// Around the text: the summary, two fences of three, the end.
const AROUND: usize = 160;

/// A folded part.
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
            // So that the fence has three.
            backticks: 2,
        }
    }

    /// Takes what stands around the text from the budget.
    pub(crate) fn reserve(budget: &mut usize) {
        *budget = budget.saturating_sub(AROUND);
    }

    /// Adds a text about so many users; `false`, and nothing added, where the budget does not allow it.
    pub(crate) fn push(&mut self, text: &str, users: usize, budget: &mut usize) -> bool {
        let backticks = longest_run(text).max(self.backticks);
        // A fence is longer than the longest run of backticks inside, and stands there twice.
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

    /// The part as it stands in the comment; nothing where nothing was added.
    pub(crate) fn text(&self) -> String {
        if self.shown.is_empty() {
            return String::new();
        }
        let open = if self.open { " open" } else { "" };
        let fence = "`".repeat(self.backticks + 1);
        let (title, users) = (self.title, self.users);
        let noun = lines::noun(users);
        let shown = self.shown.trim_end();
        format!(
            "\n<details{open}><summary><b>{title}</b> ({users} {noun})</summary>\n\n\
             {fence}diff\n{shown}\n{fence}\n\n</details>\n"
        )
    }
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != '`');
    runs.map(str::len).max().unwrap_or(0)
}

/// Lines with their marks in the first column, where a diff is coloured by them.
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
                // A diff has no mark for a change; this is the one that is coloured.
                Mark::Symbol('~') => '!',
                // The one that is coloured, and the word for what is more than a field.
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
