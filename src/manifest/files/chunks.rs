//! A large file, read in pieces by several threads, each piece let go of when its users are known.
//!
//! Only flawless files are read so: where any piece has a problem of any kind, or the file is of another
//! shape, there is no answer, and the file is read whole, which finds the same users and says what is
//! wrong in the file's own places. What makes a cut safe:
//!
//! - JSON Lines: a line is a text of its own.
//! - YAML: one document with `users:` at the left margin and its items, each begun by a dash at one and the
//!   same indentation, to the end of the file. What an item holds stands deeper than its dash, so a dash at
//!   that indentation begins an item, unless it stands inside quotes or brackets that span lines; those are
//!   cut open then, and a piece with an open quote or bracket is not flawless. Anchors would reach from one
//!   piece into another, so a file that may have any is read whole.

use std::ops::Range;

use crate::parallel::in_parallel;

use crate::manifest::files::file::{Format, flawless};
use crate::manifest::options::ReadSettings;
use crate::manifest::syntax::node::Span;
use crate::manifest::users::user::DeclaredUser;

/// How long a piece is, and from which length on a file is read in pieces, in bytes.
pub(crate) const PIECE: usize = 1 << 18;

/// More than this before the first user is no head.
const LONGEST_HEAD: usize = 1 << 16;

/// Users and the lines and columns of their ids.
pub(crate) type Users = (Vec<DeclaredUser>, Vec<(u32, u32)>);

/// The users of a file, where it can be read in pieces of about this size and is flawless. Each user is
/// handed to `settle` while it is still warm.
pub(crate) fn read(
    text: &str,
    format: Format,
    settings: &ReadSettings,
    settle: &(dyn Fn(&mut DeclaredUser) + Sync),
    size: usize,
) -> Option<Users> {
    if text.len() < 2 * size {
        return None;
    }
    let (head, items) = match format {
        Format::Json => return None,
        Format::JsonLines => ("", Items::LINES),
        Format::Yaml => {
            let items = Items::of_yaml(text)?;
            (&text[..items.start], items)
        }
    };
    let cuts = items.cuts(text, size);
    let read = in_parallel(&cuts, |cut| {
        let (mut users, places) = if head.is_empty() {
            flawless(&text[cut.clone()], format, settings)?
        } else {
            flawless(&[head, &text[cut.clone()]].concat(), format, settings)?
        };
        users.iter_mut().for_each(settle);
        let lines = memchr::memchr_iter(b'\n', text[cut.clone()].as_bytes()).count();
        Some((users, places, lines))
    });
    let mut all = Users::default();
    let mut lines_before = 0;
    for (cut, part) in cuts.iter().zip(read) {
        let (users, places, lines) = part?;
        let users_before = all.0.len();
        for (mut found, (line, column)) in users.into_iter().zip(places) {
            let shift = |at: usize| at - head.len() + cut.start;
            found.span = Span::new(shift(found.span.start()), shift(found.span.end()));
            if let Some(index) = &mut found.index {
                *index = index.saturating_add(u32::try_from(users_before).unwrap_or(u32::MAX));
            }
            all.0.push(found);
            let line = line as usize + lines_before;
            all.1
                .push((u32::try_from(line).unwrap_or(u32::MAX), column));
        }
        lines_before += lines;
    }
    Some(all)
}

/// The part of a file that is items, and how one begins.
struct Items {
    start: usize,
    /// What a line begins with that begins an item; nothing where every line does.
    dash: String,
}

impl Items {
    const LINES: Self = Self {
        start: 0,
        dash: String::new(),
    };

    fn of_yaml(text: &str) -> Option<Self> {
        let near = text.get(..text.len().min(LONGEST_HEAD)).unwrap_or_else(|| {
            let end = (0..LONGEST_HEAD)
                .rev()
                .find(|at| text.is_char_boundary(*at));
            &text[..end.unwrap_or(0)]
        });
        let mut at = 0;
        let mut found = None;
        for line in near.split_inclusive('\n') {
            at += line.len();
            if line
                .strip_prefix("users:")
                .is_some_and(|rest| rest.trim_ascii().is_empty())
            {
                found = Some(at);
                break;
            }
        }
        let start = found?;
        let first = text[start..].lines().find(|line| {
            let line = line.trim_ascii_start();
            !line.is_empty() && !line.starts_with('#')
        })?;
        let indentation = first.len() - first.trim_start_matches(' ').len();
        let dash = format!("{:indentation$}- ", "");
        if !first.starts_with(&dash) || may_have_anchors(text) {
            return None;
        }
        // Nothing but items, blank lines and comments: no other key, no other document.
        let rest = &text.as_bytes()[start..];
        let begins_well = |at: usize| match rest.get(at) {
            None | Some(b' ' | b'\n' | b'\r' | b'#') => true,
            Some(b'-') => indentation == 0 && rest.get(at + 1) == Some(&b' '),
            Some(_) => false,
        };
        let all =
            begins_well(0) && memchr::memchr_iter(b'\n', rest).all(|end| begins_well(end + 1));
        all.then_some(Self { start, dash })
    }

    /// Stretches of about this size that begin where items do.
    fn cuts(&self, text: &str, size: usize) -> Vec<Range<usize>> {
        let mut cuts = Vec::new();
        let mut start = self.start;
        while start < text.len() {
            let mut near = start.saturating_add(size).min(text.len());
            let end = loop {
                let Some(line) = memchr::memchr(b'\n', &text.as_bytes()[near..]) else {
                    break text.len();
                };
                near += line + 1;
                if text.as_bytes()[near..].starts_with(self.dash.as_bytes()) {
                    break near;
                }
            };
            cuts.push(start..end);
            start = end;
        }
        cuts
    }
}

/// Whether there is an ampersand where an anchor could begin.
fn may_have_anchors(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'&', bytes).any(|at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let opens =
            before.is_none_or(|byte| matches!(byte, b' ' | b'\n' | b'[' | b'{' | b',' | b'\t'));
        opens
            && bytes
                .get(at + 1)
                .is_some_and(|next| !next.is_ascii_whitespace())
    })
}
