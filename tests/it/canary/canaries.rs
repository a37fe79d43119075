//! Draws canaries, and finds any part of one in a text, in any form.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::UnicodeNormalization;

use crate::random::Random;

/// The letters of a canary, how many it has, and how many of them count as a part.
struct Script {
    first: char,
    letters: u32,
    length: usize,
    part: usize,
}

const LATIN: Script = Script {
    first: 'A',
    letters: 26,
    length: 12,
    part: 8,
};
const HANGUL: Script = Script {
    first: '가',
    letters: 11_172,
    length: 6,
    part: 4,
};
const KATAKANA: Script = Script {
    first: 'ァ',
    letters: 82,
    length: 9,
    part: 6,
};
const DIGITS: Script = Script {
    first: '0',
    letters: 10,
    length: 11,
    part: 9,
};
/// Folded, as texts are before they are searched.
const SCRIPTS: [(&Script, char); 4] = [
    (&LATIN, 'a'),
    (&HANGUL, '가'),
    (&KATAKANA, 'ァ'),
    (&DIGITS, '0'),
];

/// All canaries of a project, with the place of each.
pub(crate) struct Canaries {
    random: Random,
    parts: HashMap<Vec<char>, &'static str>,
}

impl Canaries {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            parts: HashMap::new(),
        }
    }

    fn draw(&mut self, script: &Script, place: &'static str) -> String {
        let mut canary = String::new();
        while canary.chars().count() < script.length {
            let drawn = u32::try_from(self.random.below(script.letters.into())).expect("small");
            // A number has no leading zero.
            let drawn = if canary.is_empty() && script.first == '0' {
                3 + drawn % 7
            } else {
                drawn
            };
            canary.extend(char::from_u32(u32::from(script.first) + drawn));
        }
        let letters: Vec<char> = folded(&canary).chars().collect();
        for part in letters.windows(script.part) {
            self.parts.insert(part.to_vec(), place);
        }
        canary
    }

    /// A text of one or two words, in any script.
    pub(crate) fn text(&mut self, place: &'static str) -> String {
        let scripts = [&LATIN, &HANGUL, &KATAKANA];
        let [one, other] = [0, 1].map(|_| self.random.pick(&[0, 1, 2]));
        let first = self.draw(scripts[one], place);
        if self.random.one_in(2) {
            return first;
        }
        format!("{first} {}", self.draw(scripts[other], place))
    }

    /// Capitals.
    pub(crate) fn latin(&mut self, place: &'static str) -> String {
        self.draw(&LATIN, place)
    }

    /// A whole number that looks like nothing.
    pub(crate) fn number(&mut self, place: &'static str) -> String {
        self.draw(&DIGITS, place)
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// A part of a canary in a text, with its place.
    pub(crate) fn find(&self, text: &str) -> Option<(String, &'static str)> {
        if self.parts.is_empty() {
            return None;
        }
        let decoded = decoded(text);
        let squeezed: String = decoded.chars().filter(|letter| is_kept(*letter)).collect();
        let texts = [folded(&decoded), folded(&squeezed), from_base64(text)];
        texts.iter().find_map(|text| self.find_folded(text))
    }

    fn find_folded(&self, text: &str) -> Option<(String, &'static str)> {
        let letters: Vec<char> = text.chars().collect();
        for (script, first) in SCRIPTS {
            let is_letter = |letter: &char| {
                let distance = u32::from(*letter).checked_sub(u32::from(first));
                distance.is_some_and(|distance| distance < script.letters)
            };
            for run in letters.split(|letter| !is_letter(letter)) {
                for part in run.windows(script.part) {
                    if let Some(place) = self.parts.get(part) {
                        return Some((part.iter().collect(), place));
                    }
                }
            }
        }
        None
    }

    /// Fails if a part of a canary is in a text.
    #[track_caller]
    pub(crate) fn are_not_in(&self, what: &str, text: &str) {
        if let Some((part, place)) = self.find(text) {
            panic!("`{part}` of a canary ({place}) is in {what}:\n{text}");
        }
    }
}

fn folded(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// What is left of a text that was split or written with other separators.
fn is_kept(letter: char) -> bool {
    !letter.is_whitespace()
        && !matches!(
            letter,
            '-' | '_' | '.' | '/' | '\u{ad}' | '\u{200b}'..='\u{200f}'
        )
}

/// The text with percent escapes, `\u` escapes and character references replaced by what they stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((unit, after)) = json_escape(rest) {
            units.push(unit);
            rest = after;
            continue;
        }
        bytes.extend(String::from_utf16_lossy(&units).into_bytes());
        units.clear();
        if let Some((byte, after)) = percent_escape(rest) {
            bytes.push(byte);
            rest = after;
        } else if let Some((letter, after)) = reference(rest) {
            bytes.extend(letter.to_string().into_bytes());
            rest = after;
        } else {
            bytes.extend(first.to_string().into_bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes.extend(String::from_utf16_lossy(&units).into_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn json_escape(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix("\\u")?;
    Some((
        u16::from_str_radix(digits.get(..4)?, 16).ok()?,
        &digits[4..],
    ))
}

fn percent_escape(text: &str) -> Option<(u8, &str)> {
    let digits = text.strip_prefix('%')?;
    Some((u8::from_str_radix(digits.get(..2)?, 16).ok()?, &digits[2..]))
}

fn reference(text: &str) -> Option<(char, &str)> {
    let (number, after) = text.strip_prefix("&#")?.split_once(';')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((char::from_u32(code)?, after))
}

/// The texts that are written as base64 in a text.
fn from_base64(text: &str) -> String {
    let is_digit = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/');
    text.split(|letter| !is_digit(letter))
        .filter(|word| word.len() >= 10)
        .filter_map(|word| String::from_utf8(STANDARD_NO_PAD.decode(word).ok()?).ok())
        .map(|text| folded(&text) + "\n")
        .collect()
}

#[test]
fn a_canary_is_found_in_every_form() {
    use crate::canary::forms::{IN_MESSAGES, IN_VALUES};
    for seed in 0..20 {
        let mut canaries = Canaries::new(seed);
        let canary = canaries.text("here");
        for (number, form) in IN_MESSAGES.iter().chain(&IN_VALUES).enumerate() {
            let text = format!("{{ \"a\": \"{}\" }}", form(&canary));
            assert!(canaries.find(&text).is_some(), "{number}: {canary}: {text}");
        }
        let beginning: String = canary.chars().take(8).collect();
        assert!(canaries.find(&format!("{beginning}…")).is_some());
        assert!(
            canaries
                .find("TALKFORM_STATE_KEY: 이름, 電話 1234567890")
                .is_none()
        );
    }
}
