//! Reads one large file in chunks on several threads. Each chunk is dropped once its users are known.
//!
//! Only a file without any problem is read this way. If a chunk has a problem, or the file has another
//! shape, the caller reads the file whole: that finds the same users, and reports problems at their places
//! in the file. A cut is safe for these reasons:
//!
//! - JSON Lines: each line is one value.
//! - YAML: the file is one document with `users:` at the left margin and nothing but its items until the
//!   end, each item begun by a dash at the same indentation. The content of an item is indented deeper
//!   than its dash, so a dash at that indentation begins an item, unless it is inside quotes or brackets
//!   that span lines. A cut there leaves a quote or bracket open, which is a problem. An anchor could be
//!   used in another chunk, so a file that may have anchors is read whole.

use std::ops::Range;

use crate::parallel::in_parallel;

use crate::manifest::files::format::Format;
use crate::manifest::files::whole::flawless;
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::span::Span;
use crate::manifest::users::declared::DeclaredUser;

/// The length of a chunk in bytes. A file of two chunks or more is read in chunks.
pub(crate) const CHUNK: usize = 1 << 18;

/// The most bytes before the first user.
const LONGEST_HEAD: usize = 1 << 16;

/// Reads the users of a file in chunks of about this size; `None` if it cannot be cut or has
/// a problem. `on_user` is called with each user on the thread that read it.
pub(crate) fn read(
    text: &str,
    format: Format,
    settings: &ReadSettings,
    on_user: &(dyn Fn(&mut DeclaredUser) + Sync),
    size: usize,
) -> Option<Vec<DeclaredUser>> {
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
        let mut users = if head.is_empty() {
            flawless(&text[cut.clone()], format, settings)?
        } else {
            flawless(&[head, &text[cut.clone()]].concat(), format, settings)?
        };
        users.iter_mut().for_each(on_user);
        let lines = memchr::memchr_iter(b'\n', text[cut.clone()].as_bytes()).count();
        Some((users, lines))
    });
    let mut all = Vec::new();
    let mut lines_before = 0;
    for (cut, part) in cuts.iter().zip(read) {
        let (users, lines) = part?;
        let users_before = saturated(all.len());
        for mut user in users {
            let shift = |at: usize| at - head.len() + cut.start;
            user.span = Span::new(shift(user.span.start()), shift(user.span.end()));
            user.position.line = user.position.line.saturating_add(saturated(lines_before));
            if let Some(index) = &mut user.index {
                *index = index.saturating_add(users_before);
            }
            all.push(user);
        }
        lines_before += lines;
    }
    Some(all)
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Where the items of a file begin, and how each of them begins.
struct Items {
    start: usize,
    /// The beginning of a line that begins an item; empty if every line does.
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

    /// Cuts the text into ranges of about this size that begin where items begin.
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
