//! Writes a plan as one HTML page that needs nothing else: with filters, equal changes grouped, and no request.
//!
//! The page holds the plan as JSON in a script element that is not executed. Its own script sets every text with
//! `textContent`. The content security policy allows that script and the style sheet by their hashes and nothing
//! else, so a value that got past both could neither run nor load anything.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::model::{Action, MemberId, Rate};
use crate::render::common::escape::{terminal, write_json};
use crate::render::common::json::as_text;
use crate::render::common::line::{Line, Mark};
use crate::render::common::style::Style;
use crate::render::plan::change::ChangeView;
use crate::render::plan::commands::Commands;
use crate::render::plan::group::{self, Block};
use crate::render::plan::kept_consent;
use crate::render::plan::lines;
use crate::render::plan::settings;
use crate::render::plan::summary::{self, LimitRow};
use crate::render::plan::uncertain;
use crate::render::plan::view::PlanView;
use crate::words::users;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// How a page is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageOptions<'a> {
    /// The chosen environment, if any.
    pub environment: Option<&'a str>,
    /// The rate limit, for the estimated time.
    pub rate: Rate,
    /// The commands that the plan suggests.
    pub commands: Commands<'a>,
}

/// The data of a page.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    /// Paragraphs: a class of the style sheet and a text.
    head: Vec<(&'static str, String)>,
    /// The exceeded limits: name, allowed, planned.
    limits: Vec<[String; 3]>,
    #[serde(serialize_with = "as_text")]
    digest: crate::model::PlanDigest,
    files: Vec<String>,
    groups: Vec<Group<'a>>,
}

/// Users with the same change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    action: Action,
    symbol: char,
    title: String,
    paths: Vec<String>,
    lines: Vec<PageLine>,
    users: Vec<PageUser<'a>>,
}

/// A symbol, an indentation and a text.
#[derive(Serialize)]
struct PageLine(char, usize, String);

/// An id, the index of the file or -1, and the line or 0.
struct PageUser<'a> {
    id: Cow<'a, MemberId>,
    file: i64,
    line: u32,
}

impl Serialize for PageUser<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&terminal(self.id.as_str()), self.file, self.line).serialize(serializer)
    }
}

/// Writes a plan as an HTML page.
///
/// # Errors
///
/// `out` returns an error.
pub fn write(
    out: &mut dyn io::Write,
    view: &PlanView<'_>,
    options: &PageOptions<'_>,
) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; \
         form-action 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>talkform plan</title>\n\
         <style>{STYLE}</style>\n<main></main>\n\
         <noscript>This page needs its own script. <code>talkform plan</code> prints the same plan as text.</noscript>\n\
         <script type=\"application/json\" id=\"plan\">",
        hash(SCRIPT),
        hash(STYLE),
    )?;
    write_json(&mut WithoutMarkup(out), &page(view, options))?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</html>\n")
}

/// The hash of an inline script or style, as a content security policy names it.
fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// Writes `<`, `>` and `&` as escapes of JSON, where they can stand in strings only. So no text ends the element.
struct WithoutMarkup<'a>(&'a mut dyn io::Write);

impl io::Write for WithoutMarkup<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| b"<>&".contains(byte)) {
            self.0.write_all(&rest[..at])?;
            write!(self.0, "\\u{:04x}", rest[at])?;
            rest = &rest[at + 1..];
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn page<'a>(view: &PlanView<'a>, options: &PageOptions<'_>) -> Page<'a> {
    let title = match options.environment {
        Some(environment) => format!("talkform plan for {}", terminal(environment)),
        None => "talkform plan".to_owned(),
    };
    let exceeded = view.limits.iter().filter(|limit| limit.tripped);
    let mut files = Files::default();
    let groups = group::alike(view)
        .into_iter()
        .map(|places| Group::new(view, places, &mut files))
        .collect();
    Page {
        title,
        head: head(view, options),
        limits: exceeded
            .map(LimitRow::new)
            .map(|row| [row.name.to_owned(), row.allowed, row.planned])
            .collect(),
        digest: view.digest,
        files: files.names,
        groups,
    }
}

fn head(view: &PlanView<'_>, options: &PageOptions<'_>) -> Vec<(&'static str, String)> {
    let escaped = |text: &str| terminal(text).into_owned();
    let mut head = vec![("dim", summary::destination(view, &escaped))];
    head.extend(summary::selected(view, &escaped).map(|part| ("warning", part)));
    if let Some((title, lines)) = settings::lines(view.settings.as_ref(), &escaped) {
        head.push(("warning", title));
        head.extend(lines.into_iter().map(|line| ("warning", line)));
    }
    if view.is_empty() {
        head.push(("strong", summary::nothing(view)));
    } else {
        head.push(("strong", summary::counts(view)));
        head.extend(summary::api(view).into_iter().map(|line| ("strong", line)));
        head.extend(summary::moves(view).map(|line| ("", line)));
        let warnings = [summary::deletions(view), summary::opt_in(&view.counts)];
        head.extend(warnings.into_iter().flatten().map(|line| ("warning", line)));
        head.push(("dim", summary::requests(view.requests, options.rate)));
        let likely = summary::likely_moves(view, &escaped);
        head.extend(likely.into_iter().map(|line| ("", line)));
        let undecided = view.undecided.iter();
        head.extend(undecided.map(|undecided| ("dim", undecided.sentence(&escaped))));
    }
    let kept = kept_consent::lines(view, usize::MAX);
    head.extend(kept.into_iter().map(|line| ("", line)));
    let uncertain = uncertain::lines(view, options.commands.refresh, &escaped);
    head.extend(uncertain.into_iter().map(|line| ("warning", line)));
    if view.tripped {
        let refused = "This plan exceeds the project's limits: apply refuses it.".to_owned();
        head.push(("warning", refused));
        let way_out = summary::way_out(view, options.commands.apply);
        head.extend(way_out.into_iter().map(|line| ("", escaped(&line))));
    }
    head
}

/// The manifest files, each with an index.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Files {
    fn index(&mut self, file: &str) -> i64 {
        let place = if let Some(place) = self.places.get(file) {
            *place
        } else {
            let place = self.names.len();
            self.names.push(terminal(file).into_owned());
            self.places.insert(file.to_owned(), place);
            place
        };
        i64::try_from(place).unwrap_or(-1)
    }
}

impl<'a> Group<'a> {
    /// Users with the same change; `changes` is not empty.
    fn new(view: &PlanView<'a>, places: Vec<usize>, files: &mut Files) -> Self {
        let first = view.changes.get(places[0]);
        let all = lines::of(view, &Block::One(places[0]), &Style::plain(), true);
        let mut all = all.into_iter();
        let one = all.next().map_or(String::new(), |title| title.text);
        let title = match places.len() {
            1 => one,
            many => format!("{} {}", users(many), lines::sentence(&first, true)),
        };
        let name = |line: &Line| line.depth == 0 && matches!(line.mark, Mark::Symbol(_));
        Self {
            action: first.action,
            symbol: first.symbol(),
            title,
            paths: first
                .fields
                .iter()
                .map(|field| terminal(&field.path.to_string()).into_owned())
                .collect(),
            lines: all.filter(|line| !name(line)).map(PageLine::new).collect(),
            users: places
                .into_iter()
                .map(|place| PageUser::new(view.changes.get(place), files))
                .collect(),
        }
    }
}

impl PageLine {
    fn new(line: Line) -> Self {
        let symbol = match line.mark {
            Mark::Title => '#',
            Mark::Symbol(symbol) => symbol,
            Mark::Blank => ' ',
        };
        Self(symbol, line.depth.saturating_sub(1), line.text)
    }
}

impl<'a> PageUser<'a> {
    fn new(change: ChangeView<'a>, files: &mut Files) -> Self {
        Self {
            id: change.id,
            file: change.origin.map_or(-1, |origin| files.index(&origin.file)),
            line: change.origin.map_or(0, |origin| origin.line),
        }
    }
}
