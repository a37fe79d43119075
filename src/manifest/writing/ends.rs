//! Finds where values of a YAML or JSON text end. The parser counts blanks and comments after some of them.

use crate::manifest::syntax::node::{Content, Node};

/// The blanks and line ends of YAML. Other white space, such as a no-break space, is text.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The offset after the last character of a value, without the blanks and comments that follow it. `None` if the
/// text has something there that this module does not know.
pub(crate) fn end_of(text: &str, node: &Node<'_>) -> Option<usize> {
    let start = after_anchor(text, node.span.start());
    let first = text.as_bytes().get(start).copied();
    if first == Some(b'*') && is_alias(node) {
        return Some(node.span.end());
    }
    let last = match &node.content {
        Content::Scalar(_) => {
            // A block scalar ends after the blank lines below it.
            let written = &text[node.span.start()..node.span.end()];
            return Some(node.span.start() + written.trim_end_matches(BLANKS).len());
        }
        Content::List(items) => items.last().map(|item| end_of(text, item)),
        Content::Map(members) => members.last().map(|member| {
            let value = end_of(text, &member.value)?;
            Some(value.max(member.key_span.end()))
        }),
    };
    let close = match first {
        Some(b'[') => b']',
        Some(b'{') => b'}',
        _ => return last?,
    };
    let mut at = match last {
        Some(last) => last?,
        None => start + 1,
    };
    loop {
        at = after_space(text, at);
        match text.as_bytes().get(at)? {
            // A key without a value, and a comma after the last item.
            b':' | b',' => at += 1,
            byte if *byte == close => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Whether a node that begins with `*` is an alias. The parser lets a list that is not indented begin at its first
/// item, which may be one.
fn is_alias(node: &Node<'_>) -> bool {
    match &node.content {
        Content::Scalar(_) => true,
        Content::List(items) => items.iter().all(|item| item.span == node.span),
        Content::Map(members) => members.iter().all(|member| member.key_span == node.span),
    }
}

/// The offset after an anchor and the blanks behind it; the same offset if there is no anchor.
pub(crate) fn after_anchor(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if !rest.starts_with('&') {
        return at;
    }
    let name = rest.find([' ', '\t', '\r', '\n']);
    after_space(text, at + name.unwrap_or(rest.len()))
}

/// The offset after blanks, line ends and comments.
pub(crate) fn after_space(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let begins_word = at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\r' | b'\n');
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' if begins_word => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            }
            _ => break,
        }
    }
    at
}
