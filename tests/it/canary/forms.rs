//! Writes a text in forms that still say it: another case, another Unicode form, encoded, split.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use unicode_normalization::UnicodeNormalization;

/// A way to write a text.
pub(crate) type Form = fn(&str) -> String;

/// Forms in which a value of the same user, too, is recognised.
pub(crate) const IN_VALUES: [Form; 14] = [
    |text| text.to_owned(),
    str::to_uppercase,
    str::to_lowercase,
    |text| text.nfd().collect(),
    |text| format!("to {text}, hello"),
    // Messages cut long values: behind a hidden one, and within it.
    |text| format!("{text} {}", "and so on, ".repeat(6)),
    |text| format!("{}{text}", "a few words ".repeat(4)),
    |text| format!("https://example.com/?e={}", STANDARD.encode(text)),
    |text| split(text, "\u{b7}"),
    |text| text.chars().map(in_hiragana).collect(),
    |text| text.replace(' ', "-"),
    percent_encoded,
    json_escaped,
    html_escaped,
];

/// Forms in which a response repeats what was sent.
pub(crate) const IN_MESSAGES: [Form; 12] = [
    |text| text.to_owned(),
    str::to_uppercase,
    str::to_lowercase,
    |text| text.nfd().collect(),
    |text| format!("`{text}` is taken"),
    |text| text.replace(' ', "-"),
    percent_encoded,
    json_escaped,
    html_escaped,
    |text| split(text, "\r\n"),
    |text| split(text, "\u{200b}"),
    |text| format!("sent: {}", STANDARD.encode(text)),
];

fn in_hiragana(letter: char) -> char {
    match letter {
        'ァ'..='ヲ' => char::from_u32(u32::from(letter) - 0x60).expect("a letter"),
        letter => letter,
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

fn json_escaped(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        let _ = write!(out, "\\u{unit:04x}");
        out
    })
}

fn html_escaped(text: &str) -> String {
    let mut out = String::new();
    for (number, letter) in text.chars().enumerate() {
        let code = u32::from(letter);
        let _ = match number % 2 {
            0 => write!(out, "&#{code};"),
            _ => write!(out, "&#x{code:X};"),
        };
    }
    out
}

fn split(text: &str, between: &str) -> String {
    let middle = text.chars().count() / 2;
    let (at, _) = text.char_indices().nth(middle).expect("letters");
    format!("{}{between}{}", &text[..at], &text[at..])
}
