//! A plan as a comment on a pull request.
//!
//! What a reviewer must not miss comes first and open, the rest folded. Everything that people wrote
//! stands inside a fenced block or a code span, where nothing is markup.

use crate::model::Rate;
use crate::render::common::details::{Details, draw};
use crate::render::common::escape::{code, markdown};
use crate::render::common::style::Style;
use crate::render::plan::group::{Block, blocks};
use crate::render::plan::kept_consent;
use crate::render::plan::lines;
use crate::render::plan::summary;
use crate::render::plan::summary::LimitRow;
use crate::render::plan::view::{Action, PlanView};

/// How a comment is written.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownOptions<'a> {
    /// The environment, where one was chosen: each has a comment of its own.
    pub environment: Option<&'a str>,
    /// The most bytes of the comment.
    pub max_bytes: usize,
    /// Where the whole plan can be read if the comment has to be shortened: an address or words.
    pub whole: &'a str,
    /// How fast requests may be sent, for the estimate.
    pub rate: Rate,
}

impl Default for MarkdownOptions<'_> {
    /// GitHub takes 65,536 characters.
    fn default() -> Self {
        Self {
            environment: None,
            max_bytes: 60_000,
            whole: "the log of this job",
            rate: Rate::default(),
        }
    }
}

/// The hidden first line by which a comment is found again and edited.
pub fn marker(environment: Option<&str>) -> String {
    marker_of("plan", environment)
}

pub(crate) fn marker_of(what: &str, environment: Option<&str>) -> String {
    let Some(environment) = environment else {
        return format!("<!-- talkform {what} -->");
    };
    // Two hyphens would end the comment, and so would an angle bracket.
    let is_safe =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let safe: String = environment
        .chars()
        .map(|letter| if is_safe(letter) { letter } else { '_' })
        .collect();
    format!("<!-- talkform {what} {} -->", safe.replace("--", "-_"))
}

/// The comment, never longer than allowed.
pub fn comment(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let head = head(options);
    let foot = format!("\nPlan digest: `{}`\n", view.digest);
    let numbers = numbers(view, options);
    let mut sections = sections(view);
    let fixed = head.len() + foot.len() + numbers.len() + notice(0, 0, options).len() + 64;
    let mut budget = options.max_bytes.saturating_sub(fixed);
    let mut left = Details::new("Consent that is left as people chose it", false);
    if !view.left.is_empty() {
        Details::reserve(&mut budget);
        // Of a part that does not fit, its first line is said.
        [20, 0].into_iter().any(|most| {
            let text = format!("{}\n", kept_consent::lines(view, most).join("\n"));
            left.push(&text, kept_consent::users(view), &mut budget)
        });
    }
    let mut hidden = 0;
    for section in &mut sections {
        hidden += section.fill(&mut budget);
    }
    let mut out = head;
    if hidden > 0 {
        out.push_str(&notice(hidden, view.users.len(), options));
    }
    out.push_str(&numbers);
    for section in &sections {
        out.push_str(&section.fold.text());
    }
    out.push_str(&left.text());
    out.push_str(&foot);
    if out.len() > options.max_bytes {
        return last_resort(view, options);
    }
    out
}

fn head(options: &MarkdownOptions<'_>) -> String {
    let title = match options.environment {
        Some(environment) => format!("### talkform plan for {}", code(environment)),
        None => "### talkform plan".to_owned(),
    };
    format!("{}\n{title}\n\n", marker(options.environment))
}

fn notice(hidden: usize, all: usize, options: &MarkdownOptions<'_>) -> String {
    format!(
        "> [!WARNING]\n> **This comment is shortened: {hidden} of {all} changed users are not in \
         it.** The whole plan: {}.\n\n",
        whole(options.whole)
    )
}

fn whole(place: &str) -> String {
    let is_address = place.starts_with("https://")
        && place.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(letter)
        });
    if is_address {
        format!("<{place}>")
    } else {
        markdown(place)
    }
}

fn last_resort(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let mut out = format!(
        "{}\n**This comment is shortened: nothing but the numbers is in it.** {}\n",
        marker(options.environment),
        summary::counts(view)
    );
    let mut end = options.max_bytes.min(out.len());
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

/// What is said before any user is named.
fn numbers(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let mut lines = Vec::new();
    if view.is_tripped() {
        lines.extend(limits(view));
    }
    if view.is_empty() {
        lines.push(summary::nothing(view));
    } else {
        lines.push(format!("**{}**", summary::counts(view)));
        lines.extend(
            summary::api(view)
                .into_iter()
                .map(|line| format!("{line}.")),
        );
        lines.extend(summary::moves(view));
        let warnings = [summary::deletions(view), summary::opt_in(&view.counts)];
        lines.extend(
            warnings
                .into_iter()
                .flatten()
                .map(|sentence| format!("**{sentence}**")),
        );
        lines.push(summary::requests(view.requests, options.rate));
        let likely = summary::likely_moves(view, &code).into_iter();
        lines.extend(likely.map(|line| format!("- {line}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn limits(view: &PlanView<'_>) -> Vec<String> {
    let mut lines = vec![
        "> [!CAUTION]".to_owned(),
        "> **This plan exceeds the project's limits: apply refuses it.**".to_owned(),
        String::new(),
        "| limit | allowed | planned | |".to_owned(),
        "|---|---|---:|---|".to_owned(),
    ];
    lines.extend(view.limits.iter().map(LimitRow::new).map(|row| {
        let LimitRow {
            name,
            allowed,
            planned,
            tripped,
        } = row;
        let how = tripped.map_or(String::new(), |how| format!("**{how}**"));
        format!("| {name} | {allowed} | {planned} | {how} |")
    }));
    lines.push(String::new());
    lines.extend(
        summary::way_out(view)
            .into_iter()
            .map(|line| match line.strip_prefix("  ") {
                Some(command) => format!("`{command}`"),
                None => line,
            }),
    );
    lines.push(String::new());
    lines
}

/// A part of the comment that can be folded.
struct Section<'v, 'a> {
    fold: Details,
    blocks: Vec<Block<'v, 'a>>,
}

fn sections<'v, 'a>(view: &'v PlanView<'a>) -> Vec<Section<'v, 'a>> {
    let section = |title, open| Section {
        fold: Details::new(title, open),
        blocks: Vec::new(),
    };
    let mut opt_ins = section("May message someone who opted out", true);
    let mut deletions = section("Deleted on Channel, for good", true);
    let mut removals = section("Removed from Channel", true);
    let mut moves = section("Moved to another id", false);
    let mut forgotten = section("Forgotten here, left as they are on Channel", false);
    let mut others = section("All other changes", false);
    for block in blocks(view, false) {
        let first = match &block {
            Block::One(user) => Some(*user),
            Block::Alike(users) => users.first().copied(),
            Block::Creates(_) => None,
        };
        let section = match first {
            Some(user) if user.opts_in() => &mut opt_ins,
            Some(user) if user.deletes => &mut deletions,
            Some(user) if user.removes() => &mut removals,
            Some(user) if user.action == Action::Move => &mut moves,
            Some(user) if user.action == Action::Forget => &mut forgotten,
            _ => &mut others,
        };
        section.blocks.push(block);
    }
    vec![opt_ins, deletions, removals, moves, forgotten, others]
}

impl Section<'_, '_> {
    /// Draws as many blocks as the budget allows and returns how many users are left out.
    fn fill(&mut self, budget: &mut usize) -> usize {
        // After so many blocks that do not fit, hardly one will: nothing more is drawn.
        const TRIES: usize = 50;
        if self.blocks.is_empty() {
            return 0;
        }
        Details::reserve(budget);
        let mut hidden = 0;
        let mut misses = 0;
        for block in &self.blocks {
            let (count, is_only_counted) = match block {
                Block::One(_) => (1, false),
                Block::Alike(users) => (users.len(), false),
                Block::Creates(count) => (*count, true),
            };
            if misses > TRIES {
                hidden += count;
                continue;
            }
            let text = draw(lines::of(block, &Style::plain(), false));
            if !self.fold.push(&text, count, budget) {
                misses += 1;
                hidden += count;
                continue;
            }
            if is_only_counted {
                hidden += count;
            }
        }
        hidden
    }
}
