//! Writes a plan as text for a terminal.

use std::fmt;

use crate::model::Rate;
use crate::render::common::escape::terminal;
use crate::render::common::line::{painted_symbol, write_line};
use crate::render::common::style::{Style, paint};
use crate::render::plan::change::FieldKind;
use crate::render::plan::commands::Commands;
use crate::render::plan::group::{Block, Grouping, blocks};
use crate::render::plan::kept_consent;
use crate::render::plan::lines;
use crate::render::plan::settings;
use crate::render::plan::summary;
use crate::render::plan::uncertain;
use crate::render::plan::view::{Counts, PlanView};

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions<'a> {
    /// The colours.
    pub style: Style,
    /// Whether every user and value is shown in full and nothing is grouped.
    pub full: bool,
    /// The rate limit, for the estimated time.
    pub rate: Rate,
    /// The commands that the plan suggests.
    pub commands: Commands<'a>,
}

impl Default for TextOptions<'_> {
    /// Without colours; many alike changes are grouped.
    fn default() -> Self {
        Self {
            style: Style::default(),
            full: false,
            rate: Rate::default(),
            commands: Commands::default(),
        }
    }
}

/// Writes a plan as text.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(
    out: &mut dyn fmt::Write,
    view: &PlanView<'_>,
    options: &TextOptions<'_>,
) -> fmt::Result {
    let style = &options.style;
    let destination = summary::destination(view, &|text| terminal(text).into_owned());
    writeln!(out, "{}", paint(style.strong, &destination))?;
    if let Some(part) = summary::selected(view, &|text| terminal(text).into_owned()) {
        writeln!(out, "{}", paint(style.warning, &part))?;
    }
    writeln!(out)?;
    write_settings(out, view, style)?;
    if view.is_empty() {
        write_kept_consent(out, view, options)?;
        writeln!(out, "{}", summary::nothing(view))?;
        write_uncertain(out, view, options)?;
        return write_limits(out, view, options);
    }
    let grouping = if options.full {
        Grouping::Nothing
    } else {
        Grouping::Terminal
    };
    let blocks = blocks(view, grouping);
    let legend = legend(view, style);
    if !legend.is_empty() {
        writeln!(out, "  {legend}\n")?;
    }
    let api = summary::api(view);
    for line in &api {
        writeln!(out, "  # {}", paint(style.strong, line))?;
    }
    if !api.is_empty() {
        writeln!(out)?;
    }
    for block in &blocks {
        for line in lines::of(view, block, style, options.full) {
            write_line(out, &line, style)?;
        }
        writeln!(out)?;
    }
    let likely = summary::likely_moves(view, &|text| terminal(text).into_owned());
    for line in &likely {
        writeln!(out, "  # {}", paint(style.warning, line))?;
    }
    if !likely.is_empty() {
        writeln!(out)?;
    }
    let is_shortened = |block: &Block| !matches!(block, Block::One(_));
    if blocks.iter().any(is_shortened) {
        writeln!(
            out,
            "Changes that are alike are shown together; --full shows every user.\n"
        )?;
    }
    write_kept_consent(out, view, options)?;
    writeln!(out, "{}", paint(style.strong, &summary::counts(view)))?;
    if let Some(sentence) = summary::moves(view) {
        writeln!(out, "{sentence}")?;
    }
    let warnings = [summary::deletions(view), summary::opt_in(&view.counts)];
    for sentence in warnings.into_iter().flatten() {
        writeln!(out, "{}", paint(style.warning, &sentence))?;
    }
    writeln!(out, "{}", summary::requests(view.requests, options.rate))?;
    if let Some(undecided) = &view.undecided {
        writeln!(
            out,
            "{}",
            undecided.sentence(&|text| terminal(text).into_owned())
        )?;
    }
    write_uncertain(out, view, options)?;
    writeln!(out, "Plan digest: {}", view.digest)?;
    write_limits(out, view, options)
}

fn write_settings(out: &mut dyn fmt::Write, view: &PlanView<'_>, style: &Style) -> fmt::Result {
    let Some((title, lines)) =
        settings::lines(view.settings.as_ref(), &|text| terminal(text).into_owned())
    else {
        return Ok(());
    };
    writeln!(out, "{}", paint(style.warning, &title))?;
    for line in &lines {
        writeln!(out, "  {}", paint(style.warning, line))?;
    }
    writeln!(out)
}

fn write_uncertain(
    out: &mut dyn fmt::Write,
    view: &PlanView<'_>,
    options: &TextOptions<'_>,
) -> fmt::Result {
    let style = &options.style;
    let refresh = format!("`{}`", terminal(options.commands.refresh));
    for line in uncertain::lines(view, &refresh, &|text| terminal(text).into_owned()) {
        writeln!(out, "{}", paint(style.warning, &line))?;
    }
    Ok(())
}

fn write_kept_consent(
    out: &mut dyn fmt::Write,
    view: &PlanView<'_>,
    options: &TextOptions<'_>,
) -> fmt::Result {
    let most = if options.full { usize::MAX } else { 20 };
    let lines = kept_consent::lines(view, most);
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n", lines.join("\n"))
}

/// The meaning of the symbols that occur.
fn legend(view: &PlanView<'_>, style: &Style) -> String {
    let Counts {
        create,
        update,
        moves,
        forget,
        delete,
        ..
    } = view.counts;
    let field = |wanted: &dyn Fn(FieldKind) -> bool| view.kinds.iter().any(|kind| wanted(*kind));
    let creates = create > 0;
    let adds = field(&|kind| matches!(kind, FieldKind::New | FieldKind::Once));
    let updates = update > 0;
    let clears = field(&FieldKind::clears);
    let deletes = delete > 0;
    let forgets =
        forget > 0 || field(&|kind| matches!(kind, FieldKind::Release | FieldKind::Leave));
    let words = [
        ('+', "create", creates || adds),
        ('~', "update", updates),
        ('>', "move", moves > 0),
        ('-', "clear", clears),
        ('x', "delete", deletes),
        ('.', "forget", forgets),
    ];
    let words: Vec<String> = words
        .iter()
        .filter(|(_, _, occurs)| *occurs)
        .map(|(symbol, word, _)| format!("{} {word}", painted_symbol(style, *symbol)))
        .collect();
    words.join("   ")
}

fn write_limits(
    out: &mut dyn fmt::Write,
    view: &PlanView<'_>,
    options: &TextOptions<'_>,
) -> fmt::Result {
    let style = &options.style;
    if !view.tripped {
        return Ok(());
    }
    let title = "This plan exceeds the project's limits: apply refuses it.";
    writeln!(out, "\n{}\n", paint(style.warning, title))?;
    for (line, tripped) in summary::limits(view) {
        let line = if tripped {
            paint(style.warning, &line)
        } else {
            line
        };
        writeln!(out, "  {line}")?;
    }
    writeln!(out)?;
    for line in summary::way_out(view, options.commands.apply) {
        writeln!(out, "{}", terminal(&line))?;
    }
    Ok(())
}
