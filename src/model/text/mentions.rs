//! Finds where a file names a user: the member id as a word of its own, as it is or as JSON writes it.

use std::fmt::Write as _;

use memchr::memmem::Finder;

/// Finds one member id.
#[derive(Clone, Debug)]
pub struct Mentions {
    forms: Vec<Finder<'static>>,
}

impl Mentions {
    /// Finds this member id.
    pub fn of(id: &str) -> Self {
        let json = serde_json::to_string(id).expect("a text is always JSON");
        let json = &json[1..json.len() - 1];
        let mut forms = vec![id.to_owned()];
        for form in [json.to_owned(), in_ascii(json)] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        Self {
            forms: forms
                .iter()
                .map(|form| Finder::new(form.as_bytes()).into_owned())
                .collect(),
        }
    }

    /// Whether a file names the user.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        self.forms
            .iter()
            .any(|form| places(form, bytes).next().is_some())
    }

    /// The first lines that name the user, from 1, and how many there are.
    pub fn lines(&self, bytes: &[u8], most: usize) -> (Vec<usize>, usize) {
        let found = self.forms.iter().flat_map(|form| places(form, bytes));
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        let (mut line, mut at) = (1, 0);
        let mut lines = Vec::new();
        for place in found {
            line += memchr::memchr_iter(b'\n', &bytes[at..place]).count();
            at = place;
            lines.push(line);
        }
        lines.dedup();
        let count = lines.len();
        lines.truncate(most);
        (lines, count)
    }
}

/// The places where a form is a word of its own: `u-1` is not in `u-10`.
fn places<'b>(form: &'b Finder<'static>, bytes: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let needle = form.needle();
    form.find_iter(bytes).filter(move |start| {
        let end = start + needle.len();
        let before = start.checked_sub(1).map(|before| bytes[before]);
        let after = bytes.get(end).copied();
        let is_address = needle.contains(&b'@');
        let is_part = continues(needle.first().copied(), before)
            || continues(needle.last().copied(), after)
            || (is_address && is_longer_address(before, &bytes[end..]));
        !is_part
    })
}

/// Whether the bytes around an e-mail address make it another one: `a@b.kr` is not in `x.a@b.kr` and `a@b.kr.com`.
fn is_longer_address(before: Option<u8>, after: &[u8]) -> bool {
    let has_more_before = matches!(before, Some(b'.' | b'+' | b'%'));
    let has_more_after = matches!(after, [b'.', next, ..] if next.is_ascii_alphanumeric());
    has_more_before || has_more_after
}

/// Whether the byte beside the end of a word belongs to the word. A particle of Korean follows an id without a blank,
/// so a letter beyond ASCII ends a word of ASCII.
fn continues(end: Option<u8>, beside: Option<u8>) -> bool {
    match (end, beside) {
        (Some(end), Some(beside)) if !beside.is_ascii() => !end.is_ascii(),
        (_, Some(beside)) => beside.is_ascii_alphanumeric() || matches!(beside, b'-' | b'_'),
        (_, None) => false,
    }
}

/// JSON with all characters beyond ASCII escaped, as some programs write it.
fn in_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_word() {
        for (id, text, is_in) in [
            ("u-1", "memberId: u-1\n", true),
            ("u-1", "u-1", true),
            ("u-1", "{\"u-1\":{}}", true),
            ("u-1", "u-1은 나갔다", true),
            ("u-1", "u-10 u-1-a xu-1 u-1_b", false),
            ("u-1", "u-10 u-1", true),
            ("김서연", "김서연", true),
            ("김서연", "김서연이", false),
            ("김서연", "\"\\uae40\\uc11c\\uc5f0\"", true),
            ("a\"b", "{\"a\\\"b\":1}", true),
            ("a@b.kr", "mail a@b.kr.", true),
            ("a@b.kr", "mail a@b.kr. Then", true),
            ("a@b.kr", "a@b.kr.com x.a@b.kr x+a@b.kr", false),
            ("u-1", "u-1.csv", true),
            ("-", "a - b", true),
        ] {
            assert_eq!(
                Mentions::of(id).are_in(text.as_bytes()),
                is_in,
                "{id} {text}"
            );
        }
    }

    #[test]
    fn lines_are_counted_once() {
        let text = b"u-1 u-1\n\nu-2\nu-1\nx u-1";
        assert_eq!(Mentions::of("u-1").lines(text, 9), (vec![1, 4, 5], 3));
        assert_eq!(Mentions::of("u-1").lines(text, 1), (vec![1], 3));
        assert_eq!(Mentions::of("u-3").lines(text, 1), (Vec::new(), 0));
    }
}
