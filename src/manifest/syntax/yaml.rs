//! Parses YAML into nodes, within bounds that the parser does not have.
//!
//! The depth is checked while events arrive, so that nothing recurses deeper than [`DEEPEST`]. Copies made
//! by aliases are counted before they are made. The parser streams block collections and stops by itself
//! at 255 levels of flow collections.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::key_in_backticks;
use crate::manifest::syntax::decode;
use crate::manifest::syntax::node::{Content, DEEPEST, Measure, Member, Node, Scalar};

/// The most nodes that anchors and aliases may add to one file.
const MOST_ALIASED_NODES: usize = 2_000_000;

/// The most text that anchors and aliases may add to one file, in bytes.
const MOST_ALIASED_BYTES: usize = 64 * 1024 * 1024;

/// A file as documents.
pub(crate) struct Documents<'t> {
    /// The documents that could be read to their end.
    pub(crate) roots: Vec<Node<'t>>,
    /// The problems of their YAML.
    pub(crate) problems: Vec<Problem>,
    /// Why the rest could not be read.
    pub(crate) broken: Option<Problem>,
}

/// Reads a stream of documents.
pub(crate) fn parse(text: &str) -> Documents<'_> {
    let mut builder = Builder {
        offsets: Offsets::new(text),
        text,
        open: Vec::new(),
        anchors: HashMap::new(),
        aliased: (0, 0),
        roots: Vec::new(),
        problems: Vec::new(),
    };
    let broken = builder.run().err().map(|problem| *problem);
    Documents {
        roots: builder.roots,
        problems: builder.problems,
        broken,
    }
}

struct Builder<'t> {
    text: &'t str,
    offsets: Offsets<'t>,
    open: Vec<Open<'t>>,
    anchors: HashMap<usize, (Node<'t>, Measure)>,
    /// Nodes and bytes copied so far.
    aliased: (usize, usize),
    roots: Vec<Node<'t>>,
    problems: Vec<Problem>,
}

/// A collection that has not ended yet.
struct Open<'t> {
    start: Span,
    anchor: usize,
    kind: Kind<'t>,
}

enum Kind<'t> {
    List(Vec<Node<'t>>),
    Map {
        members: Vec<Member<'t>>,
        /// The key whose value comes next.
        key: Option<Key<'t>>,
        /// The keys so far, once a map has more than [`SMALL_MAP`].
        seen: HashSet<Cow<'t, str>>,
    },
}

struct Key<'t> {
    text: Cow<'t, str>,
    span: Span,
    plain: bool,
}

type Step = Result<(), Box<Problem>>;

/// The number of keys up to which a search is faster than hashing.
pub(crate) const SMALL_MAP: usize = 16;

impl<'t> Builder<'t> {
    fn run(&mut self) -> Step {
        let mut parser = Parser::new_from_str(self.text);
        while let Some(event) = parser.next_event() {
            let (event, place) = event.map_err(|error| Box::new(self.syntax(&error)))?;
            let start = self.offsets.byte(place.start.index());
            let span = Span::new(start, self.offsets.byte(place.end.index()));
            match event {
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_) => {}
                Event::DocumentEnd => self.anchors.clear(),
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::Scalar(value, style, anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), span);
                    self.scalar(value, style, anchor, span)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), span);
                    self.open(anchor, span, Kind::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), span);
                    let kind = Kind::Map {
                        members: Vec::new(),
                        key: None,
                        seen: HashSet::new(),
                    };
                    self.open(anchor, span, kind)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            }
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Step {
        let plain = style == ScalarStyle::Plain;
        let span = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.closed(span),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => span,
        };
        let node = Node {
            span,
            content: Content::Scalar(Scalar { text, plain }),
        };
        self.complete(node, anchor)
    }

    /// The parser puts the end of a quoted scalar after the blanks and the comment that follow it.
    fn closed(&self, span: Span) -> Span {
        let bytes = &self.text.as_bytes()[span.start()..span.end()];
        let Some(quote @ (b'"' | b'\'')) = bytes.first().copied() else {
            return span;
        };
        let mut at = 1;
        while let Some(byte) = bytes.get(at) {
            if *byte == b'\\' && quote == b'"' {
                at += 1;
            } else if *byte == quote {
                if quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                    at += 1;
                } else {
                    return Span::new(span.start(), span.start() + at + 1);
                }
            }
            at += 1;
        }
        span
    }

    fn open(&mut self, anchor: usize, start: Span, kind: Kind<'t>) -> Step {
        if self.open.len() >= DEEPEST {
            return Err(too_deep(start).into());
        }
        if let Some(Open {
            kind: Kind::Map { key: None, .. },
            ..
        }) = self.open.last()
        {
            return Err(complex_key(start).into());
        }
        self.open.push(Open {
            start,
            anchor,
            kind,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Step {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let node = Node {
            span: Span::new(open.start.start(), end.end()),
            content: match open.kind {
                Kind::List(items) => Content::List(items),
                Kind::Map { members, .. } => Content::Map(members),
            },
        };
        self.complete(node, open.anchor)
    }

    /// Adds a finished node to the open collection, or to the documents.
    fn complete(&mut self, node: Node<'t>, anchor: usize) -> Step {
        if anchor > 0 {
            let measure = node.measure();
            self.count(measure, node.span)?;
            self.anchors.insert(anchor, (node.clone(), measure));
        }
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Map { members, key, seen } => match key.take() {
                None => {
                    let Content::Scalar(Scalar { text, plain }) = node.content else {
                        return Err(complex_key(node.span).into());
                    };
                    *key = Some(Key {
                        text,
                        span: node.span,
                        plain,
                    });
                }
                Some(key) => {
                    let refusal = refuse_key(members, seen, &key);
                    members.push(Member {
                        key: key.text,
                        key_span: key.span,
                        key_plain: key.plain,
                        value: node,
                        refused: refusal.is_some(),
                    });
                    self.problems.extend(refusal);
                }
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Step {
        let Some((node, measure)) = self.anchors.get(&anchor) else {
            let message = "this alias names an anchor that does not exist or is not complete";
            return Err(Box::new(
                Problem::error("unknown-alias", span, message)
                    .hint("an anchor is valid within its own document, but not inside itself"),
            ));
        };
        if self.open.len() + measure.height >= DEEPEST {
            return Err(too_deep(span).into());
        }
        let (node, measure) = (node.clone(), *measure);
        self.count(measure, span)?;
        self.complete(node.moved(span), 0)
    }

    fn count(&mut self, measure: Measure, span: Span) -> Step {
        self.aliased.0 = self.aliased.0.saturating_add(measure.nodes);
        self.aliased.1 = self.aliased.1.saturating_add(measure.bytes);
        if self.aliased.0 <= MOST_ALIASED_NODES && self.aliased.1 <= MOST_ALIASED_BYTES {
            return Ok(());
        }
        let message = format!(
            "the aliases of this file add more than {MOST_ALIASED_NODES} values or {} MiB",
            MOST_ALIASED_BYTES / 1024 / 1024
        );
        Err(Box::new(Problem::error("alias-limit", span, message).hint(
            "write the values out, or use `defaults` of a UserList",
        )))
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) {
        if tag.is_some() {
            self.problems.push(
                Problem::error("explicit-tag", span, "explicit tags are not supported")
                    .hint("remove it; quotes make any value a string"),
            );
        }
    }

    /// The escape of half a surrogate pair, such as `\ud83d`, in the line of an error.
    fn surrogate_before(&self, at: usize) -> Option<Span> {
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |length| at + length);
        let line = &self.text[start..end];
        line.match_indices("\\u").find_map(|(escape, _)| {
            let digits = line.get(escape + 2..escape + 6)?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            let from = start + escape;
            (0xD800..0xE000)
                .contains(&code)
                .then(|| Span::new(from, from + 6))
        })
    }

    fn syntax(&mut self, error: &ScanError) -> Problem {
        let at = self.offsets.byte(error.marker().index());
        let span = Span::new(at, at);
        if error.info() == "recursion limit exceeded" {
            return too_deep(span);
        }
        if let Some(tab) = decode::indenting_tab(self.text, at) {
            return Problem::error("tab-indentation", tab, "a tab indents this line")
                .hint("YAML is indented with spaces")
                .unparsed();
        }
        if let Some(escape) = self.surrogate_before(at) {
            let message = "YAML has no escapes of surrogate pairs, which JSON has";
            return Problem::error("surrogate-escape", escape, message)
                .hint(
                    "write the character itself, or `\\U` and eight digits; or name the file .json",
                )
                .unparsed();
        }
        let message = format!(
            "this is not YAML: {}",
            error.info().replace(char::is_control, "")
        );
        Problem::error("syntax", span, message)
            .hint(
                "check the indentation, and quote strings that contain `: `, ` #` or start with \
                     one of []{}&*!|>%@`",
            )
            .unparsed()
    }
}

/// Why a key cannot be in this map; `None` if it can.
fn refuse_key<'t>(
    members: &[Member<'t>],
    seen: &mut HashSet<Cow<'t, str>>,
    key: &Key<'t>,
) -> Option<Problem> {
    if key.plain && key.text == "<<" {
        let message = "the merge key `<<` is not supported: it is not part of YAML 1.2";
        return Some(
            Problem::error("merge-key", key.span, message)
                .hint("write shared values under `defaults` of a UserList"),
        );
    }
    if key.plain && key.text.is_empty() {
        let message = "there is a value without a key";
        return Some(Problem::error("empty-key", key.span, message));
    }
    if members.len() == SMALL_MAP {
        seen.extend(members.iter().map(|member| member.key.clone()));
    }
    if members.len() >= SMALL_MAP && seen.insert(key.text.clone()) {
        return None;
    }
    let first = members.iter().find(|member| member.key == key.text)?;
    Some(duplicate_key(&key.text, key.span, first.key_span))
}

/// A problem: the same key twice in one map.
pub(crate) fn duplicate_key(key: &str, span: Span, first: Span) -> Problem {
    let message = format!("the key {} is repeated", key_in_backticks(key));
    Problem::error("duplicate-key", span, message)
        .related(Place::Here(first), "first here")
        .hint("keep one of them")
}

/// A problem: nesting beyond [`DEEPEST`].
pub(crate) fn too_deep(span: Span) -> Problem {
    let message = format!("this is nested more than {DEEPEST} levels deep");
    Problem::error("too-deep", span, message).unparsed()
}

fn complex_key(span: Span) -> Problem {
    let message = "a key must not be a list, a map or an alias";
    Problem::error("complex-key", span, message)
        .hint("keys are strings; a value that starts with { or [ needs quotes")
        .unparsed()
}

/// Converts the parser's character counts to byte offsets. It moves along with the events, so that the
/// whole file costs one walk.
pub(crate) struct Offsets<'t> {
    text: &'t str,
    ascii: bool,
    characters: usize,
    bytes: usize,
}

impl<'t> Offsets<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            ascii: text.is_ascii(),
            characters: 0,
            bytes: 0,
        }
    }

    pub(crate) fn byte(&mut self, characters: usize) -> usize {
        if self.ascii {
            return characters.min(self.text.len());
        }
        let bytes = self.text.as_bytes();
        let continues = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        while self.characters < characters && self.bytes < bytes.len() {
            self.bytes += 1;
            while continues(self.bytes) {
                self.bytes += 1;
            }
            self.characters += 1;
        }
        while self.characters > characters && self.bytes > 0 {
            self.bytes -= 1;
            while continues(self.bytes) {
                self.bytes -= 1;
            }
            self.characters -= 1;
        }
        self.bytes
    }
}
