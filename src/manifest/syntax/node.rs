//! Defines the tree of a YAML or JSON document: scalars with their quoting, lists, and maps in the order
//! written, each with its span.

use std::borrow::Cow;

use crate::manifest::problem::span::Span;
use crate::manifest::syntax::scalar::classify;

/// The deepest nesting of a document. A user needs four levels; the bound keeps every walk over a
/// tree, and its drop, within the stack.
pub(crate) const DEEPEST: usize = 64;

/// One node of a document.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t> {
    pub(crate) span: Span,
    pub(crate) content: Content<'t>,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Content<'t> {
    Scalar(Scalar<'t>),
    List(Vec<Node<'t>>),
    Map(Vec<Member<'t>>),
}

/// A scalar. If it is `plain`, it is written without quotes and its spelling decides its type.
#[derive(Clone, Debug)]
pub(crate) struct Scalar<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) plain: bool,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Member<'t> {
    pub(crate) key: Cow<'t, str>,
    pub(crate) key_span: Span,
    /// Whether the key is written without quotes.
    pub(crate) key_plain: bool,
    pub(crate) value: Node<'t>,
    /// Whether it was refused and reported. It is kept so that excerpts mask its value.
    pub(crate) refused: bool,
}

impl<'t> Node<'t> {
    /// The scalar, if it is one.
    pub(crate) fn scalar(&self) -> Option<&Scalar<'t>> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    /// The members, if it is a map.
    pub(crate) fn members(&self) -> Option<&[Member<'t>]> {
        match &self.content {
            Content::Map(members) => Some(members),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The member with this key, if it is a map that has one.
    pub(crate) fn get(&self, key: &str) -> Option<&Member<'t>> {
        self.members()?
            .iter()
            .find(|member| member.key == key && !member.refused)
    }

    /// Whether nothing is written here: `email:` and the end of the line.
    pub(crate) fn is_blank(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.plain && scalar.text.is_empty())
    }

    /// Its type, for a message.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) if scalar.plain => classify(&scalar.text).noun(),
            Content::Scalar(_) => "a string",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The span to underline: the whole scalar, or the first character of a list or a map.
    pub(crate) fn first_character(&self) -> Span {
        match self.content {
            Content::Scalar(_) => self.span,
            Content::List(_) | Content::Map(_) => {
                Span::new(self.span.start(), self.span.start() + 1)
            }
        }
    }

    /// How much memory and stack a copy takes.
    pub(crate) fn measure(&self) -> Measure {
        let mut sum = Measure {
            nodes: 1,
            bytes: 0,
            height: 0,
        };
        let mut add = |child: Measure, key: usize| {
            sum.nodes += child.nodes;
            sum.bytes += child.bytes + key;
            sum.height = sum.height.max(child.height + 1);
        };
        match &self.content {
            Content::Scalar(scalar) => sum.bytes = scalar.text.len(),
            Content::List(items) => items.iter().for_each(|item| add(item.measure(), 0)),
            Content::Map(members) => members
                .iter()
                .for_each(|member| add(member.value.measure(), member.key.len())),
        }
        sum
    }

    /// A copy with another span, for an alias.
    pub(crate) fn moved(&self, span: Span) -> Self {
        let content = match &self.content {
            Content::Scalar(scalar) => Content::Scalar(scalar.clone()),
            Content::List(items) => {
                Content::List(items.iter().map(|item| item.moved(span)).collect())
            }
            Content::Map(members) => Content::Map(
                members
                    .iter()
                    .map(|member| Member {
                        key: member.key.clone(),
                        key_span: span,
                        key_plain: member.key_plain,
                        value: member.value.moved(span),
                        refused: member.refused,
                    })
                    .collect(),
            ),
        };
        Self { span, content }
    }

    /// A copy that does not borrow the text.
    pub(crate) fn into_owned(self) -> Node<'static> {
        let content = match self.content {
            Content::Scalar(Scalar { text, plain }) => Content::Scalar(Scalar {
                text: Cow::Owned(text.into_owned()),
                plain,
            }),
            Content::List(items) => {
                Content::List(items.into_iter().map(Node::into_owned).collect())
            }
            Content::Map(members) => Content::Map(
                members
                    .into_iter()
                    .map(|member| Member {
                        key: Cow::Owned(member.key.into_owned()),
                        key_span: member.key_span,
                        key_plain: member.key_plain,
                        value: member.value.into_owned(),
                        refused: member.refused,
                    })
                    .collect(),
            ),
        };
        Node {
            span: self.span,
            content,
        }
    }
}

/// The size of a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
    /// The number of levels below.
    pub(crate) height: usize,
}
