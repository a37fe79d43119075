//! A plan for a terminal.

use std::fmt;

use crate::model::Rate;
use crate::render::common::escape::{terminal, width};
use crate::render::common::style::{Style, paint};
use crate::render::plan::group::{Block, blocks};
use crate::render::plan::kept_consent;
use crate::render::plan::lines;
use crate::render::plan::lines::{Line, Mark};
use crate::render::plan::summary;
use crate::render::plan::view::{Action, FieldKind, PlanView};

/// Where places begin, unless a title is longer.
const PLACE_COLUMN: usize = 54;

/// How a plan is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextOptions {
    /// The colours.
    pub style: Style,
    /// Every user and every value in full, nothing grouped.
    pub full: bool,
    /// How fast requests may be sent, for the estimate.
    pub rate: Rate,
}

/// Writes a plan as text.
pub fn write(out: &mut dyn fmt::Write, view: &PlanView<'_>, options: &TextOptions) -> fmt::Result {
    let style = &options.style;
    if view.is_empty() {
        write_left(out, view, options)?;
        writeln!(out, "{}", summary::nothing(view))?;
        return write_limits(out, view, style);
    }
    let blocks = blocks(view, options.full);
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
        for line in lines::of(block, style, options.full) {
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
    let is_shortened = |block: &Block<'_, '_>| !matches!(block, Block::One(_));
    if blocks.iter().any(is_shortened) {
        writeln!(
            out,
            "Changes that are alike are shown together; --full shows every user.\n"
        )?;
    }
    write_left(out, view, options)?;
    writeln!(out, "{}", paint(style.strong, &summary::counts(view)))?;
    if let Some(sentence) = summary::moves(view) {
        writeln!(out, "{sentence}")?;
    }
    let warnings = [summary::deletions(view), summary::opt_in(&view.counts)];
    for sentence in warnings.into_iter().flatten() {
        writeln!(out, "{}", paint(style.warning, &sentence))?;
    }
    writeln!(out, "{}", summary::requests(view.requests, options.rate))?;
    writeln!(out, "Plan digest: {}", view.digest)?;
    write_limits(out, view, style)
}

pub(crate) fn write_line(out: &mut dyn fmt::Write, line: &Line, style: &Style) -> fmt::Result {
    let Line {
        mark,
        depth,
        text,
        place,
    } = line;
    let indent = 2 + depth * 4;
    let symbol = match mark {
        Mark::Title => paint(style.strong, "#"),
        Mark::Symbol(symbol) => paint(of_symbol(style, *symbol), &symbol.to_string()),
        Mark::Blank => " ".to_owned(),
    };
    write!(out, "{:indent$}{symbol} {text}", "")?;
    if let Some(place) = place {
        let plain = anstream::adapter::strip_str(text).to_string();
        let reached = indent + 2 + width(&plain);
        let gap = PLACE_COLUMN.saturating_sub(reached).max(2);
        write!(out, "{:gap$}{}", "", paint(style.quiet, place))?;
    }
    writeln!(out)
}

fn of_symbol(style: &Style, symbol: char) -> anstyle::Style {
    match symbol {
        '+' => style.add,
        '-' | 'x' => style.remove,
        '.' => style.forget,
        _ => style.change,
    }
}

fn write_left(out: &mut dyn fmt::Write, view: &PlanView<'_>, options: &TextOptions) -> fmt::Result {
    let most = if options.full { usize::MAX } else { 20 };
    let lines = kept_consent::lines(view, most);
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n", lines.join("\n"))
}

/// What the symbols mean that occur.
fn legend(view: &PlanView<'_>, style: &Style) -> String {
    let user = |action| view.users.iter().any(|user| user.action == action);
    let field = |wanted: &dyn Fn(FieldKind) -> bool| {
        let mut fields = view.users.iter().flat_map(|user| &user.fields);
        fields.any(|field| wanted(field.kind))
    };
    let creates = user(Action::Create);
    let adds = field(&|kind| matches!(kind, FieldKind::New | FieldKind::Once));
    let updates = user(Action::Update);
    let clears = field(&|kind| matches!(kind, FieldKind::Clear { .. }));
    let deletes = user(Action::Delete);
    let forgets = user(Action::Forget)
        || field(&|kind| matches!(kind, FieldKind::Release | FieldKind::Leave));
    let words = [
        ('+', "create", creates || adds),
        ('~', "update", updates),
        ('>', "move", user(Action::Move)),
        ('-', "clear", clears),
        ('x', "delete", deletes),
        ('.', "forget", forgets),
    ];
    let words: Vec<String> = words
        .iter()
        .filter(|(_, _, occurs)| *occurs)
        .map(|(symbol, word, _)| {
            format!(
                "{} {word}",
                paint(of_symbol(style, *symbol), &symbol.to_string())
            )
        })
        .collect();
    words.join("   ")
}

fn write_limits(out: &mut dyn fmt::Write, view: &PlanView<'_>, style: &Style) -> fmt::Result {
    if !view.is_tripped() {
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
    writeln!(out, "\n{}", summary::way_out(view).join("\n"))
}
