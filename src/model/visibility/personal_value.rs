//! Recognises values that look personal: e-mail addresses, phone numbers, Korean resident numbers and
//! payment card numbers, also within a longer text.
//!
//! It errs on hiding: an order number with the digits of a phone number is taken for one.

use crate::model::value::Number;
use crate::model::visibility::phone::{Digits, is_phone};

/// The most groups of digits that make one number, such as `+82 (0)10 1234 5678`.
const MOST_GROUPS: usize = 6;
/// The most signs between two groups of one number, such as `) - `.
const MOST_SIGNS: usize = 3;
/// The most bytes of a text that is searched.
const LONGEST: usize = 1 << 18;
/// The fewest digits of any number that is looked for.
const FEWEST_DIGITS: usize = 7;

/// Whether a text is or holds a value that looks personal. A text that is too long to be searched counts as one.
pub fn looks_personal(text: &str) -> bool {
    text.len() > LONGEST || holds_email(text) || holds_number(text)
}

/// Whether a number has the digits of a phone number, a resident number or a card number.
pub fn number_looks_personal(number: Number) -> bool {
    number.is_exact_integer() && number.get() > 0.0 && holds_number(&number.to_string())
}

/// An `@` between two characters that an address can have there.
fn holds_email(text: &str) -> bool {
    let is_at = |letter: char| matches!(letter, '@' | '\u{ff20}' | '\u{fe6b}');
    // The other two begin with this byte in UTF-8.
    if memchr::memchr2(b'@', 0xef, text.as_bytes()).is_none() {
        return false;
    }
    text.char_indices()
        .filter(|(_, letter)| is_at(*letter))
        .any(|(at, letter)| {
            let before = text[..at].chars().next_back();
            let after = text[at + letter.len_utf8()..].chars().next();
            let is_local = |letter: char| {
                letter.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.\"".contains(letter)
            };
            let is_local = |letter: Option<char>| letter.is_some_and(is_local);
            let is_joined = is_local(before)
                && after.is_some_and(|after| after.is_alphanumeric() || after == '[');
            // `name @ example.com`
            let (name, domain) = (
                text[..at].trim_end(),
                text[at + letter.len_utf8()..].trim_start(),
            );
            is_joined || (is_local(name.chars().next_back()) && begins_with_domain(domain))
        })
}

/// `example.com`, but not `3.5` and `cafe`.
fn begins_with_domain(text: &str) -> bool {
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '.' | '-')));
    let domain = text[..end.unwrap_or(text.len())].trim_end_matches('.');
    domain.rsplit_once('.').is_some_and(|(name, last)| {
        !name.is_empty() && last.chars().count() > 1 && last.chars().all(char::is_alphabetic)
    })
}

fn holds_number(text: &str) -> bool {
    // Full-width digits begin with this byte in UTF-8.
    let may_be_digit = |byte: &u8| byte.is_ascii_digit() || *byte == 0xef;
    if text
        .bytes()
        .filter(may_be_digit)
        .take(FEWEST_DIGITS)
        .count()
        < FEWEST_DIGITS
    {
        return false;
    }
    let groups = groups(text);
    (0..groups.len()).any(|first| {
        let mut end = first + 1;
        loop {
            let window = &groups[first..end];
            if is_phone(window) || is_resident_number(window) || is_card(window) {
                return true;
            }
            let next = groups.get(end);
            if end - first == MOST_GROUPS || next.is_none_or(|next| !next.joined) {
                return false;
            }
            end += 1;
        }
    })
}

/// A digit of any form that people type: ASCII or full width.
fn digit(letter: char) -> Option<char> {
    match letter {
        '0'..='9' => Some(letter),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(letter) - 0xff10, 10),
        _ => None,
    }
}

fn is_sign(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '-' | '.' | '(' | ')' | '/' | '_' | '~' | '\t' | '\r' | '\n' | '\u{a0}' | '\u{b7}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
            | '\u{2010}'..='\u{2015}' | '\u{2060}' | '\u{2212}' | '\u{3000}' | '\u{feff}'
            | '\u{2027}' | '\u{2043}' | '\u{30fb}' | '\u{ff65}' | '\u{ff5e}' | '\u{301c}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}' | '\u{ff0e}' | '\u{30fc}'
    )
}

/// The groups of digits of a text.
fn groups(text: &str) -> Vec<Digits> {
    let mut groups: Vec<Digits> = Vec::new();
    // The characters since the last group.
    let mut between = String::new();
    let mut in_group = false;
    for letter in text.chars() {
        let Some(digit) = digit(letter) else {
            if in_group && let Some(last) = groups.last_mut() {
                last.after = Some(letter);
            }
            in_group = false;
            between.push(letter);
            continue;
        };
        if !in_group {
            let signs = between.chars().count();
            groups.push(Digits {
                text: String::new(),
                joined: !groups.is_empty() && signs <= MOST_SIGNS && between.chars().all(is_sign),
                before: between.chars().next_back(),
                after: None,
            });
            between.clear();
            in_group = true;
        }
        if let Some(last) = groups.last_mut() {
            last.text.push(digit);
        }
    }
    groups
}

/// `940317-1234567`, `9403171234567`, `940317-1******`.
fn is_resident_number(groups: &[Digits]) -> bool {
    let (birth, rest) = match groups {
        [all] if all.text.len() == 13 => all.text.split_at(6),
        [birth, rest] if birth.text.len() == 6 => {
            let is_masked = rest.text.len() == 1 && matches!(rest.after, Some('*' | 'x' | 'X'));
            if rest.text.len() != 7 && !is_masked {
                return false;
            }
            (&*birth.text, &*rest.text)
        }
        _ => return false,
    };
    let number = |digits: &str| digits.parse::<u32>().unwrap_or(0);
    let is_date =
        (1..=12).contains(&number(&birth[2..4])) && (1..=31).contains(&number(&birth[4..]));
    is_date && !rest.is_empty()
}

/// 13 to 19 digits in one group or in the groups of a card, with the check digit of a card.
fn is_card(groups: &[Digits]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.text.len()).collect();
    let is_shaped = match &*lengths {
        [length] => (13..=19).contains(length),
        [4, 6, 4 | 5] | [4, 4, 4, 1..=4] | [4, 4, 4, 4, 1..=3] => true,
        _ => false,
    };
    if !is_shaped {
        return false;
    }
    let digits: Vec<u32> = groups
        .iter()
        .flat_map(|group| group.text.chars())
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    // No issuer's number begins with 0, 1, 7 or 8.
    let is_issued = digits
        .first()
        .is_some_and(|first| matches!(first, 2..=6 | 9));
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    is_issued && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_texts() {
        for text in [
            "g@example.com",
            "write to g@example.com!",
            "홍@예.kr",
            "g @ example.com",
            "g@ example.co.kr!",
            "g\u{ff20}example.com",
            "Name <g@x.kr>",
            "+821012345678",
            "+82 10-1234-5678",
            "+82 (0)10 1234 5678",
            "010-1234-5678",
            "01012345678",
            "010 1234 5678",
            "010.1234.5678",
            "010_1234_5678",
            "010~1234~5678",
            "010\t1234\n5678",
            "010\u{b7}1234\u{b7}5678",
            "090\u{30fb}1234\u{30fb}5678",
            "전화01012345678로",
            "02-123-4567",
            "02)123-4567",
            "031-123-4567",
            "03-1234-5678",
            "090-1234-5678",
            "(212) 555-0123",
            "212-555-0123",
            "821012345678",
            "8210-1234-5678",
            "10-1234-5678",
            "1012345678",
            "vip/010-1234-5678",
            "\u{ff10}\u{ff11}\u{ff10}-1234-5678",
            "010\u{200b}1234\u{200b}5678",
            "940317-1234567",
            "9403171234567",
            "940317-1******",
            "940317 2345678",
            "4111 1111 1111 1111",
            "4111111111111111",
            "4111-1111-1111-1111",
            "3782 822463 10005",
        ] {
            assert!(looks_personal(text), "{text}");
        }
    }

    #[test]
    fn other_texts() {
        for text in [
            "",
            "pro",
            "@handle",
            "5 @ 3",
            "5 @ 3.50",
            "lunch @ noon. Bye",
            "2026-09-01",
            "2026-09-01T10:20:30Z",
            "2026.09.01 12:00",
            "01/02/2026",
            "1.2.3",
            "192.168.0.1",
            "260 265 270 275 280 285",
            "4111 1111 1111 1112",
            "550e8400-e29b-41d4-a716-446655440000",
            "1700000000000",
            "order-1234567890",
            "sku-0012345",
            "12,345,678",
            "1588-1234",
            "https://example.com/a/1234567",
            "0.5",
            "100%",
            "#123456",
            "1726000000000",
        ] {
            assert!(!looks_personal(text), "{text}");
        }
    }

    #[test]
    fn numbers() {
        let number = |number: f64| Number::new(number).expect("finite");
        for personal in [
            821_012_345_678.0,
            1_012_345_678.0,
            9_403_171_234_567.0,
            4_111_111_111_111_111.0,
        ] {
            assert!(number_looks_personal(number(personal)), "{personal}");
        }
        for other in [
            0.0,
            12.0,
            -821_012_345_678.0,
            412_000.0,
            1_700_000_000.0,
            1_700_000_000_000.0,
            0.123_456_789,
        ] {
            assert!(!number_looks_personal(number(other)), "{other}");
        }
    }
}
