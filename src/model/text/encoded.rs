//! Reads texts that are encoded within a text: percent escapes, escapes of JSON, character references of HTML, base64.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// How often a text that was encoded several times is decoded.
const MOST_TIMES: usize = 3;
/// A shorter word of base64 holds nothing that could be recognised.
const SHORTEST_BASE64: usize = 8;

/// What an encoded text stands for; `None` if nothing in it is encoded.
pub fn decoded(text: &str) -> Option<String> {
    let mut found = once_decoded(text)?;
    for _ in 1..MOST_TIMES {
        match once_decoded(&found) {
            Some(more) => found = more,
            None => break,
        }
    }
    Some(found)
}

fn once_decoded(text: &str) -> Option<String> {
    memchr::memchr3(b'%', b'\\', b'&', text.as_bytes())?;
    let mut bytes = Vec::with_capacity(text.len());
    // JSON writes a character beyond 16 bits as two escapes.
    let mut units: Vec<u16> = Vec::new();
    let mut is_encoded = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some((unit, after)) = json_escape(rest) {
            units.push(unit);
            rest = after;
            is_encoded = true;
            continue;
        }
        push_units(&mut bytes, &mut units);
        if let Some((byte, after)) = percent_escape(rest) {
            bytes.push(byte);
            rest = after;
            is_encoded = true;
        } else if let Some((letter, after)) = braced(rest).or_else(|| reference(rest)) {
            push(&mut bytes, letter);
            rest = after;
            is_encoded = true;
        } else {
            push(&mut bytes, letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    push_units(&mut bytes, &mut units);
    is_encoded.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn push(bytes: &mut Vec<u8>, letter: char) {
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn push_units(bytes: &mut Vec<u8>, units: &mut Vec<u16>) {
    for letter in char::decode_utf16(units.drain(..)) {
        push(bytes, letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// `\u0041`
fn json_escape(text: &str) -> Option<(u16, &str)> {
    let after = text.strip_prefix('\\')?.strip_prefix(['u', 'U'])?;
    let (digits, after) = after.split_at_checked(4)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then_some((u16::from_str_radix(digits, 16).ok()?, after))
}

/// `\u{41}`
fn braced(text: &str) -> Option<(char, &str)> {
    let after = text.strip_prefix('\\')?.strip_prefix(['u', 'U'])?;
    let (digits, after) = after.strip_prefix('{')?.split_once('}')?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, after))
}

/// The text with `\n`, `\"` and the other escapes of JSON with one letter as what they stand for; `None` if there are
/// none. They are no part of [`decoded`], because paths of Windows look the same.
pub fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (letter, after) = short_escape(escape).unwrap_or(('\\', &escape[1..]));
        out.push(letter);
        rest = after;
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

fn short_escape(text: &str) -> Option<(char, &str)> {
    let after = text.strip_prefix('\\')?;
    let letter = match after.chars().next()? {
        letter @ ('"' | '\\' | '/') => letter,
        'b' | 'f' | 'n' | 'r' | 't' => ' ',
        _ => return None,
    };
    Some((letter, &after[1..]))
}

/// `%41`
fn percent_escape(text: &str) -> Option<(u8, &str)> {
    let (digits, after) = text.strip_prefix('%')?.split_at_checked(2)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then_some((u8::from_str_radix(digits, 16).ok()?, after))
}

/// `&#65;`, `&#x41;`, `&amp;`
fn reference(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.strip_prefix('&')?.split_once(';')?;
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((letter, after))
}

/// The texts that words of base64 stand for.
pub fn from_base64(text: &str) -> impl Iterator<Item = String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engines = [STANDARD, URL_SAFE].map(|letters| GeneralPurpose::new(&letters, config));
    let is_digit =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '-' | '_');
    text.split(move |letter| !is_digit(letter))
        .filter(|word| word.len() >= SHORTEST_BASE64)
        .filter_map(move |word| {
            let mut bytes = engines.iter().filter_map(|engine| engine.decode(word).ok());
            String::from_utf8(bytes.next()?).ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_text_is_read() {
        for (text, meant) in [
            ("%EA%B9%80%20a", "김 a"),
            ("\\uae40\\uD83D\\uDE00!", "김😀!"),
            ("\\u{ae40}", "김"),
            ("&#44608;&#xAE40; &amp; &lt;", "김김 & <"),
            ("%26%2344608;", "김"),
            ("100 %20", "100  "),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(meant), "{text}");
        }
        for text in [
            "plain 김",
            "100 %",
            "%zz",
            "a & b; c",
            "\\n",
            "%",
            "\\u12",
            "&#;",
            "%+f",
            "\\u+123",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
        assert!(decoded("%ea").is_some());
    }

    #[test]
    fn words_of_base64_are_read() {
        let found: Vec<String> =
            from_base64("sent 6rmA7ISc7Jew, 6rmA7ISc7JewIQ== and words").collect();
        assert_eq!(found, ["김서연", "김서연!"]);
        assert_eq!(from_base64("internationalisation short").next(), None);
    }
}
