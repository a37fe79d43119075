//! Draws canaries, and finds any part of one in a text, in any form.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::UnicodeNormalization;

use crate::random::Random;

/// The letters of a canary, how many it has, and how many of them count as a part.
struct Script {
    first: char,
    /// The first letter when texts are searched, which are folded before.
    first_folded: char,
    letters: u32,
    length: usize,
    part: usize,
    /// A number of so many bits stands for a letter.
    bits: u32,
}

const LATIN: Script = Script {
    first: 'A',
    first_folded: 'a',
    letters: 26,
    length: 12,
    part: 8,
    bits: 5,
};
const HANGUL: Script = Script {
    first: '가',
    first_folded: '가',
    letters: 11_172,
    length: 6,
    part: 4,
    bits: 14,
};
const KATAKANA: Script = Script {
    first: 'ァ',
    first_folded: 'ァ',
    letters: 82,
    length: 9,
    part: 6,
    bits: 7,
};
const DIGITS: Script = Script {
    first: '0',
    first_folded: '0',
    letters: 10,
    length: 11,
    part: 9,
    bits: 4,
};
/// One ideograph that nobody uses: too short to be recognised in other texts.
const IDEOGRAPHS: Script = Script {
    first: '\u{20000}',
    first_folded: '\u{20000}',
    letters: 42_720,
    length: 1,
    part: 1,
    bits: 16,
};
const SCRIPTS: [&Script; 5] = [&LATIN, &HANGUL, &KATAKANA, &DIGITS, &IDEOGRAPHS];

/// A part of a canary: the index of its script, and the numbers of its letters.
type Part = (usize, u64);

/// All canaries of a project, with the place of each.
pub(crate) struct Canaries {
    random: Random,
    parts: HashMap<Part, &'static str>,
}

/// The parts of a folded text in every script, each with the index of the byte after it.
fn parts(text: &str) -> impl Iterator<Item = (Part, usize)> + '_ {
    let mut seen = [(0_usize, 0_u64); SCRIPTS.len()];
    text.char_indices().filter_map(move |(at, letter)| {
        let mut found = None;
        for (index, (script, (count, part))) in SCRIPTS.iter().zip(&mut seen).enumerate() {
            let number = u32::from(letter).wrapping_sub(u32::from(script.first_folded));
            if number >= script.letters {
                *count = 0;
                continue;
            }
            let all = u32::try_from(script.part).expect("a few") * script.bits;
            *count += 1;
            *part = (*part << script.bits | u64::from(number)) & ((1 << all) - 1);
            if *count >= script.part {
                found = Some(((index, *part), at + letter.len_utf8()));
            }
        }
        found
    })
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
        self.add(&canary, place);
        canary
    }

    /// Takes a text for a canary.
    fn add(&mut self, text: &str, place: &'static str) {
        for (part, _) in parts(&folded(text)) {
            self.parts.insert(part, place);
        }
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

    /// One letter.
    pub(crate) fn letter(&mut self, place: &'static str) -> String {
        self.draw(&IDEOGRAPHS, place)
    }

    /// A whole number that looks like nothing.
    pub(crate) fn number(&mut self, place: &'static str) -> String {
        self.draw(&DIGITS, place)
    }

    /// A text that looks personal by itself: an e-mail address, or a number of a person.
    pub(crate) fn looking_personal(&mut self, place: &'static str) -> String {
        let digits = self.number(place);
        match self.random.below(6) {
            0 => format!("{}@example.com", self.latin(place).to_lowercase()),
            5 => format!("{} @ example.com", self.latin(place).to_lowercase()),
            1 => self.formatted("010-####-####", &digits, place),
            2 => self.formatted("+8210########", &digits, place),
            3 => self.formatted("940317-1######", &digits, place),
            _ => self.card(place),
        }
    }

    /// A number of a card in groups.
    pub(crate) fn card(&mut self, place: &'static str) -> String {
        let digits = self.number(place);
        with_check_digit(&self.formatted("4111 #### #### ###", &digits, place))
    }

    /// A whole number that looks like that of a phone.
    pub(crate) fn phone(&mut self, place: &'static str) -> String {
        let digits = self.number(place);
        self.formatted("8210########", &digits, place)
    }

    /// The pattern with digits in the place of each `#`.
    pub(crate) fn formatted(&mut self, pattern: &str, digits: &str, place: &'static str) -> String {
        let mut digits = digits.chars();
        let text: String = pattern
            .chars()
            .map(|letter| match letter {
                '#' => digits.next().expect("enough digits"),
                letter => letter,
            })
            .collect();
        let bare: String = text.chars().filter(char::is_ascii_digit).collect();
        self.add(&bare, place);
        text
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// A part of a canary in a text, with its place.
    pub(crate) fn find(&self, text: &str) -> Option<(String, &'static str)> {
        if self.parts.is_empty() {
            return None;
        }
        // JSON writes an escape that is a text as two backslashes.
        let decoded = decoded(&text.replace(r"\\", r"\"));
        // Whatever a text was split with.
        let squeezed: String = decoded
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect();
        let texts = [folded(&decoded), folded(&squeezed), from_base64(text)];
        texts.iter().find_map(|text| self.find_folded(text))
    }

    fn find_folded(&self, text: &str) -> Option<(String, &'static str)> {
        parts(text).find_map(|((script, part), end)| {
            let place = *self.parts.get(&(script, part))?;
            let letters = text[..end].chars().rev().take(SCRIPTS[script].part);
            Some((letters.collect::<Vec<_>>().iter().rev().collect(), place))
        })
    }

    /// Fails if a part of a canary is in a text.
    #[track_caller]
    pub(crate) fn are_not_in(&self, what: &str, text: &str) {
        if let Some((part, place)) = self.find(text) {
            panic!("`{part}` of a canary ({place}) is in {what}:\n{text}");
        }
    }
}

/// The digits of a card, with the last one that makes them valid.
fn with_check_digit(digits: &str) -> String {
    let numbers = digits.chars().rev().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = numbers
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, double) if double > 9 => double - 9,
            (0, double) => double,
            (_, _) => digit,
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn folded(text: &str) -> String {
    // Few texts have anything to compose, and that takes long.
    let is_part = |letter| matches!(letter, '\u{300}'..='\u{36f}' | '\u{1100}'..='\u{11ff}' | '\u{3099}'..='\u{309a}');
    if !text.contains(is_part) {
        return text.to_lowercase().chars().map(in_katakana).collect();
    }
    let small: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    small.chars().map(in_katakana).collect()
}

fn in_katakana(letter: char) -> char {
    match letter {
        'ぁ'..='ゖ' => char::from_u32(u32::from(letter) + 0x60).expect("a letter"),
        letter => letter,
    }
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
            let after = &rest[first.len_utf8()..];
            let end = after.find(['\\', '%', '&']).unwrap_or(after.len());
            let plain = first.len_utf8() + end;
            bytes.extend(rest[..plain].bytes());
            rest = &rest[plain..];
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
