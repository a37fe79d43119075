//! Parses JSON into the same nodes as YAML. `serde_json` does not report the place of a value, the digits
//! of a number, repeated keys or the depth; a property test compares the results with `serde_json`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::syntax::node::{Content, DEEPEST, Member, Node, Scalar};
use crate::manifest::syntax::yaml::{SMALL_MAP, duplicate_key, too_deep};

/// The code of text after the end of the value.
pub(crate) const MORE_TEXT: &str = "text-after-value";

/// Parses one JSON text. Repeated keys are added to `problems`. The error is the problem that left no value.
pub(crate) fn parse<'t>(
    text: &'t str,
    range: Span,
    problems: &mut Vec<Problem>,
) -> Result<Node<'t>, Box<Problem>> {
    let mut parser = Parser {
        text: &text[..range.end()],
        at: range.start(),
        problems,
    };
    let node = parser.value(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(node),
        Some(_) => {
            parser
                .wrong("there is more text after the value")
                .map_err(|problem: Box<Problem>| {
                    Box::new(Problem {
                        code: MORE_TEXT,
                        ..*problem
                    })
                })
        }
    }
}

struct Parser<'t, 'p> {
    text: &'t str,
    at: usize,
    problems: &'p mut Vec<Problem>,
}

type Parsed<T> = Result<T, Box<Problem>>;

impl<'t> Parser<'t, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, message: &str) -> Parsed<T> {
        self.wrong_at(self.at, message)
    }

    fn wrong_at<T>(&self, at: usize, message: &str) -> Parsed<T> {
        // The end of the text is the end of its last line, not the beginning of the next one.
        let is_end = at >= self.text.len();
        let at = if is_end {
            self.text.trim_ascii_end().len()
        } else {
            at
        };
        let problem = Problem::error(
            "syntax",
            Span::new(at, at),
            format!("this is not JSON: {message}"),
        );
        let problem = if is_end {
            problem.hint("the text ends too early")
        } else {
            problem
        };
        Err(Box::new(problem.unparsed()))
    }

    fn value(&mut self, depth: usize) -> Parsed<Node<'t>> {
        self.skip_space();
        let start = self.at;
        let content = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Content::Scalar(Scalar {
                text: self.string()?,
                plain: false,
            }),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word()?,
            _ => return self.wrong("expected a value"),
        };
        Ok(Node {
            span: Span::new(start, self.at),
            content,
        })
    }

    fn map(&mut self, depth: usize) -> Parsed<Content<'t>> {
        if depth >= DEEPEST {
            return Err(too_deep(Span::new(self.at, self.at)).into());
        }
        self.at += 1;
        let mut members: Vec<Member<'t>> = Vec::new();
        let mut seen = HashSet::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Content::Map(members));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return self.wrong("expected a key in double quotes");
            }
            let key = self.string()?;
            let key_span = Span::new(start, self.at);
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.wrong("expected a colon");
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            if members.len() == SMALL_MAP {
                seen.extend(members.iter().map(|member| member.key.clone()));
            }
            let first = if members.len() >= SMALL_MAP && seen.insert(key.clone()) {
                None
            } else {
                members.iter().find(|member| member.key == key)
            };
            let refusal = first.map(|first| duplicate_key(&key, key_span, first.key_span));
            members.push(Member {
                key,
                key_span,
                key_plain: false,
                value,
                refused: refusal.is_some(),
            });
            self.problems.extend(refusal);
            if self.ends(b'}', "expected a comma or }")? {
                return Ok(Content::Map(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Parsed<Content<'t>> {
        if depth >= DEEPEST {
            return Err(too_deep(Span::new(self.at, self.at)).into());
        }
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Content::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends(b']', "expected a comma or ]")? {
                return Ok(Content::List(items));
            }
        }
    }

    fn ends(&mut self, close: u8, message: &str) -> Parsed<bool> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            _ => self.wrong(message),
        }
    }

    fn word(&mut self) -> Parsed<Content<'t>> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let word = &rest[..length];
        if !matches!(word, "true" | "false" | "null") {
            return self.wrong("a word without quotes is not `true`, `false` or `null`");
        }
        self.at += length;
        Ok(plain(word))
    }

    fn number(&mut self) -> Parsed<Content<'t>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.digits() {
            0 => return self.wrong("expected a digit"),
            1 => {}
            _ if self.text[start..].trim_start_matches('-').starts_with('0') => {
                return self.wrong_at(start, "a number starts with a zero");
            }
            _ => {}
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.wrong("expected a digit");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.wrong("expected a digit");
            }
        }
        Ok(plain(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Parsed<Cow<'t, str>> {
        let text = self.text;
        self.at += 1;
        let mut copied = String::new();
        let mut from = self.at;
        loop {
            match self.peek() {
                None => return self.wrong("a string is not closed"),
                Some(b'"') => {
                    let tail = &text[from..self.at];
                    self.at += 1;
                    return Ok(if copied.is_empty() {
                        Cow::Borrowed(tail)
                    } else {
                        Cow::Owned(copied + tail)
                    });
                }
                Some(b'\\') => {
                    copied.push_str(&text[from..self.at]);
                    copied.push(self.escape()?);
                    from = self.at;
                }
                Some(0x00..0x20) => {
                    return self.wrong("a string contains a line end or a tab");
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        let escaped = self.text.as_bytes().get(self.at + 1).copied();
        self.at += 2;
        Ok(match escaped {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode(start)?,
            _ => return self.wrong_at(start, "this escape is unknown"),
        })
    }

    fn unicode(&mut self, start: usize) -> Parsed<char> {
        let lone = "one half of a surrogate pair is missing";
        let first = self.hex(start)?;
        let code = match first {
            0xD800..0xDC00 => {
                if !self.text[self.at..].starts_with("\\u") {
                    return self.wrong_at(start, lone);
                }
                self.at += 2;
                let second = self.hex(start)?;
                if !(0xDC00..0xE000).contains(&second) {
                    return self.wrong_at(start, lone);
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).map_or_else(|| self.wrong_at(start, lone), Ok)
    }

    fn hex(&mut self, start: usize) -> Parsed<u32> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.map_or_else(
            || self.wrong_at(start, "\\u needs four hexadecimal digits"),
            Ok,
        )
    }
}

fn plain(text: &str) -> Content<'_> {
    Content::Scalar(Scalar {
        text: Cow::Borrowed(text),
        plain: true,
    })
}
