//! Writes a plan as a Markdown comment for a pull request.
//!
//! The totals and who is changed come first, then the dangerous changes, expanded, then the rest, collapsed unless there
//! is little of it. Text from manifests is inside a fenced block or a code span, where nothing is markup.

use std::fmt::Write as _;

use crate::model::{Action, Rate};
use crate::render::common::comment;
use crate::render::common::comment::{CommentName, MOST_MISSES};
use crate::render::common::details::{Details, folded_command};
use crate::render::common::escape::{code, markdown};
use crate::render::plan::commands::Commands;
use crate::render::plan::group::{Block, Grouping, blocks};
use crate::render::plan::kept_consent;
use crate::render::plan::markdown_block;
use crate::render::plan::settings;
use crate::render::plan::summary;
use crate::render::plan::summary::LimitRow;
use crate::render::plan::uncertain;
use crate::render::plan::view::PlanView;

/// Up to so many users and groups of users, no part is collapsed.
const OPEN_UP_TO: usize = 8;

/// How a comment is written.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownOptions<'a> {
    /// What tells this comment from others of the same pull request.
    pub name: CommentName<'a>,
    /// The most bytes that the comment may have.
    pub max_bytes: usize,
    /// The place of the whole plan, for a shortened comment: a URL or words.
    pub whole: &'a str,
    /// The address below which the files of the project can be read, with `/` at its end; empty without links.
    pub files: &'a str,
    /// The rate limit, for the estimated time.
    pub rate: Rate,
    /// The commands that the plan suggests.
    pub commands: Commands<'a>,
}

impl Default for MarkdownOptions<'_> {
    /// No environment, and a length below the 65,536 characters that GitHub allows.
    fn default() -> Self {
        Self {
            name: CommentName::default(),
            max_bytes: 60_000,
            whole: "the log of this job",
            files: "",
            rate: Rate::default(),
            commands: Commands::default(),
        }
    }
}

/// The comment, never longer than `max_bytes`.
pub fn comment(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let head = head(view, options);
    let foot = format!("\nPlan digest: `{}`\n", view.digest);
    let numbers = numbers(view, options);
    let mut sections = sections(view);
    let fixed = head.len() + foot.len() + numbers.len() + notice(0, 0, options).len() + 64;
    let mut budget = options.max_bytes.saturating_sub(fixed);
    let mut about = markdown_block::names_by_action(view) + &markdown_block::legend(view);
    // In a short comment the changes matter more than the overview.
    if about.len() > budget / 4 {
        about.clear();
    }
    budget -= about.len();
    let mut kept = Details::new("Consent that people changed and that is kept", false);
    if !view.kept_consent.is_empty() {
        Details::reserve(&mut budget);
        // If the list does not fit, its first line alone may.
        [20, 0].into_iter().any(|most| {
            let text = format!("{}\n", kept_consent::lines(view, most).join("\n"));
            kept.push(&text, kept_consent::users(view), &mut budget)
        });
    }
    let mut hidden = 0;
    for section in &mut sections {
        hidden += section.fill(view, &mut budget, options.files);
    }
    let mut out = head;
    if hidden > 0 {
        out.push_str(&notice(hidden, view.changes.len(), options));
    }
    out.push_str(&numbers);
    out.push_str(&about);
    for section in &sections {
        out.push_str(&section.details.text());
    }
    out.push_str(&kept.text());
    out.push_str(&foot);
    if out.len() > options.max_bytes {
        let marker = options.name.marker("plan");
        let settings =
            settings::lines(view.settings.as_ref(), &code).map(|(title, _)| format!("{title} "));
        let totals = format!(
            "{} {}{}",
            summary::destination(view, &code),
            settings.unwrap_or_default(),
            summary::counts(view)
        );
        return comment::totals_only(&marker, &totals, options.max_bytes);
    }
    out
}

fn head(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let mut title = options.name.heading("plan");
    if let (Some(id), None) = (&view.destination.channel_id, options.name.title) {
        let _ = write!(title, ": channel {}", code(id.as_str()));
    }
    let destination = summary::destination(view, &code);
    let selected = summary::selected(view, &code);
    let selected = selected.map_or(String::new(), |part| format!("**{part}**\n\n"));
    let settings = settings(view);
    format!(
        "{}\n{title}\n\n{destination}\n\n{selected}{settings}",
        options.name.marker("plan")
    )
}

/// The settings that differ from those of the base, as a warning; empty if none does.
fn settings(view: &PlanView<'_>) -> String {
    let Some((title, lines)) = settings::lines(view.settings.as_ref(), &code) else {
        return String::new();
    };
    format!(
        "> [!WARNING]\n> **{title}**\n>\n> - {}\n\n",
        lines.join("\n> - ")
    )
}

fn notice(hidden: usize, all: usize, options: &MarkdownOptions<'_>) -> String {
    format!(
        "> [!WARNING]\n> **This comment is shortened: {hidden} of {all} changed users are not \
         shown.** The whole plan: {}.\n\n",
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

/// The totals, warnings and limits, which come before any change.
fn numbers(view: &PlanView<'_>, options: &MarkdownOptions<'_>) -> String {
    let mut lines = Vec::new();
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
        let undecided = view.undecided.iter();
        lines.extend(undecided.map(|undecided| undecided.sentence(&code)));
    }
    let uncertain = uncertain::lines(view, &code(options.commands.refresh), &code);
    if !uncertain.is_empty() {
        lines.push(String::new());
        lines.extend(uncertain);
    }
    lines.push(String::new());
    if view.tripped {
        lines.extend(limits(view, options.commands.apply));
    }
    lines.join("\n")
}

fn limits(view: &PlanView<'_>, apply: &str) -> Vec<String> {
    let mut lines = vec![
        "> [!CAUTION]".to_owned(),
        "> **This plan exceeds the project's limits: apply refuses it.**".to_owned(),
        String::new(),
        "| limit | allowed | planned | |".to_owned(),
        "|---|---|---:|---|".to_owned(),
    ];
    let rows = view.limits.iter().map(LimitRow::new);
    lines.extend(rows.filter_map(|row| {
        let LimitRow {
            name,
            allowed,
            planned,
            tripped,
        } = row;
        tripped.map(|how| format!("| {name} | {allowed} | {planned} | **{how}** |"))
    }));
    lines.push(String::new());
    // Whoever approves in CI needs the digest below, not this command.
    match &summary::way_out(view, apply)[..] {
        [sentence, command] if command.starts_with("  ") => {
            let title = sentence.trim_end_matches(':');
            lines.push(folded_command(title, command.trim_start()));
        }
        sentences => lines.extend(sentences.iter().cloned()),
    }
    lines.push(String::new());
    lines
}

/// A collapsible part of the comment.
struct Section {
    details: Details,
    blocks: Vec<Block>,
}

fn sections(view: &PlanView<'_>) -> Vec<Section> {
    let all = blocks(view, Grouping::Comment);
    let short = all.len() <= OPEN_UP_TO;
    let section = |title, open| Section {
        details: Details::of_markdown(title, open || short),
        blocks: Vec::new(),
    };
    let mut opt_ins = section("May message someone who opted out", true);
    let mut deletions = section("Deleted on Channel, for good", true);
    let mut removals = section("Removed from Channel", true);
    let mut moves = section("Moved to another id", false);
    let mut forgotten = section("Forgotten here, left as they are on Channel", false);
    let mut others = section("All other changes", false);
    for block in all {
        let section = match block.first(view) {
            Some(user) if user.opt_in => &mut opt_ins,
            Some(user) if user.deletes => &mut deletions,
            Some(user) if user.removes() => &mut removals,
            Some(user) if user.action == Action::Move => &mut moves,
            Some(user) if user.action == Action::Forget => &mut forgotten,
            _ => &mut others,
        };
        section.blocks.push(block);
    }
    let mut sections = vec![opt_ins, deletions, removals, moves, forgotten];
    if sections.iter().all(|section| section.blocks.is_empty()) {
        others.details = Details::of_markdown("Changes", short);
    }
    sections.push(others);
    sections
}

impl Section {
    /// Adds as many blocks as the budget allows and returns how many users are left out.
    fn fill(&mut self, view: &PlanView<'_>, budget: &mut usize, files: &str) -> usize {
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
            if misses > MOST_MISSES {
                hidden += count;
                continue;
            }
            let text = markdown_block::of(view, block, files);
            if !self.details.push(&text, count, budget) {
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
